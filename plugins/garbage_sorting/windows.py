"""When a drop point is open: its windows, and the dated exceptions for summer and holidays."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import Annotated, Final, Self

from pydantic import AfterValidator, Field, model_validator

from civicloop import Config

_WINDOW: Final = re.compile(r"([01]\d|2[0-4]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)")
DAY_MINUTES: Final = 24 * 60


def _is_window(text: str) -> str:
    if (found := _WINDOW.fullmatch(text)) is None:
        raise ValueError(f'{text!r} is not a window; write "06:30-08:30"')
    if any(minutes > DAY_MINUTES for minutes in _bounds(found)):
        raise ValueError(f"{text!r} goes past 24:00; a window that runs past midnight is written 22:00-02:00")
    return text


def _bounds(found: re.Match[str]) -> tuple[int, int]:
    opens_hour, opens_minute, closes_hour, closes_minute = map(int, found.groups())
    return opens_hour * 60 + opens_minute, closes_hour * 60 + closes_minute


Window = Annotated[str, AfterValidator(_is_window)]
"""``"06:30-08:30"`` in the street's local time; ``"22:00-02:00"`` runs past midnight, ``"00:00-24:00"`` is all day."""


class DatedWindows(Config):
    """Other windows from ``first`` to ``last``, both days included, at these ``points`` (none named: at all)."""

    first: date
    last: date
    points: tuple[str, ...] = ()
    windows: tuple[Window, ...] = Field(description="No window at all: the point is closed.")

    @model_validator(mode="after")
    def _end_after_the_beginning(self) -> Self:
        if self.last < self.first:
            raise ValueError(f"last = {self.last} lies before first = {self.first}")
        return self

    def covers(self, point: str, day: date) -> bool:
        """Whether this exception holds at a drop point on a day."""
        return self.first <= day <= self.last and (not self.points or point in self.points)


def windows_on(
    point: str, day: date, usual: tuple[str, ...], own: dict[str, tuple[str, ...]], exceptions: Iterable[DatedWindows]
) -> tuple[str, ...]:
    """The windows of a point on a day: the last exception that holds, else the point's own, else the usual ones."""
    dated = [one.windows for one in exceptions if one.covers(point, day)]
    return dated[-1] if dated else own.get(point, usual)


def is_within(windows: Iterable[str], at: datetime, grace_minutes: int) -> bool:
    """Whether a local time lies in one of the windows, or not more than the grace before or after it."""
    minute = at.hour * 60 + at.minute
    return any(opens <= minute <= closes for opens, closes in _spans(windows, grace_minutes))


def _spans(windows: Iterable[str], grace_minutes: int) -> Iterator[tuple[int, int]]:
    """Opening and closing in minutes of the day, once for each day that a window may reach into."""
    for text in windows:
        found = _WINDOW.fullmatch(text)
        assert found is not None, "windows are checked when the configuration is read"
        opens, closes = _bounds(found)
        closes += DAY_MINUTES if closes <= opens else 0
        for shift in (-DAY_MINUTES, 0, DAY_MINUTES):
            yield opens + shift - grace_minutes, closes + shift + grace_minutes
