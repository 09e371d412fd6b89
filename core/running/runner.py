"""The turn loop: drains what is pending, commits once, then answers whoever waits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final, NamedTuple

import structlog

from ..engine.engine import Engine
from ..engine.receipt import Input, Receipt, Status
from ..model.case import Reason
from ..stores.base import StoreError
from ..stores.crash import CrashPoint, reached
from .clock import Clock
from .queueing import FairQueue
from .steady import SteadyClock

POLL: Final = timedelta(seconds=1)
"""How long the loop sleeps at most, so that work written by another process is seen."""

TICK: Final = timedelta(milliseconds=50)
"""What comes due within one tick of the clock shares the turn at its end, and so one wait for the disk."""

HEARTBEAT: Final = timedelta(seconds=20)
"""How often an idle engine notes that it is alive; an outage is measured from the last note."""

GATHERS_MAX: Final = 8
"""How often the loop looks for more that has come in before a turn begins."""

log = structlog.get_logger(__name__)


class QueueFull(Exception):
    """More of this sender is waiting than may wait; it tries again after ``retry_after_seconds``."""

    retry_after_seconds = 1
    code = "queue_full"


class Unavailable(Exception):
    """The store cannot take anything now; nothing was stored. The message names the cause and the remedy."""

    retry_after_seconds = 5
    code = "store_unavailable"


class MemoryShort(Unavailable):
    """The process holds as much memory as it may; nothing was stored."""

    code = "memory_short"


class _Submission(NamedTuple):
    inputs: list[Input]
    done: asyncio.Future[list[Receipt]]


class Runner:
    """Feeds an engine from a bounded queue, fair between senders, and wakes it for its deadlines."""

    def __init__(
        self,
        engine: Engine,
        clock: Clock,
        queue_max: int = 10_000,
        batch_max: int = 1_000,
        after_turn: Callable[[], None] = lambda: None,
    ) -> None:
        self.engine = engine
        self.clock = clock
        self.trouble = ""
        self.refusing = ""
        """Why nothing new is taken in for the time being, while what is due still is; whoever sets it clears it."""
        self._queue: FairQueue[_Submission] = FairQueue(queue_max)
        self._queue_max = queue_max
        self._batch_max = batch_max
        self._after_turn = after_turn
        self._wake = asyncio.Event()
        self._stopping = False
        self._is_stuck = False
        self._alive_at: datetime | None = None
        self._steady = clock if isinstance(clock, SteadyClock) else None

    @property
    def waiting(self) -> int:
        """How many inputs are queued."""
        return self._queue.size

    async def submit(self, inputs: list[Input], sender: str = "") -> list[Receipt]:
        """Queue inputs and wait until their turn is committed; they stay together in one turn.

        Raises ``QueueFull`` when too much of this sender is waiting, ``Unavailable`` when the store could not write, or
        memory is short.
        """
        if not inputs:
            return []
        if self._stopping:
            raise Unavailable("the daemon is stopping; send again when it is back")
        if self.refusing:
            raise MemoryShort(self.refusing)
        if len(inputs) > self._queue_max:
            raise QueueFull(
                f"{len(inputs)} events at once are more than may wait, {self._queue_max}; send fewer at once"
            )
        submission = _Submission(inputs, asyncio.get_running_loop().create_future())
        if not self._queue.put(sender, submission, len(inputs)):
            mine, waiting = self._queue.held(sender), self._queue.size
            raise QueueFull(
                f"{waiting} events are waiting already, {mine} of them from this sender; send again in a moment"
            )
        self._wake.set()
        return await submission.done

    def poke(self) -> None:
        """Have the loop look for work now."""
        self._wake.set()

    def stop(self) -> None:
        """Take nothing more; ``run`` returns once what is queued has been decided."""
        self._stopping = True
        self._wake.set()

    async def run(self) -> None:
        """Turn after turn until stopped."""
        while self._queue or not self._stopping:
            if not self._queue:
                await self._rest()
            await self._gather()
            batch = self._take()
            if batch or self._is_due():
                self._turn(batch)
                # What is due and could not be done (watchdogs while sources catch up) is looked at again after a rest.
                self._is_stuck = not batch and self.engine.was_idle
                await asyncio.sleep(0)

    async def _rest(self) -> None:
        """Sleep until something comes in, a deadline comes up, or it is time to look around."""
        self._wake.clear()
        if self._queue or self._stopping:
            return
        span = POLL.total_seconds()
        try:
            due = self._next_tick()
            self._beat()
        except StoreError as error:
            self.trouble = str(error)
            due = None
        if due is not None and not self._is_stuck:
            left = self.clock.real_seconds(due - self.clock.now())
            span = min(span, max(0.0, left))
        if span:
            # Not wait_for: before Python 3.12 it forgets that it was cancelled when it is woken as well.
            with suppress(TimeoutError):
                async with asyncio.timeout(span):
                    await self._wake.wait()

    async def _gather(self) -> None:
        """Let in whoever is at the door already: a turn costs one wait for the disk, however many share it."""
        for _ in range(GATHERS_MAX):
            here = len(self._queue)
            await asyncio.sleep(0)
            if len(self._queue) == here:
                return

    def _mind_the_clock(self) -> None:
        """Book time in which nobody looked as our absence. Raises ``StoreError``; no turn may come before it."""
        if self._steady is None:
            return
        now = self._steady.now()
        if self._steady.has_leapt:
            self.engine.start(now)
            self._steady.has_leapt = False
        self.engine.behind = self._steady.behind

    def _beat(self) -> None:
        self._mind_the_clock()
        now = self.clock.now()
        if self._alive_at is None or now - self._alive_at >= HEARTBEAT:
            self.engine.store.heartbeat(now)
            self._alive_at = now
            self.trouble = ""

    def _next_tick(self) -> datetime | None:
        """When a turn is needed though nothing comes in."""
        due = self.engine.next_due()
        return None if due is None else due + timedelta(microseconds=-due.microsecond) % TICK

    def _is_due(self) -> bool:
        try:
            due = self._next_tick()
        except StoreError as error:
            self.trouble = str(error)
            return False
        return due is not None and due <= self.clock.now()

    def _take(self) -> list[_Submission]:
        return [one for one in self._queue.take(self._batch_max) if not one.done.cancelled()]

    def _turn(self, batch: list[_Submission]) -> None:
        inputs = [item for submission in batch for item in submission.inputs]
        try:
            receipts = self._judge(inputs)
        except (StoreError, Unavailable) as error:
            self._fail(batch, error)
            return
        self.trouble = ""
        start = 0
        for submission in batch:
            end = start + len(submission.inputs)
            if not submission.done.cancelled():
                submission.done.set_result(receipts[start:end])
            start = end
        reached(CrashPoint.TURN_ANSWERED)
        self._after_turn()

    def _judge(self, inputs: list[Input]) -> list[Receipt]:
        """One turn. A fault of ours in it turns away the one input that causes it, not those that came with it."""
        try:
            self._mind_the_clock()
            return self.engine.turn(inputs, self.clock.now())
        except StoreError:
            raise
        except MemoryError as error:
            raise MemoryShort("there is not enough memory for this turn; nothing was stored, send again") from error
        except Exception as error:  # whatever it is, it must stop neither the daemon nor the other inputs
            why = type(error).__name__  # what it says may be about somebody else than the sender
            log.exception("internal_error", inputs=len(inputs))
            self.engine.counts["decision", Reason.INTERNAL_ERROR] += 1
        if len(inputs) > 1:
            return [receipt for item in inputs for receipt in self._judge([item])]
        if not inputs:
            raise Unavailable(f"deadlines cannot be judged ({why}); see the log, and report it")
        self._judge([])
        detail = f"this event cannot be judged here ({why}); it is not stored, see the daemon's log"
        return [Receipt(Status.REJECTED, Reason.INTERNAL_ERROR, detail)]

    def _fail(self, batch: list[_Submission], error: Exception) -> None:
        self.trouble = str(error)
        log.error("store_unavailable", error=self.trouble, inputs=sum(len(one.inputs) for one in batch))
        for submission in batch:
            if not submission.done.cancelled():
                submission.done.set_exception(Unavailable(self.trouble))
