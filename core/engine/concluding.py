"""Concluding: what scenarios have judged becomes findings and all-clears for the loop, and commands for devices."""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import blake2b
from typing import Final

from ..model.case import Case, Reason
from ..model.finding import Cleared, Command, Finding, Outcome
from ..model.given import AllClear, Found
from ..model.notice import Notice, NoticeKind
from .asking import start_of
from .judgement import Judgement, Ref, event_name
from .lapsing import up_to_date
from .linking import linked
from .quarantine import quarantine_internal, warn_ops
from .watchdogs import keep_silence
from .work import Work


class Knowledge:
    """What a scenario may know in this turn, of its own key and of others."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def case(self, ref: Ref) -> Case | None:
        """The latest round of a key as it stands once all that was judged before is carried out."""
        with self._work.guard.at_rest():
            conclude_all(self._work)
            return up_to_date(self._work, self._work.latest(ref))

    def heard(self, ref: Ref) -> datetime | None:
        """The time of the newest fact that a scenario has heard of a key."""
        with self._work.guard.at_rest():
            self._work.load_memos([ref])
            memo = self._work.memo(ref)
        return memo.newest if memo else None


SILENCE: Final = "silence/"
"""How the name begins that journal and evidence give a silence, where others have an event."""


def conclude_all(work: Work) -> None:
    """Carry out what was judged so far, in its order, with the cases it is about loaded in one go."""
    judged, work.pending = work.pending, []
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
    event = event_name(one.heard.envelope) if one.heard else _silence_name(one)
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


def _silence_name(one: Judgement) -> str:
    """How journal and evidence name a silence: which watchdog ran out, and when the key was last heard of before."""
    since = one.since.astimezone(UTC).isoformat() if one.since else ""
    return f"{SILENCE}{one.silence}#{since}"


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
