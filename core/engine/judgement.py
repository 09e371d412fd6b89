"""What is on its way through a turn: a fact that was heard, and what a scenario concluded of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from ..model.event import Envelope, Event
from ..model.finding import Outcome
from ..model.place import Device, Place
from ..sdk.binding import Binding

Ref = tuple[str, str]
"""``(scenario, key)``."""


@dataclass(slots=True)
class Heard:
    """A fact that scenarios listen to, on its way through the turn; ``refs`` are what it is about in each of them."""

    envelope: Envelope
    event: Event
    at: datetime
    place: Place
    device: Device | None
    partition: str
    refs: list[tuple[Binding, Ref]]
    cases: tuple[str, ...] = ()


class Judgement(NamedTuple):
    """What one scenario concluded, not yet carried out: of a fact (``heard``), or of a silence.

    A silence has its watchdog's name, and the time at which the key was last heard of before it was judged.
    """

    binding: Binding
    key: str
    outcomes: list[Outcome]
    at: datetime
    place: Place
    heard: Heard | None
    silence: str = ""
    since: datetime | None = None


def event_name(envelope: Envelope) -> str:
    """How the journal names an event: its source and id."""
    return f"{envelope.source}#{envelope.id}"
