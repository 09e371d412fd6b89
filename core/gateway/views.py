"""What an outsider sees of a case: the JSON of the contract, with personal data masked unless the reader may see it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

import orjson
from pydantic import BaseModel, Field

from ..engine.answering import PREFIX, AnswerData
from ..engine.setup import Setup
from ..model.case import JOURNAL_VERSION, Case, Entry, Track, WorkOrder
from ..model.event import Privacy
from ..model.privacy import mask_name


class OrderView(BaseModel):
    """A work order as others see it."""

    id: str
    party: str
    organisation: str
    people: list[str] = Field(description="who is on duty now; masked unless the reader is an admin")
    asked_at: datetime
    accept_by: datetime | None
    finish_by: datetime | None
    state: str
    duty: str = Field(description="work, check (verification) or dispatch (of returned work)")
    is_late: bool = Field(description="whether a deadline of it has passed in vain")


class TrackView(BaseModel):
    """One line of work."""

    name: str
    required: bool
    state: str
    step: str
    loop: str
    due: datetime | None
    result: str
    rework: int
    orders: list[OrderView]


class EvidenceView(BaseModel):
    """One piece of evidence."""

    kind: str
    at: datetime
    event: str


class EntryView(BaseModel):
    """One line of the journal."""

    v: int = JOURNAL_VERSION
    seq: int
    at: datetime
    case: str
    ref: str
    track: str
    reason: str
    step: str
    loop: str
    party: str
    due: datetime | None
    by: str
    event: str


class CaseView(BaseModel):
    """A case as others see it. Times carry the street's offset."""

    id: str
    ref: str
    scenario: str
    key: str
    round: int
    parent: str | None
    severity: str
    stage: str
    result: str
    place: str
    message: str
    variables: dict[str, str | int | float]
    sightings: int
    opened_at: datetime
    closed_at: datetime | None
    due: datetime | None
    tracks: list[TrackView]
    evidence: list[EvidenceView]
    journal: list[EntryView] = []


class CasePage(BaseModel):
    """A page of cases, newest first; ``next`` is the cursor of the following page."""

    cases: list[CaseView]
    next: str | None


class ReceiptView(BaseModel):
    """What became of one event."""

    status: str
    id: str
    source: str
    reason: str = ""
    detail: str = ""
    cases: list[str] = []


class ReceiptPage(BaseModel):
    """What became of each member of a batch, in its order."""

    results: list[ReceiptView]


class Viewer:
    """Makes views for one reader: ``sees_all`` is whether personal data is shown to them unmasked."""

    def __init__(self, setup: Setup, now: datetime, sees_all: bool) -> None:
        self._setup = setup
        self._now = now
        self._sees_all = sees_all

    def case(self, case: Case, journal: Iterable[Entry] = ()) -> CaseView:
        """The case, with its journal where one is given."""
        return CaseView(
            id=case.id,
            ref=case.ref,
            scenario=case.scenario,
            key=case.key,
            round=case.round,
            parent=case.parent,
            severity=case.severity,
            stage=case.stage,
            result=case.result,
            place=case.place,
            message=case.message,
            variables=case.variables,
            sightings=case.sightings,
            opened_at=self._local(case.opened_at),
            closed_at=self._local_or_none(case.closed_at),
            due=self._local_or_none(case.due),
            tracks=[self._track(case, track) for track in case.tracks],
            evidence=[EvidenceView(kind=one.kind, at=self._local(one.at), event=one.event) for one in case.evidence],
            journal=[self.entry(entry) for entry in journal],
        )

    def entry(self, entry: Entry) -> EntryView:
        """One line of the journal."""
        fields = entry._asdict() | {"at": self._local(entry.at), "due": self._local_or_none(entry.due)}
        return EntryView(**fields)

    def event(self, type: str, body: bytes) -> dict[str, Any]:
        """A stored envelope; fields that its type marks as personal or sensitive are masked."""
        envelope: dict[str, Any] = orjson.loads(body)
        data = envelope.get("data")
        if self._sees_all or not isinstance(data, dict):
            return envelope
        marks = self._marks(type)
        envelope["data"] = {name: _masked(value, marks.get(name)) for name, value in data.items()}
        return envelope

    def _marks(self, type: str) -> Mapping[str, Privacy]:
        """The data members of an event type that are not for everybody, by their name in JSON."""
        if type.startswith(PREFIX):
            return ANSWER_MARKS
        listening = self._setup.registry.listening.get(type)
        return marks_of(listening.event) if listening else {}

    def _track(self, case: Case, track: Track) -> TrackView:
        return TrackView(
            name=track.name,
            required=track.required,
            state=track.state,
            step=case.step(track).name,
            loop=track.loop.name.lower(),
            due=self._local_or_none(track.due),
            result=track.result,
            rework=track.rework,
            orders=[self._order(case, order) for order in track.orders],
        )

    def _order(self, case: Case, order: WorkOrder) -> OrderView:
        holder = self._setup.street.holder(order.party, case.place, self._now)
        people = list(holder.people) if holder else []
        return OrderView(
            id=case.order_id(order),
            party=order.party,
            organisation=order.organisation,
            people=people if self._sees_all else [mask_name(person) for person in people],
            asked_at=self._local(order.asked_at),
            accept_by=self._local_or_none(order.accept_by),
            finish_by=self._local_or_none(order.finish_by),
            state=order.state,
            duty=order.duty,
            is_late=order.is_late,
        )

    def _local(self, at: datetime) -> datetime:
        return at.astimezone(self._setup.street.calendar.zone)

    def _local_or_none(self, at: datetime | None) -> datetime | None:
        return self._local(at) if at is not None else None


def marks_of(model: type[BaseModel]) -> Mapping[str, Privacy]:
    """Which members of a model's JSON are marked personal or sensitive."""
    return {
        alias: mark
        for name, field in model.model_fields.items()
        for alias in {name, field.alias or name}
        for mark in field.metadata
        if isinstance(mark, Privacy)
    }


ANSWER_MARKS: Final = marks_of(AnswerData)


def _masked(value: object, mark: Privacy | None) -> object:
    return value if mark is None or value is None else "***"
