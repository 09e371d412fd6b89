"""Adding a year of announced days to the text of ``calendar.toml``; what people wrote stays as they wrote it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Final, NamedTuple

from .calendar import CalendarFile, all_days, read_calendar
from .complaint import Complaints
from .statutory import Year
from .tables import Tables, parse_toml

FILE: Final = "calendar.toml"
_PIECE: Final = re.compile(
    r"""
    (?P<comment> \#[^\r\n]* )
    | (?P<entry> "{3}.*?"{3} | '{3}.*?'{3} | "[^"\r\n]*" | '[^'\r\n]*' | [^\s,\]"'\#]+ )
    | (?P<comma> , )
    | (?P<end> \] )
    """,
    re.VERBOSE | re.DOTALL,
)
"""What a list of days is made of."""

_OPENING: Final = re.compile(r"(?:[ \t]*#[^\n]*\n)+(?:[ \t]*\r?\n)+")
"""The comment at the top of a file, with the blank lines that part it from what follows."""


class Filling(NamedTuple):
    """What a calendar lacks of a year.

    ``lines`` are the lines to add to each list; ``content`` the whole file with them; ``kept`` the days that people
    named the other way round (a workday that is announced as a holiday, or a holiday as a workday).
    """

    lines: Mapping[str, Sequence[str]]
    content: bytes
    kept: tuple[date, ...]


def fill(content: bytes, year: Year, heading: str) -> Filling:
    """Add the days of ``year`` that a ``calendar.toml`` does not name, under a comment ``heading``.

    Raises ``StreetError`` where the calendar is not in order, or would not be afterwards.
    """
    tables, found = _read(content)
    holidays, workdays = all_days(found.holidays), all_days(found.workdays)
    named = holidays | workdays
    missing = {
        name: {day: festival for day, festival in days.items() if day not in named}
        for name, days in (("holidays", year.holidays), ("workdays", year.workdays))
    }
    lines = {name: _lines(days, heading) for name, days in missing.items() if days}
    text = content.decode()
    # From the bottom up, so that the line of the other list stays where it is; a new list is written at the top.
    for name in sorted(lines, key=lambda name: (name in tables.raw, tables.lines.locate(name), name), reverse=True):
        text = _insert(text, name, tables, lines[name])
    _, filled = _read(text.encode())
    expected = holidays | missing["holidays"].keys(), workdays | missing["workdays"].keys()
    if (all_days(filled.holidays), all_days(filled.workdays)) != expected:
        raise AssertionError(f"the days of {year.number} did not reach {FILE}")
    kept = (holidays & year.workdays.keys()) | (workdays & year.holidays.keys())
    return Filling(lines, text.encode(), tuple(sorted(kept)))


def _read(content: bytes) -> tuple[Tables, CalendarFile]:
    complaints = Complaints()
    tables = parse_toml(FILE, content, complaints)
    found = read_calendar(tables, complaints) if tables else None
    complaints.finish()
    if tables is None or found is None:
        raise AssertionError("a file was given up without a complaint")
    return tables, found


def _lines(days: Mapping[date, str], heading: str) -> list[str]:
    """Days in a row become one span; each with its festivals as a comment."""
    spans: list[list[date]] = []
    for day in days:
        if spans and day - spans[-1][-1] == timedelta(days=1):
            spans[-1].append(day)
        else:
            spans.append([day])
    found = [f"  # {heading}"]
    for span in spans:
        entry = f'"{span[0]} to {span[-1]}"' if len(span) > 1 else str(span[0])
        found.append(f"  {entry},  # {', '.join(dict.fromkeys(days[day] for day in span))}")
    return found


def _insert(text: str, name: str, tables: Tables, lines: Sequence[str]) -> str:
    """The text with ``lines`` at the end of the list ``name``, or with the list, where there is none."""
    newline = "\r\n" if "\r\n" in text else "\n"
    block = newline.join(lines)
    if name not in tables.raw:
        mark = "\ufeff" if text.startswith("\ufeff") else ""
        opening = _OPENING.match(text, len(mark))
        at = opening.end() if opening else len(mark)
        return f"{text[:at]}{name} = [{newline}{block}{newline}]{newline}{newline if text[at:] else ''}{text[at:]}"
    above = tables.lines.locate((name,)) - 1
    begins = sum(len(line) + 1 for line in text.split("\n")[:above])
    last = text.index("[", text.index("=", begins)) + 1
    comma_at: int | None = None
    for piece in _PIECE.finditer(text, last):
        if piece.lastgroup == "end":
            tail = text[piece.start() :]
            break
        if piece.lastgroup != "comment":
            comma_at = piece.end() if piece.lastgroup == "entry" else None
        last = piece.end()
    else:
        raise AssertionError(f"the list {name} of {FILE} has no end")
    head = text[:last] if comma_at is None else f"{text[:comma_at]},{text[comma_at:last]}"
    return f"{head}{newline}{block}{newline}{tail}"
