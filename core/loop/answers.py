"""What people may say to a case, one function a verb."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from ..model.case import Case, OrderState, Reason, Track, TrackState, WorkOrder
from ..model.chain import Effect
from ..model.given import Answer, Verb
from ..model.notice import NoticeKind
from ..model.street import Street
from .checks import ask_checker, begin_check, fail_check, is_same_hands, pass_check
from .draft import Decision, Draft, refuse, unchanged
from .permits import CLOSED_TOO, PERMITS, REASON_NEEDED, is_permitted, order_named
from .steps import ask, current_orders, is_hopeless, is_met, new_order, rearm

EXTENSIONS_MAX: Final = 2
SUSPENSIONS_MAX: Final = 1
SUSPENSION_DAYS_MAX: Final = 365


def answer(case: Case | None, given: Answer, now: datetime, street: Street) -> Decision:
    """Hear one answer: refuse it with a sentence, or let its verb change the case."""
    if case is None:
        return refuse(None, Reason.NO_SUCH_CASE, "no case of that name has ever been opened; see GET /cases")
    if not case.is_open and given.verb not in CLOSED_TOO:
        return refuse(case, Reason.CASE_CLOSED, f"case {case.id} was closed at {case.closed_at}; reopen it first")
    track = case.track(given.track)
    if track is None:
        names = ", ".join(track.name for track in case.tracks)
        return refuse(case, Reason.NO_SUCH_TRACK, f"case {case.id} has no track {given.track!r}; it has {names}")
    refusal = _refusal(case, track, given)
    if refusal is not None:
        return refusal
    draft = Draft(case, now, street, given.event, by=given.by or given.party)
    return _VERBS[given.verb](draft, track, given)


def _refusal(case: Case, track: Track, given: Answer) -> Decision | None:
    if given.order and not given.order.startswith(f"{case.id}."):
        return refuse(case, Reason.STALE_ORDER, f"order {given.order} belongs to an older round; this one is {case.id}")
    if given.verb in REASON_NEEDED and not given.reason.strip():
        return refuse(case, Reason.REASON_MISSING, f"{given.verb} needs a reason; say why in 'reason'")
    if is_permitted(case, track, given):
        return None
    order = order_named(case, track, given)
    if given.verb is Verb.ACCEPT and order is not None and order.state is OrderState.REPORTED:
        return unchanged(case, Reason.ALREADY)
    who = PERMITS[given.verb]
    reason = Reason.NOT_ASKED if given.verb in (Verb.ACCEPT, Verb.REPORT, Verb.RETURN) else Reason.NOT_PERMITTED
    return refuse(case, reason, f"{given.party} may not {given.verb} case {case.id} now; that takes {who.value}")


def _my_order(draft: Draft, track: Track, given: Answer) -> WorkOrder:
    order = order_named(draft.case, track, given)
    if order is None:
        raise LookupError(f"{given.party} has no order on {draft.case.id}, which the permit should have refused")
    return order


def _with_order(track: Track, changed: WorkOrder) -> Track:
    return replace(
        track, orders=tuple(changed if order.number == changed.number else order for order in track.orders)
    )


def _accept(draft: Draft, track: Track, given: Answer) -> Decision:
    order = _my_order(draft, track, given)
    if order.state is OrderState.ACCEPTED:
        return unchanged(draft.case, Reason.ALREADY)
    track = _with_order(track, replace(order, state=OrderState.ACCEPTED, by=given.by))
    rearm(draft, track)
    draft.journal(Reason.ACCEPTED, draft.track(track.name), party=order.party, step=order.step)
    return draft.decision(Reason.ACCEPTED)


def _effect(draft: Draft, given: Answer) -> Effect | None:
    known = {effect.value: effect for effect in Effect} | dict(draft.case.rules.outcomes)
    return known.get(given.result or Effect.DONE)


def _report(draft: Draft, track: Track, given: Answer) -> Decision:
    case, effect = draft.case, _effect(draft, given)
    if effect is None:
        known = [*Effect, *(name for name, _ in case.rules.outcomes)]
        return refuse(
            case, Reason.UNKNOWN_RESULT, f"{given.result!r} is not a result of this case; say one of {', '.join(known)}"
        )
    missing = [kind for kind in case.rules.evidence if kind not in given.evidence]
    if effect is Effect.DONE and missing:
        return refuse(case, Reason.EVIDENCE_MISSING, f"a report must bring {', '.join(missing)}; add it to 'evidence'")
    order = _my_order(draft, track, given)
    if order.check:
        return refuse(case, Reason.NOT_ASKED, f"order {case.order_id(order)} asks for a check; answer it with verify")
    if track.state is TrackState.VERIFYING and track.reporters:
        return unchanged(case, Reason.ALREADY)
    state = OrderState.FAILED if effect is Effect.FAILED else OrderState.REPORTED
    track = _with_order(track, replace(order, state=state, by=given.by or order.by))
    draft.put(track)
    for kind in given.evidence:
        draft.note_evidence(kind, draft.now)
    draft.journal(Reason.REPORTED, track, party=order.party, step=order.step)
    _after_report(draft, track, order.step, given.result or Effect.DONE, effect)
    return draft.decision(Reason.REPORTED)


def _after_report(draft: Draft, track: Track, name: str, result: str, effect: Effect) -> None:
    """Check what is done, wait for the others where all are needed, and climb where nobody can do it."""
    step = next(step for step in draft.case.rules.chain(track.name) if step.name == name)
    orders = current_orders(track, step)
    if is_met(orders, step.need):
        reporters = tuple(order.number for order in orders if order.state is OrderState.REPORTED)
        begin_check(draft, track, reporters, result, effect)
    elif is_hopeless(orders, step.need) and name == draft.case.step(track).name and track.state is TrackState.WORKING:
        ask(draft, track.name, track.step + 1, Reason.ESCALATED)
    else:
        rearm(draft, track)


def _return(draft: Draft, track: Track, given: Answer) -> Decision:
    order = _my_order(draft, track, given)
    track = _with_order(track, replace(order, state=OrderState.RETURNED, by=given.by or order.by))
    draft.put(track)
    draft.journal(Reason.RETURNED, track, party=order.party, step=order.step)
    if order.check:
        ask_checker(draft, track)
    elif track.state is not TrackState.VERIFYING:
        _after_report(draft, track, order.step, "", Effect.FAILED)
    return draft.decision(Reason.RETURNED)


def _verify(draft: Draft, track: Track, given: Answer) -> Decision:
    case = draft.case
    if track.state is not TrackState.VERIFYING or not track.reporters:
        return refuse(case, Reason.NOT_VERIFYING, f"nothing has been reported on track {track.name} yet")
    holder = draft.holder(given.party)
    if holder is None:
        return refuse(case, Reason.NOT_PERMITTED, f"nobody holds {given.party} at {case.place}; see parties.csv")
    if is_same_hands(track, given, holder):
        return refuse(case, Reason.SAME_HANDS, f"{given.party} reported this itself; somebody else must verify it")
    match given.result or "pass":
        case "pass":
            pass_check(draft, track, given.party)
            return draft.decision(Reason.VERIFIED)
        case "fail":
            fail_check(draft, track, given.party)
            return draft.decision(Reason.CHECK_FAILED)
        case "unable":
            return _unable(draft, track, given)
    return refuse(case, Reason.UNKNOWN_RESULT, f"{given.result!r} is not a verdict; say pass, fail or unable")


def _unable(draft: Draft, track: Track, given: Answer) -> Decision:
    order = order_named(draft.case, track, given)
    if order is not None and order.check and order.is_open:
        track = _with_order(track, replace(order, state=OrderState.RETURNED, by=given.by))
        draft.put(track)
    draft.journal(Reason.CHECK_UNABLE, track, party=given.party)
    ask_checker(draft, track)
    return draft.decision(Reason.CHECK_UNABLE)


def _review(draft: Draft, track: Track, given: Answer, reviewed: bool) -> Decision:
    step = draft.case.step(track)
    if not step.review or track.state not in (TrackState.WORKING, TrackState.SUPERVISED):
        return refuse(draft.case, Reason.NOT_UNDER_REVIEW, f"track {track.name} is not at a review but at {step.name}")
    orders = tuple(
        replace(order, state=OrderState.REPORTED, by=given.by)
        if order.step == step.name and order.party == given.party and order.is_open
        else order
        for order in track.orders
    )
    track = replace(track, orders=orders, reviewed=reviewed)
    draft.put(track)
    draft.journal(Reason.REVIEWED, track, party=given.party)
    return draft.decision(Reason.REVIEWED)


def _approve(draft: Draft, track: Track, given: Answer) -> Decision:
    decision = _review(draft, track, given, reviewed=True)
    if decision.refused:
        return decision
    ask(draft, track.name, track.step + 1, Reason.ESCALATED)
    return draft.decision(Reason.REVIEWED)


def _deny(draft: Draft, track: Track, given: Answer) -> Decision:
    decision = _review(draft, track, given, reviewed=False)
    if decision.refused:
        return decision
    draft.close_track(draft.track(track.name), Effect.FALSE_ALARM)
    return draft.decision(Reason.REVIEWED)


def _extend(draft: Draft, track: Track, given: Answer) -> Decision:
    """Add one original limit to the current step's finish, at most twice, never once overdue (domain 2.5)."""
    case, step = draft.case, draft.case.step(track)
    if track.state is not TrackState.WORKING or (track.due is not None and track.due <= draft.now):
        return refuse(case, Reason.OVERDUE, "an extension is granted while a step is being worked on, not afterwards")
    if track.extensions >= EXTENSIONS_MAX:
        return refuse(case, Reason.QUOTA_USED, f"this track has been extended {EXTENSIONS_MAX} times already")
    if step.finish is None:
        return refuse(case, Reason.NO_LIMIT, f"step {step.name} has no finish limit to extend")
    limit = step.finish
    orders = tuple(
        replace(order, finish_by=draft.street.deadline(order.finish_by, limit))
        if order.step == step.name and order.finish_by and not order.check
        else order
        for order in track.orders
    )
    rearm(draft, replace(track, orders=orders, extensions=track.extensions + 1))
    draft.journal(Reason.EXTENDED, draft.track(track.name), party=given.party)
    return draft.decision(Reason.EXTENDED)


def _suspend(draft: Draft, track: Track, given: Answer) -> Decision:
    """Stop the clocks until a date: once, at most a year ahead, never once overdue (挂账, domain 2.5)."""
    case = draft.case
    if track.state is not TrackState.WORKING or (track.due is not None and track.due <= draft.now):
        return refuse(case, Reason.OVERDUE, "a case is suspended while a step is being worked on, not afterwards")
    if track.suspensions >= SUSPENSIONS_MAX:
        return refuse(case, Reason.QUOTA_USED, "this track has been suspended once already")
    until = given.until
    if until is None or not draft.now < until <= draft.now + timedelta(days=SUSPENSION_DAYS_MAX):
        return refuse(case, Reason.BAD_DATE, f"say 'until' when, after now and within {SUSPENSION_DAYS_MAX} days")
    held = replace(
        track, state=TrackState.SUSPENDED, held_at=draft.now, due=until, suspensions=track.suspensions + 1
    )
    draft.put(held)
    draft.journal(Reason.SUSPENDED, held, party=given.party)
    return draft.decision(Reason.SUSPENDED)


def _resume(draft: Draft, track: Track, given: Answer) -> Decision:
    if track.state is not TrackState.SUSPENDED:
        return refuse(draft.case, Reason.NOT_SUSPENDED, f"track {track.name} is not suspended")
    return resume(draft, track, given.party)


def resume(draft: Draft, track: Track, party: str = "") -> Decision:
    """Start the clocks again; every deadline of the step moves by the pause."""
    pause = draft.now - (track.held_at or draft.now)
    step = draft.case.step(track)
    orders = tuple(
        replace(
            order,
            accept_by=order.accept_by + pause if order.accept_by else None,
            finish_by=order.finish_by + pause if order.finish_by else None,
        )
        if order.step == step.name and order.is_open
        else order
        for order in track.orders
    )
    due = (track.step_due or draft.now) + pause
    track = replace(track, state=TrackState.WORKING, held_at=None, orders=orders, due=due, step_due=due)
    draft.put(track)
    draft.journal(Reason.RESUMED, track, party=party)
    return draft.decision(Reason.RESUMED)


def _reassign(draft: Draft, track: Track, given: Answer) -> Decision:
    """Give the current step to another role, on fresh clocks; whoever had it is told."""
    case, step = draft.case, draft.case.step(track)
    holder = draft.holder(given.to)
    if holder is None:
        return refuse(case, Reason.NOBODY_FOUND, f"nobody holds {given.to or 'the role in to'} at {case.place}")
    if track.state not in (TrackState.WORKING, TrackState.SUPERVISED):
        return refuse(case, Reason.NOT_PERMITTED, f"track {track.name} is {track.state}; only open work is reassigned")
    before = [order.party for order in track.orders if order.is_open]
    orders = tuple(
        replace(order, state=OrderState.WITHDRAWN) if order.step == step.name and not order.check else order
        for order in track.orders
    )
    order = new_order(draft, step, holder, 1)
    draft.case = replace(draft.case, orders_asked=draft.case.orders_asked + 1)
    rearm(draft, replace(track, state=TrackState.WORKING, asked_at=draft.now, orders=(*orders, order)))
    draft.journal(Reason.REASSIGNED, draft.track(track.name), party=given.to)
    draft.tell(NoticeKind.ASK, given.to, Reason.REASSIGNED, step, order, order.accept_by or order.finish_by)
    draft.tell_all(NoticeKind.INFORM, before, Reason.REASSIGNED, step)
    return draft.decision(Reason.REASSIGNED)


def _escalate(draft: Draft, track: Track, given: Answer) -> Decision:
    chain = draft.case.rules.chain(track.name)
    if track.state is not TrackState.WORKING or track.step + 1 >= len(chain):
        return refuse(draft.case, Reason.CHAIN_ENDED, f"there is nobody above {draft.case.step(track).name} to ask")
    ask(draft, track.name, track.step + 1, Reason.ESCALATED)
    return draft.decision(Reason.ESCALATED)


def _supervise(draft: Draft, track: Track, given: Answer) -> Decision:
    draft.journal(Reason.SUPERVISED, track, party=given.party)
    asked = [order.party for order in track.orders if order.is_open]
    draft.tell_all(NoticeKind.REPEAT, asked, Reason.SUPERVISED, draft.case.step(track))
    return draft.decision(Reason.SUPERVISED)


def _void(draft: Draft, track: Track, given: Answer) -> Decision:
    draft.journal(Reason.VOIDED, track, party=given.party)
    for other in draft.case.tracks:
        if other.is_open and draft.case.is_open:
            draft.close_track(draft.track(other.name), Reason.VOIDED)
    return draft.decision(Reason.VOIDED)


def _reopen(draft: Draft, track: Track, given: Answer) -> Decision:
    """Open the round again at the step that had closed it."""
    case = draft.case
    if case.is_open or given.newer_open:
        what = "is still open" if case.is_open else "has a newer round that is open"
        return refuse(case, Reason.CASE_OPEN, f"case {case.id} {what}")
    fresh = replace(track, state=TrackState.WORKING, due=draft.now, reporters=(), result="")
    draft.case = replace(case.with_track(fresh), closed_at=None, result="")
    draft.journal(Reason.REOPENED, fresh, party=given.party)
    ask(draft, track.name, track.step, Reason.ASKED)
    return draft.decision(Reason.REOPENED)


def _comment(draft: Draft, track: Track, given: Answer) -> Decision:
    draft.journal(Reason.COMMENTED, track, party=given.party)
    return draft.decision(Reason.COMMENTED)


_VERBS: Final[dict[Verb, Callable[[Draft, Track, Answer], Decision]]] = {
    Verb.ACCEPT: _accept,
    Verb.REPORT: _report,
    Verb.RETURN: _return,
    Verb.VERIFY: _verify,
    Verb.APPROVE: _approve,
    Verb.DENY: _deny,
    Verb.EXTEND: _extend,
    Verb.SUSPEND: _suspend,
    Verb.RESUME: _resume,
    Verb.REASSIGN: _reassign,
    Verb.ESCALATE: _escalate,
    Verb.SUPERVISE: _supervise,
    Verb.VOID: _void,
    Verb.REOPEN: _reopen,
    Verb.COMMENT: _comment,
}
