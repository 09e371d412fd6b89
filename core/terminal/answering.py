"""Answering a case from the command line: a turn of the engine on the street's own database."""

from __future__ import annotations

import re
import uuid
from contextlib import suppress
from datetime import datetime, tzinfo
from typing import Any, Final, NamedTuple

from ..engine.answering import PREFIX, EvidenceItem
from ..engine.receipt import Input, Receipt, Speaker, Status
from ..gateway.cloudevents import EnvelopeError, read_event
from ..model.case import Reason
from ..model.event import Envelope
from .cases import find_case
from .screen import in_zone, local, plain, put_json, tell
from .street import Desk
from .trouble import Trouble
from .voice import Voice

_COMMA: Final = re.compile(r",(?=\w+=)")
SPEAKER: Final = Speaker("cli", admin=True)
"""Whoever may write the database may speak for anybody, and the journal says that it was done from here."""


class Said(NamedTuple):
    """What somebody says to a case, as on the command line; see ``AnswerData``."""

    party: str
    person: str | None
    track: str | None
    order: str | None
    result: str | None
    reason: str | None
    note: str | None
    evidence: tuple[str, ...]
    until: datetime | None
    to: str | None


def give_answer(at: Desk, ref: str, verb: str, said: Said, key: str | None, as_json: bool) -> None:
    """Give an answer and say what became of it. Raises ``Trouble`` when it is refused."""
    key = key or str(uuid.uuid4())
    envelope = _envelope(at, ref, verb, said, key)
    receipt = at.engine().turn([Input(envelope, SPEAKER)], at.now)[0]
    if as_json:
        put_json({"id": key, **receipt._asdict()})
    if receipt.reason == Reason.NO_SUCH_CASE:
        raise Trouble(at.voice.say("no_such_case", ref=plain(ref)))
    if receipt.status in (Status.REFUSED, Status.REJECTED) or receipt.reason == "conflict":
        detail = receipt.detail or receipt.status.value
        raise Trouble(at.voice.say("answer_refused", verb=verb, reason=receipt.reason, detail=detail))
    if not as_json:
        tell(_told(at, ref, verb, key, receipt))


def _told(at: Desk, ref: str, verb: str, key: str, receipt: Receipt) -> str:
    if receipt.status is Status.DUPLICATE:
        return at.voice.say("answered_before", ref=ref, key=key)
    case = find_case(at.store, receipt.cases[0] if receipt.cases else ref)
    due = local(case.due if case else None, at.opened.setup.street.calendar.zone)
    stage = case.stage.value if case else "-"
    return at.voice.say("answered", ref=ref, verb=verb, reason=receipt.reason, stage=stage, due=due)


def _envelope(at: Desk, ref: str, verb: str, said: Said, key: str) -> Envelope:
    data: dict[str, Any] = {name: value for name, value in said._asdict().items() if value}
    zone = at.opened.setup.street.calendar.zone
    data["evidence"] = [_evidence(text, zone, at.voice) for text in said.evidence]
    if said.until is not None:
        data["until"] = in_zone(said.until, zone).isoformat()
    try:
        return read_event(
            {
                "specversion": "1.0",
                "id": key,
                "source": f"/cases/answers/{SPEAKER.name}",
                "type": f"{PREFIX}{verb}",
                "subject": ref,
                "data": data,
            }
        )
    except EnvelopeError as error:
        raise Trouble(at.voice.say("answer_refused", verb=verb, reason=error.code, detail=error)) from error


def _evidence(text: str, zone: tzinfo, voice: Voice) -> str | dict[str, str]:
    """``KIND``, ``KIND=URL``, or ``kind=KIND`` and further members after commas; times without a zone are local.

    A comma is part of a value unless a name and ``=`` follow it.
    """
    kind, equals, url = text.partition("=")
    if kind != "kind":
        return {"kind": kind, "url": url} if equals else kind
    members: dict[str, str] = {}
    for part in _COMMA.split(text):
        name, _, value = part.partition("=")
        if name not in EvidenceItem.model_fields or name in members or not value:
            known = ", ".join(EvidenceItem.model_fields)
            raise Trouble(voice.say("bad_evidence", text=plain(text), part=plain(part), known=known))
        members[name] = value
    if "taken_at" in members:
        with suppress(ValueError):  # whoever reads the answer says what is wrong with it
            members["taken_at"] = in_zone(datetime.fromisoformat(members["taken_at"]), zone).isoformat()
    return members
