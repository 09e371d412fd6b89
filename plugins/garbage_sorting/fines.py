"""What the Shanghai Household Garbage Regulation fines, as data: article, yuan, and the day each begins.

In force since 2019-07-01. An amendment is said to be in force from 2026-08-15; it is not verified, so a street adds its
fines as a further row with that day once the text is there. All fines but that of article 59 follow a refusal to
correct.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from pydantic import Field

from civicloop import Config

from .events import Category

SHANGHAI: Final = ZoneInfo("Asia/Shanghai")
"""The days of a Shanghai regulation begin at midnight there, whatever clock the camera keeps."""

REGULATION: Final = date(2019, 7, 1)
"""The day the regulation came into force."""


class Fine(Config):
    """A fine in yuan by an article, from the day ``since``."""

    since: date
    article: str
    yuan_min: int = Field(ge=0)
    yuan_max: int = Field(ge=0)


INDIVIDUAL: Final = (Fine(since=REGULATION, article="57", yuan_min=50, yuan_max=200),)
"""An individual who mixes and refuses to correct. A quoted 50-500 is wrong."""

HAULER: Final = (Fine(since=REGULATION, article="60", yuan_min=5_000, yuan_max=50_000),)
"""A hauler whose vehicle leaks, or who hauls mixed, and does not correct it."""


def fine_on(at: datetime, fines: Iterable[Fine]) -> Fine | None:
    """The fine in force at ``at``; ``None`` before the first one begins."""
    day = at.astimezone(SHANGHAI).date()
    return max((fine for fine in fines if fine.since <= day), key=lambda fine: fine.since, default=None)


def is_fined(expected: Category | None, found: Category | None) -> bool:
    """Whether article 57 lists this mixing for individuals: hazardous with any other, or wet with dry or recyclable.

    Dry with recyclable is not listed, and what the camera could not tell is not known to be.
    """
    if expected is None or found is None or expected == found:
        return False
    return "hazardous" in (expected, found) or "wet" in (expected, found)
