"""Judging quarantined events again, after whatever kept them from being judged was repaired."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from ..model.event import Envelope
from .chronicle import RETRIED, chronicle
from .hearing import hear_all, locate, prepare, read_typed, reader_of
from .judgement import Heard
from .quarantine import why_of
from .receipt import Input, Receipt, Status
from .work import Work

Named = tuple[str, str]
"""``(source, id)``."""


def retry_quarantined(work: Work, rows: Sequence[tuple[Input, str]], times: Mapping[Named, datetime]) -> list[Receipt]:
    """Judge events again, in the order of their times; what still cannot be judged stays where it is.

    Each row is an event and the scenario that raised over it, empty for one that was never placed. ``times`` are the
    facts' times as they were stored: an event without a time of its own keeps that of its receipt.
    """
    receipts: list[Receipt | None] = [None] * len(rows)
    facts: list[tuple[Heard, str, int]] = []
    for index, (item, scenario) in enumerate(rows):
        envelope = item.envelope
        at = times.get((envelope.source, envelope.id))
        heard = _ready(work, envelope, scenario, at) if at else f"{envelope.id} of {envelope.source} is not stored"
        if isinstance(heard, str):
            receipts[index] = Receipt(Status.QUARANTINED, "still", heard)
            continue
        chronicle(work, RETRIED, id=envelope.id, source=envelope.source, scenario=scenario)
        facts.append((heard, scenario, index))
    hear_all(work, [heard for heard, _, _ in facts])
    for heard, scenario, index in facts:
        receipts[index] = _receipt(work, heard, scenario)
    return [receipt for receipt in receipts if receipt is not None]


def _ready(work: Work, envelope: Envelope, scenario: str, at: datetime) -> Heard | str:
    """The fact with the scenarios that are to judge it, or the sentence that says why it still cannot be judged."""
    place, device = locate(work, envelope)
    listening = work.setup.registry.listening.get(envelope.type)
    if place is None:
        return f"{envelope.id}: its place is still unknown"
    if listening is None:
        return f"{envelope.id}: no enabled scenario listens to {envelope.type}"
    bindings = [one for one in listening.bindings if scenario in ("", one.name)]
    if not bindings:
        return f"{envelope.id}: {scenario} is not enabled, or no longer listens to {envelope.type}"
    try:
        event = read_typed(work, listening, envelope, at)
    except Exception as error:  # noqa: BLE001  # a stranger's code may raise anything
        return f"{envelope.id}: {why_of(reader_of(listening), error)}"
    if isinstance(event, str):
        return event
    return prepare(work, envelope, event, at, (place, device), bindings)


def _receipt(work: Work, heard: Heard, scenario: str) -> Receipt:
    """What became of one; a scenario that raised over an event placed only now has a row of its own in quarantine."""
    name, source = heard.envelope.id, heard.envelope.source
    raised = [
        one
        for one in work.writes.quarantined
        if (one.id, one.source) == (name, source) and scenario in ("", one.scenario)
    ]
    if not raised or not scenario:
        work.writes.released.append((name, source, scenario))
    if raised:
        return Receipt(Status.QUARANTINED, "retried", raised[0].why, heard.cases)
    return Receipt(Status.ACCEPTED, "retried", cases=heard.cases)
