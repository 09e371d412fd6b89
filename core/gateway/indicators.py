"""The indicators by which a street is evaluated (domain 5), as pure functions over cases and their journals.

Every rate comes with its numerator and denominator. What is due and what is in time is read from the journal, where a
deadline that passed in vain stands for ever, whatever was granted later.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from ..loop.checks import SENSOR
from ..model.case import Case, Duty, Entry, OrderState, Reason, Track, TrackState
from ..model.place import Directory, Level

FULL: Final = 100.0
FALSE_ALARM: Final = "false_alarm"


class Rate(NamedTuple):
    """A share of a hundred, with what it was made of; ``value`` is ``None`` where there was nothing to measure.

    ``unknown`` is how many cases are in neither number, because nobody has said what they were.
    """

    name: str
    numerator: int
    denominator: int
    value: float | None
    unknown: int = 0


def rate(name: str, numerator: int, denominator: int, empty: float | None = None) -> Rate:
    """``numerator`` of ``denominator`` in percent, to two decimals; ``empty`` where the denominator is zero."""
    return Rate(name, numerator, denominator, round(100 * numerator / denominator, 2) if denominator else empty)


class Policy(NamedTuple):
    """What does not count against anybody.

    ``exclude_suspended``: a case whose clocks stand is not due (Jinhua). ``exempt_appealed``: a granted appeal counts
    as on time; the factual timeout stays in the journal. ``exclude_void``: a voided case was never due.
    """

    exclude_suspended: bool = True
    exempt_appealed: bool = True
    exclude_void: bool = True


USUAL: Final = Policy()


class Period(NamedTuple):
    """From when (included) until when (not included); without a beginning from the first case on."""

    since: datetime | None
    until: datetime

    def has(self, at: datetime) -> bool:
        """Whether a moment lies in the period."""
        return (self.since is None or self.since <= at) and at < self.until


class Hands(StrEnum):
    """Whose hands solved it (domain 6.2): those of the estate, of the committee, of the street, of the district."""

    PROPERTY = "property"
    COMMITTEE = "committee"
    STREET = "street"
    DISTRICT = "district"


_HANDS: Final = {
    Level.UNIT: Hands.PROPERTY,
    Level.BUILDING: Hands.PROPERTY,
    Level.ESTATE: Hands.PROPERTY,
    Level.COMMITTEE: Hands.COMMITTEE,
    Level.AREA: Hands.STREET,
    Level.STREET: Hands.STREET,
    Level.DISTRICT: Hands.DISTRICT,
    Level.CITY: Hands.DISTRICT,
}
_ASKED: Final = frozenset({Reason.ASKED, Reason.ESCALATED, Reason.REASSIGNED})
_LATE: Final = frozenset({Reason.NOT_FINISHED, Reason.CHAIN_ENDED})
_LATE_TO_CLOSE: Final = _LATE | {Reason.CHECK_OVERDUE}
_UNCHECKED: Final = frozenset({Reason.UNVERIFIED, Reason.FORCED_CLOSED, Reason.TRACK_LAPSED})
_CONFIRMED: Final = frozenset({Reason.VERIFIED, Reason.CLEARED, Reason.NOT_DRAWN, Reason.REVIEWED})


class Finder(StrEnum):
    """Who found what opened a case; the system is who followed it up from other cases."""

    DEVICES = "devices"
    PEOPLE = "people"
    SYSTEM = "system"


class Record(NamedTuple):
    """A case with its whole journal, of which only the required tracks count: what runs beside holds up nothing.

    ``finder`` is ``None`` where it is not known any more.
    """

    case: Case
    journal: Sequence[Entry]
    finder: Finder | None = None

    @property
    def entries(self) -> list[Entry]:
        """The lines of the tracks that the case waits for."""
        required = {track.name for track in self.case.tracks if track.required}
        return [entry for entry in self.journal if entry.track in required]

    @property
    def _tracks(self) -> list[Track]:
        return [track for track in self.case.tracks if track.required]

    def has(self, reasons: Iterable[Reason]) -> bool:
        """Whether any of these happened."""
        wanted = frozenset(reasons)
        return any(entry.reason in wanted for entry in self.entries)

    @property
    def is_void(self) -> bool:
        """Whether the case was declared void."""
        return self.case.result == Reason.VOIDED

    @property
    def was_seen_by_people(self) -> bool:
        """Whether anybody has reported, reviewed or verified, and so has looked at it."""
        return any(
            entry.reason in (Reason.REPORTED, Reason.REVIEWED)
            or (entry.reason is Reason.VERIFIED and entry.party != SENSOR)
            for entry in self.entries
        )

    @property
    def is_suspended(self) -> bool:
        """Whether its clocks stand."""
        return any(track.state is TrackState.SUSPENDED for track in self._tracks)

    @property
    def is_exempt(self) -> bool:
        """Whether its lateness was forgiven."""
        return self.case.appeal is not None and self.case.appeal.result == "granted"

    @property
    def deadline(self) -> datetime | None:
        """The latest finish of the steps that were asked (domain 6.7), else when it ended, else its next deadline."""
        work = [order for track in self._tracks for order in track.orders if order.duty is Duty.WORK]
        finishes = [order.finish_by for order in work if order.finish_by]
        return max(finishes, default=self.case.closed_at or self.case.due)

    @property
    def disposed_at(self) -> datetime | None:
        """When the work was done: the last report, or what the sensors saw, of a case that is closed."""
        if self.case.is_open or self.is_void:
            return None
        done = [entry.at for entry in self.entries if entry.reason in (Reason.REPORTED, Reason.CLEARED)]
        return done[-1] if done else self.case.closed_at

    @property
    def is_disposed(self) -> bool:
        """Whether the work is done, verified yet or not."""
        waits = [track.reporters or track.state is TrackState.CLOSED for track in self._tracks]
        return not self.is_void and bool(waits) and all(map(bool, waits))

    @property
    def is_verified(self) -> bool:
        """Whether somebody else, or the sensors, confirmed the closing; a sample that was not drawn passes too.

        Where the rules ask neither sensors nor people, the report closes.
        """
        case = self.case
        if case.is_open or self.has(_UNCHECKED):
            return False
        checks = [case.rules.check_of(track.name) for track in self._tracks]
        return self.has(_CONFIRMED) or not any(check.parties or check.quiet or check.clear for check in checks)


def indicators(records: Iterable[Record], period: Period, policy: Policy = USUAL) -> list[Rate]:
    """All rates of domain 5 that journals can tell, for what was due in the period, as the cases stand now.

    Due is what has its deadline in the period, whenever it was opened or closed: every case is due once.
    """
    kept = [record for record in records if not (policy.exclude_void and record.is_void)]
    due = [record for record in kept if _is_due(record, period, policy)]
    dispatched = [record for record in due if record.case.was_dispatched]
    disposed = [record for record in dispatched if record.is_disposed]
    closed = [record for record in due if not record.case.is_open]
    entries = [entry for record in due for entry in record.entries]
    passed = sum(entry.reason is Reason.VERIFIED and entry.party != SENSOR for entry in entries)
    failed = sum(entry.reason is Reason.CHECK_FAILED and entry.party != SENSOR for entry in entries)

    def in_time(record: Record, late: frozenset[Reason]) -> bool:
        return (policy.exempt_appealed and record.is_exempt) or not record.has(late)

    compliant = [record for record in closed if in_time(record, _LATE) and record.is_verified]
    reworked = [one for one in dispatched if any(track.rework for track in one.case.tracks)]
    extended = [one for one in dispatched if any(track.extensions for track in one.case.tracks)]
    returned = [one for one in dispatched if one.has({Reason.RETURNED})]
    return [
        rate("disposal", len(disposed), len(dispatched)),
        rate("disposal_on_time", sum(in_time(one, _LATE) for one in disposed), len(dispatched)),
        rate("closing", len(closed), len(due)),
        rate("closing_on_time", sum(in_time(one, _LATE_TO_CLOSE) for one in closed), len(due)),
        rate("rework", len(reworked), len(dispatched)),
        rate("return", len(returned), len(dispatched)),
        rate("extension", len(extended), len(dispatched)),
        rate("compliant_disposal", len(compliant), len(due), FULL),
        rate("check_passed", passed, passed + failed),
    ]


def concerns(case: Case, period: Period) -> bool:
    """Whether a case was opened, closed or due in the period."""
    moments = (case.opened_at, case.closed_at, Record(case, ()).deadline)
    return any(at is not None and period.has(at) for at in moments)


def _is_due(record: Record, period: Period, policy: Policy) -> bool:
    deadline = record.deadline
    is_spared = policy.exclude_suspended and record.is_suspended
    return deadline is not None and not is_spared and period.has(deadline)


class Counts(NamedTuple):
    """How much there was in a period, and how long it took; times are in seconds, ``None`` where nothing ended."""

    registered: int
    by_scenario: dict[str, int]
    sightings: int
    dispatched: int
    closed: int
    void: int
    open: int
    overdue_open: int
    disposal_seconds: float | None


def counts(records: Iterable[Record], period: Period) -> Counts:
    """Count what was registered in the period and what became of it until the period's end."""
    kept = [record for record in records if period.has(record.case.opened_at)]
    still_open = [record for record in kept if record.case.is_open]
    took = [at - record.case.opened_at for record in kept if (at := record.disposed_at)]
    scenarios = Counter(record.case.scenario for record in kept)
    return Counts(
        registered=len(kept),
        by_scenario=dict(sorted(scenarios.items(), key=lambda one: (-one[1], one[0]))),
        sightings=sum(record.case.sightings for record in kept),
        dispatched=sum(record.case.was_dispatched for record in kept),
        closed=len(kept) - len(still_open),
        void=sum(record.is_void for record in kept),
        open=len(still_open),
        overdue_open=sum(is_overdue(record.case, period.until) for record in still_open),
        disposal_seconds=round(sum(took, timedelta()).total_seconds() / len(took), 1) if took else None,
    )


def is_overdue(case: Case, now: datetime) -> bool:
    """Whether somebody who was asked has let a deadline pass and may still answer."""
    orders = (order for track in case.tracks for order in track.orders if order.is_open)
    return any(order.is_late or (order.finish_by is not None and order.finish_by < now) for order in orders)


def hands_of(record: Record, directory: Directory) -> Hands | None:
    """Whose hands solved a closed case: the level of the place whose seat reported what stood.

    What sensors closed counts for whoever was last asked; what nobody was asked for counts for nobody.
    """
    if record.case.is_open or record.is_void:
        return None
    orders = [order for track in record.case.tracks if track.required for order in track.orders]
    reported = [one.party for one in orders if one.duty is Duty.WORK and one.state is OrderState.REPORTED]
    spoke = [entry.party for entry in record.entries if entry.reason is Reason.REPORTED and entry.party in reported]
    asked = [entry.party for entry in record.entries if entry.reason in _ASKED and entry.party]
    party = (spoke or reported or asked or [""])[-1]
    seat = directory.seat(party.partition("+")[0], record.case.place)
    place = directory.places.get(seat[0]) if seat else None
    return _HANDS[place.level] if place else None


def closed_by_level(records: Iterable[Record], period: Period, directory: Directory) -> list[Rate]:
    """The closing split (domain 6.2): how many of the closed cases each level has solved."""
    ended = (record for record in records if record.case.closed_at and period.has(record.case.closed_at))
    by = Counter(hands for record in ended if (hands := hands_of(record, directory)))
    return [rate(f"closed_by_{hands.value}", by[hands], by.total()) for hands in Hands]
