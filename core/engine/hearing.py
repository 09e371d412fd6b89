"""Hearing facts: find the place of an event, ask the scenarios what it is about and what it means."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from itertools import islice
from typing import Any

from pydantic import ValidationError

from ..model.case import Reason
from ..model.event import Envelope, Event
from ..model.finding import Outcome
from ..model.place import Device, Place
from ..sdk.binding import Binding
from ..sdk.loader import Listening
from ..sdk.scenario import Context, Scenario
from ..stores.base import Memo
from .asking import KEYS_MAX, ask, check_keys
from .concluding import Knowledge, conclude_all
from .judgement import Heard, Judgement
from .linking import names_parent
from .quarantine import quarantine
from .silence import settle_before
from .watchdogs import arm
from .work import Work


def locate(work: Work, envelope: Envelope) -> tuple[Place | None, Device | None]:
    """Where a fact happened: the place the sender named, else the device's, else the subject if it is a place."""
    directory = work.setup.street.directory
    subject = envelope.subject or ""
    device = directory.devices.get(subject)
    if envelope.place is not None:
        return directory.places.get(envelope.place), device
    return directory.places.get(device.place if device else subject), device


def read_typed(work: Work, listening: Listening, envelope: Envelope, at: datetime) -> Event | str:
    """The typed event, or the sentence that says why its data does not fit.

    Raises whatever a stranger's validators raise.
    """
    try:
        if not runs_code(listening.event):
            return listening.event.read(envelope, at)
        with work.guard.over(reader_of(listening), envelope.source, envelope.id):
            return listening.event.read(envelope, at)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        member = ".".join(map(str, first["loc"]))
        where = f"data.{member}" if member else "data"
        return f"{where} of {envelope.type} does not fit: {first['msg']}"


@lru_cache(maxsize=1024)
def runs_code(event: type[Event]) -> bool:
    """Whether reading this type calls Python functions of its author; most types are read without any."""
    return "'type': 'function-" in str(event.__pydantic_core_schema__)


def reader_of(listening: Listening) -> str:
    """The name of the class that reads the data of a type, for whoever must repair it."""
    return f"{listening.event.__module__}.{listening.event.__qualname__}"


def prepare(
    work: Work,
    envelope: Envelope,
    event: Event,
    at: datetime,
    where: tuple[Place, Device | None],
    bindings: Iterable[Binding],
) -> Heard:
    """The fact ready for its scenarios, each asked what it is about; one that raises is quarantined with the event."""
    place, device = where
    heard = Heard(envelope, event, at, place, device, work.setup.street.directory.partition(place.code), [])
    for binding in bindings:
        try:
            keys = check_keys(_ask_key(work, binding, heard))
        except Exception as error:  # noqa: BLE001  # a stranger's code may raise anything
            quarantine(work, envelope, binding.name, error)
            continue
        heard.refs += [(binding, (binding.name, key)) for key in keys]
    return heard


def _ask_key(work: Work, binding: Binding, heard: Heard) -> object:
    scenario = binding.scenario
    if type(scenario).key is Scenario.key:
        return heard.event.subject
    with work.guard.over(binding.name, heard.envelope.source, heard.envelope.id):
        found = scenario.key(heard.event, Context(work.now, heard.place, heard.device, work.setup.street))
        # What gives one key after another runs here, and never for ever; anything else is refused by its name.
        return found if isinstance(found, str) or not isinstance(found, Iterable) else [*islice(found, KEYS_MAX + 1)]


def hear_all(work: Work, facts: list[Heard]) -> None:
    """Load what the facts are about in one go, then judge them in the order of their times."""
    ordered = sorted(facts, key=_order)
    work.load_memos([ref for heard in ordered for _, ref in heard.refs])
    known = Knowledge(work)
    for heard in ordered:
        hear(work, heard, known)
    conclude_all(work)


def _order(heard: Heard) -> tuple[datetime, str, str, str]:
    envelope = heard.envelope
    return heard.at, envelope.source, envelope.sequence, envelope.id


def hear(work: Work, heard: Heard, known: Knowledge) -> None:
    """Let every scenario judge the fact, in the order of its binding."""
    judged: list[Judgement] = []
    for binding, ref in heard.refs:
        memo = settle_before(work, binding, ref, heard.at)
        outcomes = _assess(work, binding, ref[1], memo, heard, known)
        if outcomes:
            judged.append(Judgement(binding, ref[1], outcomes, heard.at, heard.place, heard))
    # What a fact opens comes before what is linked to it, whichever scenario was asked first.
    work.pending += sorted(judged, key=names_parent) if len(judged) > 1 else judged


def _assess(work: Work, binding: Binding, key: str, memo: Memo | None, heard: Heard, known: Knowledge) -> list[Outcome]:
    """The outcomes of one fact, with the memory saved; none when the scenario raised, and then nothing changes."""
    # A context of its own: what one scenario does to it must not reach the next.
    context: Context[Any] = Context(work.now, heard.place, heard.device, work.setup.street)
    context.belong(binding.name, key, known)
    try:
        with work.guard.over(binding.name, heard.envelope.source, heard.envelope.id):
            outcomes, memory = ask(binding, memo, context, binding.scenario.assess, heard.event)
    except Exception as error:  # noqa: BLE001  # a stranger's code may raise anything
        quarantine(work, heard.envelope, binding.name, error)
        return []
    if memo is not None and heard.at < memo.newest:
        work.decisions[Reason.HISTORY] += 1
        work.remember(memo._replace(memory=memory))
        return []
    expects, wake_at = (memo.expects, memo.wake_at) if memo is not None else ((), None)
    memo = Memo(binding.name, key, heard.partition, heard.place.code, heard.at, memory, expects, wake_at)
    work.remember(arm(work, memo, outcomes))
    return outcomes
