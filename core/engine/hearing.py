"""Hearing facts: admit an event, find its place, ask the scenarios, and hand their outcomes to the loop."""

from __future__ import annotations

import traceback
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any

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


def hear(work: Work, heard: Heard) -> None:
    """Let every scenario judge the fact, in the order of its binding; what they find goes to the loop."""
    for binding, key in heard.keys:
        memo = _settle_overdue(work, binding, key, heard.at)
        outcomes = _assess(work, binding, key, memo, heard)
        if outcomes is not None:
            touched = conclude(work, binding, key, outcomes, heard.at, heard.place, heard.envelope)
            heard.cases += tuple(touched)


def _settle_overdue(work: Work, binding: Binding, key: str, at: datetime) -> Memo | None:
    """A fact later than an armed deadline proves that silence: it is judged first, then the fact ends it."""
    memo = work.memo((binding.name, key))
    if memo is None or memo.wake_at is None or work.is_catching_up:
        return memo
    for name, by in sorted(memo.expects, key=lambda armed: armed[1]):
        if by < at:
            settle(work, binding, memo, name, by)
            memo = work.memo((binding.name, key)) or memo
    return memo


def _assess(work: Work, binding: Binding, key: str, memo: Memo | None, heard: Heard) -> list[Outcome] | None:
    """The outcomes of one fact, with the memory saved; ``None`` when the scenario raised and nothing may change."""
    context: Context[Any] = Context(work.now, heard.place, heard.device, work.setup.street.directory)
    is_history = memo is not None and heard.at < memo.newest
    try:
        _recall(binding, memo, context)
        outcomes = list(binding.scenario.assess(heard.event, context) or ())
        remembered = _memory_bytes(binding, context)
    except Exception as error:  # a stranger's code may raise anything
        quarantine(work, heard.envelope, binding.name, error)
        return None
    newest = memo.newest if is_history and memo is not None else heard.at
    expects = memo.expects if memo else ()
    wake_at = memo.wake_at if memo else None
    work.remember(
        Memo(binding.name, key, heard.partition, heard.place.code, newest, remembered, expects, wake_at)
    )
    if is_history and outcomes:
        work.decisions[Reason.HISTORY] += 1
    return [] if is_history else outcomes


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


def settle(work: Work, binding: Binding, memo: Memo, name: str, by: datetime) -> None:
    """A watchdog has run out: disarm it and ask the scenario what the silence means."""
    expects = tuple(armed for armed in memo.expects if armed[0] != name)
    place = work.setup.street.directory.places.get(memo.place)
    outcomes: list[Outcome] = []
    remembered = memo.memory
    try:
        if place is None:
            raise LookupError(f"place {memo.place} is no longer in places.csv")
        context: Context[Any] = Context(work.now, place, None, work.setup.street.directory)
        _recall(binding, memo, context)
        outcomes = list(binding.scenario.overdue(Expect(name, by), context) or ())
        remembered = _memory_bytes(binding, context)
    except Exception as error:  # a stranger's code may raise anything; look again later rather than never
        expects = (*expects, (name, work.now + RETRY_OVERDUE_AFTER))
        quarantine_overdue(work, binding.name, memo, name, by, error)
    work.remember(memo._replace(memory=remembered, expects=expects, wake_at=_wake_at(work, expects)))
    if place is not None:
        conclude(work, binding, memo.key, outcomes, by, place, None)


RETRY_OVERDUE_AFTER = timedelta(minutes=15)
"""When a scenario that raised over a silence is asked again."""


def _wake_at(work: Work, expects: tuple[tuple[str, datetime], ...]) -> datetime | None:
    return min(by for _, by in expects) + work.setup.lateness if expects else None


def conclude(
    work: Work,
    binding: Binding,
    key: str,
    outcomes: list[Outcome],
    at: datetime,
    place: Place,
    envelope: Envelope | None,
) -> list[str]:
    """Carry out the outcomes of one judgement; returns the ids of the cases it touched."""
    event = event_name(envelope) if envelope else ""
    touched: list[str] = []
    for index, outcome in enumerate(outcomes):
        match outcome:
            case Finding():
                where = outcome.place if outcome.place in work.setup.street.directory.places else place.code
                partition = work.setup.street.directory.partition(where)
                found = Found(binding.name, key, outcome, binding.rules, where, partition, at, event)
                decision = work.decide(work.latest((binding.name, key)), found)
            case Cleared():
                decision = work.decide(work.latest((binding.name, key)), AllClear(at, event))
            case Expect():
                _arm(work, (binding.name, key), outcome)
                continue
            case Command():
                work.owe(_command(work, binding, key, outcome, at, place, index))
                continue
        if decision.reason is Reason.INTERNAL_ERROR and envelope is not None:
            quarantine(work, envelope, binding.name, RuntimeError(decision.detail))
        if decision.case is not None and decision.case.id not in touched:
            touched.append(decision.case.id)
    return touched


def _arm(work: Work, ref: Ref, expect: Expect) -> None:
    memo = work.memo(ref)
    if memo is None:
        return
    expects = tuple(armed for armed in memo.expects if armed[0] != expect.name)
    if expect.by is not None:
        expects = (*expects, (expect.name, expect.by))
    work.remember(memo._replace(expects=expects, wake_at=_wake_at(work, expects)))


def _command(
    work: Work, binding: Binding, key: str, command: Command, at: datetime, place: Place, index: int
) -> Notice:
    text = "\0".join((binding.name, key, command.device, command.action, at.isoformat(), str(index)))
    return Notice(
        key=f"command.{blake2b(text.encode(), digest_size=8).hexdigest()}",
        kind=NoticeKind.COMMAND,
        case="",
        ref=f"{binding.name}/{key}",
        at=work.now,
        severity=binding.rules.severity,
        party=command.device,
        organisation="",
        place=place.code,
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
