"""``calendar.toml``: holidays, make-up workdays (调休上班) and working slots, of the street and of organisations."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field

from ..model.limit import SLOTS, Calendar, in_order
from .complaint import Complaints, nearest
from .lines import Key
from .settings import Table
from .tables import Tables, fit

WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
SPAN_DAYS_MAX: Final = 366
"""The longest span of days that one entry may name."""

WEEK_HOURS_MIN: Final = 3
"""The least work in an ordinary week: with it the longest limit of working time ends within a calendar's horizon."""

_SPAN: Final = re.compile(r"(\d{4}-\d\d-\d\d) to (\d{4}-\d\d-\d\d)", re.ASCII)
_CLOCK: Final = r"(?:[01]\d|2[0-3]):[0-5]\d"
_SLOT: Final = re.compile(rf"({_CLOCK})-({_CLOCK}|24:00)", re.ASCII)


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
    """A slot that ends at midnight may be written with 24:00 or 00:00; the whole day only as 00:00-24:00."""
    found = _SLOT.fullmatch(entry) if isinstance(entry, str) else None
    if found is None or found[1] == found[2]:
        others = '"22:00-06:00" for a night, or "00:00-24:00" for the whole day'
        raise ValueError(f'it is not a working slot; write "08:00-12:00", {others}')
    return time.fromisoformat(found[1]), time.fromisoformat(found[2].replace("24:00", "00:00"))


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
    AfterValidator(in_order),
]
Weekdays = Annotated[
    tuple[Annotated[int, BeforeValidator(_weekday)], ...],
    Field(strict=False, min_length=1, max_length=7),
]


class Hours(Table):
    """The working hours of one organisation; what is left out is the street's."""

    weekdays: Weekdays | None = None
    slots: WorkingSlots | None = None
    holidays: Days | None = None
    workdays: Days | None = None


class CalendarFile(Table):
    """The whole of ``calendar.toml``; what is left out is the usual: Monday to Friday, 08:00-12:00 and 14:00-18:00."""

    weekdays: Weekdays = (0, 1, 2, 3, 4)
    slots: WorkingSlots = SLOTS
    holidays: Days = ()
    workdays: Days = ()
    organisations: dict[str, Hours] = Field(default_factory=dict)

    def calendar(self, zone: ZoneInfo, hours: Hours = Hours()) -> Calendar:  # noqa: B008  # it is frozen
        """The street's calendar in its time zone, or that of an organisation with ``hours`` of its own."""
        return Calendar(
            zone,
            self.slots if hours.slots is None else hours.slots,
            all_days(self.holidays if hours.holidays is None else hours.holidays),
            all_days(self.workdays if hours.workdays is None else hours.workdays),
            frozenset(self.weekdays if hours.weekdays is None else hours.weekdays),
        )

    def calendars(self, zone: ZoneInfo) -> Mapping[str, Calendar]:
        """The calendars of the organisations that have hours of their own."""
        return {name: self.calendar(zone, hours) for name, hours in self.organisations.items()}


def all_days(entries: Iterable[tuple[date, ...]]) -> frozenset[date]:
    """Every day that a list of days and spans names."""
    return frozenset(day for days in entries for day in days)


_KNOWN: Final[Mapping[Key, Sequence[str]]] = {
    (): tuple(CalendarFile.model_fields),
    ("organisations", "*"): tuple(Hours.model_fields),
}


def read_calendar(tables: Tables, complaints: Complaints) -> CalendarFile | None:
    """The calendar of a folder, or ``None`` after complaints; a day named twice is one of them, idleness another."""
    found = fit(CalendarFile, tables, _KNOWN, complaints)
    if found is not None:
        _complain_of_doubled_days(found, tables, complaints)
        _complain_of_idleness(found, tables, complaints)
    return found


_ONCE: Final = "keep it once, as a holiday or as a workday"


def _complain_of_doubled_days(found: CalendarFile, tables: Tables, complaints: Complaints) -> None:
    """An organisation's lists are judged together with those that it leaves to the street."""
    told: set[tuple[int, date]] = set()
    for organisation, hours in ("", Hours()), *found.organisations.items():
        lines: dict[date, int] = {}
        for line, day in _named(found, organisation, hours, tables):
            if day in lines and (line, day) not in told:
                told.add((line, day))
                what = f"{day} is named a second time, after line {lines[day]}"
                complaints.add(tables.file, line, what, _ONCE if not organisation else f"{_ONCE} of {organisation}")
            lines.setdefault(day, line)


def _named(found: CalendarFile, organisation: str, hours: Hours, tables: Tables) -> Iterator[tuple[int, date]]:
    """Every day in the lists that hold for an organisation, with its line."""
    for name in ("holidays", "workdays"):
        own: tuple[tuple[date, ...], ...] | None = getattr(hours, name)
        street: tuple[tuple[date, ...], ...] = getattr(found, name)
        key = (name,) if own is None else ("organisations", organisation, name)
        for number, days in enumerate(street if own is None else own):
            line = tables.lines.locate((*key, str(number)))
            yield from ((line, day) for day in days)


def _complain_of_idleness(found: CalendarFile, tables: Tables, complaints: Complaints) -> None:
    """Refuse a week with so little work that a long limit would not end within a calendar's horizon."""
    for name, hours in ("", Hours()), *found.organisations.items():
        minutes = sum(_minutes(*slot) for slot in hours.slots or found.slots)
        if minutes * len(set(hours.weekdays or found.weekdays)) < WEEK_HOURS_MIN * 60:
            line = tables.lines.locate(("organisations", name, "slots") if name else ("slots",))
            what = f"its slots and weekdays make less than {WEEK_HOURS_MIN} hours of work a week"
            complaints.add(tables.file, line, what, "write longer slots or more weekdays")


def _minutes(opens: time, closes: time) -> int:
    """How long a slot is on the clock."""
    return (60 * (closes.hour - opens.hour) + closes.minute - opens.minute) % 1440 or 1440


def check_organisations(
    found: CalendarFile, tables: Tables, organisations: frozenset[str], complaints: Complaints
) -> None:
    """Complain about working hours of organisations that parties.csv does not have."""
    for name in found.organisations:
        if name not in organisations:
            line = tables.lines.locate(("organisations", name))
            remedy = nearest(name, organisations, "write its name as in parties.csv")
            complaints.add(tables.file, line, f"no party is of the organisation {name!r}", remedy)
