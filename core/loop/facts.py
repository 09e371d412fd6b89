"""What findings and all-clears do to a case."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from ..model.case import Case, Reason, Track, TrackState, case_id
from ..model.chain import CLOSE, CLOSE_BEFORE_DISPATCH, VERIFY, Effect, Rules, Severity, Step
from ..model.given import AllClear, Found
from ..model.notice import NoticeKind
from ..model.street import Street
from .checks import SENSOR, fail_check, missing_to_close, seen_to_be_clear, sensors_may_close
from .draft import Decision, Draft, unchanged
from .orders import asked_now
from .steps import ask, drop_request, go_on, resume


def found(case: Case | None, given: Found, now: datetime, street: Street) -> Decision:
    """A finding opens a case, or speaks for the one that is open; an old one does not open what newer facts closed."""
    if case is None or not case.is_open:
        if case is not None and given.at < case.newest:
            return unchanged(case, Reason.HISTORY)
        return open_case(given, case, now, street)
    is_news = given.at >= case.newest
    case = case._replace(sightings=case.sightings + 1, newest=max(case.newest, given.at))
    draft = Draft(case, now, street, given.event)
    draft.note_evidence(given.finding.message, given.at)
    reason = _raise_severity(draft, given.finding.severity)
    for track in draft.case.tracks:
        is_watched = track.quiet_until is not None or track.awaits_clear
        if is_news and is_watched and track.held_at is not None and given.at > track.held_at:
            reason = _seen_while_quiet(draft, track)
    if is_news and given.finding.climb and _climb(draft, given.start):
        reason = Reason.ESCALATED
    return draft.decision(reason)


def _climb(draft: Draft, start: str | None) -> bool:
    """Go up to ``start`` at once, where the main track works at an earlier step; whether it did.

    What was reported and is being checked, or stopped until a date, stays where it is.
    """
    main = draft.case.tracks[0]
    steps = [at for at, step in enumerate(draft.case.rules.chain(main.name)) if step.name == start]
    if main.state not in (TrackState.WORKING, TrackState.DISPATCHING) or max(steps, default=0) <= main.step:
        return False
    ask(draft, main.name, steps[0], Reason.ESCALATED)
    return True


def open_case(given: Found, last: Case | None, now: datetime, street: Street) -> Decision:
    """Register a case under the rules of today, and ask the first parties of each track that opens with it.

    ``last`` is the round before. One that ended not long ago makes this a recurrence, which starts higher; but where
    somebody is to look at a lead first (核实), whatever came before does not make it surer.
    """
    rules, finding = given.rules, given.finding
    again = last if last is not None and recurs(rules, last, now, street) else None
    case = Case(
        id=case_id(street.code, given.scenario, given.key, last.round + 1 if last else 1),
        scenario=given.scenario,
        key=given.key,
        round=last.round + 1 if last else 1,
        severity=finding.severity or rules.severity,
        place=given.place,
        partition=given.partition,
        message=finding.message,
        variables=dict(finding.variables),
        rules=rules,
        opened_at=now,
        newest=given.at,
        parent=finding.parent,
        previous=again.id if again else None,
        recurrences=again.recurrences + 1 if again else 0,
        tracks=tuple(
            Track(rule.name, rule.required, TrackState.WORKING, 0, now, due=None, step_due=None)
            for rule in rules.tracks
            if not rule.opens_at
        ),
    )
    draft = Draft(case, now, street, given.event)
    draft.note_evidence(finding.message, given.at)
    draft.journal(Reason.OPENED, case.tracks[0])
    starts = {given.start}
    if again is not None and rules.recurrence is not None:
        draft.journal(Reason.RECURRED, case.tracks[0])
        if not _begins_with_a_look(rules.chain(case.tracks[0].name), given.start):
            starts.add(rules.recurrence.start)
    for track in case.tracks:
        steps = [at for at, step in enumerate(rules.chain(track.name)) if step.name in starts]
        if draft.case.is_open:  # a track in which nobody can be asked may have ended the case
            ask(draft, track.name, max(steps, default=0), Reason.ASKED)
    return draft.decision(Reason.OPENED)


def _begins_with_a_look(chain: tuple[Step, ...], start: str | None) -> bool:
    return next((step.pre_verify for step in chain if step.name == start), chain[0].pre_verify)


def recurs(rules: Rules, last: Case, now: datetime, street: Street) -> bool:
    """Whether something that was solved has come back within the rules' memory; a false alarm does not come back."""
    result = dict(last.rules.outcomes).get(last.result, last.result)
    if rules.recurrence is None or last.closed_at is None or result in _NEVER_WAS:
        return False
    return now <= street.deadline(last.closed_at, rules.recurrence.within)


_NEVER_WAS: Final = frozenset({Effect.FALSE_ALARM.value, Reason.VOIDED.value})
"""Results of rounds in which there was nothing to solve."""


def _raise_severity(draft: Draft, severity: Severity | None) -> Reason:
    case = draft.case
    if severity is None or not severity.graver_than(case.severity):
        return Reason.SEEN_AGAIN
    draft.case = case._replace(severity=severity)
    open_tracks = [track for track in case.tracks if track.is_open]
    for track in open_tracks:
        draft.journal(Reason.SEVERITY_RAISED, track)
        draft.tell_all(NoticeKind.REPEAT, asked_now(track), Reason.SEVERITY_RAISED, case.step(track))
    draft.tell_ops(Reason.SEVERITY_RAISED, open_tracks[0])
    for track in open_tracks:
        if track.state is TrackState.SUSPENDED:
            # The stop was granted for a lesser matter than the case has become.
            resume(draft, track)
    return Reason.SEVERITY_RAISED


def _seen_while_quiet(draft: Draft, track: Track) -> Reason:
    if track.reporters:
        fail_check(draft, track, SENSOR)
        return Reason.CHECK_FAILED
    go_on(draft, track, Reason.REAPPEARED)
    return Reason.REAPPEARED


def all_clear(case: Case | None, given: AllClear, now: datetime, street: Street) -> Decision:
    """Sensors say that all is in order: close, verify, or only take note, as the case's rules say.

    A danger to life never closes by sensor once somebody was dispatched. An all-clear older than the newest fact
    clears nothing. One that arrives during a suspension or a check is evidence.
    """
    if case is None or not case.is_open:
        return unchanged(case, Reason.NOTHING_OPEN)
    if given.at < case.newest:
        return unchanged(case, Reason.HISTORY)
    draft = Draft(case._replace(newest=given.at), now, street, given.event, by=SENSOR)
    draft.note_evidence(Reason.CLEARED, given.at)
    rule = case.rules.on_cleared
    lacks_proof = any(missing_to_close(case, track) for track in case.tracks if track.is_open)
    is_held = rule is CLOSE_BEFORE_DISPATCH or (rule is CLOSE and lacks_proof)
    if not sensors_may_close(case) or (case.was_dispatched and is_held):
        return draft.decision(Reason.NOTED)
    if rule in (CLOSE, CLOSE_BEFORE_DISPATCH):
        return _close_all(draft)
    awaiting = [track for track in case.tracks if track.awaits_clear and track.quiet_until is None]
    for track in awaiting:
        seen_to_be_clear(draft, track, given.at)
    if rule is VERIFY:
        _watch_quiet(draft, given)
    return draft.decision(Reason.CLEARED if draft.entries else Reason.NOTED)


def _close_all(draft: Draft) -> Decision:
    for track in draft.case.tracks:
        if track.is_open and draft.case.is_open:
            draft.journal(Reason.CLEARED, track)
            draft.close_track(track, Reason.CLEARED)
    return draft.decision(Reason.CLEARED)


def _watch_quiet(draft: Draft, given: AllClear) -> None:
    """Start the quiet span on every track that is still being worked on; one under check keeps its own."""
    for track in draft.case.tracks:
        quiet = draft.case.rules.quiet_of(track.name)
        if quiet and track.state in (TrackState.WORKING, TrackState.SUPERVISED):
            until = draft.street.deadline(given.at, quiet)
            drop_request(draft, track.name)
            held = draft.track(track.name)._replace(
                state=TrackState.VERIFYING,
                held_state=track.state,
                held_at=given.at,
                quiet_until=until,
                due=until,
                remind_at=None,
                result=Reason.CLEARED,
                reporters=(),
            )
            draft.put(held)
            draft.journal(Reason.CLEARED, held)
