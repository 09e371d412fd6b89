"""Reading answers: ``loop.*`` events become what a party says to a case."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated, Final

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
)

from ..model.case import Case
from ..model.event import Envelope, Privacy
from ..model.given import THROUGH, Answer, Brought, Verb
from ..model.privacy import pseudonym
from .judgement import event_name
from .receipt import InvalidAnswer, Speaker
from .work import Work

PREFIX: Final = "loop."
VERBS: Final = {f"{PREFIX}{verb}": verb for verb in Verb}
_SHA256: Final = re.compile(r"(?:sha256:)?([0-9a-f]{64})", re.IGNORECASE)

HASH: Final = r"^\s*(?:[Ss][Hh][Aa]256:)?[0-9A-Fa-f]{64}\s*$"
"""The same as a schema has it, which knows no flags."""

Word = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Prose = Annotated[str, StringConstraints(max_length=4000)]


def _read_hash(text: str) -> str:
    """A SHA-256 in one spelling: ``sha256:`` and small letters."""
    if not (found := _SHA256.fullmatch(text.strip())):
        raise ValueError("write a SHA-256 as sha256: and 64 hexadecimal digits")
    return f"sha256:{found[1].lower()}"


def _read_item(item: object) -> object:
    return {"kind": item} if isinstance(item, str) else item


class EvidenceItem(BaseModel):
    """A piece of evidence: what kind, and what speaks for it. Images never travel inline.

    ``hash`` is the SHA-256 of what ``url`` leads to; ``taken_at`` and ``place`` (a code) say when and where it was
    taken; ``number`` is a document's, ``outcome`` what came of it, as of a visit.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)
    kind: Word
    hash: Annotated[Word, AfterValidator(_read_hash), Field(json_schema_extra={"pattern": HASH})] | None = None
    url: Prose | None = None
    taken_at: AwareDatetime | None = None
    place: Word | None = None
    number: Word | None = None
    outcome: Word | None = None


AnyEvidence = Annotated[EvidenceItem, BeforeValidator(_read_item, json_schema_input_type=Word | EvidenceItem)]
"""A piece of evidence, or only its kind."""


class AnswerData(BaseModel):
    """The data of a ``loop.*`` event. What people wrote themselves may name anybody, and is read like personal data."""

    model_config = ConfigDict(extra="ignore", frozen=True)
    party: Word
    person: Annotated[Word | None, Privacy.PERSONAL] = None
    track: Word | None = None
    order: Word | None = None
    result: Word | None = None
    reason: Annotated[Prose | None, Privacy.PERSONAL] = None
    note: Annotated[Prose | None, Privacy.PERSONAL] = None
    evidence: Annotated[tuple[AnyEvidence, ...], Field(max_length=20), Privacy.PERSONAL] = ()
    until: AwareDatetime | None = None
    to: Word | None = None


def verb_of(type: str) -> Verb:
    """The verb of a ``loop.*`` event type. Raises ``InvalidAnswer`` for one that there is not."""
    verb = VERBS.get(type)
    if verb is None:
        raise InvalidAnswer(f"{type} is not an answer; the answers are {', '.join(VERBS)}")
    return verb


def read_answer(envelope: Envelope) -> AnswerData:
    """The data of an answer. Raises ``InvalidAnswer`` naming the member that does not fit."""
    verb_of(envelope.type)
    try:
        return AnswerData.model_validate({} if envelope.data is None else envelope.data)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        member = ".".join(map(str, first["loc"]))
        raise InvalidAnswer(f"data.{member} of {envelope.type} does not fit: {first['msg']}") from None


def split_ref(ref: str) -> tuple[str, str] | None:
    """``SCENARIO/KEY`` as a pair; ``None`` for a case id."""
    scenario, slash, key = ref.partition("/")
    return (scenario, key) if slash else None


def case_named(work: Work, ref: str) -> Case | None:
    """The case an answer speaks to: by id, or the latest round of a ``SCENARIO/KEY``."""
    pair = split_ref(ref)
    return work.latest(pair) if pair else work.case(ref)


def load_cases_named(work: Work, refs: Iterable[str]) -> None:
    """Read the cases that answers speak to by ``SCENARIO/KEY``, in one go."""
    work.load(pair for ref in refs if (pair := split_ref(ref)))


def forbids(work: Work, data: AnswerData, case: Case | None, speaker: Speaker | None) -> str:
    """Why this speaker's token does not let it say this; empty when it does.

    Asked within the turn, where the case is seen as it is decided on: an answer may come in one batch with the fact
    that opens its case.
    """
    if speaker is None or speaker.admin:
        return ""
    if speaker.roles and data.party not in speaker.roles:
        return f"this token speaks for {', '.join(speaker.roles)}, not for {data.party}"
    if speaker.person and data.person and data.person != speaker.person:
        return "this token belongs to another person"
    if case is None:
        return ""
    street = work.setup.street
    if speaker.place and not street.directory.inside(case.place, speaker.place):
        return f"this token answers for cases in {speaker.place} only"
    holder = street.holder(data.party, case.place, work.now)
    if speaker.organisation and (holder is None or holder.organisation != speaker.organisation):
        return f"{data.party} is not held by {speaker.organisation} there"
    return ""


def answer_of(work: Work, envelope: Envelope, data: AnswerData, case: Case | None, speaker: Speaker | None) -> Answer:
    """What the party says, with who speaks as far as the token, the directory and the answer can tell."""
    newest = work.latest((case.scenario, case.key)) if case else None
    verb = verb_of(envelope.type)
    return Answer(
        verb=verb,
        party=data.party,
        event=event_name(envelope),
        organisation=_organisation(work, data.party, case, speaker),
        track=data.track or "",
        order=data.order or "",
        result=data.result or "",
        reason=data.reason or "",
        to=data.to or "",
        until=data.until,
        evidence=_brought(work, data.evidence),
        by=_by(work, data, speaker),
        admin=bool(speaker and speaker.admin),
        newer_open=bool(case and newest and newest.round > case.round and newest.is_open),
        doubt=work.records.doubt(data.party, case.place) if case and verb is Verb.REPORT else 0,
    )


def _brought(work: Work, items: Sequence[EvidenceItem]) -> tuple[Brought, ...]:
    """What is brought, and what of it is known: from any case before, or from another kind in the same answer."""
    if not items:
        return ()
    seen = set(work.records.known(item.hash or "" for item in items))
    brought = []
    for item in items:
        texts = (item.place or "", item.number or "", item.outcome or "")
        brought.append(Brought(item.kind, item.hash or "", item.taken_at, *texts, is_known=item.hash in seen))
        seen |= {item.hash} if item.hash else set()
    return tuple(brought)


def _organisation(work: Work, party: str, case: Case | None, speaker: Speaker | None) -> str:
    if speaker and speaker.organisation and not speaker.admin:
        return speaker.organisation
    holder = work.setup.street.holder(party, case.place, work.now) if case else None
    return holder.organisation if holder else ""


def _by(work: Work, data: AnswerData, speaker: Speaker | None) -> str:
    """Pseudonyms for the journal: the person, and whoever acted on their behalf."""
    person = data.person or (speaker.person if speaker else "")
    names = [pseudonym(work.setup.salt, person)] if person else []
    if speaker and speaker.admin:
        names.append(f"{THROUGH}{speaker.name}")
    return " ".join(names)


def told_at(envelope: Envelope, now: datetime) -> datetime:
    """The time of an answer: when it was given, never later than its receipt."""
    return min(envelope.time or now, now)
