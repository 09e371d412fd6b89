"""A span on a clock, and the working calendar that turns it into a deadline."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

WORK_DAY_HOURS: Final = 8
"""A working day is eight working hours (the common limit tables of digital city management)."""

HORIZON_DAYS: Final = 1100
"""How far ahead a calendar is searched for working time before it is called empty."""


class Count(StrEnum):
    """What a limit counts: every hour, or only hours inside working slots."""

    NATURAL = "natural"
    WORK = "work"


_UNITS: Final = {
    "second": (Count.NATURAL, 1),
    "minute": (Count.NATURAL, 60),
    "hour": (Count.NATURAL, 3600),
    "day": (Count.NATURAL, 86400),
    "work_second": (Count.WORK, 1),
    "work_minute": (Count.WORK, 60),
    "work_hour": (Count.WORK, 3600),
    "work_day": (Count.WORK, 3600 * WORK_DAY_HOURS),
}
_LONGEST: Final = {Count.NATURAL: 3660 * 86400, Count.WORK: 500 * 3600 * WORK_DAY_HOURS}
"""Ten years, and what an ordinary calendar holds well within its horizon."""

_LIMIT: Final = re.compile(r"\s*(\d{1,10})\s*([a-z_]+?)s?\s*")


@dataclass(frozen=True, slots=True, order=True)
class Limit:
    """A span on a clock: ``seconds`` of natural or of working time."""

    seconds: int
    count: Count = Count.NATURAL

    def __post_init__(self) -> None:
        if self.seconds <= 0:
            raise ValueError(f"a limit must be longer than nothing, not {self.seconds} seconds; write minutes(1)")
        if self.seconds > _LONGEST[self.count]:
            longest = Limit(_LONGEST[self.count], self.count)
            raise ValueError(f"{self} is longer than a limit may be; write at most {longest}")

    @classmethod
    def parse(cls, text: str) -> Limit:
        """Read ``"30 minutes"``, ``"4 work_hours"``, ``"5 work_days"``; raises ``ValueError`` naming the units."""
        found = _LIMIT.fullmatch(text)
        unit = _UNITS.get(found[2]) if found else None
        if found is None or unit is None:
            raise ValueError(f"{text!r} is not a limit; write a number and one of {', '.join(_UNITS)}")
        return cls(int(found[1]) * unit[1], unit[0])

    def __str__(self) -> str:
        for name, (count, seconds) in reversed(_UNITS.items()):
            if count is self.count and self.seconds % seconds == 0:
                amount = self.seconds // seconds
                return f"{amount} {name}{'' if amount == 1 else 's'}"
        return f"{self.seconds} seconds"

    @property
    def span(self) -> timedelta:
        """The limit as a span of natural time; raises ``ValueError`` for working time, which needs a calendar."""
        if self.count is Count.WORK:
            raise ValueError(f"{self} counts working time: ask a Calendar for the deadline")
        return timedelta(seconds=self.seconds)


def seconds(amount: int) -> Limit:
    """``amount`` seconds of natural time."""
    return Limit(amount)


def minutes(amount: int) -> Limit:
    """``amount`` minutes of natural time."""
    return Limit(amount * 60)


def hours(amount: int) -> Limit:
    """``amount`` hours of natural time (紧急工作时)."""
    return Limit(amount * 3600)


def days(amount: int) -> Limit:
    """``amount`` days of natural time (自然日)."""
    return Limit(amount * 86400)


def work_hours(amount: int) -> Limit:
    """``amount`` hours inside working slots (工作时)."""
    return Limit(amount * 3600, Count.WORK)


def work_days(amount: int) -> Limit:
    """``amount`` working days of eight working hours (工作日)."""
    return Limit(amount * 3600 * WORK_DAY_HOURS, Count.WORK)


SLOTS: Final = ((time(8), time(12)), (time(14), time(18)))
"""The usual office hours, 08:00-12:00 and 14:00-18:00."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """Working slots, holidays and make-up workdays (调休上班) in one time zone.

    ``weekdays`` are the ordinary working days, Monday = 0.
    """

    zone: ZoneInfo
    slots: tuple[tuple[time, time], ...] = SLOTS
    holidays: frozenset[date] = frozenset()
    workdays: frozenset[date] = frozenset()
    weekdays: frozenset[int] = frozenset(range(5))

    def is_workday(self, day: date) -> bool:
        """Whether ``day`` has working slots."""
        return day in self.workdays or (day.weekday() in self.weekdays and day not in self.holidays)

    def deadline(self, start: datetime, limit: Limit) -> datetime:
        """The instant at which ``limit``, counted from ``start`` (aware), is used up, in UTC.

        Working time used up exactly at the end of a slot falls on that end, not on the next slot's start.
        Raises ``ValueError`` when the calendar has no working time within ``HORIZON_DAYS``.
        """
        start = start.astimezone(UTC)
        if limit.count is Count.NATURAL:
            return start + limit.span
        left = timedelta(seconds=limit.seconds)
        for opens, closes in self._slots_from(start):
            begins = max(opens, start)
            if begins + left <= closes:
                return begins + left
            left -= max(closes - begins, timedelta())
        raise ValueError(f"the calendar has no working time for {limit} within {HORIZON_DAYS} days of {start:%F}")

    def _slots_from(self, start: datetime) -> Iterator[tuple[datetime, datetime]]:
        first = start.astimezone(self.zone).date()
        for offset in range(HORIZON_DAYS):
            day = first + timedelta(days=offset)
            if not self.is_workday(day):
                continue
            for opens, closes in self.slots:
                ends = self._instant(day, closes)
                if ends > start:
                    yield self._instant(day, opens), ends

    def _instant(self, day: date, at: time) -> datetime:
        return datetime.combine(day, at, self.zone).astimezone(UTC)
