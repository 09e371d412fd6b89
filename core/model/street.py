"""The frozen view of one street that decisions are made in: its calendar, and who holds which role."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from .chain import Severity
from .limit import Calendar, Limit, hours, minutes
from .place import OPS as OPS  # noqa: PLC0414 - whoever decides in a street finds it here
from .place import Directory, Holder

REPEAT_AFTER: Final = hours(24)
"""Law 5: an unsolved case is never silent for longer."""

DISPATCH_WITHIN: Final = minutes(15)
"""How long a dispatcher may hold returned work (domain 2.5 [P])."""


@dataclass(frozen=True)
class Street:
    """``code`` is the street's own place; ``repeat_after`` how often a case is repeated once its chain has ended.

    ``calendars`` are those of organisations with working hours of their own; ``dispatch_within`` is how long the street
    may take to send returned work on (15 minutes, domain 2.5); ``wakes`` the least grave matter for which quiet hours
    do not count.
    """

    code: str
    directory: Directory
    calendar: Calendar = field(default_factory=lambda: Calendar(ZoneInfo("Asia/Shanghai")))
    repeat_after: Limit = REPEAT_AFTER
    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    dispatch_within: Limit = DISPATCH_WITHIN
    wakes: Severity = Severity.P1

    def holder(self, role: str, place: str, now: datetime) -> Holder | None:
        """Who holds ``role`` for ``place`` now."""
        return self.directory.holder(role, place, now)

    def deadline(self, start: datetime, limit: Limit, organisation: str = "") -> datetime:
        """When ``limit``, counted from ``start`` in the working hours of ``organisation``, is used up."""
        return self.calendar_of(organisation).deadline(start, limit)

    def calendar_of(self, organisation: str) -> Calendar:
        """The working hours of ``organisation``: its own, else the street's."""
        return self.calendars.get(organisation, self.calendar)
