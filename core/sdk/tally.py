"""Counting in a scenario's memory: how often something happened lately."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from pydantic import BaseModel, ConfigDict

from ..model.limit import Limit

TALLY_MAX: Final = 100
"""How many times a tally keeps; a count never goes beyond."""


class Tally(BaseModel):
    """How often something happened within a span: ``if context.memory.seen.add(event.at, days(30)) >= 3``.

    A member of a ``Memory``: ``seen: Tally = Tally()``. It keeps the times themselves, the newest ``TALLY_MAX``, so the
    order in which facts arrive does not matter. ``Tally()`` put in its place starts afresh.
    """

    model_config = ConfigDict(extra="ignore")

    times: tuple[datetime, ...] = ()

    def add(self, at: datetime, within: Limit) -> int:
        """Count one more at ``at``; how many there are now in the span up to the newest, both ends included.

        What is older is forgotten. Raises ``ValueError`` for a span of working time, which only a calendar can tell.
        """
        times = sorted((*self.times, at))
        since = times[-1] - within.span
        self.times = tuple(time for time in times if time >= since)[-TALLY_MAX:]
        return len(self.times)
