"""What a party asks for and somebody above grants: more time, a stop of the clocks, a timeout forgiven (domain 2.5)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from ..model.case import Appeal, Duty, Reason, Request, Track, TrackState
from ..model.given import Answer, Verb
from ..model.notice import NoticeKind
from ..model.street import OPS
from .checks import person
from .draft import Decision, Draft, refuse
from .orders import asked_now, with_finish, with_orders
from .permits import order_named
from .steps import drop_request, rearm, resume

EXTENSIONS_MAX: Final = 2
SUSPENSIONS_MAX: Final = 1
SUSPENSION_DAYS_MAX: Final = 365


def ask_for(draft: Draft, track: Track, given: Answer) -> Decision:
    """An extension or a suspension: the street's operations centre grants at once, others' requests wait for it."""
    refusal = _refusal(draft, track, given.verb, given.until)
    if refusal is not None:
        return refusal
    if given.admin or given.party == OPS:
        drop_request(draft, track.name)
        return _grant(draft, draft.track(track.name), given.verb, given.until, given.party)
    case, step = draft.case, draft.case.step(track)
    order = order_named(case, track, given)
    assert order is not None, "the permit refuses a party without an order"
    if order.step != step.name:
        return refuse(case, Reason.NOT_ASKED, f"{given.party} is not asked at {step.name}, where case {case.id} is now")
    if step.review or step.pre_verify:
        return refuse(case, Reason.NOT_NOW, f"{step.name} is a review; approve or deny it, or return it")
    if track.request is not None:
        detail = f"{track.request.party} has asked to {track.request.verb} already; it waits for {OPS}"
        return refuse(case, Reason.REQUEST_PENDING, detail)
    track = track._replace(request=Request(given.verb, given.party, draft.now, given.until))
    draft.put(track)
    draft.journal(Reason.REQUESTED, track, party=given.party)
    draft.tell(NoticeKind.DECIDE, OPS, Reason.REQUESTED, step, order, track.due)
    return draft.decision(Reason.REQUESTED)


def _refusal(draft: Draft, track: Track, verb: str, until: datetime | None) -> Decision | None:
    """Why this cannot be granted now: overdue, used up, without a limit or with a wrong date."""
    case = draft.case
    if track.due is None or draft.now >= track.due:
        return refuse(case, Reason.OVERDUE, f"{verb} is granted before the deadline, not once it has passed")
    if verb == Verb.EXTEND:
        if track.extensions >= EXTENSIONS_MAX:
            return refuse(case, Reason.QUOTA_USED, f"this track has been extended {EXTENSIONS_MAX} times already")
        step = case.step(track)
        if not step.parties or step.finish is None:
            return refuse(case, Reason.NO_LIMIT, f"step {step.name} has no finish limit to extend")
        return None
    if track.suspensions >= SUSPENSIONS_MAX:
        return refuse(case, Reason.QUOTA_USED, "this track has been suspended once already")
    if until is None or not draft.now < until <= draft.now + timedelta(days=SUSPENSION_DAYS_MAX):
        return refuse(case, Reason.BAD_DATE, f"say 'until' when, after now and within {SUSPENSION_DAYS_MAX} days")
    return None


def decide_request(draft: Draft, track: Track, given: Answer, is_granted: bool) -> Decision:
    """Grant or deny what a party has asked for; a denial uses up no quota."""
    request = track.request
    assert request is not None, "only a pending request is decided"
    if not is_granted:
        track = track._replace(request=None)
        draft.put(track)
        draft.journal(Reason.REQUEST_DENIED, track, party=given.party)
        draft.tell_all(NoticeKind.INFORM, [request.party], Reason.REQUEST_DENIED, draft.case.step(track))
        return draft.decision(Reason.REQUEST_DENIED)
    refusal = _refusal(draft, track, request.verb, request.until)
    if refusal is not None:
        return refusal
    return _grant(draft, track._replace(request=None), request.verb, request.until, given.party)


def _grant(draft: Draft, track: Track, verb: str, until: datetime | None, party: str) -> Decision:
    reason = _extend(draft, track) if verb == Verb.EXTEND else _suspend(draft, track, until)
    draft.journal(reason, draft.track(track.name), party=party)
    draft.tell_all(NoticeKind.INFORM, asked_now(track), reason, draft.case.step(track))
    return draft.decision(reason)


def _extend(draft: Draft, track: Track) -> Reason:
    """Add one original limit to the current step's finish."""
    step = draft.case.step(track)
    assert step.finish is not None, "a step without a finish is not extended"
    longer = [
        with_finish(draft, order, order.finish_by, step.finish)
        for order in track.orders
        if order.step == step.name and order.finish_by and order.duty is Duty.WORK
    ]
    rearm(draft, with_orders(track, *longer)._replace(extensions=track.extensions + 1))
    return Reason.EXTENDED


def _suspend(draft: Draft, track: Track, until: datetime | None) -> Reason:
    """Stop the clocks until a date; they go on by themselves."""
    held = track._replace(state=TrackState.SUSPENDED, held_at=draft.now, due=until, remind_at=None)
    draft.put(held._replace(suspensions=track.suspensions + 1))
    return Reason.SUSPENDED


def resume_early(draft: Draft, track: Track, given: Answer) -> Decision:
    """Start the clocks again before the date."""
    resume(draft, track, given.party)
    return draft.decision(Reason.RESUMED)


def appeal(draft: Draft, track: Track, given: Answer) -> Decision:
    """A party contests, once and after the closing, that it was late (超时申诉)."""
    case = draft.case
    if case.is_open:
        return refuse(case, Reason.CASE_OPEN, f"case {case.id} is still open; a timeout is appealed after the closing")
    if case.appeal is not None:
        return refuse(case, Reason.QUOTA_USED, f"case {case.id} has been appealed already, by {case.appeal.party}")
    if not any(order.is_late for other in case.tracks for order in other.orders if order.party == given.party):
        return refuse(case, Reason.NOT_TIMED_OUT, f"no deadline of {given.party} has passed in case {case.id}")
    draft.case = case._replace(appeal=Appeal(given.party, draft.now))
    draft.journal(Reason.APPEALED, track, party=given.party)
    draft.tell(NoticeKind.DECIDE, OPS, Reason.APPEALED, case.step(track))
    return draft.decision(Reason.APPEALED)


def decide_appeal(draft: Draft, track: Track, given: Answer, is_granted: bool) -> Decision:
    """Two reviews by different hands grant an appeal, either one denies it; the factual timeout stays on record."""
    case, pending = draft.case, draft.case.appeal
    if pending is None or pending.result:
        return refuse(case, Reason.NOT_APPEALED, f"case {case.id} is closed and no appeal waits for a decision")
    hands = person(given.by) or given.by or given.party
    if given.party == pending.party or hands == pending.reviewer:
        return refuse(case, Reason.SAME_HANDS, "an appeal is decided by others: not its party, not one reviewer twice")
    if not is_granted:
        return _settle(draft, track, given, pending._replace(result="denied"), Reason.APPEAL_DENIED)
    if not pending.reviewer:
        return _settle(draft, track, given, pending._replace(reviewer=hands), Reason.APPEAL_REVIEWED)
    return _settle(draft, track, given, pending._replace(result="granted"), Reason.APPEAL_GRANTED)


def _settle(draft: Draft, track: Track, given: Answer, settled: Appeal, reason: Reason) -> Decision:
    draft.case = draft.case._replace(appeal=settled)
    draft.journal(reason, track, party=given.party)
    if settled.result:
        draft.tell_all(NoticeKind.INFORM, [settled.party], reason, draft.case.step(track))
    else:
        draft.tell(NoticeKind.DECIDE, OPS, reason, draft.case.step(track))
    return draft.decision(reason)
