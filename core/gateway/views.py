"""What an outsider sees of a case: the JSON of the contract."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from pydantic import BaseModel, Field

from ..model.case import JOURNAL_VERSION


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


class RequestView(BaseModel):
    """More time that a party has asked for and nobody has granted or denied yet."""

    verb: str = Field(description="extend or suspend")
    party: str
    asked_at: datetime
    until: datetime | None


class TrackView(BaseModel):
    """One line of work."""

    name: str
    required: bool
    state: str
    step: str
    loop: str
    due: datetime | None
    remind_at: datetime | None = Field(description="when whoever owes a report is reminded of it")
    result: str
    rework: int
    returns: int = Field(description="how often it was sent back to be dispatched anew")
    is_arbitrated: bool = Field(description="whether the territory has decided, so that it cannot be returned any more")
    extensions: int
    suspensions: int
    request: RequestView | None
    missing_evidence: list[str] = Field(
        description="kinds that nobody has brought yet and without which the track does not close"
    )
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


class AppealView(BaseModel):
    """A party contests that it was late; whether it was granted says nothing about the fact itself, which stays."""

    party: str
    asked_at: datetime
    reviewer: str = Field(description="who granted it in the first of two reviews")
    result: str


class LinkView(BaseModel):
    """Another case that belongs to this one."""

    id: str
    ref: str
    opened_at: datetime
    closed_at: datetime | None
    result: str


class LineView(BaseModel):
    """One line of the story, in the street's language."""

    at: datetime
    text: str


class HeldView(BaseModel):
    """How long one holder held the case for one thing; all together are the case's age."""

    party: str = Field(description="a role, `sensor`, or empty: nobody, while it pauses or is stopped")
    holding: str
    seconds: float


class ForeseenView(BaseModel):
    """One thing that will happen, as the journal will say it."""

    track: str
    reason: str
    step: str
    party: str
    due: datetime | None


class MomentView(BaseModel):
    """What happens at one instant if nobody acts, and which roles are told."""

    at: datetime
    text: str
    entries: list[ForeseenView]
    told: list[str]


class ForecastView(BaseModel):
    """How the case stands, and what happens if nobody acts.

    ``ending`` is over, closes, repeats or goes_on; ``text`` says it in words.
    """

    now: list[str]
    moments: list[MomentView]
    ending: str
    text: str


class CaseView(BaseModel):
    """A case as others see it. Times carry the street's offset."""

    id: str
    ref: str
    scenario: str
    key: str
    round: int
    parent: str | None
    previous: str | None = Field(description="the case that this one repeats")
    recurrences: int = Field(description="how many rounds repeat each other by now")
    supervised: int = Field(description="the highest level that has pressed it: street 1, district 2")
    appeal: AppealView | None
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
    join: int = Field(description="how many required tracks must be closed for it to close; 0: all")
    tracks: list[TrackView]
    evidence: list[EvidenceView]
    earlier: list[LinkView] = []
    children: list[LinkView] = []
    journal: list[EntryView] = []
    story: list[LineView] = []
    ledger: list[HeldView] = []
    forecast: ForecastView | None = None


ALONE: Final = frozenset({"earlier", "children", "journal", "story", "ledger", "forecast"})
"""What is shown of a case that is read by itself, and not on a page of cases."""


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
