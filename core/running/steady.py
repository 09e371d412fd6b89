"""A clock for an engine, over one that may be set: it never goes back, and says when it has leapt."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import structlog

from .clock import Clock, monotonic

LEAP_MIN: Final = timedelta(minutes=1)
"""A daemon looks at its clock every second; if more than this has gone by, it was not there or the clock was set."""

SET_BACK_MIN: Final = timedelta(seconds=1)
"""A smaller step back is how clocks are kept right, and not worth a word."""

CATCH_UP: Final = 2
"""A clock that is ahead runs so many times slower: no deadline comes later than so many times its span."""

log = structlog.get_logger(__name__)


class SteadyClock:
    """Follows ``clock``, except where that was set back: then it goes on at half speed until it is overtaken.

    ``since`` is the time at which the engine stood last. ``behind`` is how far the machine's clock is behind this one;
    ``has_leapt`` says that time has gone by in which nobody looked, until whoever minds it sets it to false.
    """

    def __init__(
        self, clock: Clock, since: datetime | None = None, elapsed_seconds: Callable[[], float] = monotonic
    ) -> None:
        self._clock = clock
        self._elapsed_seconds = elapsed_seconds
        self._time = since or clock.now()
        self._looked_at = elapsed_seconds()
        self._is_started = False
        self.behind = timedelta()
        self.has_leapt = False

    def now(self) -> datetime:
        """The time, aware, in UTC; never earlier than it was."""
        told, looked_at = self._clock.now(), self._elapsed_seconds()
        passed = timedelta(seconds=max(0.0, looked_at - self._looked_at))
        time = max(told, self._time + passed / CATCH_UP) if told < self._time else told
        if self._is_started and time - self._time > LEAP_MIN:
            log.warning("clock_leapt", by=str(time - self._time), why="watchdogs are moved by it, as after an absence")
            self.has_leapt = True
        if time - told > self.behind + SET_BACK_MIN:
            log.warning("clock_set_back", by=str(time - told), why="time goes on at half speed until it is caught up")
        self._time, self._looked_at, self._is_started = time, looked_at, True
        self.behind = time - told
        return time

    def real_seconds(self, span: timedelta) -> float:
        """How many seconds of the machine's time ``span`` takes."""
        return self._clock.real_seconds(span)
