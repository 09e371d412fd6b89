"""Asking parties step by step: who is asked, until when, and where to go when they do not answer."""

from __future__ import annotations

from datetime import datetime

from ..model.case import Duty, OrderState, Reason, Track, TrackState, WorkOrder
from ..model.chain import Need, Silence, Step
from ..model.notice import NoticeKind
from ..model.place import Holder
from ..model.street import OPS
from .draft import Draft
from .orders import (
    STOPPED,
    asked_afresh,
    asked_now,
    current_orders,
    is_hopeless,
    new_orders,
    owing,
    step_deadline,
    step_reminder,
    supersede,
    unaccepted,
    unpaused,
    with_orders,
    without,
)


def ask(draft: Draft, name: str, index: int, reason: Reason) -> None:
    """Go to the first step from ``index`` on that has somebody to ask, and ask them; open the tracks that wait for it.

    ``reason`` is what the journal says of each party asked. A step whose parties resolve to nobody is passed at once
    and ops are told. An enforcement step without a human review leads back to the review before it.
    """
    drop_request(draft, name)
    track = draft.track(name)
    if track.state in STOPPED:
        draft.put(unpaused(draft, track))
    _climb(draft, name, index, reason)
    _open_tracks(draft, name)


def _climb(draft: Draft, name: str, index: int, reason: Reason) -> None:
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
        draft.journal(draft.nobody(step.parties), draft.track(name), party="+".join(step.parties))
        draft.tell_ops(draft.nobody(step.parties), draft.track(name))
        _open_tracks(draft, name)
        if not draft.case.is_open:  # a track that opened on the way has ended the case
            return None
        index += 1
    return end_chain(draft, name)


def _open_tracks(draft: Draft, name: str) -> None:
    """Open the tracks that wait for a step which the main track has reached or passed."""
    main = draft.case.tracks[0]
    waiting = [rule for rule in draft.case.rules.tracks if rule.opens_at]
    if name != main.name or not waiting:
        return
    reached = {step.name for step in draft.case.rules.chain(main.name)[: main.step + 1]}
    for rule in waiting:
        if draft.case.is_open and rule.opens_at in reached and draft.case.track(rule.name) is None:
            track = Track(rule.name, rule.required, TrackState.WORKING, 0, draft.now, due=None, step_due=None)
            draft.case = draft.case._replace(tracks=(*draft.case.tracks, track))
            draft.journal(Reason.TRACK_OPENED, track)
            ask(draft, rule.name, 0, Reason.ASKED)


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


def _moved_to(track: Track, index: int, step: Step) -> Track:
    """The track at work on a step; whatever held it holds it no longer."""
    track = without(track, Duty.DISPATCH)
    return track._replace(state=TrackState.WORKING, step=index, loop=step.loop, held_at=None, remind_at=None)


def _pause(draft: Draft, track: Track, index: int, step: Step) -> None:
    due = draft.street.deadline(draft.now, step.finish) if step.finish else draft.now
    track = _moved_to(track, index, step)._replace(asked_at=draft.now, due=due, step_due=due)
    draft.put(track)
    draft.journal(Reason.PAUSED, track)


def _ask_step(draft: Draft, track: Track, index: int, step: Step, holders: list[Holder], reason: Reason) -> None:
    before = [order.party for order in track.orders if order.is_open and order.duty is Duty.WORK]
    orders = new_orders(draft, step, holders)
    track = _moved_to(track._replace(asked_at=draft.now, orders=supersede(track.orders, orders)), index, step)
    rearm(draft, track)
    for order in orders:
        draft.journal(reason, draft.track(track.name), party=order.party)
        draft.tell(NoticeKind.ASK, order.party, reason, step, order, order.accept_by or order.finish_by)
    asked = {order.party for order in orders}
    told = (role for role in (*step.inform, *before) if role not in asked)
    draft.tell_all(NoticeKind.INFORM, told, reason, step)


def side_order(draft: Draft, step: Step, holder: Holder, duty: Duty, due: datetime) -> WorkOrder:
    """A numbered order for something other than the step's own work, until ``due``."""
    number = draft.case.orders_asked + 1
    draft.case = draft.case._replace(orders_asked=number)
    return WorkOrder(number, step.name, holder.role, holder.organisation, draft.now, None, due, duty=duty)


def rearm(draft: Draft, track: Track) -> None:
    """Write the track back with its due and its reminder computed anew from its orders; a pause keeps what it has."""
    step = draft.case.step(track)
    if track.state is TrackState.WORKING and step.parties:
        missing = unaccepted(track, step)
        due = step_deadline(draft, track, step, missing)
        track = track._replace(due=due, step_due=due, remind_at=None if missing else step_reminder(draft, track, step))
    draft.put(track)


def drop_request(draft: Draft, name: str, of: str = "") -> None:
    """Void a request that nobody has decided: what it was about has changed (domain 2.5), or its party ``of`` left."""
    track = draft.track(name)
    if track.request is not None and of in ("", track.request.party):
        party = track.request.party
        track = track._replace(request=None)
        draft.put(track)
        draft.journal(Reason.REQUEST_VOIDED, track, party=party)
        draft.tell_all(NoticeKind.INFORM, [party], Reason.REQUEST_VOIDED, draft.case.step(track))


def resume(draft: Draft, track: Track, party: str = "") -> None:
    """Start the clocks again after a suspension; every deadline of the step moves by its length."""
    go_on(draft, unpaused(draft, track), Reason.RESUMED, party)


def go_on(draft: Draft, track: Track, reason: Reason, party: str = "") -> None:
    """A step that was held goes on under the deadline it has, even where that has passed.

    What was answered meanwhile counts: where nobody is left who could do it, the next step is asked at once.
    """
    track = track._replace(
        state=track.held_state,
        held_state=TrackState.WORKING,
        held_at=None,
        quiet_until=None,
        awaits_clear=False,
        result="",
        due=track.step_due,
    )
    rearm(draft, track)
    step = draft.case.step(track)
    draft.journal(reason, draft.track(track.name), party=party)
    draft.tell_all(NoticeKind.INFORM, asked_now(track), reason, step)
    leave_if_hopeless(draft, track.name)


def leave_if_hopeless(draft: Draft, name: str) -> None:
    """Ask the next step where a track is at work on one that nobody is left to do."""
    track = draft.track(name)
    step = draft.case.step(track)
    if track.state is TrackState.WORKING and is_hopeless(current_orders(track, step), step.need):
        leave(draft, name)


def leave(draft: Draft, name: str) -> None:
    """Ask the next step, because this one was in vain; one that leads on is pressed until it is done.

    What follows it rests on it: silence holds no hearing, and nothing may be built on a vote that nobody took.
    """
    track = draft.track(name)
    if draft.case.step(track).goes_on:
        drop_request(draft, name)
        return repeat(draft, draft.track(name))
    return ask(draft, name, track.step + 1, Reason.ESCALATED)


def turn_to_others(draft: Draft, track: Track, lost: WorkOrder) -> None:
    """Go on with whoever is left; where ``lost`` had taken an any-step on for all, the others are asked afresh.

    They had heard that it was taken, and their time to accept ran on meanwhile.
    """
    step = draft.case.step(track)
    orders = current_orders(track, step)
    others = [order for order in orders if order.state is OrderState.ASKED]
    had_it = lost.state is OrderState.ACCEPTED and lost.step == step.name and lost.duty is Duty.WORK
    is_free = had_it and step.need is Need.ANY and len(owing(track, step)) == len(others)
    if track.state is not TrackState.WORKING or not is_free:
        return rearm(draft, track)
    others = [asked_afresh(draft, step, order) for order in others]
    rearm(draft, with_orders(track, *others))
    for order in others:
        draft.journal(Reason.ASKED, draft.track(track.name), party=order.party)
        draft.tell(NoticeKind.ASK, order.party, Reason.ASKED, step, order, order.accept_by or order.finish_by)
    return None


def remind(draft: Draft, track: Track) -> Reason:
    """Remind whoever owes a report, before it is too late."""
    step = draft.case.step(track)
    orders = [order for order in owing(track, step) if order.remind_by]
    track = with_orders(track, *(order._replace(remind_by=None) for order in orders))
    draft.put(track._replace(remind_at=None))
    for order in orders:
        draft.journal(Reason.REMINDED, draft.track(track.name), party=order.party)
        draft.tell(NoticeKind.REMIND, order.party, Reason.REMINDED, step, order, order.finish_by)
    return Reason.REMINDED


def lapse_step(draft: Draft, track: Track) -> Reason:
    """The current step's deadline was reached: say who missed what, and climb."""
    step = draft.case.step(track)
    if not step.parties:
        ask(draft, track.name, track.step + 1, Reason.ASKED)
        return Reason.ASKED
    missing = unaccepted(track, step)
    reason = Reason.NOT_ACCEPTED if missing else Reason.NOT_FINISHED
    late = [order for order in missing if order.accept_by and order.accept_by <= draft.now] or owing(track, step)
    track = with_orders(track, *(order._replace(is_late=True) for order in late))
    draft.put(track)
    for order in late:
        draft.journal(reason, track, party=order.party)
    leave(draft, track.name)
    return reason


def end_chain(draft: Draft, name: str) -> None:
    """Nobody is left to ask: the case stays open under supervision, repeated until somebody solves it.

    A track whose rule says so ends instead, lapsed.
    """
    if draft.case.rules.track(name).silence is Silence.END:
        draft.journal(Reason.TRACK_LAPSED, draft.track(name))
        return draft.close_track(draft.track(name), Reason.TRACK_LAPSED)
    track = _hold(draft, name, len(draft.case.rules.chain(name)) - 1)
    draft.journal(Reason.CHAIN_ENDED, track)
    return draft.tell_ops(Reason.CHAIN_ENDED, track)


def await_review(draft: Draft, name: str, review: int) -> None:
    """Enforcement waits for a human review that nobody has given: stay at the review, and repeat it."""
    track = _hold(draft, name, review)
    draft.journal(Reason.REVIEW_AWAITED, track)
    _press(draft, track, Reason.REVIEW_AWAITED)


def repeat(draft: Draft, track: Track) -> None:
    """Remind the last parties and ops, and arm the next repetition."""
    track = _hold(draft, track.name, track.step)
    draft.journal(Reason.REPEATED, track)
    _press(draft, track, Reason.REPEATED)


def _hold(draft: Draft, name: str, index: int) -> Track:
    due = draft.street.deadline(draft.now, draft.street.repeat_after)
    track = _moved_to(draft.track(name), index, draft.case.rules.chain(name)[index])
    track = track._replace(state=TrackState.SUPERVISED, due=due, step_due=due)
    draft.put(track)
    return track


def _press(draft: Draft, track: Track, reason: Reason) -> None:
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
