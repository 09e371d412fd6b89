"""The courier: takes notices from the outbox to their channels, again and again until they are delivered or dead."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
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

SEND_SECONDS_MAX: Final = 30.0
BACKOFF_FIRST: Final = timedelta(seconds=5)
BACKOFF_MAX: Final = timedelta(hours=1)
POLL_SECONDS: Final = 1.0

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
    ) -> None:
        self._store = store
        self._channels = channels
        self._write = write
        self._clock = clock
        self._attempts_max = attempts_max
        self._wake = {name: asyncio.Event() for name in channels}
        self._stopping = False
        self.counts: Counter[tuple[str, str]] = Counter()

    def poke(self) -> None:
        """There may be something new to deliver."""
        for wake in self._wake.values():
            wake.set()

    def stop(self) -> None:
        """Finish what is being sent; ``run`` returns then. What was not sent stays in the outbox."""
        self._stopping = True
        self.poke()

    async def run(self) -> None:
        """Deliver until stopped."""
        self._bury_lost_channels()
        async with asyncio.TaskGroup() as group:
            for name in self._channels:
                group.create_task(self._serve(name))

    async def close(self) -> None:
        """Let go of all channels."""
        for channel in self._channels.values():
            await channel.close()

    async def deliver(self, name: str) -> int:
        """Send what one channel owes now; returns how many notices were tried."""
        owed = self._store.owed(name, self._clock.now(), BATCH)
        sent = await asyncio.gather(*(self._send(name, one) for one in owed))
        delivered = [(one.notice.key, name) for one, arrived in zip(owed, sent, strict=True) if arrived]
        if delivered:
            self._store.delivered(delivered, self._clock.now())
            self.counts[name, "delivered"] += len(delivered)
        return len(owed)

    async def _serve(self, name: str) -> None:
        while not self._stopping:
            self._wake[name].clear()
            try:
                busy = await self.deliver(name)
            except StoreError as error:
                log.error("outbox_unavailable", channel=name, error=str(error))
                busy = 0
            if not busy and not self._stopping:
                try:
                    await asyncio.wait_for(self._wake[name].wait(), POLL_SECONDS)
                    await asyncio.sleep(GATHER_SECONDS)
                except TimeoutError:
                    continue

    async def _send(self, name: str, owed: Owed) -> bool:
        """Whether the notice has arrived; one that has not is put off or buried."""
        notice, attempts = owed.notice, owed.attempts + 1
        try:
            async with asyncio.timeout(SEND_SECONDS_MAX):
                await self._channels[name].send(self._write(notice))
        except Refused as error:
            self._bury(name, notice, f"refused: {error}")
        except Exception as error:  # a channel may fail in any way; what fails is tried again, then shown
            why = f"{type(error).__name__}: {error}"[:500]
            if attempts >= self._attempts_max:
                self._bury(name, notice, f"gave up after {attempts} attempts: {why}")
                return False
            next_at = self._clock.now() + backoff(notice.key, attempts)
            self._store.retry_later(notice.key, name, next_at, why)
            self.counts[name, "retried"] += 1
            log.warning("notice_retried", channel=name, notice=notice.key, attempts=attempts, error=why)
        else:
            return True
        return False

    def _bury(self, name: str, notice: Notice, why: str) -> None:
        self._store.give_up(notice.key, name, why)
        self.counts[name, "dead"] += 1
        log.error("notice_dead", channel=name, notice=notice.key, error=why)

    def _bury_lost_channels(self) -> None:
        """Notices for channels that the configuration no longer has become dead letters, visible and retryable."""
        for name in self._store.channels_owed():
            if name not in self._channels:
                for owed in self._store.owed(name, self._clock.now() + BACKOFF_MAX * 100, 100_000):
                    self._bury(name, owed.notice, f"there is no channel {name!r} in civicloop.toml any more")
