"""What comes through a gateway, by the half hour of a week, and how long it usually pauses.

Bits, so that facts which arrive late or shuffled end in the same memory. Everything here is a pure function of them.
"""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise
from typing import Final

from .rhythm import BINS, half_hours
from .water import SLOT, slot_of

__all__ = ["SLOT", "Days", "note", "usual_pause"]

KEPT_DAYS: Final = 7
"""A week, so that each kind of day is in it."""

KNOWN_SLOTS: Final = 3 * BINS
"""How far back the traffic must reach before a pause is called usual."""

Days = dict[int, int]
"""By number of the day in UTC its half-hours as 48 bits, the lowest from midnight on."""


def note(traffic: Days, at: datetime) -> bool:
    """Remember that something came through; whether that was news."""
    day, half_hour = divmod(slot_of(at), BINS)
    newest = max(traffic, default=day)
    if day <= newest - KEPT_DAYS or traffic.get(day, 0) >> half_hour & 1:
        return False
    traffic[day] = traffic.get(day, 0) | 1 << half_hour
    for old in [one for one in traffic if one <= max(newest, day) - KEPT_DAYS]:
        del traffic[old]
    return True


def usual_pause(traffic: Days) -> int:
    """The longest pause but one, in half-hours, the longest being perhaps an outage; 0 while too little is known."""
    slots = [day * BINS + one for day in sorted(traffic) for one in half_hours(traffic[day])]
    if not slots or slots[-1] - slots[0] < KNOWN_SLOTS:
        return 0
    # What came early in one half-hour and late in another may lie a whole half-hour further apart.
    pauses = sorted((later - earlier + 1 for earlier, later in pairwise(slots)), reverse=True)
    return pauses[min(1, len(pauses) - 1)]
