"""Hearing facts: admit an event, find its place, ask the scenarios, and hand their outcomes to the loop."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from hashlib import blake2b
from typing import Any

from pydantic import ValidationError

from ..model.case import Reason
from ..model.event import Envelope, Event
from ..model.finding import Cleared, Command, Finding, Outcome
from ..model.given import AllClear, Found
from ..model.notice import Notice, NoticeKind
from ..model.place import Device, Place
from ..sdk.binding import Binding
from ..sdk.loader import Listening
from ..sdk.scenario import Context
from ..stores.base import Memo
from .asking import ask, check_key, start_of
from .judgement import Heard, Judgement, event_name
from .lapsing import up_to_date
from .linking import linked, names_parent
from .quarantine import quarantine, quarantine_internal, warn_ops
from .silence import arm, keep_silence, settle_before
from .work import Work


def locate(work: Work, envelope: Envelope) -> tuple[Place | None, Device | None]:
    """Where a fact happened: the place the sender named, else the device's, else the subject if it is a place."""
    directory = work.setup.street.directory
    subject = envelope.subject or ""
    device = directory.devices.get(subject)
    if envelope.place is not None:
        return directory.places.get(envelope.place), device
    return directory.places.get(device.place if device else subject), device


def read_typed(listening: Listening, envelope: Envelope, at: datetime) -> Event | str:
    """The typed event, or the sentence that says why its data does not fit."""
    try:
        return listening.event.read(envelope, at)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        member = ".".join(map(str, first["loc"]))
        where = f"data.{member}" if member else "data"
        return f"{where} of {envelope.type} does not fit: {first['msg']}"


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
    directory = work.setup.street.directory
    context: Context[Any] = Context(work.now, place, device, directory)
    heard = Heard(envelope, event, at, place, device, directory.partition(place.code), [])
    for binding in bindings:
        try:
            key = check_key(binding.scenario.key(event, context))
        except Exception as error:  # noqa: BLE001  # a stranger's code may raise anything
            quarantine(work, envelope, binding.name, error)
            continue
        if key:
            heard.keys.append((binding, key))
    return heard


def hear_all(work: Work, facts: list[Heard]) -> None:
    """Load what the facts are about in one go, then judge them in the order of their times."""
    ordered = sorted(facts, key=_order)
    work.load_memos([(binding.name, key) for heard in ordered for binding, key in heard.keys])
    conclude_all(work, [one for heard in ordered for one in hear(work, heard)])


def _order(heard: Heard) -> tuple[datetime, str, str, str]:
    envelope = heard.envelope
    return heard.at, envelope.source, envelope.sequence, envelope.id


def hear(work: Work, heard: Heard) -> list[Judgement]:
    """Let every scenario judge the fact, in the order of its binding."""
    judged: list[Judgement] = []
    for binding, key in heard.keys:
        memo = settle_before(work, binding, key, heard.at, judged)
        outcomes = _assess(work, binding, key, memo, heard)
        if outcomes:
            judged.append(Judgement(binding, key, outcomes, heard.at, heard.place, heard))
    # What a fact opens comes before what is linked to it, whichever scenario was asked first.
    return sorted(judged, key=lambda one: one.heard is not None and names_parent(one))


def _assess(work: Work, binding: Binding, key: str, memo: Memo | None, heard: Heard) -> list[Outcome]:
    """The outcomes of one fact, with the memory saved; none when the scenario raised, and then nothing changes."""
    # A context of its own: what one scenario does to it must not reach the next.
    context: Context[Any] = Context(work.now, heard.place, heard.device, work.setup.street.directory)
    try:
        outcomes, memory = ask(binding, memo, context, lambda: binding.scenario.assess(heard.event, context))
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


def conclude_all(work: Work, judged: list[Judgement]) -> None:
    """Carry out judgements in their order, with the cases they are about loaded in one go."""
    work.load((one.binding.name, one.key) for one in judged if any(map(is_about_a_case, one.outcomes)))
    for one in judged:
        touched = conclude(work, one)
        if one.heard is not None:
            one.heard.cases += tuple(touched)


def is_about_a_case(outcome: Outcome) -> bool:
    """Whether an outcome speaks to a case."""
    return isinstance(outcome, (Finding, Cleared))


def conclude(work: Work, one: Judgement) -> list[str]:
    """Carry out one judgement; returns the ids of the cases it touched."""
    event = event_name(one.heard.envelope) if one.heard else ""
    touched: list[str] = []
    for index, outcome in enumerate(one.outcomes):
        if isinstance(outcome, Command):
            work.owe(_command(work, one, outcome, index))
        if not isinstance(outcome, (Finding, Cleared)):
            continue
        given = _found(work, one, outcome, event) if isinstance(outcome, Finding) else AllClear(one.at, event)
        decision = work.decide(up_to_date(work, work.latest((one.binding.name, one.key))), given)
        if decision.reason is Reason.INTERNAL_ERROR:
            _keep(work, one, decision.detail)
        if decision.case is not None and decision.case.id not in touched:
            touched.append(decision.case.id)
    return touched


def _keep(work: Work, one: Judgement, detail: str) -> None:
    if one.heard is None:
        keep_silence(work, one, detail)
    else:
        envelope = one.heard.envelope
        quarantine_internal(work, envelope.id, envelope.source, one.binding.name, detail)


def _found(work: Work, one: Judgement, finding: Finding, event: str) -> Found:
    """The finding as the loop is given it: its place known, its start a step that this street has."""
    directory, binding = work.setup.street.directory, one.binding
    code = finding.place or one.place.code
    if code not in directory.places:
        why = f"{binding.name} found something there; the case is kept at {one.place.code}"
        warn_ops(work, "unknown_place", code, why)
        code = one.place.code
    start = start_of(binding, finding.start) if finding.start is not None else None
    partition = directory.partition(code)
    finding = linked(work, one, finding)
    return Found(binding.name, one.key, finding, binding.rules, code, partition, one.at, event, start)


def _command(work: Work, one: Judgement, command: Command, index: int) -> Notice:
    text = "\0".join((one.binding.name, one.key, command.device, command.action, one.at.isoformat(), str(index)))
    return Notice(
        key=f"command.{blake2b(text.encode(), digest_size=8).hexdigest()}",
        kind=NoticeKind.COMMAND,
        case="",
        ref=f"{one.binding.name}/{one.key}",
        at=work.now,
        severity=one.binding.rules.severity,
        party=command.device,
        organisation="",
        place=one.place.code,
        step="",
        message=command.action,
        variables=dict(command.variables),
        order="",
        due=None,
        reason="commanded",
        channels=(),
    )
