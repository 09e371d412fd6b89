"""Water by the half hour: pure sums that a leak and a silence may be read from.

Whatever arrives late or twice as a fact lands in its own half hour; the order does not matter.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from pydantic import BaseModel, ConfigDict

SLOT: Final = timedelta(minutes=30)
"""The span in which flow or no flow is told apart (Shenzhen Longgang [P])."""

SLOTS_KEPT: Final = 2 * 48 + 1
"""Two days and the half hour that has just begun."""


def slot_of(at: datetime) -> int:
    """The number of the half hour, counted from 1970 in UTC."""
    return int(at.timestamp() // SLOT.total_seconds())


def slot_start(slot: int) -> datetime:
    """When a half hour begins."""
    return datetime.fromtimestamp(slot * SLOT.total_seconds(), UTC)


class Flow(BaseModel):
    """The litres of each half hour in which water flowed, of the newest two days: ``flow: Flow = Flow()``.

    A member of a ``Memory``. A half hour without flow is not in it, nor is one from which nothing was heard.
    """

    model_config = ConfigDict(extra="ignore")

    litres: dict[int, float] = {}

    def add(self, at: datetime, litres: float | None) -> None:
        """Water flowed; how much is ``None`` where the meter does not tell."""
        slot = slot_of(at)
        sums = {**self.litres, slot: self.litres.get(slot, 0.0) + (litres or 0.0)}
        newest = max(sums)
        self.litres = {slot: amount for slot, amount in sorted(sums.items()) if slot > newest - SLOTS_KEPT}

    def total(self, at: datetime, span: timedelta = timedelta(hours=24), since: datetime | None = None) -> float:
        """The litres of the half hours in the ``span`` up to that of ``at``, and of those no earlier than ``since``."""
        last = slot_of(at)
        first = last - int(span / SLOT) + 1
        if since is not None:
            first = max(first, slot_of(since))
        return sum(amount for slot, amount in self.litres.items() if first <= slot <= last)

    def unbroken(self, at: datetime) -> int:
        """How many half hours in a row, up to that of ``at``, water has flowed in every one."""
        slot = slot_of(at)
        count = 0
        while slot - count in self.litres:
            count += 1
        return count

    def is_dry(self, at: datetime) -> bool:
        """Whether no water flowed in a whole half hour between the newest flow and ``at``."""
        newest = max((slot for slot in self.litres if slot < slot_of(at)), default=None)
        return newest is None or slot_of(at) - newest >= 2
