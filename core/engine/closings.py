"""Cases that were closed, told to the scenarios that listen to it."""

from __future__ import annotations

from typing import Final

import orjson

from ..model.case import Case
from ..model.event import Envelope, digest_of
from ..sdk.closings import CaseClosed
from ..sdk.loader import Listening
from ..stores.base import EventState
from .hearing import hear_all, prepare
from .judgement import Heard
from .quarantine import store_event
from .work import Work

SOURCE: Final = "//civicloop/loop"
RESERVED: Final = "civicloop."
"""Types that begin like this are the system's own; nobody else may send them."""

WAVES_MAX: Final = 8
"""How often a closing may cause closings within a turn; scenarios that close each other for ever go no further."""


def is_reserved(envelope: Envelope) -> bool:
    """Whether an event that came from outside poses as one of our own."""
    return envelope.type.startswith(RESERVED)


def hear_closings(work: Work) -> None:
    """Let scenarios hear of the cases that this turn has closed, and carry out what they conclude."""
    listening = work.setup.registry.listening.get(CaseClosed.type)
    for _ in range(WAVES_MAX):
        closed, work.closings = work.closings, []
        if listening is None or not closed:
            return
        hear_all(work, [heard for case in closed if (heard := _heard(work, listening, case)) is not None])


def _heard(work: Work, listening: Listening, case: Case) -> Heard | None:
    place = work.setup.street.directory.places.get(case.place)
    if place is None:
        return None
    data = CaseClosed(
        case=case.id,
        scenario=case.scenario,
        key=case.key,
        round=case.round,
        severity=case.severity,
        loop=max(track.loop for track in case.tracks),
        message=case.message,
        variables=case.variables,
        result=case.result,
        rework=sum(track.rework for track in case.tracks),
        opened_at=case.opened_at,
    ).model_dump(mode="json")
    name = f"{case.id}.{case.entries}"
    attributes = {"specversion": "1.0", "id": name, "source": SOURCE, "type": CaseClosed.type, "subject": case.ref}
    attributes |= {"time": work.now.isoformat(), "place": case.place}
    body = orjson.dumps({**attributes, "data": data})
    envelope = Envelope(name, SOURCE, CaseClosed.type, case.ref, work.now, data, case.place, "", None, body)
    store_event(work, envelope, digest_of(envelope), work.now, place, EventState.ACCEPTED)
    return prepare(work, envelope, CaseClosed.read(envelope, work.now), work.now, (place, None), listening.bindings)
