"""One closed loop: the case, its tracks, its work orders, and the journal of what happened to it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from hashlib import blake2b
from typing import Any, Final, NamedTuple

from .chain import Loop, Rules, Severity, Step
from .record import changed_by_place

JOURNAL_VERSION: Final = 1
EVIDENCE_MAX: Final = 50
"""A case keeps the first and the latest evidence up to this many; every event stays in the event store."""


class Stage(StrEnum):
    """Stages of the national workflow (数字城管 seven stages) that an outsider sees a case in."""

    INTAKE = "intake"
    REGISTRATION = "registration"
    DISPATCH = "dispatch"
    DISPOSAL = "disposal"
    FEEDBACK = "feedback"
    VERIFICATION = "verification"
    CLOSING = "closing"
    EVALUATION = "evaluation"


class TrackState(StrEnum):
    """What a track waits for."""

    WORKING = "working"
    DISPATCHING = "dispatching"
    VERIFYING = "verifying"
    SUSPENDED = "suspended"
    SUPERVISED = "supervised"
    CLOSED = "closed"


class OrderState(StrEnum):
    """Where a work order stands. An open one may be answered even after the chain has left its step."""

    ASKED = "asked"
    ACCEPTED = "accepted"
    REPORTED = "reported"
    FAILED = "failed"
    RETURNED = "returned"
    WITHDRAWN = "withdrawn"


_OPEN: Final = (OrderState.ASKED, OrderState.ACCEPTED)


class Duty(StrEnum):
    """What a work order asks for: to solve it, to look whether it is solved, or to send returned work on."""

    WORK = "work"
    CHECK = "check"
    DISPATCH = "dispatch"


class Reason(StrEnum):
    """Why something happened, or did not: journal entry, metric label and log line use the same word."""

    # what changes a case
    OPENED = "opened"
    ASKED = "asked"
    PAUSED = "paused"
    RECURRED = "recurred"
    TRACK_OPENED = "track_opened"
    SEVERITY_RAISED = "severity_raised"
    ACCEPTED = "accepted"
    REPORTED = "reported"
    RETURNED = "returned"
    DISPATCH_ASKED = "dispatch_asked"
    ARBITER_ASKED = "arbiter_asked"
    NOT_DISPATCHED = "not_dispatched"
    REQUESTED = "requested"
    REQUEST_DENIED = "request_denied"
    REQUEST_VOIDED = "request_voided"
    EXTENDED = "extended"
    SUSPENDED = "suspended"
    RESUMED = "resumed"
    REASSIGNED = "reassigned"
    SUPERVISED = "supervised"
    COMMENTED = "commented"
    CLEARED = "cleared"
    REAPPEARED = "reappeared"
    REMINDED = "reminded"
    NOT_ACCEPTED = "not_accepted"
    NOT_FINISHED = "not_finished"
    ESCALATED = "escalated"
    NOBODY_FOUND = "nobody_found"
    NOBODY_ON_DUTY = "nobody_on_duty"
    CHAIN_ENDED = "chain_ended"
    REVIEW_AWAITED = "review_awaited"
    REVIEWED = "reviewed"
    REPEATED = "repeated"
    CHECK_ASKED = "check_asked"
    CHECK_UNABLE = "check_unable"
    CHECK_OVERDUE = "check_overdue"
    CHECK_FAILED = "check_failed"
    NOT_DRAWN = "not_drawn"
    PROOF_AWAITED = "proof_awaited"
    VERIFIED = "verified"
    UNVERIFIED = "unverified"
    TRACK_LAPSED = "track_lapsed"
    TRACK_CLOSED = "track_closed"
    CLOSED = "closed"
    VOIDED = "voided"
    FORCED_CLOSED = "forced_closed"
    REOPENED = "reopened"
    APPEALED = "appealed"
    APPEAL_REVIEWED = "appeal_reviewed"
    APPEAL_GRANTED = "appeal_granted"
    APPEAL_DENIED = "appeal_denied"
    # what changes nothing a journal needs to know
    SEEN_AGAIN = "seen_again"
    NOTED = "noted"
    NOTHING_OPEN = "nothing_open"
    HISTORY = "history"
    EARLY = "early"
    STALE = "stale"
    ALREADY = "already"
    # what is refused, with a sentence
    NO_SUCH_CASE = "no_such_case"
    CASE_CLOSED = "case_closed"
    CASE_OPEN = "case_open"
    NO_SUCH_TRACK = "no_such_track"
    STALE_ORDER = "stale_order"
    NOT_ASKED = "not_asked"
    NOT_PERMITTED = "not_permitted"
    REASON_MISSING = "reason_missing"
    UNKNOWN_RESULT = "unknown_result"
    EVIDENCE_MISSING = "evidence_missing"
    SAME_HANDS = "same_hands"
    NOT_VERIFYING = "not_verifying"
    NOT_SUSPENDED = "not_suspended"
    NOT_UNDER_REVIEW = "not_under_review"
    OVERDUE = "overdue"
    QUOTA_USED = "quota_used"
    BAD_DATE = "bad_date"
    NO_LIMIT = "no_limit"
    NOT_NOW = "not_now"
    REQUEST_PENDING = "request_pending"
    RETURNS_USED = "returns_used"
    NOT_TIMED_OUT = "not_timed_out"
    NOT_APPEALED = "not_appealed"
    # what must not happen, and is shown when it does
    INTERNAL_ERROR = "internal_error"


@changed_by_place
class WorkOrder(NamedTuple):
    """What one party is asked at one step (派单).

    ``number`` counts within the case; ``by`` is who accepted or reported. ``is_late``: a deadline of it has passed in
    vain. That fact stays, whatever is granted later. ``remind_by`` is when the party is reminded of the finish.
    """

    number: int
    step: str
    party: str
    organisation: str
    asked_at: datetime
    accept_by: datetime | None
    finish_by: datetime | None
    state: OrderState = OrderState.ASKED
    duty: Duty = Duty.WORK
    by: str = ""
    is_late: bool = False
    remind_by: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Whether the party may still answer it."""
        return self.state in _OPEN


class Evidence(NamedTuple):
    """Something that speaks for or against the case: what kind, when, and the stored event that carries it."""

    kind: str
    at: datetime
    event: str


class Request(NamedTuple):
    """More time that a party has asked for, and that somebody else must grant: an extension, or a stop ``until``."""

    verb: str
    party: str
    asked_at: datetime
    until: datetime | None = None


class Appeal(NamedTuple):
    """A party contests that it was late (超时申诉). ``reviewer`` has granted it in the first of two reviews."""

    party: str
    asked_at: datetime
    reviewer: str = ""
    result: str = ""


@changed_by_place
class Track(NamedTuple):
    """One line of work in a case.

    ``step`` indexes the chain; ``due`` is its deadline (``None`` only when closed); ``step_due`` is the current step's
    own deadline, kept while a check, a dispatch or a suspension holds ``due``. ``remind_at`` is when those who owe a
    report are reminded of it. ``held_at`` is since when something holds it, ``quiet_until`` until when the sensors must
    stay silent. ``held_state`` is what it goes back to when sensors that had called all clear see it again.
    ``reporters`` are the orders whose report is being verified; ``awaits_clear``: a sensor must confirm it.
    ``returns`` counts how often it was sent back to be dispatched anew; once it ``is_arbitrated`` it cannot be
    returned any more. ``request`` waits for somebody to grant it.
    """

    name: str
    required: bool
    state: TrackState
    step: int
    asked_at: datetime
    due: datetime | None
    step_due: datetime | None
    orders: tuple[WorkOrder, ...] = ()
    result: str = ""
    reporters: tuple[int, ...] = ()
    reviewed: bool = False
    awaits_clear: bool = False
    rework: int = 0
    extensions: int = 0
    suspensions: int = 0
    loop: Loop = Loop.MICRO
    held_at: datetime | None = None
    held_state: TrackState = TrackState.WORKING
    quiet_until: datetime | None = None
    remind_at: datetime | None = None
    returns: int = 0
    is_arbitrated: bool = False
    request: Request | None = None

    @property
    def next_at(self) -> datetime | None:
        """The next instant at which something happens by itself; ``None`` once closed."""
        return self.due if self.remind_at is None or self.due is None else min(self.due, self.remind_at)

    @property
    def is_open(self) -> bool:
        """Whether this track still waits for something."""
        return self.state is not TrackState.CLOSED


@changed_by_place
class Case(NamedTuple):
    """One closed loop. The row is the truth; the journal is the audit.

    ``key`` says what the case is about within its scenario; ``round`` counts how often it has been opened;
    ``newest`` is the time of the newest fact it has heard; ``sightings`` how often it was found; ``variables`` are the
    finding's named values for texts; ``entries`` is the number of its journal entries so far. ``parent`` is the case it
    is linked to, ``previous`` the round that it repeats, ``recurrences`` how many rounds repeat each other by now.
    ``supervised`` is the highest level that has pressed it (street 1, district 2).
    """

    id: str
    scenario: str
    key: str
    round: int
    severity: Severity
    place: str
    partition: str
    message: str
    variables: dict[str, str | int | float]
    rules: Rules
    opened_at: datetime
    newest: datetime
    tracks: tuple[Track, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    sightings: int = 1
    orders_asked: int = 0
    entries: int = 0
    closed_at: datetime | None = None
    result: str = ""
    parent: str | None = None
    previous: str | None = None
    recurrences: int = 0
    supervised: int = 0
    appeal: Appeal | None = None

    @property
    def ref(self) -> str:
        """``SCENARIO/KEY``."""
        return f"{self.scenario}/{self.key}"

    @property
    def is_open(self) -> bool:
        """Whether the case still waits for something."""
        return self.closed_at is None

    @property
    def due(self) -> datetime | None:
        """The earliest deadline of its tracks; ``None`` once closed."""
        return min((track.due for track in self.tracks if track.due is not None), default=None)

    @property
    def next_at(self) -> datetime | None:
        """The next instant at which something happens by itself; ``None`` once closed."""
        times = [at for track in self.tracks if (at := track.next_at) is not None]
        return min(times) if times else None

    @property
    def stage(self) -> Stage:
        """Where the case stands in the national workflow, by its first open required track."""
        track = next((track for track in self.tracks if track.is_open and track.required), None)
        if track is None or not self.is_open:
            return Stage.CLOSING
        if track.state is TrackState.VERIFYING:
            return Stage.VERIFICATION
        if track.state is TrackState.DISPATCHING:
            return Stage.DISPATCH
        step = self.step(track).name
        current = [order.state for order in track.orders if order.step == step and order.duty is Duty.WORK]
        if OrderState.REPORTED in current:
            return Stage.FEEDBACK
        return Stage.DISPOSAL if OrderState.ACCEPTED in current else Stage.DISPATCH

    @property
    def was_dispatched(self) -> bool:
        """Whether anybody has been asked yet."""
        return self.orders_asked > 0

    def track(self, name: str) -> Track | None:
        """The track of that name."""
        for track in self.tracks:
            if track.name == name:
                return track
        return None

    def step(self, track: Track) -> Step:
        """The step the track is at; the last one once its chain has ended."""
        chain = self.rules.chain(track.name)
        return chain[track.step] if track.step < len(chain) else chain[-1]

    def order_id(self, order: WorkOrder) -> str:
        """The name of a work order that travels in notices and answers."""
        return f"{self.id}.{order.number}"

    def with_track(self, changed: Track) -> Case:
        """The case with the track of the same name replaced."""
        return self._replace(tracks=tuple([changed if old.name == changed.name else old for old in self.tracks]))

    def with_evidence(self, evidence: Evidence) -> Case:
        """The case with one more piece of evidence; when there are too many, the oldest sighting but the first goes.

        What an evidence contract asks for goes last.
        """
        kept = (*self.evidence, evidence)
        if len(kept) > EVIDENCE_MAX:
            proofs = {proof.kind for proof in self.rules.proofs}
            gone = next((at for at, one in enumerate(kept) if at and one.kind not in proofs), 1)
            kept = (*kept[:gone], *kept[gone + 1 :])
        return self._replace(evidence=kept)


def case_id(street: str, scenario: str, key: str, round: int) -> str:
    """The case's name: a short hash of what makes it this case, never random."""
    text = "\0".join((street, scenario, key, str(round)))
    return blake2b(text.encode(), digest_size=8).hexdigest()


class Entry(NamedTuple):
    """One line of the journal: what happened to a case, when, why, and through whom."""

    seq: int
    at: datetime
    case: str
    ref: str
    track: str
    reason: Reason
    step: str
    loop: str
    party: str
    due: datetime | None
    by: str
    event: str

    def as_json(self) -> dict[str, Any]:
        """The entry as the contract shows it, ``v`` first."""
        return {"v": JOURNAL_VERSION, **self._asdict()}
