"""Asking parties step by step: who is asked, until when, and where to go when they do not answer."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from ..model.case import OrderState, Reason, Track, TrackState, WorkOrder
from ..model.chain import Need, Step
from ..model.notice import NoticeKind
from ..model.place import Holder
from ..model.street import OPS
from .draft import Draft


def ask(draft: Draft, name: str, index: int, reason: Reason) -> None:
    """Go to the first step from ``index`` on that has somebody to ask, and ask them.

    ``reason`` is what the journal says of each party asked. A step whose parties resolve to nobody is passed at once
    and ops are told; an enforcement step without a human review leads to the review before it.
    """
    chain = draft.case.rules.chain(name)
    reviews_tried: set[int] = set()
    while index < len(chain):
        step = chain[index]
        track = draft.track(name)
        if step.enforcement and not track.reviewed:
            review = review_before(chain, index)
            if review in reviews_tried or track.step == review and _was_asked(track, chain[review]):
                return await_review(draft, name, review)
            reviews_tried.add(review)
            index = review
            continue
        if not step.parties:
            return _pause(draft, track, index, step)
        holders = [holder for role in step.parties if (holder := draft.holder(role))]
        if holders:
            return _ask_step(draft, track, index, step, holders, reason)
        draft.put(replace(track, step=index, loop=step.loop))
        draft.journal(Reason.NOBODY_FOUND, draft.track(name), party="+".join(step.parties))
        draft.tell_ops(Reason.NOBODY_FOUND, draft.track(name))
        index += 1
    end_chain(draft, name)


def review_before(chain: tuple[Step, ...], index: int) -> int:
    """The review step that guards the enforcement step at ``index``; the chain's proof guarantees that there is one."""
    return max(at for at, step in enumerate(chain[:index]) if step.review)


def _was_asked(track: Track, step: Step) -> bool:
    return any(order.step == step.name for order in track.orders)


def _pause(draft: Draft, track: Track, index: int, step: Step) -> None:
    due = draft.street.deadline(draft.now, step.finish) if step.finish else draft.now
    draft.put(
        replace(
            track,
            state=TrackState.WORKING,
            step=index,
            asked_at=draft.now,
            due=due,
            step_due=due,
            loop=step.loop,
        )
    )
    draft.journal(Reason.PAUSED, draft.track(track.name))


def _ask_step(draft: Draft, track: Track, index: int, step: Step, holders: list[Holder], reason: Reason) -> None:
    before = [order.party for order in track.orders if order.is_open and not order.check]
    orders = tuple(new_order(draft, step, holder, offset) for offset, holder in enumerate(holders, 1))
    draft.case = replace(draft.case, orders_asked=draft.case.orders_asked + len(orders))
    track = replace(
        track,
        state=TrackState.WORKING,
        step=index,
        asked_at=draft.now,
        loop=step.loop,
        held_at=None,
        quiet_until=None,
        orders=_withdraw_again(track.orders, orders) + orders,
    )
    due = step_deadline(draft, track, step)
    draft.put(replace(track, due=due, step_due=due))
    for order in orders:
        draft.journal(reason, draft.track(track.name), party=order.party)
        draft.tell(NoticeKind.ASK, order.party, reason, step, order, order.accept_by or order.finish_by)
    draft.tell_all(NoticeKind.INFORM, (*step.inform, *before), reason, step)


def _withdraw_again(old: tuple[WorkOrder, ...], new: tuple[WorkOrder, ...]) -> tuple[WorkOrder, ...]:
    """A party asked the same step again answers the new order; the old one is withdrawn."""
    again = {(order.step, order.party) for order in new}
    return tuple(
        replace(order, state=OrderState.WITHDRAWN) if order.is_open and (order.step, order.party) in again else order
        for order in old
    )


def new_order(draft: Draft, step: Step, holder: Holder, offset: int) -> WorkOrder:
    """A work order for one party, with its own clocks, counted from now (or from opening, where the step says so)."""
    now, street = draft.now, draft.street
    start = draft.case.opened_at if step.from_opening else now
    return WorkOrder(
        number=draft.case.orders_asked + offset,
        step=step.name,
        party=holder.role,
        organisation=holder.organisation,
        asked_at=now,
        accept_by=street.deadline(now, step.accept) if step.accept else None,
        finish_by=street.deadline(start, step.finish) if step.finish else None,
    )


def current_orders(track: Track, step: Step) -> list[WorkOrder]:
    """The orders of the step the track is at, the lead first; withdrawn ones do not count."""
    return [
        order
        for order in track.orders
        if order.step == step.name and not order.check and order.state is not OrderState.WITHDRAWN
    ]


def _counting(orders: list[WorkOrder], need: Need) -> list[WorkOrder]:
    return orders[:1] if need is Need.LEAD else orders


def unaccepted(track: Track, step: Step) -> list[WorkOrder]:
    """The orders whose acceptance the step still waits for."""
    orders = _counting(current_orders(track, step), step.need)
    asked = [order for order in orders if order.state is OrderState.ASKED]
    if step.need is Need.ANY and any(order.state in (OrderState.ACCEPTED, OrderState.REPORTED) for order in orders):
        return []
    return asked


def is_met(orders: list[WorkOrder], need: Need) -> bool:
    """Whether enough of a step's parties have reported it done."""
    reported = [order.state is OrderState.REPORTED for order in _counting(orders, need)]
    return any(reported) if need is Need.ANY else bool(reported) and all(reported)


def is_hopeless(orders: list[WorkOrder], need: Need) -> bool:
    """Whether a step can no longer be met because its parties returned it or failed."""
    lost = [order.state in (OrderState.RETURNED, OrderState.FAILED) for order in _counting(orders, need)]
    return all(lost) if need is Need.ANY else any(lost)


def step_deadline(draft: Draft, track: Track, step: Step) -> datetime:
    """When the current step lapses: the earliest acceptance still missing, else the finish, else the daily repetition."""
    accepts = [order.accept_by for order in unaccepted(track, step) if order.accept_by]
    finishes = [order.finish_by for order in current_orders(track, step) if order.finish_by]
    if accepts:
        return min(accepts)
    return max(finishes) if finishes else draft.street.deadline(draft.now, draft.street.repeat_after)


def rearm(draft: Draft, track: Track) -> None:
    """Write the track back with its due computed anew from its orders."""
    if track.state is TrackState.WORKING:
        due = step_deadline(draft, track, draft.case.step(track))
        track = replace(track, due=due, step_due=due)
    draft.put(track)


def lapse_step(draft: Draft, track: Track) -> Reason:
    """The current step's deadline was reached: say who missed what, and climb."""
    step = draft.case.step(track)
    missing = unaccepted(track, step) if step.accept else []
    reason = Reason.NOT_ACCEPTED if missing else Reason.NOT_FINISHED
    for order in missing or [order for order in current_orders(track, step) if order.is_open]:
        draft.journal(reason, track, party=order.party)
    ask(draft, track.name, track.step + 1, Reason.ESCALATED if step.parties else Reason.ASKED)
    return reason if step.parties else Reason.ASKED


def end_chain(draft: Draft, name: str) -> None:
    """Nobody is left to ask: the case stays open under supervision, repeated until somebody solves it."""
    track = _hold(draft, name, len(draft.case.rules.chain(name)) - 1)
    draft.journal(Reason.CHAIN_ENDED, track)
    draft.tell_ops(Reason.CHAIN_ENDED, track)


def await_review(draft: Draft, name: str, review: int) -> None:
    """Enforcement waits for a human review that nobody has given: stay at the review, and repeat it."""
    track = _hold(draft, name, review)
    draft.journal(Reason.REVIEW_AWAITED, track)
    _repeat_to_parties(draft, track, Reason.REVIEW_AWAITED)


def repeat(draft: Draft, track: Track) -> None:
    """Remind the last parties and ops, and arm the next repetition."""
    track = _hold(draft, track.name, track.step)
    draft.journal(Reason.REPEATED, track)
    _repeat_to_parties(draft, track, Reason.REPEATED)


def _hold(draft: Draft, name: str, index: int) -> Track:
    due = draft.street.deadline(draft.now, draft.street.repeat_after)
    track = replace(draft.track(name), state=TrackState.SUPERVISED, step=index, due=due, step_due=due)
    draft.put(track)
    return track


def _repeat_to_parties(draft: Draft, track: Track, reason: Reason) -> None:
    step = draft.case.step(track)
    draft.tell_all(NoticeKind.REPEAT, (role for role in step.parties if role != OPS), reason, step)
    draft.tell_ops(reason, track)
