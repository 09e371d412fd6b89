"""Verification (核查): a reported result is checked by the sensors or by somebody other than whoever reported it."""

from __future__ import annotations

from typing import Final

from ..model.case import Case, Duty, OrderState, Reason, Track, TrackState, WorkOrder
from ..model.chain import Effect, Severity, Step
from ..model.given import THROUGH, Answer
from ..model.notice import NoticeKind
from ..model.place import Holder
from ..model.street import OPS
from .draft import Draft
from .steps import ask, go_on, new_orders, rearm, withdrawn

SENSOR = "sensor"
"""Who the journal names where sensors, not people, have seen it."""


REWORKS_MAX: Final = 2
"""How often one party does the same work again before the next step is asked as well [A]."""


def sensors_may_close(case: Case) -> bool:
    """Whether silent sensors may end the case: never a danger to life once somebody was dispatched."""
    return case.severity is not Severity.P0 or not case.was_dispatched


def begin_check(draft: Draft, track: Track, reporters: tuple[int, ...], result: str, effect: Effect) -> None:
    """Have a reported result verified; where the rules ask for no check, the report closes the track."""
    check = draft.case.rules.check
    track = track._replace(result=result, reporters=reporters, held_at=draft.now, quiet_until=None)
    if not check.quiet and not check.parties:
        return draft.close_track(track, result)
    # Sensors cannot say that there never was anything to see, so a false alarm is checked by people.
    is_theirs = sensors_may_close(draft.case) and effect is Effect.DONE
    held = TrackState.SUPERVISED if track.state is TrackState.SUPERVISED else TrackState.WORKING
    track = track._replace(state=TrackState.VERIFYING, held_state=held)
    if check.quiet and is_theirs:
        until = draft.street.deadline(draft.now, check.quiet)
        track = track._replace(quiet_until=until, due=until)
        draft.put(track)
        draft.journal(Reason.CHECK_ASKED, track, party=SENSOR)
    return ask_checker(draft, track)


def ask_checker(draft: Draft, track: Track) -> None:
    """Ask the next party that may look: not the reporter, not somebody who was unable already.

    Without sensors and without parties that check, ops look.
    """
    roles = draft.case.rules.check.parties or (() if track.quiet_until else (OPS,))
    tried = {order.party for order in track.orders if order.duty is Duty.CHECK}
    for role in roles:
        holder = draft.holder(role) if role not in tried else None
        if holder is not None and not _same_hands(track, holder.role, {holder.organisation}):
            return _ask(draft, track, holder)
    due = track.quiet_until or draft.street.deadline(draft.now, draft.street.repeat_after)
    track = track._replace(due=due)
    draft.put(track)
    if roles:
        draft.journal(Reason.NOBODY_FOUND, track, party="+".join(roles))
        draft.tell_ops(Reason.NOBODY_FOUND, track)
    return None


def _ask(draft: Draft, track: Track, holder: Holder) -> None:
    step = draft.case.step(track)
    within = draft.street.deadline(draft.now, draft.case.rules.check.within or draft.street.repeat_after)
    (order,) = new_orders(draft, step, [holder])
    order = order._replace(duty=Duty.CHECK, accept_by=None, finish_by=within)
    due = min(within, track.quiet_until) if track.quiet_until else within
    track = track._replace(orders=(*track.orders, order), due=due)
    draft.put(track)
    draft.journal(Reason.CHECK_ASKED, track, party=holder.role)
    draft.tell(NoticeKind.CHECK, holder.role, Reason.CHECK_ASKED, step, order, within)


def _reporters(track: Track) -> list[WorkOrder]:
    return [order for order in track.orders if order.number in track.reporters]


def _same_hands(track: Track, party: str, organisations: set[str]) -> bool:
    return any(
        order.party == party or (bool(order.organisation) and order.organisation in organisations)
        for order in _reporters(track)
    )


def is_same_hands(draft: Draft, track: Track, answer: Answer) -> bool:
    """Whether whoever verifies is whoever reported: the same party, organisation or person (law 6)."""
    holder = draft.holder(answer.party)
    organisations = {answer.organisation, holder.organisation if holder else ""}
    is_same_person = any(_person(answer.by) == _person(order.by) != "" for order in _reporters(track))
    return is_same_person or _same_hands(track, answer.party, organisations)


def _person(by: str) -> str:
    """The person of a signature; an admin who names nobody speaks for a party, whose person is then not known."""
    return "" if by.startswith(THROUGH) else by.partition(" ")[0]


def pass_check(draft: Draft, track: Track, party: str) -> None:
    """The result stands: the track is closed."""
    draft.journal(Reason.VERIFIED, track, party=party)
    draft.close_track(track, track.result)


def without_checks(track: Track) -> Track:
    """The track without the orders to check an earlier report: the next report may be checked by the same people."""
    return track._replace(orders=tuple(order for order in track.orders if order.duty is Duty.WORK))


def fail_check(draft: Draft, track: Track, party: str) -> None:
    """The result does not stand: the same party does it again (返工), and it is counted.

    At the current step the clocks start afresh; where the chain has climbed past the reporter's step meanwhile, it
    stays where it is, under the deadline it has. After ``REWORKS_MAX`` failed checks the next step is asked as well.
    """
    index = _step_of_reporters(draft, track)
    step = draft.case.rules.chain(track.name)[index]
    again = {order.number: _asked_again(draft, order, step) for order in _reporters(track)}
    has_climbed = index < track.step
    track = without_checks(track)._replace(
        state=track.held_state if has_climbed else TrackState.WORKING,
        held_state=TrackState.WORKING,
        due=track.step_due,
        rework=track.rework + 1,
        result="",
        reporters=(),
        held_at=None,
        quiet_until=None,
    )
    track = track._replace(orders=tuple(again.get(order.number, order) for order in track.orders))
    if has_climbed:
        draft.put(track)
    else:
        rearm(draft, track._replace(asked_at=draft.now))
    draft.journal(Reason.CHECK_FAILED, draft.track(track.name), party=party)
    for order in again.values():
        draft.tell(NoticeKind.REWORK, order.party, Reason.CHECK_FAILED, step, order, order.accept_by or order.finish_by)
    if track.rework > REWORKS_MAX and not has_climbed:
        ask(draft, track.name, index + 1, Reason.ESCALATED)


def _step_of_reporters(draft: Draft, track: Track) -> int:
    name = _reporters(track)[0].step
    return next(at for at, step in enumerate(draft.case.rules.chain(track.name)) if step.name == name)


def _asked_again(draft: Draft, order: WorkOrder, step: Step) -> WorkOrder:
    accept_by = draft.street.deadline(draft.now, step.accept) if step.accept else None
    finish_by = draft.street.deadline(draft.now, step.finish) if step.finish else None
    return order._replace(state=OrderState.ASKED, asked_at=draft.now, accept_by=accept_by, finish_by=finish_by)


def lapse_check(draft: Draft, track: Track) -> Reason:
    """A check's deadline was reached: the sensors stayed silent, or nobody looked and must be reminded."""
    if track.quiet_until is not None and track.quiet_until <= draft.now:
        if sensors_may_close(draft.case):
            pass_check(draft, track, SENSOR)
            return Reason.VERIFIED
        return _doubt_sensors(draft, track)
    due = draft.street.deadline(draft.now, draft.street.repeat_after)
    track = track._replace(due=min(due, track.quiet_until) if track.quiet_until else due)
    draft.put(track)
    step = draft.case.step(track)
    checkers = [order for order in track.orders if order.duty is Duty.CHECK and order.is_open]
    draft.journal(Reason.CHECK_OVERDUE, track, party="+".join(order.party for order in checkers))
    for order in checkers:
        draft.tell(NoticeKind.REPEAT, order.party, Reason.CHECK_OVERDUE, step, order, track.due)
    draft.tell_ops(Reason.CHECK_OVERDUE, track)
    return Reason.CHECK_OVERDUE


def _doubt_sensors(draft: Draft, track: Track) -> Reason:
    """The case became a danger to life while the sensors were watched: people look, or go on with the work."""
    track = track._replace(quiet_until=None)
    draft.journal(Reason.CHECK_UNABLE, track, party=SENSOR)
    if track.reporters:
        # A checker who was asked beside the sensors is asked again, as the one who counts now.
        ask_checker(draft, without_checks(track))
    else:
        go_on(draft, track, Reason.REAPPEARED)
    return Reason.CHECK_UNABLE


def unable(draft: Draft, track: Track, order: WorkOrder) -> None:
    """Whoever was asked to look cannot: the next one is asked."""
    orders = tuple(withdrawn(old) if old.number == order.number else old for old in track.orders)
    track = track._replace(orders=orders)
    draft.journal(Reason.CHECK_UNABLE, track, party=order.party)
    ask_checker(draft, track)
