"""Time that leaps: an event loop that never waits, and the daemon's clock on it.

The daemon's own code runs as it is, timeouts and polls included. Where it would sleep, the loop leaps to the next
timer, so that nothing depends on how fast the machine is, and the same seed always takes the same course.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

T = TypeVar("T")

SPEED: Final = 3600
"""Simulated seconds in a second of the loop: the daemon's polls, once a second, come every hour."""

MICROS: Final = 1_000_000
STILL_MAX: Final = 20_000
"""How often the loop may turn at one instant. More would be somebody who goes round and round without waiting."""


class StandsStillError(BaseException):
    """Time does not go on: somebody spins, or everybody waits for what will never come."""


class _Leap(selectors.SelectSelector):
    """A selector that moves the time on instead of waiting. It counts in whole microseconds of the simulated time."""

    def __init__(self) -> None:
        super().__init__()
        self.micros = 0
        self._still = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise StandsStillError("everybody waits, and no timer is armed")
        if timeout > 0:
            self._still = 0
            self.micros += max(1, round(timeout * MICROS * SPEED))
        self._still += 1
        if self._still > STILL_MAX:
            self._still = 0
            raise StandsStillError(f"the loop has turned more than {STILL_MAX} times at one instant")
        return []


class _AtOnce(ThreadPoolExecutor):
    """Does at once what would be given to a thread, which nobody could say how much of the leaping time it takes."""

    def submit(self, work: Callable[..., T], /, *given: Any, **named: Any) -> Future[T]:
        done: Future[T] = Future()
        try:
            done.set_result(work(*given, **named))
        except BaseException as error:  # noqa: BLE001  # it is raised where the result is awaited
            done.set_exception(error)
        return done


class LeapingLoop(asyncio.SelectorEventLoop):
    """An event loop whose seconds pass at once."""

    def __init__(self) -> None:
        self._leap = _Leap()
        super().__init__(self._leap)
        self.set_default_executor(_AtOnce())

    def time(self) -> float:
        return self._leap.micros / (MICROS * SPEED)

    @property
    def elapsed(self) -> timedelta:
        """How much simulated time has passed, to the microsecond."""
        return timedelta(microseconds=self._leap.micros)


def real(span: timedelta) -> float:
    """How many seconds of the loop a simulated span takes."""
    return span / timedelta(seconds=SPEED)


class SteppingClock:
    """The daemon's clock: right, until somebody sets it wrong by ``off``."""

    def __init__(self, loop: LeapingLoop, start: datetime) -> None:
        self._loop = loop
        self._start = start
        self.off = timedelta()

    @property
    def true_now(self) -> datetime:
        """The time that everybody else has."""
        return self._start + self._loop.elapsed

    def now(self) -> datetime:
        """What the daemon takes for the time."""
        return self.true_now + self.off

    def real_seconds(self, span: timedelta) -> float:
        """The span on the loop's clock."""
        return real(span)
