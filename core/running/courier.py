"""The courier: takes notices from the outbox to their channels, again and again until they are delivered or dead."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Final

import structlog

from ..engine.guard import UNGUARDED, Condemned, Guard
from ..engine.setup import Setup
from ..model.chain import Severity
from ..model.notice import Notice, NoticeKind
from ..model.street import OPS
from ..sdk.channel import Channel, Message, Refused
from ..stores.base import Owed, Store, StoreError
from ..stores.crash import CrashPoint, reached
from .clock import Clock
from .watch import stepped

BATCH: Final = 256
"""How many notices one lane of a channel carries at once."""

GATHER_SECONDS: Final = 0.25
"""How long a channel waits for more after the first notice, so that many leave with one write to the outbox."""

LOST_MAX: Final = 200
"""How many notices of a channel that is gone are given up at once, each in a write of its own; then the next ones."""

URGENT_SECONDS_MAX: Final = 1.0
"""How long a danger to life waits for another one that its channel is slow to take."""

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


def tell_ops(setup: Setup, notice: Notice, now: datetime) -> list[tuple[Notice, str]]:
    """What ops are owed, on which channels, because a notice about a danger to life reached nobody.

    Nothing for lesser ones, which are dead letters and no more, nor where it was ops who could not be reached.
    """
    if notice.severity is not Severity.P0 or notice.kind is NoticeKind.OPS:
        return []
    holder = setup.street.holder(OPS, notice.place, now)
    ways = tuple(dict.fromkeys(page.channel for reach in holder.reaches for page in reach.pages)) if holder else ()
    word = notice._replace(
        key=f"{notice.key}.undelivered",
        kind=NoticeKind.OPS,
        at=now,
        party=OPS,
        organisation=holder.organisation if holder else "",
        order="",
        due=None,
        reason="undelivered",
        channels=ways,
        person="",
        not_before=None,
    )
    return [(word, way) for way in ways or setup.ops_channels]


@contextmanager
def _trouble_logged(**about: str) -> Iterator[None]:
    """What the store cannot do now, or what there is no memory for, is logged and left for later."""
    try:
        yield
    except (StoreError, MemoryError) as error:
        log.error("outbox_unavailable", **about, error=str(error) or type(error).__name__)


@dataclass(slots=True)
class _Lane:
    """One way to a channel. Dangers to life have one of their own, which no backlog of others can hold up."""

    channel: str
    is_urgent: bool | None
    under_way: dict[str, asyncio.Task[bool]] = field(default_factory=dict)


class Courier:
    """Delivers notices, each channel by itself, so that one that fails for a day delays no other.

    ``instead`` says what is owed to whom where a notice has died on its last channel.
    """

    def __init__(
        self,
        store: Store,
        channels: Mapping[str, Channel],
        write: Callable[[Notice], Message],
        clock: Clock,
        attempts_max: int = 12,
        send_seconds_max: float = SEND_SECONDS_MAX,
        instead: Callable[[Notice, datetime], Sequence[tuple[Notice, str]]] = lambda _notice, _now: (),
        guard: Guard = UNGUARDED,
    ) -> None:
        self._store = store
        self._channels = channels
        self._write = write
        self._clock = clock
        self._attempts_max = attempts_max
        self._send_seconds_max = send_seconds_max
        self._instead = instead
        self._guard = guard
        self._wakes: list[asyncio.Event] = []
        self._next: Mapping[str, Channel] | None = None
        self._halt = asyncio.Event()
        self._stopping = False
        self._sent: dict[str, set[str]] = {name: set() for name in channels}
        self.counts: Counter[tuple[str, str]] = Counter()

    def poke(self) -> None:
        """There may be something new to deliver."""
        for wake in self._wakes:
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
            self._wakes.clear()
            async with asyncio.TaskGroup() as group:
                group.create_task(self._serve_lost())
                for name in self._channels:
                    group.create_task(self._serve(name, is_urgent=True))
                    group.create_task(self._serve(name, is_urgent=False))
            if self._next is not None:
                await self._change(self._next)

    async def _change(self, channels: Mapping[str, Channel]) -> None:
        await self.close()
        self._channels, self._next = channels, None
        self._sent = {name: self._sent.get(name, set()) for name in channels}
        if not self._stopping:
            self._halt.clear()

    async def close(self) -> None:
        """Let go of all channels."""
        for channel in self._channels.values():
            await channel.close()

    async def deliver(self, name: str, is_urgent: bool | None = None) -> int:
        """Send what one channel owes now, on one lane or both; returns how many were tried and written down.

        Raises ``StoreError``.
        """
        async with self._lane(name, is_urgent) as lane:
            busy = await self._carry(lane)
        self._mark(name)
        return busy

    @asynccontextmanager
    async def _lane(self, name: str, is_urgent: bool | None) -> AsyncIterator[_Lane]:
        """A lane, whose end waits for what is still under way."""
        lane = _Lane(name, is_urgent)
        try:
            yield lane
            await asyncio.gather(*lane.under_way.values())
        finally:
            for task in lane.under_way.values():
                task.cancel()

    async def _carry(self, lane: _Lane) -> int:
        """One round on a lane: the urgent one goes on without those that take long, the other waits for them all."""
        self._mark(lane.channel)
        under_way = lane.under_way
        owed = self._store.owed(lane.channel, self._clock.now(), BATCH, lane.is_urgent)
        reached(CrashPoint.NOTICES_TAKEN)
        new = [one for one in owed if one.notice.key not in under_way][: BATCH - len(under_way)]
        for one in new:
            under_way[one.notice.key] = asyncio.create_task(self._send(lane.channel, one))
        if new:
            tasks = [under_way[one.notice.key] for one in new]
            await asyncio.wait(tasks, timeout=URGENT_SECONDS_MAX if lane.is_urgent else None)
        done = {key: task.result() for key, task in under_way.items() if task.done()}
        for key in done:
            del under_way[key]
        self._mark(lane.channel)
        # A failure that could not be written down would be tried again at once, for as long as the disk is full.
        return len(new) if all(done.values()) else 0

    def _mark(self, name: str) -> None:
        """Write down what was delivered. While the store cannot, nothing more goes out and nothing goes out twice."""
        sent = self._sent[name]
        if sent:
            self._store.delivered([(key, name) for key in sorted(sent)], self._clock.now())
            reached(CrashPoint.NOTICES_MARKED)
            sent.clear()

    async def _serve(self, name: str, is_urgent: bool) -> None:
        wake = asyncio.Event()
        self._wakes.append(wake)
        gather_seconds = 0.0 if is_urgent else GATHER_SECONDS
        async with self._lane(name, is_urgent) as lane:
            while not self._halt.is_set():
                wake.clear()
                busy = 0
                with _trouble_logged(channel=name):
                    busy = await self._carry(lane)
                if not busy and not self._halt.is_set():
                    with suppress(TimeoutError):
                        # Not wait_for: before Python 3.12 it forgets that it was cancelled when it is woken as well.
                        async with asyncio.timeout(POLL_SECONDS):
                            await wake.wait()
                        await asyncio.sleep(0 if self._halt.is_set() else gather_seconds)
        with _trouble_logged(channel=name):
            self._mark(name)

    async def _send(self, name: str, owed: Owed) -> bool:
        """Try one notice; returns whether what became of it could be written down."""
        notice, attempts = owed.notice, owed.attempts + 1
        failure = await self._try(name, notice)
        if failure is None:
            reached(CrashPoint.NOTICE_SENT)
            self._sent[name].add(notice.key)
            self.counts[name, "delivered"] += 1
            return True
        why = f"{type(failure).__name__}: {failure}"[:500]
        try:
            if isinstance(failure, Refused):
                self._bury(name, notice, f"refused: {failure}")
            elif isinstance(failure, Condemned):
                self._bury(name, notice, f"channel {name} {failure}")
            elif attempts >= self._attempts_max:
                self._bury(name, notice, f"gave up after {attempts} attempts: {why}")
            else:
                self._put_off(name, notice, why, attempts)
        except StoreError as error:
            log.error("outbox_unavailable", channel=name, notice=notice.key, error=str(error))
            return False
        return True

    async def _try(self, name: str, notice: Notice) -> Exception | None:
        try:
            async with asyncio.timeout(self._send_seconds_max):
                sending = self._hand_over(name, self._write(notice))
                await stepped(self._guard, (f"channel {name}", "notice", notice.key), sending)
        except Exception as error:  # noqa: BLE001  # a channel may fail in any way; it is tried again, then shown
            return error
        return None

    async def _hand_over(self, name: str, message: Message) -> None:
        await self._channels[name].send(message)

    def _put_off(self, name: str, notice: Notice, why: str, attempts: int) -> None:
        self.counts[name, "retried"] += 1
        next_at = self._clock.now() + backoff(notice.key, attempts)
        self._store.retry_later(notice.key, name, next_at, why)
        reached(CrashPoint.NOTICE_PUT_OFF)
        log.warning("notice_retried", channel=name, notice=notice.key, attempts=attempts, error=why)

    def _bury(self, name: str, notice: Notice, why: str) -> None:
        """Make a dead letter of it. Whoever it was for is reached another way now, not when that way's time comes."""
        self.counts[name, "dead"] += 1
        now = self._clock.now()
        brought = self._store.give_up(notice.key, name, why, now, self._instead(notice, now))
        reached(CrashPoint.NOTICE_BURIED)
        log.error("notice_dead", channel=name, notice=notice.key, error=why, pages_brought_forward=brought)
        self.poke()

    async def _serve_lost(self) -> None:
        while not self._halt.is_set():
            busy = 0
            with _trouble_logged():
                busy = self.bury_lost()
            with suppress(TimeoutError):
                async with asyncio.timeout(0 if busy else LOST_POLL_SECONDS):
                    await self._halt.wait()

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
            now = self._clock.now()
            # What waits to be tried again is buried at once; a page whose time has not come may yet be withdrawn.
            later = self._store.owed(name, now + BACKOFF_MAX * 100, LOST_MAX)
            for owed in self._store.owed(name, now, LOST_MAX) or [one for one in later if one.attempts]:
                self._bury(name, owed.notice, why)
                buried += 1
        return buried
