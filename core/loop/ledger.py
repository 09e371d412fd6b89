"""Law 11: every second of a case's life is booked to exactly one holder, and the ledger adds up to the case's age."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from ..model.case import Case, Entry, Reason
from ..model.limit import Calendar, Count, Limit
from ..model.street import OPS, Street
from .checks import SENSOR


class Holding(StrEnum):
    """What somebody held the case for.

    ``DISPATCHING``: returned work waits to be sent on. ``WAITING``: it is solved, and the documents that closing needs
    are owed. ``STOPPED``: its clocks stand until a date, as was granted. ``OFF_HOURS``: outside the working hours of
    whoever holds it, where the limit counts only those.
    """

    WORKING = "working"
    WAITING_ACCEPTANCE = "waiting_acceptance"
    DISPATCHING = "dispatching"
    VERIFYING = "verifying"
    WAITING = "waiting"
    STOPPED = "stopped"
    SUPERVISED = "supervised"
    PAUSED = "paused"
    OFF_HOURS = "off_hours"


class Booking(NamedTuple):
    """A span of a case's life, who held it, and at which step: a role, ``sensor``, or nobody (empty) while it pauses
    or is stopped.
    """

    holding: Holding
    party: str
    begins: datetime
    ends: datetime
    track: str = ""
    step: str = ""

    @property
    def span(self) -> timedelta:
        """How long it was held."""
        return self.ends - self.begins


_HELD: Final = {
    Reason.PAUSED: Holding.PAUSED,
    Reason.CHECK_ASKED: Holding.VERIFYING,
    # A step that nobody holds is left in the instant it is entered: where "nobody found" lasts, it is a check.
    Reason.NOBODY_FOUND: Holding.VERIFYING,
    Reason.NOBODY_ON_DUTY: Holding.VERIFYING,
    Reason.CLEARED: Holding.VERIFYING,
    Reason.PROOF_AWAITED: Holding.WAITING,
    Reason.DISPATCH_ASKED: Holding.DISPATCHING,
    Reason.ARBITER_ASKED: Holding.DISPATCHING,
    Reason.SUSPENDED: Holding.STOPPED,
    Reason.CHAIN_ENDED: Holding.SUPERVISED,
    Reason.REVIEW_AWAITED: Holding.SUPERVISED,
    Reason.REPEATED: Holding.SUPERVISED,
}
_NOBODYS: Final = frozenset({Holding.PAUSED, Holding.STOPPED})
_NOBODY: Final = frozenset({Reason.NOBODY_FOUND, Reason.NOBODY_ON_DUTY})
_ASKED: Final = frozenset({Reason.ASKED, Reason.ESCALATED, Reason.REASSIGNED})
_ANSWERS: Final = frozenset({Reason.ACCEPTED, Reason.REPORTED, Reason.RETURNED})
_ENDS: Final = frozenset({Reason.TRACK_CLOSED, Reason.TRACK_LAPSED})


@dataclass(slots=True)
class _Track:
    """What the journal says of one track so far: what holds it, and which parties of its step accepted."""

    name: str
    is_open: bool = True
    held: tuple[Holding, str, str] | None = None
    before: tuple[Holding, str, str] | None = None
    step: tuple[str, datetime] | None = None
    asked: dict[str, bool] = field(default_factory=dict)
    reporter: str = ""

    def read(self, entry: Entry) -> None:
        """Take in the next line of the track."""
        reason, party = entry.reason, entry.party
        if holding := _HELD.get(reason):
            if self.held is None or self.held[0] is not holding:
                self.before = self.held
            self.held = holding, self._keeper(holding, entry), entry.step
        elif reason in _ASKED:
            if self.step != (entry.step, entry.at):
                self.step, self.asked = (entry.step, entry.at), {}
            self.held, self.asked[party] = None, False
        elif reason is Reason.CHECK_FAILED:
            self.held, self.step, self.asked = None, (entry.step, entry.at), {self.reporter: False}
        elif reason in (Reason.RESUMED, Reason.REAPPEARED):
            self.held = self.before
        elif reason is Reason.REOPENED:
            self.is_open, self.step = True, None
        elif reason is Reason.REPORTED:
            self.reporter = party
        if reason in _ANSWERS and self.step and entry.step == self.step[0]:
            self._answered(reason, party)

    def _keeper(self, holding: Holding, entry: Entry) -> str:
        if holding in _NOBODYS:
            return ""
        if holding is Holding.SUPERVISED or entry.reason in _NOBODY:
            return OPS
        default = {Holding.VERIFYING: SENSOR, Holding.WAITING: self.reporter}
        return entry.party or default.get(holding, OPS)

    def _answered(self, reason: Reason, party: str) -> None:
        if reason is Reason.ACCEPTED:
            self.asked[party] = True
        elif len(self.asked) > 1:
            self.asked.pop(party, None)

    def holder(self) -> tuple[Holding, str, str]:
        """Who holds the track for what, at which step: the first that accepted, else the first that was asked."""
        if self.held is not None:
            return self.held
        step = self.step[0] if self.step else ""
        for party, accepted in self.asked.items():
            if accepted:
                return Holding.WORKING, party, step
        return Holding.WAITING_ACCEPTANCE, next(iter(self.asked), ""), step


def ledger(entries: Iterable[Entry], until: datetime) -> tuple[Booking, ...]:
    """The bookings of a case from its whole journal, in order; ``until`` ends the last one of an open case.

    With several tracks the first that is still open holds the case. The time between a closing and a reopening is
    nobody's, and no part of the case's age.
    """
    tracks: dict[str, _Track] = {}
    booked: list[Booking] = []
    since, is_open = until, False
    for entry in entries:
        if is_open:
            _book(booked, tracks, since, entry.at)
        is_open = entry.reason is not Reason.CLOSED and (is_open or not tracks or entry.reason is Reason.REOPENED)
        since = entry.at
        tracks.setdefault(entry.track, _Track(entry.track)).read(entry)
        for name, track in tracks.items():
            if entry.reason is Reason.CLOSED or (entry.reason in _ENDS and name == entry.track):
                track.is_open = False
    if is_open:
        _book(booked, tracks, since, until)
    return tuple(booked)


def _book(booked: list[Booking], tracks: dict[str, _Track], begins: datetime, ends: datetime) -> None:
    if begins >= ends:
        return
    track = next((track for track in tracks.values() if track.is_open), None) or list(tracks.values())[-1]
    holding, party, step = track.holder()
    booking = Booking(holding, party, begins, ends, track.name, step)
    if booked and booked[-1] == booking._replace(begins=booked[-1].begins, ends=begins):
        booking = booking._replace(begins=booked.pop().begins)
    booked.append(booking)


def totals(
    booked: Iterable[Booking], since: datetime | None = None, until: datetime | None = None
) -> dict[tuple[str, Holding], timedelta]:
    """How long each party held it for each thing, in order of its first holding; within a span where one is given."""
    found: dict[tuple[str, Holding], timedelta] = {}
    for booking in booked:
        begins = max(booking.begins, since) if since else booking.begins
        ends = min(booking.ends, until) if until else booking.ends
        if begins < ends:
            who = booking.party, booking.holding
            found[who] = found.get(who, timedelta()) + (ends - begins)
    return found


def by_hours(booked: Iterable[Booking], case: Case, street: Street) -> Iterator[Booking]:
    """The same bookings, with the time outside working hours apart where the party's limit counts working time only.

    The hours are those of the party's organisation, the same that its deadlines are counted in. Nothing is lost: the
    pieces of a booking follow each other from its beginning to its end.
    """
    for booking in booked:
        limit = _limit(booking, case)
        if limit is None or limit.count is not Count.WORK:
            yield booking
            continue
        calendar = street.calendars.get(_organisation(booking, case, street), street.calendar)
        yield from _pieces(booking, calendar)


def _limit(booking: Booking, case: Case) -> Limit | None:
    """The limit that whoever holds the case is under."""
    if booking.holding is Holding.VERIFYING:
        return case.rules.check_of(booking.track).within if booking.party != SENSOR else None
    if booking.holding not in (Holding.WAITING_ACCEPTANCE, Holding.WORKING):
        return None
    step = next((step for step in case.rules.chain(booking.track) if step.name == booking.step), None)
    if step is None or booking.holding is Holding.WORKING:
        return step.finish if step else None
    return step.accept or step.finish


def _organisation(booking: Booking, case: Case, street: Street) -> str:
    """Whose the party is: as its order says, or as the directory says where the order has gone."""
    for track in case.tracks:
        for order in track.orders:
            if (track.name, order.party) == (booking.track, booking.party):
                return order.organisation
    holder = street.holder(booking.party, case.place, booking.begins)
    return holder.organisation if holder else ""


def _pieces(booking: Booking, calendar: Calendar) -> Iterator[Booking]:
    at = booking.begins
    for opens, closes in _slots(calendar, booking.begins, booking.ends):
        begins, ends = max(opens, at), min(closes, booking.ends)
        if begins >= ends:
            continue
        if at < begins:
            yield booking._replace(holding=Holding.OFF_HOURS, begins=at, ends=begins)
        yield booking._replace(begins=begins, ends=ends)
        at = ends
    if at < booking.ends:
        yield booking._replace(holding=Holding.OFF_HOURS, begins=at)


def _slots(calendar: Calendar, begins: datetime, ends: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The working slots that reach into a span; one that ends at or before its own start ends on the next day."""
    day = begins.astimezone(calendar.zone).date() - timedelta(days=1)
    last = ends.astimezone(calendar.zone).date()
    while day <= last:
        for opens, closes in calendar.slots if calendar.is_workday(day) else ():
            end = day if opens < closes else day + timedelta(days=1)
            yield _instant(day, opens, calendar), _instant(end, closes, calendar)
        day += timedelta(days=1)


def _instant(day: date, at: time, calendar: Calendar) -> datetime:
    return datetime.combine(day, at, calendar.zone).astimezone(UTC)
