"""How cases fare, told to the scenarios that listen to it: opened, climbed to another loop, closed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import orjson

from ..model.case import Case
from ..model.event import Envelope, digest_of
from ..sdk.closings import CaseClosed, CaseReached
from ..sdk.loader import Listening
from ..stores.base import EventState
from .hearing import hear_all, prepare
from .judgement import Heard
from .quarantine import store_event
from .work import Work, loop_of

SOURCE: Final = "//civicloop/loop"
RESERVED: Final = "civicloop."
"""Types that begin like this are the system's own; nobody else may send them."""

WAVES_MAX: Final = 8
"""How often a closing may cause closings within a turn; scenarios that close each other for ever go no further."""


def is_reserved(envelope: Envelope) -> bool:
    """Whether an event that came from outside poses as one of our own."""
    return envelope.type.startswith(RESERVED)


def hear_closings(work: Work) -> None:
    """Let scenarios hear how the cases of this turn have fared, and carry out what they conclude."""
    for _ in range(WAVES_MAX):
        told = list(_told(work))
        if not told:
            return
        hear_all(work, told)


def _told(work: Work) -> Iterator[Heard]:
    reached, work.reached = work.reached, []
    closed, work.closings = work.closings, []
    listening = work.setup.registry.listening
    if (to := listening.get(CaseReached.type)) is not None:
        for case, is_new in reached:
            yield from _heard(work, to, case, is_new=is_new)
    if (to := listening.get(CaseClosed.type)) is not None:
        for case in closed:
            yield from _heard(work, to, case, result=case.result, rework=sum(track.rework for track in case.tracks))


def _heard(work: Work, listening: Listening, case: Case, **fared: Any) -> Iterator[Heard]:
    place = work.setup.street.directory.places.get(case.place)
    if place is None:
        return
    data = _data(case) | fared
    name, kind = f"{case.id}.{case.entries}", listening.event.type
    attributes = {"specversion": "1.0", "id": name, "source": SOURCE, "type": kind, "subject": case.ref}
    attributes |= {"time": work.now.isoformat(), "place": case.place}
    body = orjson.dumps({**attributes, "data": data})
    envelope = Envelope(name, SOURCE, kind, case.ref, work.now, data, case.place, "", None, body)
    store_event(work, envelope, digest_of(envelope), work.now, place, EventState.ACCEPTED)
    yield prepare(work, envelope, listening.event.read(envelope, work.now), work.now, (place, None), listening.bindings)


def _data(case: Case) -> dict[str, Any]:
    return {
        "case": case.id,
        "scenario": case.scenario,
        "key": case.key,
        "round": case.round,
        "severity": case.severity.value,
        "loop": loop_of(case).value,
        "message": case.message,
        "variables": case.variables,
        "opened_at": case.opened_at.isoformat(),
    }
