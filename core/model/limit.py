"""A span on a clock, and the working calendar that turns it into a deadline."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from itertools import pairwise
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

WORK_DAY_HOURS: Final = 8
"""A working day is eight working hours (the common limit tables of digital city management)."""

HORIZON_YEARS: Final = 30
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
"""Ten years, and what three working hours a week hold within the horizon."""

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
            raise ValueError(f"{text[:60]!r} is not a limit; write a number and one of {', '.join(_UNITS)}")
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
        return timedelta(0, self.seconds)


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


Slots = tuple[tuple[time, time], ...]
"""When work begins and ends on the clock of a zone, in order. A slot belongs to the day it begins on; one whose end is
not after its beginning ends on the next day: 22:00 to 06:00 is a night, 18:00 to 00:00 ends at midnight, 00:00 to 00:00
is the whole day. Only the last slot of a day may do so."""

SLOTS: Final[Slots] = ((time(8), time(12)), (time(14), time(18)))
"""The usual office hours, 08:00-12:00 and 14:00-18:00."""

_NOTHING: Final = timedelta()
_DAY: Final = timedelta(days=1)
_TWO_DAYS: Final = timedelta(days=2)


def in_order(slots: Slots) -> Slots:
    """``slots`` as they are; raises ``ValueError`` when they overlap, also from day to day, or are mixed up."""
    fit = all(before[0] < before[1] <= after[0] for before, after in pairwise(slots))
    if not fit or any(slots[0][0] < closes <= opens for opens, closes in slots[1:]):
        raise ValueError("its slots overlap or are out of order; write them one after the other")
    return slots


class _Year(NamedTuple):
    """The working slots that begin in one year, in UTC; ``done`` is the working time before each, then that of all."""

    opens: tuple[datetime, ...]
    closes: tuple[datetime, ...]
    done: tuple[timedelta, ...]

    def until(self, now: datetime) -> timedelta:
        """The working time of the year before ``now``."""
        at = bisect_right(self.closes, now)
        inside = max(now - self.opens[at], _NOTHING) if at < len(self.opens) else _NOTHING
        return self.done[at] + inside

    def when(self, worked: timedelta) -> datetime:
        """The first instant by which the year's slots have ``worked``: more than nothing, at most all of them."""
        at = bisect_left(self.done, worked)
        return self.closes[at - 1] - (self.done[at] - worked)


@dataclass(frozen=True, slots=True)
class Calendar:
    """Working slots, holidays and make-up workdays (调休上班) in one time zone.

    ``weekdays`` are the ordinary working days, Monday = 0. A slot has the time that really passes between its ends. An
    end that the clock of the zone leaps over falls on the leap, one that it shows twice on the first coming. Raises
    ``ValueError`` for slots that overlap or are out of order.
    """

    zone: ZoneInfo
    slots: Slots = SLOTS
    holidays: frozenset[date] = frozenset()
    workdays: frozenset[date] = frozenset()
    weekdays: frozenset[int] = frozenset(range(5))

    def __post_init__(self) -> None:
        in_order(self.slots)

    def is_workday(self, day: date) -> bool:
        """Whether working slots begin on ``day``."""
        return day in self.workdays or (day.weekday() in self.weekdays and day not in self.holidays)

    def deadline(self, start: datetime, limit: Limit) -> datetime:
        """The instant at which ``limit``, counted from ``start`` (aware), is used up, in UTC.

        Working time used up exactly at the end of a slot falls on that end, not on the next slot's start.
        Raises ``ValueError`` when the calendar has too little working time within ``HORIZON_YEARS``.
        """
        start = start.astimezone(UTC)
        if limit.count is Count.NATURAL:
            return start + limit.span
        left = timedelta(seconds=limit.seconds)
        first = _first_year(start)
        for number in range(first, first + HORIZON_YEARS):
            year = _year(self, number)
            wanted = year.until(start) + left
            if wanted <= year.done[-1]:
                return year.when(wanted)
            left = wanted - year.done[-1]
        raise ValueError(f"the calendar has no working time for {limit} within {HORIZON_YEARS} years of {start:%F}")

    def worked(self, begins: datetime, ends: datetime) -> timedelta:
        """The working time between two instants (aware); nothing where the span ends before it begins."""
        begins, ends = begins.astimezone(UTC), ends.astimezone(UTC)
        if ends <= begins:
            return _NOTHING
        years = (_year(self, number) for number in range(_first_year(begins), ends.astimezone(self.zone).year + 1))
        return sum((year.until(ends) - year.until(begins) for year in years), _NOTHING)

    def _instant(self, day: date, at: time) -> datetime:
        """When the clock of the zone first shows ``at`` or later on ``day``."""
        wall = datetime.combine(day, at)
        found = wall.replace(tzinfo=self.zone).astimezone(UTC)
        leap = found.astimezone(self.zone).replace(tzinfo=None) - wall
        if not leap:
            return found
        # The clock never shows this time. The leap itself lies less than its own length before what was found.
        early, after = found - leap, found.astimezone(self.zone).utcoffset()
        leaps = bisect_left(
            range(int(leap.total_seconds())),
            True,
            key=lambda seconds: (early + timedelta(seconds=seconds)).astimezone(self.zone).utcoffset() == after,
        )
        return early + timedelta(seconds=leaps)

    def _slots_of(self, day: date) -> list[tuple[datetime, datetime]]:
        """The working slots that begin on ``day``, in UTC."""
        if not self.is_workday(day):
            return []
        return [
            (self._instant(day, opens), self._instant(day if opens < closes else day + _DAY, closes))
            for opens, closes in self.slots
        ]


def _first_year(now: datetime) -> int:
    """The year of the slots that may still run: no zone is farther from UTC than a day, and no slot longer."""
    return (now - _TWO_DAYS).year


@lru_cache(maxsize=128)
def _year(calendar: Calendar, number: int) -> _Year:
    first, end = date(number, 1, 1), date(number + 1, 1, 1)
    days = (first + timedelta(days=offset) for offset in range((end - first).days))
    slots = [slot for day in days for slot in calendar._slots_of(day)]
    done = [_NOTHING]
    for opens, closes in slots:
        done.append(done[-1] + (closes - opens))
    return _Year(tuple(opens for opens, _ in slots), tuple(closes for _, closes in slots), tuple(done))
