"""What people may say to a case, one function a verb."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from ..model.case import Case, Duty, OrderState, Reason, Track, TrackState, WorkOrder
from ..model.chain import Effect
from ..model.given import Answer, Verb
from ..model.notice import NoticeKind
from ..model.street import Street
from .checks import ask_checker, begin_check, fail_check, is_same_hands, pass_check, unable
from .dispatching import dispatch, reassign
from .draft import Decision, Draft, refuse, unchanged
from .evidence import effect_of, faults_of, note_brought, still_awaited
from .orders import STOPPED, current_orders, is_hopeless, is_met, owing, with_orders, without
from .permits import PERMITS, Who, is_permitted, order_named
from .requests import appeal, ask_for, decide_appeal, decide_request, resume_early
from .steering import escalate, force_close, reopen, supervise, void
from .steps import ask, drop_request, go_on, leave_if_hopeless, rearm, turn_to_others


def answer(case: Case | None, given: Answer, now: datetime, street: Street) -> Decision:
    """Hear one answer: refuse it with a sentence, or let its verb change the case."""
    if case is None:
        return refuse(None, Reason.NO_SUCH_CASE, "no case of that name has ever been opened; see GET /cases")
    if not case.is_open and not PERMITS[given.verb].on_closed:
        return refuse(case, Reason.CASE_CLOSED, f"case {case.id} was closed at {case.closed_at}; reopen it first")
    track = _track_meant(case, given)
    if track is None:
        names = ", ".join(track.name for track in case.tracks)
        return refuse(case, Reason.NO_SUCH_TRACK, f"case {case.id} has no track {given.track!r}; it has {names}")
    draft = Draft(case, now, street, given.event, by=given.by or given.party)
    refusal = _refusal(draft, track, given)
    if refusal is not None:
        return refusal
    return _VERBS[given.verb](draft, track, given)


def _track_meant(case: Case, given: Answer) -> Track | None:
    """The track of the named order, or the named track; else where the party is asked, or was; else the first."""
    for track in case.tracks:
        if any(case.order_id(order) == given.order for order in track.orders):
            return track
    if given.track:
        return case.track(given.track)
    mine = [(track, order) for track in case.tracks for order in track.orders if order.party == given.party]
    asked = [track for track, order in mine if order.is_open] or [track for track, _ in mine]
    return asked[0] if asked else case.tracks[0]


def _refusal(draft: Draft, track: Track, given: Answer) -> Decision | None:
    case, permit = draft.case, PERMITS[given.verb]
    if given.order and not given.order.startswith(f"{case.id}."):
        return refuse(case, Reason.STALE_ORDER, f"order {given.order} belongs to an older round; this one is {case.id}")
    if case.is_open and not track.is_open and not permit.of_case:
        return refuse(case, Reason.CASE_CLOSED, f"track {track.name} of case {case.id} is closed already")
    if permit.says_why and not given.reason.strip():
        return refuse(case, Reason.REASON_MISSING, f"{given.verb} needs a reason; say why in 'reason'")
    if permit.who in (Who.ANYONE, Who.DECIDER) and not given.admin and draft.holder(given.party) is None:
        return refuse(case, Reason.NOT_PERMITTED, f"nobody holds {given.party} at {case.place}; see parties.csv")
    if not is_permitted(case, track, given, draft.street):
        return _not_permitted(case, track, given)
    if case.is_open and not permit.of_case and track.state not in permit.when:
        known = ", ".join(sorted(permit.when))
        detail = f"{given.verb} is heard while a track is {known}; {track.name} is {track.state}"
        return refuse(case, permit.otherwise, detail)
    return None


def _not_permitted(case: Case, track: Track, given: Answer) -> Decision:
    order, who = order_named(case, track, given), PERMITS[given.verb].who
    if given.verb is Verb.ACCEPT and order is not None and order.state is OrderState.REPORTED:
        return unchanged(case, Reason.ALREADY)
    reason = Reason.NOT_ASKED if who is Who.ASKED else Reason.NOT_PERMITTED
    return refuse(case, reason, f"{given.party} may not {given.verb} case {case.id} now; that takes {who.value}")


def _my_order(draft: Draft, track: Track, given: Answer) -> WorkOrder:
    order = order_named(draft.case, track, given)
    assert order is not None, "the permit refuses a party without an order"
    return order


def _wrong_duty(draft: Draft, order: WorkOrder) -> Decision | None:
    """Why an order that asks for no disposal cannot be reported: it is answered in words of its own."""
    name = draft.case.order_id(order)
    if order.duty is Duty.CHECK:
        return refuse(draft.case, Reason.NOT_ASKED, f"order {name} asks for a check; answer it with verify")
    if order.duty is Duty.DISPATCH:
        detail = f"order {name} asks to send returned work on; answer it with reassign, it finishes nothing"
        return refuse(draft.case, Reason.NOT_PERMITTED, detail)
    return None


def _accept(draft: Draft, track: Track, given: Answer) -> Decision:
    order = _my_order(draft, track, given)
    if order.state is OrderState.ACCEPTED:
        return unchanged(draft.case, Reason.ALREADY)
    order = order._replace(state=OrderState.ACCEPTED, by=given.by)
    track = with_orders(track, order)
    rearm(draft, track)
    draft.journal(Reason.ACCEPTED, draft.track(track.name), party=order.party, step=order.step)
    _stop_paging_others(draft, track, order)
    return draft.decision(Reason.ACCEPTED)


def _stop_paging_others(draft: Draft, track: Track, order: WorkOrder) -> None:
    """Where this acceptance suffices, the others are paged no more; they hear that somebody has taken it."""
    step = draft.case.step(track)
    awaited = owing(track, step)
    if order not in awaited:
        return
    others = [one for one in current_orders(track, step) if one.state is OrderState.ASKED and one not in awaited]
    draft.silenced.extend(draft.case.order_id(one) for one in others)
    draft.tell_all(NoticeKind.INFORM, (one.party for one in others), Reason.ACCEPTED, step)


def _report(draft: Draft, track: Track, given: Answer) -> Decision:
    case = draft.case
    effect = effect_of(case.rules, given.result or Effect.DONE)
    if effect is None:
        known = [*Effect, *(name for name, _ in case.rules.outcomes)]
        return refuse(
            case, Reason.UNKNOWN_RESULT, f"{given.result!r} is not a result of this case; say one of {', '.join(known)}"
        )
    order = _my_order(draft, track, given)
    if refusal := _wrong_duty(draft, order):
        return refusal
    if track.state is TrackState.VERIFYING and track.reporters:
        return unchanged(case, Reason.ALREADY)
    faults = faults_of(draft, given, order.asked_at, effect=effect, step=order.step)
    if faults:
        return refuse(case, Reason.EVIDENCE_MISSING, "; ".join(faults))
    state = OrderState.FAILED if effect is Effect.FAILED else OrderState.REPORTED
    mine = [_reported(draft, track, one, state, given) for one in _orders_meant(track, order, given)]
    draft.put(track := with_orders(track, *mine))
    note_brought(draft, given)
    draft.journal(Reason.REPORTED, track, party=order.party, step=order.step)
    drop_request(draft, track.name, of=order.party)
    track = draft.track(track.name)
    numbers = {one.number for one in mine}
    solvers = _solvers(draft, track, numbers, effect)
    if effect is Effect.DONE and _leads_on(draft, track, mine):
        ask(draft, track.name, track.step + 1, Reason.ASKED)
    elif solvers:
        reporters = tuple(sorted({*solvers, *numbers}))
        begin_check(draft, track, reporters, given.result or Effect.DONE, effect, given.doubt)
    else:
        turn_to_others(draft, track, order)
        leave_if_hopeless(draft, track.name)
    awaited = still_awaited(draft.case, draft.track(track.name)) if solvers else ""
    return draft.decision(Reason.REPORTED, awaited)


def _leads_on(draft: Draft, track: Track, mine: list[WorkOrder]) -> bool:
    """Whether this report solves the current step, and that is one which leads on to the next."""
    step = draft.case.step(track)
    orders = current_orders(track, step)
    return step.goes_on and is_met(orders, step.need) and any(one in orders for one in mine)


def _orders_meant(track: Track, order: WorkOrder, given: Answer) -> list[WorkOrder]:
    """The orders a report answers: the one it names, else all that its party was given, for the thing is one."""
    if given.order:
        return [order]
    return [one for one in track.orders if one.party == order.party and one.is_open and one.duty is Duty.WORK]


def _reported(draft: Draft, track: Track, order: WorkOrder, state: OrderState, given: Answer) -> WorkOrder:
    """The order as it was reported on; late when that came after its finish (domain 2.5, timeout fact).

    While the clocks stand still nobody becomes late.
    """
    now = track.held_at if track.state in STOPPED and track.held_at else draft.now
    is_late = order.is_late or (order.finish_by is not None and now > order.finish_by)
    return order._replace(state=state, by=given.by or order.by, is_late=is_late)


def _solvers(draft: Draft, track: Track, mine: set[int], effect: Effect) -> tuple[int, ...]:
    """The orders by which a step is met now, of the first step that this report completes; none where others miss.

    A step that goes on is no end when it is done, and where the chain has climbed past it, nothing at all.
    """
    chain = draft.case.rules.chain(track.name) if effect is not Effect.FAILED else ()
    for step in chain:
        if step.goes_on and effect is Effect.DONE:
            continue
        orders = current_orders(track, step)
        if any(order.number in mine for order in orders) and is_met(orders, step.need):
            return tuple(order.number for order in orders if order.state is OrderState.REPORTED)
    return ()


_AT_WORK: Final = (TrackState.WORKING, TrackState.SUPERVISED)


def _return(draft: Draft, track: Track, given: Answer) -> Decision:
    order, step = _my_order(draft, track, given), draft.case.step(track)
    if track.is_arbitrated and order.duty is Duty.WORK:
        detail = f"after {track.returns} returns nobody returns this any more; do it, or report why it failed"
        return refuse(draft.case, Reason.RETURNS_USED, detail)
    returned = order._replace(state=OrderState.RETURNED, by=given.by or order.by)
    draft.put(track := with_orders(track, returned))
    draft.journal(Reason.RETURNED, track, party=order.party, step=order.step)
    drop_request(draft, track.name, of=order.party)
    track = draft.track(track.name)
    if order.duty is Duty.CHECK:
        ask_checker(draft, track, draft.case.rules.check_of(track.name).parties)
    elif order.duty is Duty.DISPATCH:
        ask(draft, track.name, track.step + 1, Reason.ESCALATED)
    elif track.state in _AT_WORK and order.step == step.name and is_hopeless(current_orders(track, step), step.need):
        dispatch(draft, track, returned)
    else:
        turn_to_others(draft, track, order)
    return draft.decision(Reason.RETURNED)


def _verify(draft: Draft, track: Track, given: Answer) -> Decision:
    case = draft.case
    order = next(
        (one for one in track.orders if one.duty is Duty.CHECK and one.is_open and one.party == given.party), None
    )
    if not track.reporters and order is None:
        return refuse(case, Reason.NOT_VERIFYING, f"nothing has been reported on track {track.name} yet")
    if is_same_hands(draft, track, given):
        return refuse(case, Reason.SAME_HANDS, f"{given.party} reported this itself; somebody else must verify it")
    match given.result or "pass":
        case "pass":
            return _pass(draft, track, given, order)
        case "fail":
            _fail(draft, track, given)
            return draft.decision(Reason.CHECK_FAILED)
        case "unable":
            if order is None:
                return refuse(case, Reason.NOT_ASKED, f"{given.party} was not asked to check, and need not be able to")
            unable(draft, track, order)
            return draft.decision(Reason.CHECK_UNABLE)
    return refuse(case, Reason.UNKNOWN_RESULT, f"{given.result!r} is not a verdict; say pass, fail or unable")


def _pass(draft: Draft, track: Track, given: Answer, order: WorkOrder | None) -> Decision:
    faults = faults_of(draft, given, track.asked_at, closes=track)
    if faults:
        return refuse(draft.case, Reason.EVIDENCE_MISSING, "; ".join(faults))
    note_brought(draft, given)
    if order is not None:
        track = with_orders(track, order._replace(state=OrderState.REPORTED, by=given.by))
    pass_check(draft, track, given.party)
    return draft.decision(Reason.VERIFIED)


def _fail(draft: Draft, track: Track, given: Answer) -> None:
    if track.reporters:
        fail_check(draft, track, given.party)
    else:
        go_on(draft, without(track, Duty.CHECK), Reason.CHECK_FAILED, given.party)


def _decide(draft: Draft, track: Track, given: Answer, is_granted: bool) -> Decision:
    """Approve or deny: an appeal of a closed case, a request of a party, else the review that the track is at."""
    if not draft.case.is_open:
        return decide_appeal(draft, track, given, is_granted)
    if track.request is not None:
        return decide_request(draft, track, given, is_granted)
    step = draft.case.step(track)
    if not (step.review or step.pre_verify):
        return refuse(draft.case, Reason.NOT_UNDER_REVIEW, f"track {track.name} is not at a review but at {step.name}")
    mine = [
        order._replace(state=OrderState.REPORTED, by=given.by)
        for order in track.orders
        if order.step == step.name and order.party == given.party and order.is_open
    ]
    track = with_orders(track, *mine)._replace(reviewed=is_granted if step.review else track.reviewed)
    draft.put(track)
    draft.journal(Reason.REVIEWED, track, party=given.party)
    if is_granted:
        ask(draft, track.name, track.step + 1, Reason.ESCALATED)
    else:
        draft.close_track(draft.track(track.name), Effect.FALSE_ALARM)
    return draft.decision(Reason.REVIEWED)


def _approve(draft: Draft, track: Track, given: Answer) -> Decision:
    return _decide(draft, track, given, is_granted=True)


def _deny(draft: Draft, track: Track, given: Answer) -> Decision:
    return _decide(draft, track, given, is_granted=False)


def _comment(draft: Draft, track: Track, given: Answer) -> Decision:
    faults = faults_of(draft, given, track.asked_at)
    if faults:
        return refuse(draft.case, Reason.EVIDENCE_MISSING, "; ".join(faults))
    note_brought(draft, given)
    draft.journal(Reason.COMMENTED, track, party=given.party)
    return draft.decision(Reason.COMMENTED)


_VERBS: Final[dict[Verb, Callable[[Draft, Track, Answer], Decision]]] = {
    Verb.ACCEPT: _accept,
    Verb.REPORT: _report,
    Verb.RETURN: _return,
    Verb.VERIFY: _verify,
    Verb.APPROVE: _approve,
    Verb.DENY: _deny,
    Verb.EXTEND: ask_for,
    Verb.SUSPEND: ask_for,
    Verb.RESUME: resume_early,
    Verb.REASSIGN: reassign,
    Verb.ESCALATE: escalate,
    Verb.SUPERVISE: supervise,
    Verb.VOID: void,
    Verb.CLOSE: force_close,
    Verb.REOPEN: reopen,
    Verb.APPEAL: appeal,
    Verb.COMMENT: _comment,
}
