"""``calendar.toml``: holidays, make-up workdays (调休上班) and working slots."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field

from ..model.limit import SLOTS, Calendar
from .complaint import Complaints, nearest
from .lines import Key
from .settings import Table
from .tables import Tables, fit

Slots = tuple[tuple[time, time], ...]

WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
SPAN_DAYS_MAX: Final = 366
"""The longest span of days that one entry may name."""

_SPAN: Final = re.compile(r"(\d{4}-\d\d-\d\d) to (\d{4}-\d\d-\d\d)", re.ASCII)
_SLOT: Final = re.compile(r"(\d\d:\d\d)-(\d\d:\d\d)", re.ASCII)


def _days(entry: object) -> tuple[date, ...]:
    if isinstance(entry, date) and not isinstance(entry, datetime):
        return (entry,)
    found = _SPAN.fullmatch(entry) if isinstance(entry, str) else None
    if found is None:
        raise ValueError('it is not a day; write 2025-10-01, or "2025-10-01 to 2025-10-08" with both days included')
    first, last = map(_day, found.groups())
    if not 0 <= (last - first).days < SPAN_DAYS_MAX:
        raise ValueError(f"it ends before it begins or is too long; name at most {SPAN_DAYS_MAX} days, first day first")
    return tuple(first + timedelta(days=offset) for offset in range((last - first).days + 1))


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"there is no day {text}; write one that the calendar has") from None


def _slot(entry: object) -> tuple[time, time]:
    found = _SLOT.fullmatch(entry) if isinstance(entry, str) else None
    try:
        opens, closes = map(time.fromisoformat, found.groups()) if found else (time(), time())
    except ValueError:
        opens = closes = time()
    if opens >= closes:
        raise ValueError('it is not a working slot; write "08:00-12:00", the earlier time first')
    return opens, closes


def _in_order(slots: Slots) -> Slots:
    if any(before[1] > after[0] for before, after in pairwise(slots)):
        raise ValueError("its slots overlap or are out of order; write them one after the other")
    return slots


def _weekday(entry: object) -> int:
    if not isinstance(entry, str) or entry not in WEEKDAYS:
        raise ValueError(f"it is not a weekday; write one of {', '.join(WEEKDAYS)}")
    return WEEKDAYS.index(entry)


Days = Annotated[
    tuple[Annotated[tuple[date, ...], BeforeValidator(_days)], ...],
    Field(strict=False),
]
WorkingSlots = Annotated[
    tuple[Annotated[tuple[time, time], BeforeValidator(_slot)], ...],
    Field(strict=False, min_length=1, max_length=12),
    AfterValidator(_in_order),
]
Weekdays = Annotated[
    tuple[Annotated[int, BeforeValidator(_weekday)], ...],
    Field(strict=False, min_length=1, max_length=7),
]


class OrganisationHours(Table):
    """The working slots of one organisation."""

    slots: WorkingSlots


class CalendarFile(Table):
    """The whole of ``calendar.toml``; what is left out is the usual: Monday to Friday, 08:00-12:00 and 14:00-18:00."""

    weekdays: Weekdays = (0, 1, 2, 3, 4)
    slots: WorkingSlots = SLOTS
    holidays: Days = ()
    workdays: Days = ()
    organisations: dict[str, OrganisationHours] = Field(default_factory=dict)

    def calendar(self, zone: ZoneInfo) -> Calendar:
        """The street's calendar in its time zone."""
        return Calendar(
            zone,
            self.slots,
            frozenset(day for days in self.holidays for day in days),
            frozenset(day for days in self.workdays for day in days),
            frozenset(self.weekdays),
        )


_KNOWN: Final[Mapping[Key, Sequence[str]]] = {
    (): tuple(CalendarFile.model_fields),
    ("organisations", "*"): tuple(OrganisationHours.model_fields),
}


def read_calendar(tables: Tables, complaints: Complaints) -> CalendarFile | None:
    """The calendar of a folder, or ``None`` after complaints; a day named twice is one of them."""
    found = fit(CalendarFile, tables, _KNOWN, complaints)
    if found is not None:
        _complain_of_doubled_days(found, tables, complaints)
    return found


def _complain_of_doubled_days(found: CalendarFile, tables: Tables, complaints: Complaints) -> None:
    lines: dict[date, int] = {}
    for name in ("holidays", "workdays"):
        entries: tuple[tuple[date, ...], ...] = getattr(found, name)
        for number, days in enumerate(entries):
            line = tables.lines.locate((name, str(number)))
            for day in days:
                if day in lines:
                    what = f"{day} is named a second time, after line {lines[day]}"
                    complaints.add(tables.file, line, what, "keep it once, as a holiday or as a workday")
                lines.setdefault(day, line)


def check_organisations(
    found: CalendarFile, tables: Tables, organisations: frozenset[str], complaints: Complaints
) -> None:
    """Complain about working slots of organisations that parties.csv does not have."""
    for name in found.organisations:
        if name not in organisations:
            line = tables.lines.locate(("organisations", name))
            remedy = nearest(name, organisations, "write its name as in parties.csv")
            complaints.add(tables.file, line, f"no party is of the organisation {name!r}", remedy)
