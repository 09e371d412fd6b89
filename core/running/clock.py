"""The only place where time is read."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Something that knows what time it is, and how long a wait is on the machine's own clock."""

    def now(self) -> datetime:
        """The time, aware, in UTC."""
        ...

    def real_seconds(self, span: timedelta) -> float:
        """How many seconds of the machine's time ``span`` takes."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The time, aware, in UTC."""
        return datetime.now(UTC)

    def real_seconds(self, span: timedelta) -> float:
        """The span itself."""
        return span.total_seconds()


class FastClock:
    """A clock for demonstrations: starts at ``start`` and runs ``speed`` times as fast as the machine's."""

    def __init__(self, start: datetime, speed: float) -> None:
        if speed <= 0:
            raise ValueError(f"a clock cannot run {speed} times as fast; say a number above 0")
        self._start = start.astimezone(UTC)
        self._speed = speed
        self._began = time.monotonic()

    def now(self) -> datetime:
        """The simulated time, aware, in UTC."""
        return self._start + timedelta(seconds=(time.monotonic() - self._began) * self._speed)

    def real_seconds(self, span: timedelta) -> float:
        """How long the span lasts on the machine's clock."""
        return span.total_seconds() / self._speed


def monotonic() -> float:
    """Seconds on the machine's own clock, for measuring spans; it never steps."""
    return time.monotonic()
