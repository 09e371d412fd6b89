"""Returned work (回退): who sends it on, within which time, and how going back and forth comes to an end.

Domain 2.4 and 2.5: a return stops the clock of the disposal and starts that of the dispatch; the same party resumes
with the time it had left, another starts afresh; whoever receives a return may send it on, but not finish it.
"""

from __future__ import annotations

from ..model.case import Duty, Reason, Track, TrackState, WorkOrder
from ..model.chain import ENFORCEMENT_BODIES, Step
from ..model.given import Answer
from ..model.notice import NoticeKind
from ..model.place import Holder
from ..model.street import OPS
from .draft import Decision, Draft, refuse
from .orders import LOST, asked_afresh, asked_now, current_orders, new_orders, supersede, unpaused, withdrawn, without
from .steps import drop_request, leave, rearm, side_order


def dispatch(draft: Draft, track: Track, returned: WorkOrder) -> None:
    """Have returned work sent on; after too many returns by the arbiter, and then nobody returns it any more.

    Where the dispatcher is who returned it, or nobody could dispatch, the next step is asked at once.
    """
    rules = draft.case.rules
    drop_request(draft, track.name)
    returns = track.returns + 1
    track = draft.track(track.name)._replace(returns=returns, is_arbitrated=returns >= rules.returns_max)
    draft.put(track)
    role = rules.arbiter if track.is_arbitrated else OPS
    if role != returned.party:
        if holder := draft.holder(role):
            return _ask_dispatcher(draft, track, holder)
        draft.journal(draft.nobody([role]), track, party=role)
        draft.tell_ops(draft.nobody([role]), track)
    return leave(draft, track.name)


def _ask_dispatcher(draft: Draft, track: Track, holder: Holder) -> None:
    step, street = draft.case.step(track), draft.street
    due = street.deadline(draft.now, street.dispatch_within)
    order = side_order(draft, step, holder, Duty.DISPATCH, due)
    track = track._replace(
        state=TrackState.DISPATCHING, orders=(*track.orders, order), held_at=draft.now, due=due, remind_at=None
    )
    draft.put(track)
    reason = Reason.ARBITER_ASKED if track.is_arbitrated else Reason.DISPATCH_ASKED
    draft.journal(reason, track, party=holder.role)
    draft.tell(NoticeKind.DISPATCH, holder.role, reason, step, order, due)


def lapse_dispatch(draft: Draft, track: Track) -> Reason:
    """Nobody sent the returned work on in time: the step was in vain."""
    for order in track.orders:
        if order.duty is Duty.DISPATCH:
            draft.journal(Reason.NOT_DISPATCHED, track, party=order.party)
    draft.tell_ops(Reason.NOT_DISPATCHED, track)
    leave(draft, track.name)
    return Reason.NOT_DISPATCHED


def reassign(draft: Draft, track: Track, given: Answer) -> Decision:
    """Give the current step to a role; returned work goes on with whoever gets it, other work starts afresh."""
    case, step = draft.case, draft.case.step(track)
    holder = draft.holder(given.to)
    if holder is None:
        reason = draft.nobody([given.to])
        return refuse(case, reason, f"nobody holds {given.to or 'the role in to'} at {case.place} now; name another")
    if not step.parties:
        return refuse(case, Reason.NOT_NOW, f"{step.name} asks nobody yet, so there is nothing to give to others")
    if not track.reviewed and given.to in _enforcers(case.rules.chain(track.name)):
        return refuse(case, Reason.NOT_PERMITTED, f"{given.to} enforces: have a human review approved first")
    drop_request(draft, track.name)
    track = draft.track(track.name)
    before = [party for party in asked_now(track) if party not in (given.to, given.party)]
    again = _sent_on if track.state is TrackState.DISPATCHING else _given_to
    track, order = again(draft, track, step, holder)
    rearm(draft, without(track, Duty.DISPATCH)._replace(state=TrackState.WORKING, held_at=None))
    draft.journal(Reason.REASSIGNED, draft.track(track.name), party=given.to)
    draft.tell(NoticeKind.ASK, given.to, Reason.REASSIGNED, step, order, order.accept_by or order.finish_by)
    draft.tell_all(NoticeKind.INFORM, before, Reason.REASSIGNED, step)
    return draft.decision(Reason.REASSIGNED)


def _enforcers(chain: tuple[Step, ...]) -> set[str]:
    return {role for step in chain if step.enforcement for role in step.parties} | ENFORCEMENT_BODIES


def _given_to(draft: Draft, track: Track, step: Step, holder: Holder) -> tuple[Track, WorkOrder]:
    """The whole step to one party; whoever had it is asked no longer."""
    orders = new_orders(draft, step, [holder])
    return track._replace(asked_at=draft.now, orders=supersede(track.orders, orders)), orders[0]


def _sent_on(draft: Draft, track: Track, step: Step, holder: Holder) -> tuple[Track, WorkOrder]:
    """All that its parties would not or could not do; the clocks of the step have stood still meanwhile."""
    track = unpaused(draft, track)
    lost = [order for order in current_orders(track, step) if order.state in LOST]
    mine = [one for one in lost if (one.party, one.organisation) == (holder.role, holder.organisation)]
    order = asked_afresh(draft, step, mine[0]) if mine else new_orders(draft, step, [holder])[0]
    order = order._replace(is_late=any(one.is_late for one in track.orders if _is_same(one, order)))
    # In the place of what was lost: who gets the lead's work is the lead.
    at = track.orders.index(lost[0])
    below, above = (
        tuple(withdrawn(one) if one in lost else one for one in part if not _is_same(one, order))
        for part in (track.orders[:at], track.orders[at:])
    )
    return track._replace(orders=(*below, order, *above)), order


def _is_same(one: WorkOrder, order: WorkOrder) -> bool:
    return (one.step, one.party, one.duty) == (order.step, order.party, order.duty)
