"""Asking parties step by step: who is asked, until when, and where to go when they do not answer."""

from __future__ import annotations

from datetime import datetime, timedelta

from ..model.case import Duty, OrderState, Reason, Track, TrackState, WorkOrder
from ..model.chain import Need, Step
from ..model.notice import NoticeKind
from ..model.place import Holder
from ..model.street import OPS
from .draft import Draft


def ask(draft: Draft, name: str, index: int, reason: Reason) -> None:
    """Go to the first step from ``index`` on that has somebody to ask, and ask them.

    ``reason`` is what the journal says of each party asked. A step whose parties resolve to nobody is passed at once
    and ops are told. An enforcement step without a human review leads back to the review before it.
    """
    chain = draft.case.rules.chain(name)
    while index < len(chain):
        step = chain[index]
        track = draft.track(name)
        if step.enforcement and not track.reviewed:
            return _back_to_review(draft, track, review_before(chain, index), reason)
        if not step.parties:
            return _pause(draft, track, index, step)
        if holders := _holders(draft, step):
            return _ask_step(draft, track, index, step, holders, reason)
        draft.put(track._replace(step=index, loop=step.loop))
        draft.journal(Reason.NOBODY_FOUND, draft.track(name), party="+".join(step.parties))
        draft.tell_ops(Reason.NOBODY_FOUND, draft.track(name))
        index += 1
    return end_chain(draft, name)


def review_before(chain: tuple[Step, ...], index: int) -> int:
    """The review step that guards the enforcement step at ``index``; the chain's proof guarantees that there is one."""
    return max(at for at, step in enumerate(chain[:index]) if step.review)


def _back_to_review(draft: Draft, track: Track, review: int, reason: Reason) -> None:
    """Ask for the review, once; where that was in vain, or nobody could be asked, the case stays there and waits.

    Going on from the review would ask the steps between it and the enforcement over and over.
    """
    step = draft.case.rules.chain(track.name)[review]
    was_asked = any(order.step == step.name for order in track.orders)
    holders = [] if was_asked else _holders(draft, step)
    if holders:
        return _ask_step(draft, track, review, step, holders, reason)
    return await_review(draft, track.name, review)


def _holders(draft: Draft, step: Step) -> list[Holder]:
    return [holder for role in step.parties if (holder := draft.holder(role))]


def _pause(draft: Draft, track: Track, index: int, step: Step) -> None:
    due = draft.street.deadline(draft.now, step.finish) if step.finish else draft.now
    track = track._replace(
        state=TrackState.WORKING,
        step=index,
        asked_at=draft.now,
        due=due,
        step_due=due,
        loop=step.loop,
    )
    draft.put(track)
    draft.journal(Reason.PAUSED, track)


def _ask_step(draft: Draft, track: Track, index: int, step: Step, holders: list[Holder], reason: Reason) -> None:
    before = [order.party for order in track.orders if order.is_open and order.duty is Duty.WORK]
    orders = new_orders(draft, step, holders)
    track = track._replace(
        state=TrackState.WORKING,
        step=index,
        asked_at=draft.now,
        loop=step.loop,
        orders=supersede(track.orders, orders),
    )
    rearm(draft, track)
    for order in orders:
        draft.journal(reason, draft.track(track.name), party=order.party)
        draft.tell(NoticeKind.ASK, order.party, reason, step, order, order.accept_by or order.finish_by)
    asked = {order.party for order in orders}
    told = (role for role in (*step.inform, *before) if role not in asked)
    draft.tell_all(NoticeKind.INFORM, told, reason, step)


def supersede(old: tuple[WorkOrder, ...], new: tuple[WorkOrder, ...]) -> tuple[WorkOrder, ...]:
    """The orders after a step was asked (again): what it had asked before is withdrawn.

    A party keeps one order a step, its newest, so that a case never holds more orders than its chain has parties.
    """
    step, parties = new[0].step, {order.party for order in new}
    kept = (order for order in old if order.duty is Duty.CHECK or order.step != step or order.party not in parties)
    return (*(order if order.duty is Duty.CHECK or order.step != step else withdrawn(order) for order in kept), *new)


def withdrawn(order: WorkOrder) -> WorkOrder:
    """The order taken back: it can be answered no longer, and its step no longer counts it."""
    return order._replace(state=OrderState.WITHDRAWN)


def new_orders(draft: Draft, step: Step, holders: list[Holder]) -> tuple[WorkOrder, ...]:
    """A numbered work order for each holder, with its own clocks from now (or opening, where the step says so).

    Where the time from opening is up before the party could even accept, ``finish`` counts from now: nobody is asked
    for something that is overdue already.
    """
    now, deadline, case = draft.now, draft.street.deadline, draft.case
    accept_by = deadline(now, step.accept) if step.accept else None
    finish_by = deadline(case.opened_at if step.from_opening else now, step.finish) if step.finish else None
    if step.finish and finish_by and finish_by <= (accept_by or now):
        finish_by = deadline(now, step.finish)
    draft.case = case._replace(orders_asked=case.orders_asked + len(holders))
    return tuple(
        WorkOrder(number, step.name, holder.role, holder.organisation, now, accept_by, finish_by)
        for number, holder in enumerate(holders, case.orders_asked + 1)
    )


def current_orders(track: Track, step: Step) -> list[WorkOrder]:
    """The orders of a step, the lead first; withdrawn ones do not count."""
    return [
        order
        for order in track.orders
        if order.step == step.name and order.duty is Duty.WORK and order.state is not OrderState.WITHDRAWN
    ]


def _counting(orders: list[WorkOrder], need: Need) -> list[WorkOrder]:
    return orders[:1] if need is Need.LEAD else orders


def unaccepted(track: Track, step: Step) -> list[WorkOrder]:
    """The orders whose acceptance the step still waits for."""
    orders = _counting(current_orders(track, step), step.need)
    taken = any(order.state in (OrderState.ACCEPTED, OrderState.REPORTED) for order in orders)
    if step.accept is None or (step.need is Need.ANY and taken):
        return []
    return [order for order in orders if order.state is OrderState.ASKED]


def is_met(orders: list[WorkOrder], need: Need) -> bool:
    """Whether enough of a step's parties have reported it done."""
    reported = [order.state is OrderState.REPORTED for order in _counting(orders, need)]
    return any(reported) if need is Need.ANY else bool(reported) and all(reported)


def is_hopeless(orders: list[WorkOrder], need: Need) -> bool:
    """Whether a step can no longer be met because its parties returned it or failed."""
    lost = [order.state in (OrderState.RETURNED, OrderState.FAILED) for order in _counting(orders, need)]
    return bool(lost) and all(lost) if need is Need.ANY else any(lost)


def step_deadline(draft: Draft, track: Track, step: Step) -> datetime:
    """When a step lapses: the earliest acceptance still missing, else the finish, else a day after it was taken on."""
    orders = current_orders(track, step)
    accepts = [order.accept_by for order in unaccepted(track, step) if order.accept_by]
    finishes = [order.finish_by for order in orders if order.finish_by]
    if accepts:
        return min(accepts)
    if finishes:
        return max(finishes)
    asked = max((order.accept_by or order.asked_at for order in orders), default=track.asked_at)
    return draft.street.deadline(asked, draft.street.repeat_after)


def rearm(draft: Draft, track: Track) -> None:
    """Write the track back with its due computed anew from its orders; a pause keeps the one it has."""
    step = draft.case.step(track)
    if track.state is TrackState.WORKING and step.parties:
        due = step_deadline(draft, track, step)
        track = track._replace(due=due, step_due=due)
    draft.put(track)


def resume(draft: Draft, track: Track, party: str = "") -> None:
    """Start the clocks again after a suspension; every deadline of the step moves by its length."""
    pause = draft.now - (track.held_at or draft.now)
    name = draft.case.step(track).name
    orders = tuple(
        _later(order, pause) if order.step == name and order.duty is Duty.WORK else order for order in track.orders
    )
    track = track._replace(orders=orders, step_due=(track.step_due or draft.now) + pause)
    go_on(draft, track, Reason.RESUMED, party)


def _later(order: WorkOrder, pause: timedelta) -> WorkOrder:
    accept_by, finish_by = order.accept_by, order.finish_by
    return order._replace(accept_by=accept_by and accept_by + pause, finish_by=finish_by and finish_by + pause)


def go_on(draft: Draft, track: Track, reason: Reason, party: str = "") -> None:
    """A step that was held goes on under the deadline it has, even where that has passed.

    What was answered meanwhile counts: where nobody is left who could do it, the next step is asked at once.
    """
    state = track.held_state
    track = track._replace(state=state, held_at=None, quiet_until=None, result="", due=track.step_due)
    track = track._replace(held_state=TrackState.WORKING)
    rearm(draft, track)
    step = draft.case.step(track)
    draft.journal(reason, draft.track(track.name), party=party)
    draft.tell_all(NoticeKind.INFORM, asked_now(track), reason, step)
    if state is TrackState.WORKING and is_hopeless(current_orders(track, step), step.need):
        ask(draft, track.name, track.step + 1, Reason.ESCALATED)


def asked_now(track: Track) -> list[str]:
    """The parties that still have an open order on the track."""
    return [order.party for order in track.orders if order.is_open]


def lapse_step(draft: Draft, track: Track) -> Reason:
    """The current step's deadline was reached: say who missed what, and climb."""
    step = draft.case.step(track)
    if not step.parties:
        ask(draft, track.name, track.step + 1, Reason.ASKED)
        return Reason.ASKED
    missing = unaccepted(track, step)
    reason = Reason.NOT_ACCEPTED if missing else Reason.NOT_FINISHED
    for order in missing or [order for order in current_orders(track, step) if order.is_open]:
        draft.journal(reason, track, party=order.party)
    ask(draft, track.name, track.step + 1, Reason.ESCALATED)
    return reason


def end_chain(draft: Draft, name: str) -> None:
    """Nobody is left to ask: the case stays open under supervision, repeated until somebody solves it."""
    track = _hold(draft, name, len(draft.case.rules.chain(name)) - 1)
    draft.journal(Reason.CHAIN_ENDED, track)
    draft.tell_ops(Reason.CHAIN_ENDED, track)


def await_review(draft: Draft, name: str, review: int) -> None:
    """Enforcement waits for a human review that nobody has given: stay at the review, and repeat it."""
    track = _hold(draft, name, review)
    draft.journal(Reason.REVIEW_AWAITED, track)
    _remind(draft, track, Reason.REVIEW_AWAITED)


def repeat(draft: Draft, track: Track) -> None:
    """Remind the last parties and ops, and arm the next repetition."""
    track = _hold(draft, track.name, track.step)
    draft.journal(Reason.REPEATED, track)
    _remind(draft, track, Reason.REPEATED)


def _hold(draft: Draft, name: str, index: int) -> Track:
    due = draft.street.deadline(draft.now, draft.street.repeat_after)
    loop = draft.case.rules.chain(name)[index].loop
    track = draft.track(name)._replace(state=TrackState.SUPERVISED, step=index, due=due, step_due=due, loop=loop)
    draft.put(track)
    return track


def _remind(draft: Draft, track: Track, reason: Reason) -> None:
    """Repeat the order of whoever still has one; where nobody has, order anew from whoever holds the step's roles."""
    step = draft.case.step(track)
    orders = tuple(order for order in current_orders(track, step) if order.is_open)
    if not orders and (holders := _holders(draft, step)):
        orders = new_orders(draft, step, holders)
        draft.put(track._replace(orders=supersede(track.orders, orders)))
    for order in orders:
        if order.party != OPS:
            draft.tell(NoticeKind.REPEAT, order.party, reason, step, order, track.due)
    draft.tell_ops(reason, track)
