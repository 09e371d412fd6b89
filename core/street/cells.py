"""What people write into cells: ways to be reached (``app;sms+5;voice+10@P1``), hours, days, weekdays, turns."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import date, time, timedelta
from typing import Final

from ..model.chain import Severity
from ..model.place import Page, Quiet
from ..model.privacy import Personal, mask_contact
from .calendar import WEEKDAYS
from .complaint import nearest
from .rows import split_cell

Hours = tuple[tuple[time, time], ...]

MINUTES_MAX: Final = 1440
"""The longest delay of a page."""

TURN_DAYS_MAX: Final = 366
"""The longest turn of a rotation."""

CHANNELS_SHOWN_MAX: Final = 100
"""Among how many defined channels one that is not is looked for."""

YEARS: Final = range(2000, 2101)
"""A year outside of these is a slip of the pen."""

_PAGE: Final = re.compile(r"([^+@]+)(?:\+(\d{1,4}))?(?:@(P[0-3]))?", re.ASCII)
_HOURS: Final = re.compile(r"(\d{1,2}):(\d\d)-(\d{1,2}):(\d\d)", re.ASCII)
_DAY: Final = re.compile(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})", re.ASCII)
_EVERY: Final = re.compile(r"(?:(\d{1,3}) )?(day|week)s?", re.ASCII)
_SPEAKABLE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,39}")
_FULL_WIDTH: Final = str.maketrans("＋＠：", "+@:")


class CellError(ValueError):
    """A cell cannot be meant: ``what`` is wrong with it, without any personal data, and the ``remedy``."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(f"{what}; {remedy}")
        self.what = what
        self.remedy = remedy


def read_pages(cell: str, channels: Collection[str] | None) -> tuple[Page, ...]:
    """The pages of a cell ``channels``; ``channels`` are the names that are defined, if that is known."""
    pages = tuple(_page(number, entry, channels) for number, entry in enumerate(split_cell(cell), 1))
    if len({(page.channel, page.after) for page in pages}) < len(pages):
        raise CellError("channels names one of them twice", "keep it once, or give one a delay, such as sms+10")
    if pages and all(page.least is not Severity.P3 for page in pages):
        raise CellError("channels has no way for lesser cases, which would reach nobody", "leave @ off one of them")
    return pages


def _page(number: int, entry: str, channels: Collection[str] | None) -> Page:
    found = _PAGE.fullmatch(entry.translate(_FULL_WIDTH))
    after = int(found[2] or 0) if found else 0
    if found is None or after > MINUTES_MAX:
        # What stands there is not told: a forgotten comma puts a phone number where a channel should be.
        what = f"channels: entry {number} is not NAME, NAME+MINUTES, NAME@SEVERITY or NAME+MINUTES@SEVERITY"
        raise CellError(what, f"write one like voice+10@P1, with at most {MINUTES_MAX} minutes")
    name = found[1].strip()
    if channels is not None and name not in channels:
        shown = name if _SPEAKABLE.fullmatch(name) else mask_contact(name)
        names = sorted(channels)[:CHANNELS_SHOWN_MAX]
        known = f"known are {', '.join(names)}" if names else "none is defined yet"
        remedy = nearest(name, names, f"add [channels.NAME] to civicloop.toml; {known}")
        raise CellError(f"channel {shown!r} is not defined", remedy)
    return Page(name, timedelta(minutes=after), Severity(found[3] or Severity.P3))


def read_quiet(cell: str) -> Quiet | None:
    """The hours of a cell ``quiet``; they may run past midnight."""
    quiet = _hours(cell) if cell else None
    if cell and (quiet is None or quiet[0] == quiet[1]):
        raise CellError("quiet is not a span of local time", "write one like 22:00-07:00; midnight is 00:00")
    return quiet


def read_hours(cell: str) -> Hours:
    """The hours of a rotation: within a day, or into the next; an empty cell is the whole day from midnight."""
    hours = [_hours(entry) for entry in split_cell(cell or "00:00-00:00")]
    known = tuple(span for span in hours if span is not None)
    if not known or len(known) < len(hours):
        what = "hours is not a span of local time"
        raise CellError(what, "write one like 08:00-20:00; 08:00-08:00 is round the clock, handed over at eight")
    return known


def _hours(text: str) -> tuple[time, time] | None:
    found = _HOURS.fullmatch(text.translate(_FULL_WIDTH))
    try:
        opens, opened, closes, closed = map(int, found.groups()) if found else (24, 0, 0, 0)
        return time(opens, opened), time(closes, closed)
    except ValueError:
        return None


def read_weekdays(cell: str) -> frozenset[int]:
    """The weekdays of a cell, Monday = 0; an empty cell is all of them."""
    found: set[int] = set()
    for entry in split_cell(cell) or ["mon-sun"]:
        ends = [part.strip() for part in entry.lower().split("-")]
        if len(ends) > 2 or any(end not in WEEKDAYS for end in ends):
            raise CellError("days is not weekdays", f"write mon-fri or sat;sun, of {', '.join(WEEKDAYS)}")
        first, last = WEEKDAYS.index(ends[0]), WEEKDAYS.index(ends[-1])
        found.update((first + offset) % 7 for offset in range((last - first) % 7 + 1))
    return frozenset(found)


def read_day(name: str, cell: str) -> date:
    """The day of a cell, as people or Excel write it."""
    found = _DAY.fullmatch(cell)
    try:
        day = date(*map(int, found.groups())) if found else date.min
    except ValueError:
        day = date.min
    if day.year not in YEARS:
        raise CellError(f"{name} is not a day of the years {YEARS[0]} to {YEARS[-1]}", "write one like 2026-01-31")
    return day


def read_every(cell: str) -> int:
    """The days of a turn: ``day``, ``week``, ``2 weeks``."""
    found = _EVERY.fullmatch(cell.lower())
    days = int(found[1] or 1) * (7 if found[2] == "week" else 1) if found else 0
    if not 0 < days <= TURN_DAYS_MAX:
        raise CellError("every is not the length of a turn", "write day, week, 3 days or 2 weeks")
    return days


def read_turns(cell: str) -> tuple[tuple[str, ...], ...]:
    """The people of a rotation in turn; those joined by ``+`` are on duty together."""
    turns = [
        tuple(Personal(name.strip()) for name in entry.translate(_FULL_WIDTH).split("+")) for entry in split_cell(cell)
    ]
    if not turns or not all(name for turn in turns for name in turn):
        raise CellError("people names nobody in one of its turns", "write 甲;乙, or 甲+乙;丙 where two share a turn")
    return tuple(turns)
