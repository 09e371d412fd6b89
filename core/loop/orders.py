"""Work orders: made with their clocks, counted towards what a step needs, moved and taken back."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from ..model.case import Duty, OrderState, Track, TrackState, WorkOrder
from ..model.chain import Need, Step
from ..model.limit import Limit
from ..model.place import Holder
from .draft import Draft

Clock = datetime | None

STOPPED: Final = frozenset({TrackState.DISPATCHING, TrackState.SUSPENDED})
"""States in which the clocks of a step stand still."""

LOST: Final = (OrderState.RETURNED, OrderState.FAILED)
"""The states of an order that its party will not fulfil."""


def new_orders(draft: Draft, step: Step, holders: list[Holder]) -> tuple[WorkOrder, ...]:
    """A numbered work order for each holder, each on the clocks of its own organisation."""
    first = draft.case.orders_asked + 1
    draft.case = draft.case._replace(orders_asked=draft.case.orders_asked + len(holders))
    return tuple([_new_order(draft, step, holder, number) for number, holder in enumerate(holders, first)])


def _new_order(draft: Draft, step: Step, holder: Holder, number: int) -> WorkOrder:
    whose = holder.organisation
    accept_by, finish_by, remind_by = _clocks(draft, step, whose)
    return WorkOrder(number, step.name, holder.role, whose, draft.now, accept_by, finish_by, remind_by=remind_by)


def clocked(draft: Draft, step: Step, order: WorkOrder) -> WorkOrder:
    """The order asked now, with its clocks from now (or from opening, where the step says so)."""
    accept_by, finish_by, remind_by = _clocks(draft, step, order.organisation)
    return order._replace(
        state=OrderState.ASKED, asked_at=draft.now, accept_by=accept_by, finish_by=finish_by, remind_by=remind_by
    )


def _clocks(draft: Draft, step: Step, whose: str) -> tuple[Clock, Clock, Clock]:
    """By when an organisation that is asked now must accept and finish, and when it is reminded.

    Where the time from opening is up before the party could even accept, ``finish`` counts from now: nobody is asked
    for something that is overdue already.
    """
    now = draft.now
    accept_by = draft.street.deadline(now, step.accept, whose) if step.accept else None
    if step.finish is None:
        return accept_by, None, None
    begins = draft.case.opened_at if step.from_opening else now
    if step.from_opening and draft.street.deadline(begins, step.finish, whose) <= (accept_by or now):
        begins = now
    return accept_by, *_finish(draft, begins, step.finish, whose)


def _finish(draft: Draft, begins: datetime, limit: Limit, whose: str) -> tuple[datetime, Clock]:
    """The end of ``limit`` from ``begins``, and a reminder at the rules' share of it."""
    seconds = limit.seconds * draft.case.rules.remind_percent // 100
    remind_by = draft.street.deadline(begins, Limit(seconds, limit.count), whose) if seconds else None
    return draft.street.deadline(begins, limit, whose), remind_by


def asked_afresh(draft: Draft, step: Step, order: WorkOrder) -> WorkOrder:
    """The order asked again, to be finished in the time that was left; wholly afresh where none was."""
    afresh = clocked(draft, step, order)
    if order.finish_by is None or order.finish_by <= draft.now:
        return afresh
    accept_by = afresh.accept_by and min(afresh.accept_by, order.finish_by)
    return order._replace(state=OrderState.ASKED, accept_by=accept_by)


def with_finish(draft: Draft, order: WorkOrder, begins: datetime, limit: Limit) -> WorkOrder:
    """The order with ``limit`` from ``begins`` to finish."""
    finish_by, remind_by = _finish(draft, begins, limit, order.organisation)
    return order._replace(finish_by=finish_by, remind_by=remind_by)


def supersede(old: tuple[WorkOrder, ...], new: tuple[WorkOrder, ...]) -> tuple[WorkOrder, ...]:
    """The orders after a step was asked (again): what it had asked before is withdrawn.

    A party keeps one order a step, its newest, so that a case never holds more orders than its chain has parties; that
    it was late once stays.
    """
    if not old:
        return new
    step, parties = new[0].step, {order.party for order in new}
    before = [order for order in old if order.duty is Duty.WORK and order.step == step]
    late = {order.party for order in before if order.is_late}
    kept = (order for order in old if order not in before or order.party not in parties)
    again = [order._replace(is_late=True) if order.party in late else order for order in new]
    return (*(withdrawn(one) if one in before else one for one in kept), *again)


def withdrawn(order: WorkOrder) -> WorkOrder:
    """The order taken back: it can be answered no longer, and its step no longer counts it."""
    return order._replace(state=OrderState.WITHDRAWN)


def without(track: Track, *duties: Duty) -> Track:
    """The track without its orders of these duties."""
    kept = tuple(order for order in track.orders if order.duty not in duties)
    return track if len(kept) == len(track.orders) else track._replace(orders=kept)


def with_orders(track: Track, *changed: WorkOrder) -> Track:
    """The track with these orders in the place of those of the same number."""
    by_number = {order.number: order for order in changed}
    return track._replace(orders=tuple([by_number.get(order.number, order) for order in track.orders]))


def unpaused(draft: Draft, track: Track) -> Track:
    """The track with every clock of its step moved by the time for which something held it."""
    step, pause = draft.case.step(track), draft.now - (track.held_at or draft.now)
    track = with_orders(track, *(moved(one, pause) for one in track.orders if one.step == step.name))
    return track._replace(step_due=track.step_due and track.step_due + pause)


def moved(order: WorkOrder, pause: timedelta) -> WorkOrder:
    """The order of work with its clocks moved by ``pause``."""
    if order.duty is not Duty.WORK:
        return order
    accept_by, finish_by, remind_by = order.accept_by, order.finish_by, order.remind_by
    return order._replace(
        accept_by=accept_by and accept_by + pause,
        finish_by=finish_by and finish_by + pause,
        remind_by=remind_by and remind_by + pause,
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
    taken = [order for order in orders if order.state in (OrderState.ACCEPTED, OrderState.REPORTED)]
    if step.accept is None or (step.need is Need.ANY and taken):
        return []
    return [order for order in orders if order.state is OrderState.ASKED]


def owing(track: Track, step: Step) -> list[WorkOrder]:
    """The open orders whose report the step waits for.

    Where any one suffices and was accepted, the others need not; except what was asked again later, to be reworked.
    """
    orders = [order for order in _counting(current_orders(track, step), step.need) if order.is_open]
    taken = max((order.asked_at for order in orders if order.state is OrderState.ACCEPTED), default=None)
    if step.need is not Need.ANY or taken is None:
        return orders
    return [order for order in orders if order.state is OrderState.ACCEPTED or order.asked_at > taken]


def is_met(orders: list[WorkOrder], need: Need) -> bool:
    """Whether enough of a step's parties have reported it done."""
    reported = [order.state is OrderState.REPORTED for order in _counting(orders, need)]
    return any(reported) if need is Need.ANY else bool(reported) and all(reported)


def is_hopeless(orders: list[WorkOrder], need: Need) -> bool:
    """Whether a step can no longer be met because its parties returned it or failed."""
    lost = [order.state in LOST for order in _counting(orders, need)]
    return bool(lost) and all(lost) if need is Need.ANY else any(lost)


def step_deadline(draft: Draft, track: Track, step: Step, missing: list[WorkOrder]) -> datetime:
    """When a step lapses: the earliest ``missing`` acceptance, else the finish, else a day after it was taken on."""
    accepts = [order.accept_by for order in missing if order.accept_by]
    if accepts:
        return min(accepts)
    orders = current_orders(track, step)
    finishes = [order.finish_by for order in orders if order.finish_by]
    if finishes:
        return max(finishes)
    asked = max((order.accept_by or order.asked_at for order in orders), default=track.asked_at)
    return draft.street.deadline(asked, draft.street.repeat_after)


def step_reminder(draft: Draft, track: Track, step: Step) -> datetime | None:
    """When those who owe a report are reminded of it; that is once everybody has accepted who must."""
    reminders = [order.remind_by for order in owing(track, step) if order.remind_by]
    return min((at for at in reminders if at > draft.now), default=None)


def asked_now(track: Track) -> list[str]:
    """The parties that still have an open order on the track."""
    return [order.party for order in track.orders if order.is_open]
