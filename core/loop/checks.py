"""Verification (核查): a reported result is checked by the sensors or by somebody other than whoever reported it."""

from __future__ import annotations

from dataclasses import replace

from ..model.case import OrderState, Reason, Track, TrackState, WorkOrder
from ..model.chain import Effect
from ..model.given import Answer
from ..model.notice import NoticeKind
from ..model.place import Holder
from .draft import Draft
from .steps import new_order, rearm, step_deadline


def begin_check(draft: Draft, track: Track, reporters: tuple[int, ...], result: str, effect: Effect) -> None:
    """Have a reported result verified; where the rules ask for no check, the report closes the track."""
    check = draft.case.rules.check
    if not check.quiet and not check.parties:
        return draft.close_track(replace(track, result=result, reporters=reporters), result)
    # Sensors cannot say that there never was anything to see, so a false alarm is checked by people.
    by_sensor = check.quiet if effect is Effect.DONE or not check.parties else None
    track = replace(
        track,
        state=TrackState.VERIFYING,
        result=result,
        reporters=reporters,
        held_at=draft.now,
        quiet_until=draft.street.deadline(draft.now, by_sensor) if by_sensor else None,
    )
    draft.put(track)
    ask_checker(draft, track)


def ask_checker(draft: Draft, track: Track) -> None:
    """Ask the next party that may look: not the reporter, not somebody who was unable already."""
    check = draft.case.rules.check
    tried = {order.party for order in track.orders if order.check}
    holder = next(
        (
            holder
            for role in check.parties
            if role not in tried and (holder := draft.holder(role)) and not _same_hands(track, holder)
        ),
        None,
    )
    if holder is not None:
        return _ask(draft, track, holder)
    due = track.quiet_until or draft.street.deadline(draft.now, draft.street.repeat_after)
    draft.put(replace(track, due=due))
    if check.parties:
        draft.journal(Reason.NOBODY_FOUND, draft.track(track.name), party="+".join(check.parties))
        draft.tell_ops(Reason.NOBODY_FOUND, track)


def _ask(draft: Draft, track: Track, holder: Holder) -> None:
    check, step = draft.case.rules.check, draft.case.step(track)
    order = replace(new_order(draft, step, holder, 1), check=True, accept_by=None)
    within = draft.street.deadline(draft.now, check.within or draft.street.repeat_after)
    order = replace(order, finish_by=within)
    draft.case = replace(draft.case, orders_asked=draft.case.orders_asked + 1)
    due = min(within, track.quiet_until) if track.quiet_until else within
    draft.put(replace(track, orders=(*track.orders, order), due=due))
    draft.journal(Reason.CHECK_ASKED, draft.track(track.name), party=holder.role)
    draft.tell(NoticeKind.CHECK, holder.role, Reason.CHECK_ASKED, step, order, within)


def _reporters(track: Track) -> list[WorkOrder]:
    return [order for order in track.orders if order.number in track.reporters]


def _same_hands(track: Track, holder: Holder) -> bool:
    return any(
        order.party == holder.role or bool(holder.organisation) and order.organisation == holder.organisation
        for order in _reporters(track)
    )


def is_same_hands(track: Track, answer: Answer, holder: Holder) -> bool:
    """Whether whoever verifies is whoever reported: the same party, organisation or person (law 6)."""
    speaks = replace(holder, organisation=answer.organisation or holder.organisation)
    return _same_hands(track, speaks) or any(bool(answer.by) and answer.by == order.by for order in _reporters(track))


def pass_check(draft: Draft, track: Track, party: str) -> None:
    """The result stands: the track is closed."""
    draft.journal(Reason.VERIFIED, track, party=party)
    draft.close_track(track, track.result)


def fail_check(draft: Draft, track: Track, party: str) -> None:
    """The result does not stand: the same party does it again (返工), on fresh clocks, and it is counted."""
    reporters = _reporters(track)
    chain = draft.case.rules.chain(track.name)
    names = [step.name for step in chain]
    index = names.index(reporters[0].step) if reporters else min(track.step, len(chain) - 1)
    step = chain[index]
    numbers = {order.number for order in reporters}
    orders = tuple(
        replace(
            order,
            state=OrderState.ASKED,
            asked_at=draft.now,
            accept_by=draft.street.deadline(draft.now, step.accept) if step.accept else None,
            finish_by=draft.street.deadline(draft.now, step.finish) if step.finish else None,
        )
        if order.number in numbers
        else replace(order, state=OrderState.WITHDRAWN)
        if order.check and order.is_open
        else order
        for order in track.orders
    )
    track = replace(
        track,
        state=TrackState.WORKING,
        step=index,
        loop=step.loop,
        orders=orders,
        rework=track.rework + 1,
        result="",
        reporters=(),
        held_at=None,
        quiet_until=None,
    )
    due = step_deadline(draft, track, step)
    draft.put(replace(track, due=due, step_due=due))
    draft.journal(Reason.CHECK_FAILED, draft.track(track.name), party=party)
    for order in orders:
        if order.number in numbers:
            draft.tell(NoticeKind.REWORK, order.party, Reason.CHECK_FAILED, step, order, order.accept_by or order.finish_by)


def lapse_check(draft: Draft, track: Track) -> Reason:
    """A check's deadline was reached: the sensors stayed silent, or nobody looked and must be reminded."""
    if track.quiet_until is not None and track.quiet_until <= draft.now:
        pass_check(draft, track, "sensor")
        return Reason.VERIFIED
    due = draft.street.deadline(draft.now, draft.street.repeat_after)
    track = replace(track, due=min(due, track.quiet_until) if track.quiet_until else due)
    draft.put(track)
    step = draft.case.step(track)
    checkers = [order for order in track.orders if order.check and order.is_open]
    draft.journal(Reason.CHECK_OVERDUE, track, party="+".join(order.party for order in checkers))
    for order in checkers:
        draft.tell(NoticeKind.REPEAT, order.party, Reason.CHECK_OVERDUE, step, order, track.due)
    draft.tell_ops(Reason.CHECK_OVERDUE, track)
    return Reason.CHECK_OVERDUE


def reappear(draft: Draft, track: Track) -> None:
    """What the sensors had called gone is there again: the step goes on under the deadline it had."""
    track = replace(track, state=TrackState.WORKING, held_at=None, quiet_until=None, result="", due=track.step_due)
    draft.put(track)
    draft.journal(Reason.REAPPEARED, track)
    if track.due is None:
        rearm(draft, track)
