"""Verification (核查): a reported result is checked by the sensors or by somebody other than whoever reported it."""

from __future__ import annotations

from datetime import datetime
from hashlib import blake2b
from typing import Final

from ..model.case import Case, Duty, Reason, Track, TrackState, WorkOrder
from ..model.chain import Effect, Severity
from ..model.given import THROUGH, Answer
from ..model.notice import NoticeKind
from ..model.place import Holder
from ..model.street import OPS
from .draft import Draft
from .orders import STOPPED, clocked, unpaused, with_orders, withdrawn, without
from .steps import ask, drop_request, go_on, leave_if_hopeless, rearm, side_order

SENSOR = "sensor"
"""Who the journal names where sensors, not people, have seen it."""


REWORKS_MAX: Final = 2
"""How often one party does the same work again before the next step is asked as well [A]."""


def sensors_may_close(case: Case) -> bool:
    """Whether silent sensors may end the case: never a danger to life once somebody was dispatched."""
    return case.severity is not Severity.P0 or not case.was_dispatched


def missing_to_close(case: Case, track: Track) -> list[str]:
    """The evidence without which this track does not close, and which nobody has brought yet."""
    brought = {one.kind for one in case.evidence}
    asked = {order.step for order in track.orders}
    return [
        proof.kind
        for proof in case.rules.proofs
        if proof.to_close and proof.kind not in brought and (not proof.steps or asked.intersection(proof.steps))
    ]


def is_drawn(case: Case, track: Track, doubt: int) -> bool:
    """Whether people check this report: drawn from the case's own name, more often from a party whose results failed.

    A danger to life is always checked.
    """
    share = case.rules.check_of(track.name).sample << min(doubt, 7)
    if share >= 100 or case.severity is Severity.P0:
        return True
    drawn = blake2b(f"{case.id} {track.name} {track.rework}".encode(), digest_size=4).digest()
    return int.from_bytes(drawn) % 100 < share


def begin_check(
    draft: Draft, track: Track, reporters: tuple[int, ...], result: str, effect: Effect, doubt: int = 0
) -> None:
    """Have a reported result verified; where the rules ask for no check, the report closes the track."""
    drop_request(draft, track.name)
    check = draft.case.rules.check_of(track.name)
    track = draft.track(track.name)
    if track.state in STOPPED:
        track = unpaused(draft, track)
    is_supervised = TrackState.SUPERVISED in (track.state, track.held_state)
    track = without(track, Duty.DISPATCH, Duty.CHECK)._replace(
        state=TrackState.VERIFYING,
        held_state=TrackState.SUPERVISED if is_supervised else TrackState.WORKING,
        result=result,
        reporters=reporters,
        held_at=draft.now,
        quiet_until=None,
        awaits_clear=False,
        remind_at=None,
    )
    # Sensors cannot say that there never was anything to see, so a false alarm is checked by people.
    if sensors_may_close(draft.case) and effect is Effect.DONE:
        track = _watched(draft, track)
    is_watched = track.awaits_clear or track.quiet_until is not None
    asks_people = bool(check.parties) and is_drawn(draft.case, track, doubt)
    if check.parties and not asks_people:
        draft.journal(Reason.NOT_DRAWN, track)
    if is_watched or asks_people or ((check.quiet or check.clear) and not check.parties):
        return ask_checker(draft, track, check.parties if asks_people else ())
    return _close(draft, track)


def _watched(draft: Draft, track: Track) -> Track:
    """The track under the eyes of the sensors, if any: they must stay silent for a span, or say that all is clear."""
    check, street = draft.case.rules.check_of(track.name), draft.street
    if check.clear:
        due = street.deadline(draft.now, check.within or street.repeat_after)
        track = track._replace(awaits_clear=True, due=due)
    elif check.quiet:
        until = street.deadline(draft.now, check.quiet)
        track = track._replace(quiet_until=until, due=until)
    else:
        return track
    draft.put(track)
    draft.journal(Reason.CHECK_ASKED, track, party=SENSOR)
    return track


def _close(draft: Draft, track: Track) -> None:
    """Close a track whose result stands, unless evidence is missing without which nothing closes: people see to it."""
    missing = missing_to_close(draft.case, track)
    if not missing:
        return draft.close_track(track, track.result)
    track = track._replace(quiet_until=None, awaits_clear=False)
    draft.put(track)
    draft.journal(Reason.PROOF_AWAITED, track, party="+".join(missing))
    return ask_checker(draft, track, (*draft.case.rules.check_of(track.name).parties, OPS))


def ask_checker(draft: Draft, track: Track, roles: tuple[str, ...]) -> None:
    """Ask the next party that may look: not the reporter, not somebody who was asked already.

    Without sensors that watch, ops look where nobody else can.
    """
    is_watched = track.awaits_clear or track.quiet_until is not None
    roles = roles or (() if is_watched else (OPS,))
    if not track.awaits_clear:
        track = track._replace(due=track.quiet_until or draft.street.deadline(draft.now, draft.street.repeat_after))
    draft.put(track)
    holder = _next_looker(draft, track, roles)
    if holder is None and roles:
        draft.journal(draft.nobody(roles), track, party="+".join(roles))
        draft.tell_ops(draft.nobody(roles), track)
        holder = None if is_watched else _next_looker(draft, track, (OPS,))
    if holder is not None:
        _ask(draft, track, holder)


def _next_looker(draft: Draft, track: Track, roles: tuple[str, ...]) -> Holder | None:
    """Who of ``roles`` has not been asked to look, and has other hands than those that reported."""
    tried = {order.party for order in track.orders if order.duty is Duty.CHECK}
    holders = (draft.holder(role) for role in roles if role not in tried)
    return next((one for one in holders if one and not _same_hands(track, one.role, {one.organisation})), None)


def _ask(draft: Draft, track: Track, holder: Holder) -> None:
    step = draft.case.step(track)
    limit = draft.case.rules.check_of(track.name).within or draft.street.repeat_after
    within = draft.street.deadline(draft.now, limit, holder.organisation)
    order = side_order(draft, step, holder, Duty.CHECK, within)
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
    is_same_person = any(person(answer.by) == person(order.by) != "" for order in _reporters(track))
    return is_same_person or _same_hands(track, answer.party, organisations)


def person(by: str) -> str:
    """The person of a signature; an admin who names nobody speaks for a party, whose person is then not known."""
    return "" if by.startswith(THROUGH) else by.partition(" ")[0]


def pass_check(draft: Draft, track: Track, party: str) -> None:
    """The result stands: the track is closed."""
    draft.journal(Reason.VERIFIED, track, party=party)
    _close(draft, track)


def fail_check(draft: Draft, track: Track, party: str) -> None:
    """The result does not stand: the same party does it again (返工), and it is counted.

    At the current step its clocks start afresh, and those of the others go on; where the chain has climbed past the
    reporter's step meanwhile, it stays where it is, under the deadline it has. The next step is asked as well after
    ``REWORKS_MAX`` failed checks, and where nobody is left at the current one.
    """
    chain = draft.case.rules.chain(track.name)
    steps = {step.name: at for at, step in enumerate(chain)}
    again = [clocked(draft, chain[steps[order.step]], order) for order in _reporters(track)]
    index = max(steps[order.step] for order in again)
    has_climbed = index < track.step
    track = without(track if has_climbed else unpaused(draft, track), Duty.CHECK)._replace(
        state=track.held_state if has_climbed else TrackState.WORKING,
        held_state=TrackState.WORKING,
        due=track.step_due,
        rework=track.rework + 1,
        result="",
        reporters=(),
        held_at=None,
        quiet_until=None,
        awaits_clear=False,
    )
    track = with_orders(track, *again)
    rearm(draft, track if has_climbed else track._replace(asked_at=draft.now))
    draft.journal(Reason.CHECK_FAILED, draft.track(track.name), party=party)
    for order in {order.party: order for order in again}.values():
        due = order.accept_by or order.finish_by
        draft.tell(NoticeKind.REWORK, order.party, Reason.CHECK_FAILED, chain[steps[order.step]], order, due)
    if track.rework > REWORKS_MAX and not has_climbed:
        return ask(draft, track.name, index + 1, Reason.ESCALATED)
    return leave_if_hopeless(draft, track.name)


def lapse_check(draft: Draft, track: Track) -> Reason:
    """A check's deadline was reached: the sensors stayed silent, or nobody looked."""
    if track.quiet_until is not None and track.quiet_until <= draft.now:
        if sensors_may_close(draft.case):
            pass_check(draft, track, SENSOR)
            return Reason.VERIFIED
        return _doubt_sensors(draft, track)
    asked = [order for order in track.orders if order.duty is Duty.CHECK and order.is_open]
    late = [order._replace(is_late=True) for order in asked if order.finish_by and order.finish_by <= draft.now]
    if not late and track.awaits_clear:
        return _doubt_sensors(draft, track)
    track = with_orders(track, *late)
    draft.put(track)
    draft.journal(Reason.CHECK_OVERDUE, track, party="+".join(order.party for order in late))
    reason = _ask_somebody_else(draft, track, late)
    draft.tell_ops(Reason.CHECK_OVERDUE, track)
    return reason


def _ask_somebody_else(draft: Draft, track: Track, late: list[WorkOrder]) -> Reason:
    """Nobody looked in time: another is asked, ops last; with nobody left the result stands unverified.

    A danger to life, and a case that lacks evidence, are not closed that way: whoever was asked is asked once more.
    """
    if holder := _next_looker(draft, track, (*draft.case.rules.check_of(track.name).parties, OPS)):
        _ask(draft, track, holder)
    elif track.quiet_until is not None:
        draft.put(track._replace(due=track.quiet_until))
    elif draft.case.severity is Severity.P0 or missing_to_close(draft.case, track):
        due = draft.street.deadline(draft.now, draft.street.repeat_after)
        draft.put(track._replace(due=due))
        for order in late:
            draft.tell(NoticeKind.REPEAT, order.party, Reason.CHECK_OVERDUE, draft.case.step(track), order, due)
    else:
        draft.journal(Reason.UNVERIFIED, track)
        draft.close_track(track, Reason.UNVERIFIED)
        return Reason.UNVERIFIED
    return Reason.CHECK_OVERDUE


def _doubt_sensors(draft: Draft, track: Track) -> Reason:
    """The sensors are no proof: they never said that all is clear, or it has become a danger to life meanwhile.

    People look, or go on with the work.
    """
    track = track._replace(quiet_until=None, awaits_clear=False)
    draft.journal(Reason.CHECK_UNABLE, track, party=SENSOR)
    if track.reporters:
        # A checker who was asked beside the sensors is asked again, as the one who counts now; not one who cannot look.
        answered = tuple(order for order in track.orders if order.duty is not Duty.CHECK or not order.is_open)
        ask_checker(draft, track._replace(orders=answered), draft.case.rules.check_of(track.name).parties)
    else:
        go_on(draft, track, Reason.REAPPEARED)
    return Reason.CHECK_UNABLE


def unable(draft: Draft, track: Track, order: WorkOrder) -> None:
    """Whoever was asked to look cannot: the next one is asked."""
    track = with_orders(track, withdrawn(order))
    draft.journal(Reason.CHECK_UNABLE, track, party=order.party)
    ask_checker(draft, track, draft.case.rules.check_of(track.name).parties)


def seen_to_be_clear(draft: Draft, track: Track, at: datetime) -> None:
    """The all-clear that a check awaits has come: it must hold for the rules' span, and their quiet be over."""
    check, street = draft.case.rules.check_of(track.name), draft.street
    assert check.clear is not None, "only such a check awaits an all-clear"
    until = street.deadline(at, check.clear)
    if check.quiet and track.held_at:
        until = max(until, street.deadline(track.held_at, check.quiet))
    asked = [one.finish_by for one in track.orders if one.duty is Duty.CHECK and one.is_open and one.finish_by]
    track = track._replace(quiet_until=until, due=min([until, *asked]))
    draft.put(track)
    draft.journal(Reason.CLEARED, track)
