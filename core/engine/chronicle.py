"""What happened to the engine itself, written among the events, so that a recorded history can be run again."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import orjson

from ..model.event import Envelope, digest_of
from ..stores.base import EventState
from .quarantine import store_event
from .work import Work

SOURCE: Final = "//civicloop/engine"
AWAY: Final = "civicloop.away"
"""The engine was away; data: ``since`` and ``until``."""
RETRIED: Final = "civicloop.retried"
"""Somebody had a quarantined event judged again; data: ``id``, ``source`` and ``scenario`` (empty: all)."""


def chronicle(work: Work, type: str, **data: str) -> None:
    """Write down one thing of the engine's own, at this turn's time."""
    name = _free_name(work)
    attributes = {"specversion": "1.0", "id": name, "source": SOURCE, "type": type, "time": work.now.isoformat()}
    body = orjson.dumps({**attributes, "data": data})
    envelope = Envelope(name, SOURCE, type, None, work.now, data, None, "", None, body)
    store_event(work, envelope, digest_of(envelope), work.now, None, EventState.ACCEPTED)


def _free_name(work: Work) -> str:
    """A name that no event of this source has yet, in the store or in this turn."""
    number = sum(1 for event in work.writes.events if event.source == SOURCE)
    while work.turn.seen([(name := f"{work.now.isoformat()}/{number}", SOURCE)]):
        number += 1
    return name


def away(work: Work, since: datetime) -> None:
    """The engine comes back now, after an absence since ``since``."""
    chronicle(work, AWAY, since=since.isoformat(), until=work.now.isoformat())
