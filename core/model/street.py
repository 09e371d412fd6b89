"""The frozen view of one street that decisions are made in: its calendar, and who holds which role."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from .limit import Calendar, Limit, hours
from .place import Directory, Holder

OPS: Final = "ops_center"
"""The role that runs the street: it hears of everything that no one else would."""


REPEAT_AFTER: Final = hours(24)
"""Law 5: an unsolved case is never silent for longer."""


@dataclass(frozen=True)
class Street:
    """``code`` is the street's own place; ``repeat_after`` how often a case is repeated once its chain has ended."""

    code: str
    directory: Directory
    calendar: Calendar = field(default_factory=lambda: Calendar(ZoneInfo("Asia/Shanghai")))
    repeat_after: Limit = REPEAT_AFTER

    def holder(self, role: str, place: str, now: datetime) -> Holder | None:
        """Who holds ``role`` for ``place`` now."""
        return self.directory.holder(role, place, now)

    def deadline(self, start: datetime, limit: Limit) -> datetime:
        """When ``limit``, counted from ``start``, is used up."""
        return self.calendar.deadline(start, limit)
