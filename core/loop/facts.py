"""What findings and all-clears do to a case."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from ..model.case import Case, Reason, Track, TrackState, case_id
from ..model.chain import CLOSE, CLOSE_BEFORE_DISPATCH, VERIFY, Loop, Severity
from ..model.given import AllClear, Found
from ..model.notice import NoticeKind
from ..model.street import Street
from .checks import fail_check, reappear
from .draft import Decision, Draft, unchanged
from .steps import ask


def found(case: Case | None, given: Found, now: datetime, street: Street) -> Decision:
    """A finding opens a case, or speaks for the one that is open."""
    if case is None or not case.is_open:
        return open_case(given, case.round + 1 if case else 1, now, street)
    draft = Draft(
        replace(case, sightings=case.sightings + 1, newest=max(case.newest, given.at)), now, street, given.event
    )
    draft.note_evidence(given.finding.message, given.at)
    reason = _raise_severity(draft, given.finding.severity)
    for track in draft.case.tracks:
        if track.quiet_until is not None and track.held_at is not None and given.at > track.held_at:
            reason = _seen_while_quiet(draft, track)
    return draft.decision(reason)


def open_case(given: Found, round: int, now: datetime, street: Street) -> Decision:
    """Register a case under the rules of today, and ask the first parties of each track."""
    rules, finding = given.rules, given.finding
    case = Case(
        id=case_id(street.code, given.scenario, given.key, round),
        scenario=given.scenario,
        key=given.key,
        round=round,
        severity=finding.severity or rules.severity,
        place=finding.place or given.place,
        partition=given.partition,
        message=finding.message,
        variables=dict(finding.variables),
        rules=rules,
        opened_at=now,
        newest=given.at,
        parent=finding.parent,
        tracks=tuple(
            Track(rule.name, rule.required, TrackState.WORKING, 0, now, now, now, loop=Loop.MICRO)
            for rule in rules.tracks
        ),
    )
    draft = Draft(case, now, street, given.event)
    draft.note_evidence(finding.message, given.at)
    draft.journal(Reason.OPENED, case.tracks[0])
    for rule in rules.tracks:
        names = [step.name for step in rule.chain]
        start = names.index(finding.start) if finding.start in names else 0
        ask(draft, rule.name, start, Reason.ASKED)
    return draft.decision(Reason.OPENED)


def _raise_severity(draft: Draft, severity: Severity | None) -> Reason:
    case = draft.case
    if severity is None or not severity.graver_than(case.severity):
        return Reason.SEEN_AGAIN
    draft.case = replace(case, severity=severity)
    for track in case.tracks:
        if track.is_open and track.required:
            draft.journal(Reason.SEVERITY_RAISED, track)
            asked = [order.party for order in track.orders if order.is_open]
            draft.tell_all(NoticeKind.REPEAT, asked, Reason.SEVERITY_RAISED, case.step(track))
            draft.tell_ops(Reason.SEVERITY_RAISED, track)
    return Reason.SEVERITY_RAISED


def _seen_while_quiet(draft: Draft, track: Track) -> Reason:
    if track.reporters:
        fail_check(draft, track, "sensor")
        return Reason.CHECK_FAILED
    reappear(draft, track)
    return Reason.REAPPEARED


def all_clear(case: Case | None, given: AllClear, now: datetime, street: Street) -> Decision:
    """Sensors say that all is in order: close, verify, or only take note, as the case's rules say.

    A danger to life never closes by sensor once somebody was dispatched.
    """
    if case is None or not case.is_open:
        return unchanged(case, Reason.NOTHING_OPEN)
    draft = Draft(replace(case, newest=max(case.newest, given.at)), now, street, given.event, by="sensor")
    draft.note_evidence(Reason.CLEARED, given.at)
    rule = case.rules.on_cleared
    dispatched = case.was_dispatched
    if dispatched and (case.severity is Severity.P0 or rule is CLOSE_BEFORE_DISPATCH):
        return draft.decision(Reason.NOTED)
    if rule in (CLOSE, CLOSE_BEFORE_DISPATCH):
        return _close_all(draft)
    if rule is VERIFY:
        return _watch_quiet(draft, given)
    return draft.decision(Reason.NOTED)


def _close_all(draft: Draft) -> Decision:
    for track in draft.case.tracks:
        if track.is_open and draft.case.is_open:
            draft.journal(Reason.CLEARED, track)
            draft.close_track(track, Reason.CLEARED)
    return draft.decision(Reason.CLEARED)


def _watch_quiet(draft: Draft, given: AllClear) -> Decision:
    """Start the quiet span on every track that is still being worked on; one under check keeps its own."""
    quiet = draft.case.rules.quiet or draft.case.rules.check.quiet
    reason = Reason.NOTED
    for track in draft.case.tracks:
        if quiet and track.state in (TrackState.WORKING, TrackState.SUPERVISED):
            until = draft.street.deadline(given.at, quiet)
            track = replace(
                track,
                state=TrackState.VERIFYING,
                held_at=given.at,
                quiet_until=until,
                due=until,
                result=Reason.CLEARED,
                reporters=(),
            )
            draft.put(track)
            draft.journal(Reason.CLEARED, track)
            reason = Reason.CLEARED
    return draft.decision(reason)
