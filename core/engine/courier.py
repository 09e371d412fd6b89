"""The courier: takes notices from the outbox to their channels, again and again until they are delivered or dead."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import timedelta
from hashlib import blake2b
from typing import Final

import structlog

from ..model.notice import Notice
from ..sdk.channel import Channel, Message, Refused
from ..stores.base import Owed, Store, StoreError
from .clock import Clock

BATCH: Final = 256
"""How many notices one channel carries at once."""

GATHER_SECONDS: Final = 0.05
"""How long a channel waits for more after the first notice, so that many leave with one write to the outbox."""

LOST_MAX: Final = 200
"""How many notices of a channel that is gone are given up at once, each in a write of its own; then the next ones."""

SEND_SECONDS_MAX: Final = 30.0
BACKOFF_FIRST: Final = timedelta(seconds=5)
BACKOFF_MAX: Final = timedelta(hours=1)
POLL_SECONDS: Final = 1.0
LOST_POLL_SECONDS: Final = 5.0

log = structlog.get_logger(__name__)


def backoff(key: str, attempts: int) -> timedelta:
    """How long to wait after the failed attempt number ``attempts``: doubling, with up to a quarter more by the key."""
    wait = min(BACKOFF_FIRST * float(2 ** min(attempts - 1, 20)), BACKOFF_MAX)
    spread = blake2b(key.encode(), digest_size=1).digest()[0] / 1024
    return wait * (1 + spread)


class Courier:
    """Delivers notices, each channel by itself, so that one that fails for a day delays no other."""

    def __init__(
        self,
        store: Store,
        channels: Mapping[str, Channel],
        write: Callable[[Notice], Message],
        clock: Clock,
        attempts_max: int = 12,
        send_seconds_max: float = SEND_SECONDS_MAX,
    ) -> None:
        self._store = store
        self._channels = channels
        self._write = write
        self._clock = clock
        self._attempts_max = attempts_max
        self._send_seconds_max = send_seconds_max
        self._wake = {name: asyncio.Event() for name in channels}
        self._next: Mapping[str, Channel] | None = None
        self._halt = asyncio.Event()
        self._stopping = False
        self._sent: dict[str, set[str]] = {name: set() for name in channels}
        self._unwritten: set[str] = set()
        self.counts: Counter[tuple[str, str]] = Counter()

    def poke(self) -> None:
        """There may be something new to deliver."""
        for wake in self._wake.values():
            wake.set()

    def stop(self) -> None:
        """Finish what is being sent; ``run`` returns then. What was not sent stays in the outbox."""
        self._stopping = True
        self._halt.set()
        self.poke()

    def use(self, channels: Mapping[str, Channel]) -> None:
        """Deliver through these channels from now on; what is being sent is finished through the old ones."""
        self._next = channels
        self._halt.set()
        self.poke()

    async def run(self) -> None:
        """Deliver until stopped."""
        while not self._stopping:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._serve_lost())
                for name in self._channels:
                    group.create_task(self._serve(name))
            if self._next is not None:
                await self._change(self._next)

    async def _change(self, channels: Mapping[str, Channel]) -> None:
        await self.close()
        self._channels, self._next = channels, None
        self._wake = {name: asyncio.Event() for name in channels}
        self._sent = {name: self._sent.get(name, set()) for name in channels}
        if not self._stopping:
            self._halt.clear()

    async def close(self) -> None:
        """Let go of all channels."""
        for channel in self._channels.values():
            await channel.close()

    async def deliver(self, name: str) -> int:
        """Send what one channel owes now; returns how many notices were tried and written down.

        Raises ``StoreError``.
        """
        self._mark(name)
        self._unwritten.discard(name)
        owed = self._store.owed(name, self._clock.now(), BATCH)
        await asyncio.gather(*(self._send(name, one) for one in owed))
        self._mark(name)
        # A failure that could not be written down would be tried again at once, for as long as the disk is full.
        return 0 if name in self._unwritten else len(owed)

    def _mark(self, name: str) -> None:
        """Write down what was delivered. While the store cannot, nothing more goes out and nothing goes out twice."""
        sent = self._sent[name]
        if sent:
            self._store.delivered([(key, name) for key in sorted(sent)], self._clock.now())
            sent.clear()

    async def _serve(self, name: str) -> None:
        wake = self._wake[name]
        while not self._halt.is_set():
            wake.clear()
            try:
                busy = await self.deliver(name)
            except StoreError as error:
                log.error("outbox_unavailable", channel=name, error=str(error))
                busy = 0
            if not busy and not self._halt.is_set():
                try:
                    await asyncio.wait_for(wake.wait(), POLL_SECONDS)
                    await asyncio.sleep(0 if self._halt.is_set() else GATHER_SECONDS)
                except TimeoutError:
                    continue

    async def _send(self, name: str, owed: Owed) -> None:
        notice, attempts = owed.notice, owed.attempts + 1
        try:
            async with asyncio.timeout(self._send_seconds_max):
                await self._channels[name].send(self._write(notice))
        except Refused as error:
            self._bury(name, notice, f"refused: {error}")
        except Exception as error:  # noqa: BLE001  # a channel may fail in any way; it is tried again, then shown
            why = f"{type(error).__name__}: {error}"[:500]
            if attempts >= self._attempts_max:
                return self._bury(name, notice, f"gave up after {attempts} attempts: {why}")
            self._note(name, notice, "retried", why, attempts)
        else:
            self._sent[name].add(notice.key)
            self.counts[name, "delivered"] += 1

    def _note(self, name: str, notice: Notice, result: str, why: str, attempts: int = 0) -> None:
        """Write down a delivery that failed; where even that fails, it is simply tried again."""
        self.counts[name, result] += 1
        try:
            if attempts:
                next_at = self._clock.now() + backoff(notice.key, attempts)
                self._store.retry_later(notice.key, name, next_at, why)
                log.warning("notice_retried", channel=name, notice=notice.key, attempts=attempts, error=why)
            else:
                self._store.give_up(notice.key, name, why)
                log.error("notice_dead", channel=name, notice=notice.key, error=why)
        except StoreError as error:
            self._unwritten.add(name)
            log.error("outbox_unavailable", channel=name, notice=notice.key, error=str(error))

    def _bury(self, name: str, notice: Notice, why: str) -> None:
        self._note(name, notice, "dead", why)

    async def _serve_lost(self) -> None:
        while not self._halt.is_set():
            try:
                busy = self.bury_lost()
            except StoreError as error:
                log.error("outbox_unavailable", error=str(error))
                busy = 0
            with suppress(TimeoutError):
                await asyncio.wait_for(self._halt.wait(), 0 if busy else LOST_POLL_SECONDS)

    def bury_lost(self) -> int:
        """Make dead letters, visible and retryable, of notices for channels that the configuration does not have.

        Returns how many. Raises ``StoreError``.
        """
        buried = 0
        for name in self._store.channels_owed():
            if name in self._channels:
                continue
            have = ", ".join(sorted(self._channels)) or "none"
            why = f"civicloop.toml has no channel {name!r}; it has: {have}. Add it, or change channels in parties.csv"
            for owed in self._store.owed(name, self._clock.now() + BACKOFF_MAX * 100, LOST_MAX):
                self._store.give_up(owed.notice.key, name, why)
                log.error("notice_dead", channel=name, notice=owed.notice.key, error=why)
                self.counts[name, "dead"] += 1
                buried += 1
        return buried
