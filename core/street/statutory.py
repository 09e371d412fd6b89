"""The statutory holidays and make-up workdays (调休上班) that the State Council has announced for a year.

They come from the library ``chinesecalendar``, which holds the announced days and computes none: what it does not know
is not known. See docs/decisions/0009-holidays-from-a-library.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from importlib.metadata import version
from typing import Final, NamedTuple

LIBRARY: Final = "chinesecalendar"
ZONES: Final = frozenset(
    f"Asia/{name}" for name in ("Shanghai", "Urumqi", "Chongqing", "Chungking", "Harbin", "Kashgar")
) | {"PRC"}
"""Where these holidays hold: the zones of the mainland. Hong Kong, Macau and Taipei have holidays of their own."""


class Year(NamedTuple):
    """What was announced for one year: each day with the festival it is for, in Chinese or English."""

    number: int
    holidays: Mapping[date, str]
    workdays: Mapping[date, str]


class UnknownYearError(LookupError):
    """The library does not know a year; ``first`` to ``last`` are those it knows."""

    def __init__(self, number: int, first: int, last: int) -> None:
        super().__init__(f"{LIBRARY} {library_version()} knows {first} to {last}, not {number}")
        self.first = first
        self.last = last


def library_version() -> str:
    """Which edition of the library is installed."""
    return version(LIBRARY)


def announced(number: int, language: str) -> Year:
    """What was announced for the year ``number``. Raises ``UnknownYearError``, never guesses.

    A year counts as known when New Year's Day and National Day are in it: a notice always names both, and a stray day
    of the new year in the notice for the old one is not a notice for the new one.
    """
    from chinese_calendar.constants import Holiday, holidays, workdays  # type: ignore[import-untyped]  # it has no types

    years = sorted(day.year for day in holidays if (day.month, day.day) == (10, 1) and day.replace(month=1) in holidays)
    if number not in years:
        raise UnknownYearError(number, years[0], years[-1])

    def of_the_year(days: Mapping[date, str]) -> dict[date, str]:
        found = ((day, name) for day, name in sorted(days.items()) if day.year == number)
        return {day: Holiday(name).chinese if language == "zh" else name for day, name in found}

    return Year(number, of_the_year(holidays), of_the_year(workdays))
