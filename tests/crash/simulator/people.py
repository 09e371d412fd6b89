"""What sensors and people send: envelopes as they come in through the door."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import orjson

from civicloop.core.engine.receipt import Input
from civicloop.core.gateway.cloudevents import read_json
from civicloop.core.model.case import Case, Duty, Track, TrackState, WorkOrder
from civicloop.core.model.event import Envelope
from civicloop.core.model.street import OPS

from .happenings import Again, Fact, Say

SENSORS = "//sim/sensors"
PEOPLE = "//sim/people"
LATEST = 5
"""Who speaks to a closed case speaks to one of so many that are the latest."""


def envelope(name: str, source: str, type: str, subject: str | None, at: datetime | None, **more: Any) -> Envelope:
    """A CloudEvent, read as the door reads it."""
    attributes = {"specversion": "1.0", "id": name, "source": source, "type": type, **more}
    attributes |= {"subject": subject} if subject else {}
    attributes |= {"time": at.isoformat()} if at else {}
    return read_json(orjson.dumps(attributes))


def fact_envelope(fact: Fact, now: datetime) -> Envelope:
    """A fact as its sensor sends it now."""
    at = None if fact.age is None else now - fact.age
    more: dict[str, Any] = {"place": fact.place} if fact.place else {}
    return envelope(fact.id, SENSORS, fact.type, fact.subject, at, data=fact.data, **more)


def again_envelopes(sent: list[Input], one: Again) -> list[Input]:
    """The same once more; or other contents under the same names."""
    if not one.other:
        return sent
    changed = []
    for item in sent:
        content = orjson.loads(item.envelope.body)
        content["data"] = {**(content.get("data") or {}), "extra": one.number}
        changed.append(Input(read_json(orjson.dumps(content)), item.speaker))
    return changed


def said_envelope(one: Say, cases: list[Case], now: datetime) -> Envelope | None:
    """What somebody says to a case, as it stands now; ``None`` where there is none."""
    wants_closed = one.verb in ("reopen", "appeal")
    some = [case for case in cases if case.is_open != wants_closed] or cases
    if not some:
        return None
    if one.verb == "verify":
        # Few cases are being checked at a time; somebody who looks comes where there is something to look at.
        some = [case for case in some if _checked(case)] or some
    case = some[-1 - one.whom % min(LATEST, len(some))] if wants_closed else some[one.whom % len(some)]
    tracks = (_checked(case) if one.verb == "verify" else []) or list(case.tracks)
    track = tracks[one.whom % len(tracks)]
    order = _order(one, track)
    data = _data(one, case, track, order, now)
    subject: str | None = case.id if one.slip == "by_id" else case.ref
    if one.slip == "no_subject":
        subject = None
    at = now + {"late": -timedelta(hours=3), "future": timedelta(minutes=7)}.get(one.slip, timedelta())
    more = {"place": case.place} if one.slip == "no_subject" else {}
    return envelope(f"{one.number}", PEOPLE, f"loop.{one.verb}", subject, at, data=data, **more)


def _checked(case: Case) -> list[Track]:
    """The tracks on which a report is being checked."""
    return [track for track in case.tracks if track.state is TrackState.VERIFYING and track.reporters]


def _order(one: Say, track: Track) -> WorkOrder | None:
    """The order that somebody answers: one that is open, and asks for what is said."""
    duty = Duty.CHECK if one.verb == "verify" else Duty.DISPATCH if one.verb == "reassign" else Duty.WORK
    owed = [order for order in track.orders if order.is_open]
    fitting = [order for order in owed if order.duty is duty] or owed
    return fitting[one.whom % len(fitting)] if fitting else None


def _data(one: Say, case: Case, track: Track, order: WorkOrder | None, now: datetime) -> dict[str, Any]:
    data: dict[str, Any] = {"party": _party(one, case, track, order), "reason": "because"}
    data |= {"person": one.person} if one.person else {}
    data |= {"result": one.result} if one.result else {}
    if one.verb == "suspend":
        data["until"] = (now + timedelta(hours=1 + one.whom % 90)).isoformat()
    if one.verb == "reassign":
        data["to"] = ("cleaner", "hauler", "property_company", "ghost")[one.whom % 4]
    if one.slip == "order" and order is not None:
        data["order"] = case.order_id(order)
    if one.slip == "stale_order":
        data["order"] = f"{case.previous or '0000'}.1"
    if one.verb in ("report", "verify", "comment"):
        data["evidence"] = [
            {
                "kind": proof.kind,
                "hash": f"{one.number:064x}",
                "taken_at": now.isoformat(),
                "place": case.place,
                "number": "No. 7",
                **({"outcome": proof.outcomes[0]} if proof.outcomes else {}),
            }
            for proof in case.rules.proofs
            if one.whom % 7
        ]
    return data


def _party(one: Say, case: Case, track: Track, order: WorkOrder | None) -> str:
    reporters = [order.party for order in track.orders if order.number in track.reporters]
    if one.verb == "verify" and reporters and one.slip in ("wrong_party", "late"):
        return reporters[one.whom % len(reporters)]
    if one.slip == "wrong_party":
        return ("cleaner", "ghost", "district", "auditor")[one.whom % 4]
    if one.verb in ("approve", "deny") and case.step(track).review:
        return case.step(track).parties[0]
    if one.verb in ("accept", "report", "return", "extend", "verify", "reassign") and order is not None:
        return order.party
    if one.verb == "appeal":
        late = [one.party for one in track.orders if one.is_late]
        return late[0] if late else OPS
    return ("district", OPS)[one.whom % 3 > 0]
