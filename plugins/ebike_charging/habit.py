"""What is remembered of a spot or a household: when alarms began, and which of them were denied."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from civicloop import Case, Memory

OCCASIONS_MAX: Final = 100
"""How many alarms are remembered of one key; the count in a notice stops there."""

NEVER_WAS: Final = frozenset({"false_alarm", "voided"})
"""Results of a case in which there was nothing to solve."""


def was_denied(case: Case | None) -> bool:
    """Whether the latest round ended because there had been nothing."""
    return case is not None and not case.is_open and case.result in NEVER_WAS


class Habit(Memory):
    """When alarms of this key began, when it was last seen, and when it was first called gone after that.

    ``unproven`` is the first alarm of the round that is still open: should it be denied, it never counted. This is
    personal data where the key is a household. An alarm older than the memory span is forgotten with the next one.
    """

    occasions: list[datetime] = []
    seen_at: datetime | None = None
    gone_at: datetime | None = None
    unproven: datetime | None = None

    def settle(self, case: Case | None) -> None:
        """Take note of how the latest round ended: alarms that were denied are forgotten, the others stand."""
        if case is None or case.is_open or self.unproven is None:
            return
        if was_denied(case):
            self.occasions = [began for began in self.occasions if began < self.unproven]
            self.seen_at = self.gone_at = None
        self.unproven = None

    def see(self, at: datetime, unseen: timedelta, gone: timedelta, memory: timedelta) -> int:
        """Take note of a sighting; returns how many alarms there have been within ``memory``, this one included."""
        if self.is_new(at, unseen, gone):
            kept = [began for began in self.occasions if at - began < memory]
            self.occasions = [*kept, at][-OCCASIONS_MAX:]
            self.unproven = self.unproven or at
        self.seen_at = max(at, self.seen_at or at)
        return len(self.occasions)

    def is_new(self, at: datetime, unseen: timedelta, gone: timedelta) -> bool:
        """Whether a sighting begins a new alarm instead of being the next picture of the one before.

        One that arrives late belongs to what is known already.
        """
        if self.seen_at is None:
            return True
        was_called_gone = self.gone_at is not None and self.gone_at >= self.seen_at
        return at - self.seen_at > unseen or (was_called_gone and at - (self.gone_at or at) >= gone)

    def lose(self, at: datetime) -> None:
        """Take note that it was called gone, of the first time since it was last seen."""
        if self.gone_at is None or self.gone_at < (self.seen_at or self.gone_at):
            self.gone_at = at
