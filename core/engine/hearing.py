"""Hearing facts: admit an event, find its place, ask the scenarios, and hand their outcomes to the loop."""

from __future__ import annotations

import traceback
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any, NamedTuple

from pydantic import ValidationError

from ..model.case import Reason
from ..model.chain import Severity
from ..model.event import Envelope, Event
from ..model.finding import Cleared, Command, Expect, Finding, Outcome
from ..model.given import AllClear, Found
from ..model.notice import Notice, NoticeKind
from ..model.place import Device, Place
from ..model.street import OPS
from ..sdk.binding import Binding
from ..sdk.loader import Listening
from ..sdk.scenario import Context
from ..stores.base import EventRow, EventState, Memo, Quarantined
from .receipt import Receipt, Status
from .work import Ref, Work

MEMORY_BYTES_MAX = 64 * 1024
"""What a scenario may remember of one key; a memory that grows past it is a fault of the plugin."""

TRACE_CHARS_MAX = 8000


@dataclass(slots=True)
class Heard:
    """A fact that scenarios listen to, on its way through the turn."""

    envelope: Envelope
    event: Event
    at: datetime
    place: Place
    device: Device | None
    partition: str
    keys: list[tuple[Binding, str]]
    cases: tuple[str, ...] = ()


class Judgement(NamedTuple):
    """What one scenario concluded of one fact (or, without ``heard``, of a silence), not yet carried out."""

    binding: Binding
    key: str
    outcomes: list[Outcome]
    at: datetime
    place: Place
    heard: Heard | None


def locate(work: Work, envelope: Envelope) -> tuple[Place | None, Device | None]:
    """Where a fact happened: the place the sender named, else the registered device's, else the subject if it is a place."""
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


def store_event(work: Work, envelope: Envelope, digest: bytes, at: datetime, place: Place | None, state: EventState) -> None:
    """Write the event down, whatever becomes of it."""
    directory = work.setup.street.directory
    code = place.code if place else directory.street
    work.writes.events.append(
        EventRow(
            envelope.id,
            envelope.source,
            directory.partition(code),
            envelope.type,
            envelope.subject or "",
            at,
            work.now,
            code,
            state,
            digest,
            envelope.body,
        )
    )


def keys_of(work: Work, heard: Heard, bindings: Iterable[Binding]) -> None:
    """Ask each scenario what this fact is about; one that raises is quarantined with the event."""
    context: Context[Any] = Context(work.now, heard.place, heard.device, work.setup.street.directory)
    for binding in bindings:
        try:
            key = binding.scenario.key(heard.event, context)
        except Exception as error:  # a stranger's code may raise anything
            quarantine(work, heard.envelope, binding.name, error)
            continue
        if key:
            heard.keys.append((binding, key))


def hear(work: Work, heard: Heard) -> list[Judgement]:
    """Let every scenario judge the fact, in the order of its binding."""
    judged: list[Judgement] = []
    for binding, key in heard.keys:
        memo = _settle_overdue(work, binding, key, heard.at, judged)
        outcomes = _assess(work, binding, key, memo, heard)
        if outcomes:
            judged.append(Judgement(binding, key, outcomes, heard.at, heard.place, heard))
    return judged


def _settle_overdue(work: Work, binding: Binding, key: str, at: datetime, judged: list[Judgement]) -> Memo | None:
    """A fact later than an armed deadline proves that silence: it is judged first, then the fact ends it."""
    memo = work.memo((binding.name, key))
    if memo is None or memo.wake_at is None or work.is_catching_up:
        return memo
    for name, by in sorted(memo.expects, key=lambda armed: armed[1]):
        if by < at:
            judged += settle(work, binding, memo, name, by)
            memo = work.memo((binding.name, key)) or memo
    return memo


def _assess(work: Work, binding: Binding, key: str, memo: Memo | None, heard: Heard) -> list[Outcome]:
    """The outcomes of one fact, with the memory saved; none when the scenario raised, and then nothing changes."""
    context: Context[Any] = Context(work.now, heard.place, heard.device, work.setup.street.directory)
    try:
        _recall(binding, memo, context)
        outcomes = list(binding.scenario.assess(heard.event, context) or ())
        remembered = _memory_bytes(binding, context)
    except Exception as error:  # a stranger's code may raise anything
        quarantine(work, heard.envelope, binding.name, error)
        return []
    if memo is None:
        memo = Memo(binding.name, key, heard.partition, heard.place.code, heard.at, remembered, (), None)
    elif heard.at < memo.newest:
        work.decisions[Reason.HISTORY] += 1
        work.remember(memo._replace(memory=remembered))
        return []
    else:
        memo = memo._replace(partition=heard.partition, place=heard.place.code, newest=heard.at, memory=remembered)
    work.remember(_armed(work, memo, outcomes))
    return outcomes


def _armed(work: Work, memo: Memo, outcomes: list[Outcome]) -> Memo:
    """The memo with the watchdogs that these outcomes arm or disarm."""
    expects = memo.expects
    for outcome in outcomes:
        if isinstance(outcome, Expect):
            expects = tuple(armed for armed in expects if armed[0] != outcome.name)
            if outcome.by is not None:
                expects = (*expects, (outcome.name, outcome.by))
    if expects is memo.expects:
        return memo
    return memo._replace(expects=expects, wake_at=_wake_at(work, expects))


def _recall(binding: Binding, memo: Memo | None, context: Context[Any]) -> None:
    if not binding.remembers:
        context.recall(binding.scenario.memory_type())
    elif memo is None or not memo.memory:
        context.recall(binding.scenario.memory_type())
    else:
        context.recall(binding.scenario.memory_type.model_validate_json(memo.memory))


def _memory_bytes(binding: Binding, context: Context[Any]) -> bytes:
    if not binding.remembers:
        return b""
    text: str = context.memory.model_dump_json()
    if len(text) > MEMORY_BYTES_MAX:
        raise ValueError(f"its memory grew to {len(text)} characters; keep it under {MEMORY_BYTES_MAX} per key")
    return text.encode()


def settle(work: Work, binding: Binding, memo: Memo, name: str, by: datetime) -> list[Judgement]:
    """A watchdog has run out: disarm it and ask the scenario what the silence means."""
    expects = tuple(armed for armed in memo.expects if armed[0] != name)
    memo = memo._replace(expects=expects, wake_at=_wake_at(work, expects))
    place = work.setup.street.directory.places.get(memo.place)
    try:
        if place is None:
            raise LookupError(f"place {memo.place} is no longer in places.csv")
        context: Context[Any] = Context(work.now, place, None, work.setup.street.directory)
        _recall(binding, memo, context)
        outcomes = list(binding.scenario.overdue(Expect(name, by), context) or ())
        memo = memo._replace(memory=_memory_bytes(binding, context))
    except Exception as error:  # a stranger's code may raise anything; look again later rather than never
        quarantine_overdue(work, binding.name, memo, name, by, error)
        work.remember(_armed(work, memo, [Expect(name, work.now + RETRY_OVERDUE_AFTER)]))
        return []
    work.remember(_armed(work, memo, outcomes))
    return [Judgement(binding, memo.key, outcomes, by, place, None)] if outcomes else []


RETRY_OVERDUE_AFTER = timedelta(minutes=15)
"""When a scenario that raised over a silence is asked again."""


def _wake_at(work: Work, expects: tuple[tuple[str, datetime], ...]) -> datetime | None:
    return min(by for _, by in expects) + work.setup.lateness if expects else None


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
    envelope = one.heard.envelope if one.heard else None
    event = event_name(envelope) if envelope else ""
    ref = (one.binding.name, one.key)
    touched: list[str] = []
    for index, outcome in enumerate(one.outcomes):
        if isinstance(outcome, Command):
            work.owe(_command(work, one, outcome, index))
        if not isinstance(outcome, (Finding, Cleared)):
            continue
        given = _found(work, one, outcome, event) if isinstance(outcome, Finding) else AllClear(one.at, event)
        decision = work.decide(work.latest(ref), given)
        if decision.reason is Reason.INTERNAL_ERROR and envelope is not None:
            quarantine(work, envelope, one.binding.name, RuntimeError(decision.detail))
        if decision.case is not None and decision.case.id not in touched:
            touched.append(decision.case.id)
    return touched


def _found(work: Work, one: Judgement, finding: Finding, event: str) -> Found:
    directory = work.setup.street.directory
    code = finding.place if finding.place and finding.place in directory.places else one.place.code
    return Found(one.binding.name, one.key, finding, one.binding.rules, code, directory.partition(code), one.at, event)


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


def event_name(envelope: Envelope) -> str:
    """How the journal names an event: its source and id."""
    return f"{envelope.source}#{envelope.id}"


# quarantine --------------------------------------------------------------------------------------------------


def quarantine(work: Work, envelope: Envelope, scenario: str, error: Exception) -> None:
    """Keep an event with the plugin's error until somebody retries it; ops are told once a day and scenario."""
    why = f"{scenario} raised {type(error).__name__}: {error}"
    trace = "".join(traceback.format_exception(error))[-TRACE_CHARS_MAX:]
    work.writes.quarantined.append(
        Quarantined(envelope.id, envelope.source, scenario, work.now, "plugin_error", why, trace)
    )
    work.decisions["plugin_error"] += 1
    warn_ops(work, "plugin_error", scenario, scenario)


def quarantine_overdue(work: Work, scenario: str, memo: Memo, name: str, by: datetime, error: Exception) -> None:
    """Keep a silence that a plugin could not judge."""
    why = f"{scenario} raised {type(error).__name__} over the silence {name!r} of {memo.key}: {error}"
    trace = "".join(traceback.format_exception(error))[-TRACE_CHARS_MAX:]
    silent = f"{memo.key}/{name}/{by:%Y-%m-%dT%H:%M:%SZ}"
    work.writes.quarantined.append(Quarantined(silent, "overdue", scenario, work.now, "plugin_error", why, trace))
    work.decisions["plugin_error"] += 1
    warn_ops(work, "plugin_error", scenario, scenario)


def quarantine_unplaced(work: Work, envelope: Envelope, digest: bytes, at: datetime) -> Receipt:
    """Keep an event of a device nobody registered, and tell ops once a day."""
    subject = envelope.subject or "(no subject)"
    if envelope.place is not None:
        reason, why = "unknown_place", f"place {envelope.place} is not in places.csv"
    else:
        reason, why = "unknown_device", f"device {subject} is not in devices.csv and names no place"
    store_event(work, envelope, digest, at, None, EventState.QUARANTINED)
    work.writes.quarantined.append(Quarantined(envelope.id, envelope.source, "", work.now, reason, why, ""))
    warn_ops(work, reason, envelope.place or subject, why)
    return Receipt(Status.QUARANTINED, reason, f"{why}; register it, then retry")


def warn_ops(work: Work, reason: str, culprit: str, why: str) -> None:
    """Owe ops a word about a fault, at most one a day for each culprit."""
    day = f"{work.now:%Y-%m-%d}"
    street = work.setup.street
    holder = street.holder(OPS, street.code, work.now)
    name = blake2b(f"{reason}\0{culprit}".encode(), digest_size=8).hexdigest()
    work.owe(
        Notice(
            key=f"fault.{name}.{day}",
            kind=NoticeKind.OPS,
            case="",
            ref="",
            at=work.now,
            severity=Severity.P2,
            party=OPS,
            organisation=holder.organisation if holder else "",
            place=street.code,
            step="",
            message=reason,
            variables={"culprit": culprit, "why": why},
            order="",
            due=None,
            reason=reason,
            channels=holder.channels if holder else (),
        )
    )
