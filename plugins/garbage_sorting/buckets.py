"""How long something lay, and how soon it was closed: the two things that streets and districts are compared by."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from civicloop import Case

BUCKETS_HOURS: Final = (1, 4, 12)
"""Closing within 1, 4 or 12 hours of natural time: the buckets of Tianmu West Road [P]."""

LYING, STRANDED, SUPER_STRANDED = "lying", "stranded", "super_stranded"
"""Supervision levels 1, 2 and 3 of the Shanghai garbage product [P]: on the ground, stranded, super-stranded.

Street level counts what was stranded, city level what was super-stranded.
"""


def closing_bucket(opened_at: datetime, closed_at: datetime) -> str:
    """``"1h"``, ``"4h"``, ``"12h"``, or ``"over_12h"``: the first bucket that a closing fits in, its end included."""
    took = closed_at - opened_at
    return next((f"{hours}h" for hours in BUCKETS_HOURS if took <= timedelta(hours=hours)), "over_12h")


def level_of(case: Case) -> str:
    """How far a case of overflow or bagged litter has come: the gravest level that its evidence speaks of."""
    reached = {evidence.kind for evidence in case.evidence}
    return next((level for level in (SUPER_STRANDED, STRANDED) if level in reached), LYING)
