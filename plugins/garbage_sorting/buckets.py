"""How long something lay, and how soon it was closed: the two things that streets and districts are compared by."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

BUCKETS_HOURS: Final = (1, 4, 12)
"""Closing within 1, 4 or 12 hours of natural time: the buckets of Tianmu West Road [P]."""

STRANDED_MINUTES, SUPER_STRANDED_MINUTES = 60, 240
"""From when on something that lies is stranded, and super-stranded [A]: the first bucket, and the second."""

LYING, STRANDED, SUPER_STRANDED = "lying", "stranded", "super_stranded"
"""Supervision levels 1, 2 and 3 of the Shanghai garbage product [P]: on the ground, stranded, super-stranded.

The street level counts what was stranded, the city level what was super-stranded.
"""


def closing_bucket(opened_at: datetime, closed_at: datetime) -> str:
    """``"1h"``, ``"4h"``, ``"12h"``, or ``"over_12h"``: the first bucket that a closing fits in, its end included.

    ``opened_at`` and ``closed_at`` are those of a case; a ``CaseClosed`` has them as ``opened_at`` and ``at``.
    """
    took = closed_at - opened_at
    return next((f"{hours}h" for hours in BUCKETS_HOURS if took <= timedelta(hours=hours)), "over_12h")


def stranding_level(
    opened_at: datetime,
    until: datetime,
    stranded_minutes: int = STRANDED_MINUTES,
    super_stranded_minutes: int = SUPER_STRANDED_MINUTES,
) -> str:
    """``"lying"``, ``"stranded"`` or ``"super_stranded"``: how far it had come by ``until``."""
    lay = until - opened_at
    if lay >= timedelta(minutes=super_stranded_minutes):
        return SUPER_STRANDED
    return STRANDED if lay >= timedelta(minutes=stranded_minutes) else LYING
