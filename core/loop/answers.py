"""What people may say to a case, one function a verb."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from ..model.case import Case, Duty, OrderState, Reason, Track, TrackState, WorkOrder
from ..model.chain import Effect
from ..model.given import Answer, Verb
from ..model.street import Street
from .checks import ask_checker, begin_check, fail_check, is_same_hands, pass_check, unable
from .draft import Decision, Draft, refuse, unchanged
from .permits import CLOSED_TOO, PERMITS, REASON_NEEDED, TRACK_CLOSED_TOO, Who, is_permitted, order_named
from .steering import escalate, extend, reassign, reopen, resume_early, supervise, suspend, void
from .steps import ask, current_orders, is_hopeless, is_met, rearm


def answer(case: Case | None, given: Answer, now: datetime, street: Street) -> Decision:
    """Hear one answer: refuse it with a sentence, or let its verb change the case."""
    if case is None:
        return refuse(None, Reason.NO_SUCH_CASE, "no case of that name has ever been opened; see GET /cases")
    if not case.is_open and given.verb not in CLOSED_TOO:
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
    """The track of the order that is named, or the track that is, or where the party was asked; else the first."""
    for track in case.tracks:
        if any(case.order_id(order) == given.order for order in track.orders):
            return track
    if given.track:
        return case.track(given.track)
    asked = (track for track in case.tracks if any(o.party == given.party and o.is_open for o in track.orders))
    return next(asked, case.tracks[0])


def _refusal(draft: Draft, track: Track, given: Answer) -> Decision | None:
    case = draft.case
    if not track.is_open and given.verb not in TRACK_CLOSED_TOO:
        return refuse(case, Reason.CASE_CLOSED, f"track {track.name} of case {case.id} is closed already")
    if given.order and not given.order.startswith(f"{case.id}."):
        return refuse(case, Reason.STALE_ORDER, f"order {given.order} belongs to an older round; this one is {case.id}")
    if given.verb in REASON_NEEDED and not given.reason.strip():
        return refuse(case, Reason.REASON_MISSING, f"{given.verb} needs a reason; say why in 'reason'")
    if PERMITS[given.verb] is Who.ANYONE and draft.holder(given.party) is None:
        return refuse(case, Reason.NOT_PERMITTED, f"nobody holds {given.party} at {case.place}; see parties.csv")
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
    assert order is not None, "the permit refuses a party without an order"
    return order


def _with_order(track: Track, changed: WorkOrder) -> Track:
    return track._replace(orders=tuple(changed if order.number == changed.number else order for order in track.orders))


def _accept(draft: Draft, track: Track, given: Answer) -> Decision:
    order = _my_order(draft, track, given)
    if order.state is OrderState.ACCEPTED:
        return unchanged(draft.case, Reason.ALREADY)
    track = _with_order(track, order._replace(state=OrderState.ACCEPTED, by=given.by))
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
    brought = [one.kind for one in given.evidence]
    missing = [proof.kind for proof in case.rules.proofs if proof.kind not in brought]
    if effect is Effect.DONE and missing:
        return refuse(case, Reason.EVIDENCE_MISSING, f"a report must bring {', '.join(missing)}; add it to 'evidence'")
    order = _my_order(draft, track, given)
    if order.duty is Duty.CHECK:
        return refuse(case, Reason.NOT_ASKED, f"order {case.order_id(order)} asks for a check; answer it with verify")
    if track.state is TrackState.VERIFYING and track.reporters:
        return unchanged(case, Reason.ALREADY)
    state = OrderState.FAILED if effect is Effect.FAILED else OrderState.REPORTED
    mine = _orders_meant(track, order, given)
    track = track._replace(
        orders=tuple(
            one._replace(state=state, by=given.by or one.by) if one.number in mine else one for one in track.orders
        ),
    )
    draft.put(track)
    for kind in brought:
        draft.note_evidence(kind, draft.now)
    draft.journal(Reason.REPORTED, track, party=order.party, step=order.step)
    reporters = _solvers(draft, track, mine) if effect is not Effect.FAILED else ()
    if reporters:
        begin_check(draft, track, reporters, given.result or Effect.DONE, effect)
    else:
        _after_loss(draft, track)
    return draft.decision(Reason.REPORTED)


def _orders_meant(track: Track, order: WorkOrder, given: Answer) -> set[int]:
    """The orders a report answers: the one it names, else all that its party was given, for the thing is one."""
    if given.order:
        return {order.number}
    return {one.number for one in track.orders if one.party == order.party and one.is_open and one.duty is Duty.WORK}


def _solvers(draft: Draft, track: Track, mine: set[int]) -> tuple[int, ...]:
    """The orders by which a step is met now, of the first step that this report completes; none where others miss."""
    for step in draft.case.rules.chain(track.name):
        orders = current_orders(track, step)
        if any(order.number in mine for order in orders) and is_met(orders, step.need):
            return tuple(order.number for order in orders if order.state is OrderState.REPORTED)
    return ()


def _after_loss(draft: Draft, track: Track) -> None:
    """Climb where nobody is left who could do the current step; wait for the others where somebody is."""
    step = draft.case.step(track)
    if track.state is TrackState.WORKING and is_hopeless(current_orders(track, step), step.need):
        ask(draft, track.name, track.step + 1, Reason.ESCALATED)
    else:
        rearm(draft, track)


def _return(draft: Draft, track: Track, given: Answer) -> Decision:
    order = _my_order(draft, track, given)
    track = _with_order(track, order._replace(state=OrderState.RETURNED, by=given.by or order.by))
    draft.put(track)
    draft.journal(Reason.RETURNED, track, party=order.party, step=order.step)
    if order.duty is Duty.CHECK:
        ask_checker(draft, track)
    else:
        _after_loss(draft, track)
    return draft.decision(Reason.RETURNED)


def _verify(draft: Draft, track: Track, given: Answer) -> Decision:
    case = draft.case
    if track.state is not TrackState.VERIFYING or not track.reporters:
        return refuse(case, Reason.NOT_VERIFYING, f"nothing has been reported on track {track.name} yet")
    if is_same_hands(draft, track, given):
        return refuse(case, Reason.SAME_HANDS, f"{given.party} reported this itself; somebody else must verify it")
    order = next(
        (order for order in track.orders if order.duty is Duty.CHECK and order.is_open and order.party == given.party),
        None,
    )
    match given.result or "pass":
        case "pass":
            if order is not None:
                track = _with_order(track, order._replace(state=OrderState.REPORTED, by=given.by))
            pass_check(draft, track, given.party)
            return draft.decision(Reason.VERIFIED)
        case "fail":
            fail_check(draft, track, given.party)
            return draft.decision(Reason.CHECK_FAILED)
        case "unable":
            if order is None:
                return refuse(case, Reason.NOT_ASKED, f"{given.party} was not asked to check, and need not be able to")
            unable(draft, track, order)
            return draft.decision(Reason.CHECK_UNABLE)
    return refuse(case, Reason.UNKNOWN_RESULT, f"{given.result!r} is not a verdict; say pass, fail or unable")


def _review(draft: Draft, track: Track, given: Answer, reviewed: bool) -> Decision:
    step = draft.case.step(track)
    if not step.review or track.state not in (TrackState.WORKING, TrackState.SUPERVISED):
        return refuse(draft.case, Reason.NOT_UNDER_REVIEW, f"track {track.name} is not at a review but at {step.name}")
    orders = tuple(
        order._replace(state=OrderState.REPORTED, by=given.by)
        if order.step == step.name and order.party == given.party and order.is_open
        else order
        for order in track.orders
    )
    track = track._replace(orders=orders, reviewed=reviewed)
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
    Verb.EXTEND: extend,
    Verb.SUSPEND: suspend,
    Verb.RESUME: resume_early,
    Verb.REASSIGN: reassign,
    Verb.ESCALATE: escalate,
    Verb.SUPERVISE: supervise,
    Verb.VOID: void,
    Verb.REOPEN: reopen,
    Verb.COMMENT: _comment,
}
