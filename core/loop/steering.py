"""How the street's operations centre steers a case: more time, a stop, other hands, the next step, an end."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from ..model.case import Duty, Reason, Track, TrackState
from ..model.chain import ENFORCEMENT_BODIES, Step
from ..model.given import Answer
from ..model.notice import NoticeKind
from .checks import without_checks
from .draft import Decision, Draft, refuse
from .steps import ask, asked_now, new_orders, rearm, resume, supersede

EXTENSIONS_MAX: Final = 2
SUSPENSIONS_MAX: Final = 1
SUSPENSION_DAYS_MAX: Final = 365


def extend(draft: Draft, track: Track, given: Answer) -> Decision:
    """Add one original limit to the current step's finish, at most twice, never once overdue (domain 2.5)."""
    case, step = draft.case, draft.case.step(track)
    if not _is_in_time(draft, track):
        return refuse(case, Reason.OVERDUE, "an extension is granted while a step is being worked on, not afterwards")
    if track.extensions >= EXTENSIONS_MAX:
        return refuse(case, Reason.QUOTA_USED, f"this track has been extended {EXTENSIONS_MAX} times already")
    limit = step.finish if step.parties else None
    if limit is None:
        return refuse(case, Reason.NO_LIMIT, f"step {step.name} has no finish limit to extend")
    orders = tuple(
        order._replace(finish_by=draft.street.deadline(order.finish_by, limit))
        if order.step == step.name and order.finish_by and order.duty is Duty.WORK
        else order
        for order in track.orders
    )
    rearm(draft, track._replace(orders=orders, extensions=track.extensions + 1))
    draft.journal(Reason.EXTENDED, draft.track(track.name), party=given.party)
    draft.tell_all(NoticeKind.INFORM, asked_now(track), Reason.EXTENDED, step)
    return draft.decision(Reason.EXTENDED)


def _is_in_time(draft: Draft, track: Track) -> bool:
    return track.state is TrackState.WORKING and track.due is not None and draft.now < track.due


def suspend(draft: Draft, track: Track, given: Answer) -> Decision:
    """Stop the clocks until a date: once, at most a year ahead, never once overdue (挂账, domain 2.5)."""
    case = draft.case
    if not _is_in_time(draft, track):
        return refuse(case, Reason.OVERDUE, "a case is suspended while a step is being worked on, not afterwards")
    if track.suspensions >= SUSPENSIONS_MAX:
        return refuse(case, Reason.QUOTA_USED, "this track has been suspended once already")
    until = given.until
    if until is None or not draft.now < until <= draft.now + timedelta(days=SUSPENSION_DAYS_MAX):
        return refuse(case, Reason.BAD_DATE, f"say 'until' when, after now and within {SUSPENSION_DAYS_MAX} days")
    held = track._replace(state=TrackState.SUSPENDED, held_at=draft.now, due=until)
    held = held._replace(suspensions=track.suspensions + 1)
    draft.put(held)
    draft.journal(Reason.SUSPENDED, held, party=given.party)
    draft.tell_all(NoticeKind.INFORM, asked_now(held), Reason.SUSPENDED, case.step(held))
    return draft.decision(Reason.SUSPENDED)


def resume_early(draft: Draft, track: Track, given: Answer) -> Decision:
    """Start the clocks again before the date."""
    if track.state is not TrackState.SUSPENDED:
        return refuse(draft.case, Reason.NOT_SUSPENDED, f"track {track.name} is not suspended")
    resume(draft, track, given.party)
    return draft.decision(Reason.RESUMED)


def reassign(draft: Draft, track: Track, given: Answer) -> Decision:
    """Give the current step to another role, on fresh clocks; whoever had it is told."""
    case, step = draft.case, draft.case.step(track)
    holder = draft.holder(given.to)
    if holder is None:
        return refuse(case, Reason.NOBODY_FOUND, f"nobody holds {given.to or 'the role in to'} at {case.place}")
    if track.state not in (TrackState.WORKING, TrackState.SUPERVISED) or not step.parties:
        return refuse(case, Reason.NOT_PERMITTED, f"{step.name} is {track.state}; only asked work is reassigned")
    if not track.reviewed and given.to in _enforcers(case.rules.chain(track.name)):
        return refuse(case, Reason.NOT_PERMITTED, f"{given.to} enforces: have a human review approved first")
    before = [party for party in asked_now(track) if party != given.to]
    (order,) = orders = new_orders(draft, step, [holder])
    again = track._replace(state=TrackState.WORKING, asked_at=draft.now, orders=supersede(track.orders, orders))
    rearm(draft, again)
    draft.journal(Reason.REASSIGNED, draft.track(track.name), party=given.to)
    due = order.accept_by or order.finish_by
    draft.tell(NoticeKind.ASK, given.to, Reason.REASSIGNED, step, order, due)
    draft.tell_all(NoticeKind.INFORM, before, Reason.REASSIGNED, step)
    return draft.decision(Reason.REASSIGNED)


def _enforcers(chain: tuple[Step, ...]) -> set[str]:
    return {role for step in chain if step.enforcement for role in step.parties} | ENFORCEMENT_BODIES


def escalate(draft: Draft, track: Track, _given: Answer) -> Decision:
    """Go to the next step before its time."""
    chain = draft.case.rules.chain(track.name)
    if track.state is not TrackState.WORKING or track.step + 1 >= len(chain):
        step = draft.case.step(track).name
        return refuse(draft.case, Reason.CHAIN_ENDED, f"{step} is {track.state}; only work below the last step climbs")
    ask(draft, track.name, track.step + 1, Reason.ESCALATED)
    return draft.decision(Reason.ESCALATED)


def supervise(draft: Draft, track: Track, given: Answer) -> Decision:
    """Press whoever still owes an answer (督办); no clock changes."""
    draft.journal(Reason.SUPERVISED, track, party=given.party)
    draft.tell_all(NoticeKind.REPEAT, asked_now(track), Reason.SUPERVISED, draft.case.step(track))
    return draft.decision(Reason.SUPERVISED)


def void(draft: Draft, track: Track, given: Answer) -> Decision:
    """End the whole case without action (作废)."""
    draft.journal(Reason.VOIDED, track, party=given.party)
    for other in draft.case.tracks:
        if other.is_open and draft.case.is_open:
            draft.close_track(other, Reason.VOIDED)
    return draft.decision(Reason.VOIDED)


def reopen(draft: Draft, track: Track, given: Answer) -> Decision:
    """Open the round again at the step that had closed it."""
    case = draft.case
    if case.is_open or given.newer_open:
        what = "is still open" if case.is_open else "has a newer round that is open"
        return refuse(case, Reason.CASE_OPEN, f"case {case.id} {what}")
    if not track.required:
        return refuse(case, Reason.NOT_PERMITTED, f"{track.name} is side work; reopen a required track")
    fresh = without_checks(track)._replace(state=TrackState.WORKING, due=draft.now, reporters=(), result="")
    draft.case = case.with_track(fresh)._replace(closed_at=None, result="")
    draft.journal(Reason.REOPENED, fresh, party=given.party)
    ask(draft, track.name, track.step, Reason.ASKED)
    return draft.decision(Reason.REOPENED)
