"""What outlives a case: the hashes of evidence that was brought, and how often the results of a seat failed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from ..loop.draft import Decision
from ..model.case import Case, Reason
from ..model.given import Answer
from ..model.place import Holder
from ..model.street import Street
from ..stores.base import Conduct, Hashed, Turn, Writes

DOUBT_MAX: Final = 7
"""Beyond this a seat is not doubted more: its results are all looked at long before, and trust must come back."""

CHANGES: Final[Mapping[Reason, int]] = {Reason.CHECK_FAILED: 1, Reason.VERIFIED: -1}
"""What a line of the journal does to the doubt about those whose report it judges."""


class Records:
    """Hashes and conduct as one turn sees them. Derived from what is journalled, so that a rerun finds the same."""

    def __init__(self, turn: Turn, street: Street, now: datetime) -> None:
        self._turn = turn
        self._street = street
        self._now = now
        self._brought: dict[str, Hashed] = {}
        self._conduct: dict[tuple[str, str], Conduct] = {}
        self._changed: dict[tuple[str, str], Conduct] = {}

    def known(self, hashes: Iterable[str]) -> frozenset[str]:
        """Of these hashes those that an accepted answer has brought before, in whichever case."""
        asked = [*dict.fromkeys(filter(None, hashes))]
        if not asked:
            return frozenset()
        return self._turn.brought(asked) | {name for name in asked if name in self._brought}

    def bring(self, answer: Answer, case: Case, at: datetime) -> None:
        """Remember the hashes that an accepted answer has brought."""
        for one in answer.evidence:
            if one.hash and not one.is_known:
                self._brought[one.hash] = Hashed(one.hash, case.id, answer.event, at, case.partition)

    def doubt(self, role: str, place: str) -> int:
        """How often the latest results of whoever holds ``role`` for ``place`` failed a check, 0 to ``DOUBT_MAX``."""
        holder = self._street.holder(role, place, self._now)
        return self._of(holder).doubt if holder else 0

    def learn(self, before: Case | None, decision: Decision) -> None:
        """Doubt those more whose report failed a check in this decision, and those less whose report stood."""
        after = decision.case
        if before is None or after is None:
            return
        for entry in decision.entries:
            change = CHANGES.get(entry.reason)
            if change:
                for role in _reporters(before, entry.track) or _reporters(after, entry.track):
                    self._judge(self._street.holder(role, after.place, self._now), change)

    def write(self, writes: Writes) -> None:
        """Hand over what has changed, for the commit."""
        writes.brought.extend(self._brought.values())
        writes.conduct.extend(self._changed.values())

    def _judge(self, holder: Holder | None, change: int) -> None:
        if holder is None:
            return
        conduct = self._of(holder)
        doubt = max(0, min(DOUBT_MAX, conduct.doubt + change))
        if doubt != conduct.doubt:
            seat = holder.place, holder.role
            self._conduct[seat] = self._changed[seat] = conduct._replace(doubt=doubt)

    def _of(self, holder: Holder) -> Conduct:
        seat = holder.place, holder.role
        if seat not in self._conduct:
            fresh = Conduct(*seat, self._street.directory.partition(holder.place), 0)
            self._conduct[seat] = self._turn.conduct([seat]).get(seat, fresh)
        return self._conduct[seat]


def _reporters(case: Case, name: str) -> list[str]:
    """The roles whose report is being verified on that track, each once."""
    track = case.track(name)
    if track is None:
        return []
    return [*dict.fromkeys(order.party for order in track.orders if order.number in track.reporters)]
