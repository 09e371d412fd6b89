"""Law 11: every second of a case's life is booked to exactly one holder, and the ledger adds up to the case's age."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from ..model.case import Entry, Reason
from ..model.street import OPS
from .checks import SENSOR


class Holding(StrEnum):
    """What somebody held the case for."""

    WORKING = "working"
    WAITING_ACCEPTANCE = "waiting_acceptance"
    VERIFYING = "verifying"
    STOPPED = "stopped"
    SUPERVISED = "supervised"
    PAUSED = "paused"


class Booking(NamedTuple):
    """A span of a case's life, and who held it: a role, ``sensor``, or nobody (empty) while it pauses or is stopped."""

    holding: Holding
    party: str
    begins: datetime
    ends: datetime

    @property
    def span(self) -> timedelta:
        """How long it was held."""
        return self.ends - self.begins


# A step that nobody holds is left in the instant it is entered: where "nobody found" lasts, it is a check.
_HELD: Final = {
    Reason.PAUSED: Holding.PAUSED,
    Reason.CHECK_ASKED: Holding.VERIFYING,
    Reason.NOBODY_FOUND: Holding.VERIFYING,
    Reason.CLEARED: Holding.VERIFYING,
    Reason.SUSPENDED: Holding.STOPPED,
    Reason.CHAIN_ENDED: Holding.SUPERVISED,
    Reason.REVIEW_AWAITED: Holding.SUPERVISED,
    Reason.REPEATED: Holding.SUPERVISED,
}
_ASKED: Final = frozenset({Reason.ASKED, Reason.ESCALATED, Reason.REASSIGNED})
_ANSWERS: Final = frozenset({Reason.ACCEPTED, Reason.REPORTED, Reason.RETURNED})


@dataclass(slots=True)
class _Track:
    """What the journal says of one track so far: what holds it, and which parties of its step accepted."""

    is_open: bool = True
    holding: Holding | None = None
    before: Holding | None = None
    checker: str = ""
    step: tuple[str, datetime] | None = None
    asked: dict[str, bool] = field(default_factory=dict)
    reporter: str = ""

    def read(self, entry: Entry) -> None:
        """Take in the next line of the track."""
        reason, party = entry.reason, entry.party
        if holding := _HELD.get(reason):
            if self.holding is not holding:
                self.before = self.holding
            self.holding, self.checker = holding, party or SENSOR
            if reason is Reason.NOBODY_FOUND:
                self.checker = OPS
        elif reason in _ASKED:
            if self.step != (entry.step, entry.at):
                self.step, self.asked = (entry.step, entry.at), {}
            self.holding, self.asked[party] = None, False
        elif reason is Reason.CHECK_FAILED:
            self.holding, self.step, self.asked = None, (entry.step, entry.at), {self.reporter: False}
        elif reason in (Reason.RESUMED, Reason.REAPPEARED):
            self.holding = self.before
        elif reason is Reason.REOPENED:
            self.is_open, self.step = True, None
        elif reason is Reason.REPORTED:
            self.reporter = party
        if reason in _ANSWERS and self.step and entry.step == self.step[0]:
            self._answered(reason, party)

    def _answered(self, reason: Reason, party: str) -> None:
        if reason is Reason.ACCEPTED:
            self.asked[party] = True
        elif len(self.asked) > 1:
            self.asked.pop(party, None)

    def holder(self) -> tuple[Holding, str]:
        """Who holds the track: the first that accepted, else the first that was asked."""
        if self.holding is not None:
            return self.holding, {Holding.SUPERVISED: OPS, Holding.VERIFYING: self.checker}.get(self.holding, "")
        for party, accepted in self.asked.items():
            if accepted:
                return Holding.WORKING, party
        return Holding.WAITING_ACCEPTANCE, next(iter(self.asked), "")


def ledger(entries: Iterable[Entry], until: datetime) -> tuple[Booking, ...]:
    """The bookings of a case from its whole journal, in order; ``until`` ends the last one of an open case.

    With several tracks the first that is still open holds the case. The time between a closing and a reopening is
    nobody's, and no part of the case's age.
    """
    tracks: dict[str, _Track] = {}
    booked: list[Booking] = []
    since = until
    for entry in entries:
        _book(booked, tracks, since, entry.at)
        since = entry.at
        tracks.setdefault(entry.track, _Track()).read(entry)
        for name, track in tracks.items():
            if entry.reason is Reason.CLOSED or (entry.reason is Reason.TRACK_CLOSED and name == entry.track):
                track.is_open = False
    _book(booked, tracks, since, until)
    return tuple(booked)


def _book(booked: list[Booking], tracks: dict[str, _Track], begins: datetime, ends: datetime) -> None:
    track = next((track for track in tracks.values() if track.is_open), None)
    if track is None or begins >= ends:
        return
    holding, party = track.holder()
    last = booked[-1] if booked else None
    if last is not None and (last.holding, last.party, last.ends) == (holding, party, begins):
        booked[-1] = last._replace(ends=ends)
    else:
        booked.append(Booking(holding, party, begins, ends))
