"""Laws 1 to 4 of the loop, each a look at one decision of a random history (the numbers are those of the design)."""

from datetime import datetime, timedelta

from civicloop.core.loop.decide import decide
from civicloop.core.loop.draft import Decision
from civicloop.core.loop.orders import current_orders, unaccepted
from civicloop.core.model.case import Case, Duty, OrderState, Reason, Track, TrackState, WorkOrder
from civicloop.core.model.chain import Need
from civicloop.core.model.given import Answer, Found, Given, Lapse
from civicloop.core.model.notice import NoticeKind

from .histories import History
from .random_rules import limits_of

NOTHING = {Reason.STALE, Reason.EARLY, Reason.ALREADY, Reason.HISTORY, Reason.NOTHING_OPEN}


def same_round(before: Case | None, made: Decision) -> tuple[Case, Case] | None:
    """The case before and after, where both are the same round."""
    return (before, made.case) if before and made.case and before.id == made.case.id else None


def tracks_of(before: Case | None, made: Decision) -> list[tuple[Track, Track]]:
    """Each track before and after the decision, of those that were there before."""
    cases = same_round(before, made)
    if cases is None:
        return []
    return [(track, after) for track in cases[0].tracks if (after := cases[1].track(track.name))]


def the_same_input_gives_the_same_decision(history: History, before: Case | None, given: Given, made: Decision) -> None:
    """Law 10."""
    assert decide(before, given, history.now, history.street) == made


def an_open_case_is_never_forgotten(history: History, before: Case | None, given: Given, made: Decision) -> None:
    """Law 1: on every open track a next deadline, and somebody who could do what it waits for."""
    case = made.case
    if case is None:
        return
    assert case.is_open == any(track.is_open for track in case.tracks)
    assert not case.is_open or any(track.is_open and track.required for track in case.tracks)
    assert case.next_at == min((track.next_at for track in case.tracks if track.next_at), default=None)
    for track in case.tracks:
        assert track.is_open == (track.due is not None) == (track.step_due is not None) == (track.next_at is not None)
        step = case.step(track)
        if track.state is TrackState.WORKING and step.parties:
            assert can_be_done(track, case), f"{track.name} waits for a step that nobody does any more"
            assert track.held_at is None or track.asked_at >= track.held_at
        if track.state is TrackState.DISPATCHING:
            assert any(order.duty is Duty.DISPATCH and order.is_open for order in track.orders)


def can_be_done(track: Track, case: Case) -> bool:
    """Whether the parties that the current step needs have neither returned it nor failed."""
    step = case.step(track)
    orders = current_orders(track, step)
    able = [order.state not in (OrderState.RETURNED, OrderState.FAILED) for order in orders]
    match step.need:
        case Need.ANY:
            return any(able)
        case Need.ALL:
            return bool(able) and all(able)
        case _:
            return bool(able) and able[0]


def no_track_waits_longer_than_its_limits(history: History, before: Case | None, given: Given, made: Decision) -> None:
    """Law 1, the other half: a deadline that is years away is as good as none. What was granted comes on top."""
    for track in made.case.tracks if made.case else ():
        if track.due and track.state is not TrackState.SUSPENDED:
            stops = timedelta(days=366) * track.suspensions + timedelta(hours=2) * track.returns
            assert track.due <= latest(history, 2 + track.extensions) + stops
        if track.state is TrackState.WORKING and made.case and track.due:
            awaited = unaccepted(track, made.case.step(track))
            assert all(order.accept_by is None or track.due <= order.accept_by for order in awaited)


def latest(history: History, times: int) -> datetime:
    """When the longest limit of the rules would be over from now on, that many times one after the other."""
    street = history.street
    calendars, limits = [street.calendar, *street.calendars.values()], [*limits_of(history.rules), street.repeat_after]
    until = history.now
    for _ in range(times):
        until = max(calendar.deadline(until, limit) for calendar in calendars for limit in limits)
    return until


def one_round_is_open(history: History, before: Case | None, given: Given, made: Decision) -> None:
    """Law 2: an open round stays the round; another one opens only by a finding."""
    if made.case is None:
        assert before is None
    elif before is None or made.case.id != before.id:
        assert isinstance(given, Found)
        assert made.case.round == (before.round + 1 if before else 1)
        assert before is None or not before.is_open
    elif made.case.is_open and not before.is_open:
        assert made.reason is Reason.REOPENED
    assert made.reason is not Reason.REOPENED or (before is not None and not before.is_open)


def nothing_is_changed_by_what_is_refused(history: History, before: Case | None, given: Given, made: Decision) -> None:
    if made.refused or made.reason in NOTHING:
        assert made.case is before
        assert (made.entries, made.notices, made.silenced) == ((), (), ())
    assert made.refused == bool(made.detail)
    assert isinstance(given, Answer) or not made.refused


def the_journal_has_no_gap(history: History, before: Case | None, given: Given, made: Decision) -> None:
    cases = same_round(before, made)
    first = (cases[0].entries if cases else 0) + 1
    assert [entry.seq for entry in made.entries] == list(range(first, first + len(made.entries)))
    assert made.case is None or made.case.entries == first + len(made.entries) - 1
    assert all(entry.at == history.now for entry in made.entries)


def a_deadline_that_is_not_reached_does_nothing(
    history: History, before: Case | None, given: Given, made: Decision
) -> None:
    """Law 3: stale, early, and twice."""
    if isinstance(given, Lapse):
        track = before.track(given.track) if before else None
        armed = track is not None and track.next_at == given.due <= history.now
        assert armed == (made.reason not in (Reason.STALE, Reason.EARLY))
        after = made.case.track(given.track) if made.case else None
        if armed and track and after and after.next_at:
            was_reminder = track.remind_at == given.due
            assert after.next_at > given.due or was_reminder or after.state is not TrackState.SUPERVISED


def closing_cancels(history: History, before: Case | None, given: Given, made: Decision) -> None:
    """Law 3: what is closed waits for nothing, asks nobody and reminds nobody."""
    case = made.case
    for track in case.tracks if case else ():
        if not track.is_open:
            assert not any(order.is_open for order in track.orders)
            waits = (track.due, track.step_due, track.remind_at, track.quiet_until, track.held_at, track.request)
            assert waits == (None,) * 6
            assert not track.awaits_clear
    cases = same_round(before, made)
    if cases and not cases[0].is_open and not cases[1].is_open and made.reason is not Reason.REOPENED:
        assert {notice.kind for notice in made.notices} <= {NoticeKind.DECIDE, NoticeKind.INFORM}


def deadlines_are_the_calendars(history: History, before: Case | None, given: Given, made: Decision) -> None:
    """Law 3: who is asked now has the step's limits, in the working hours of its own organisation."""
    case = made.case
    for track in case.tracks if case else ():
        assert case is not None
        steps = {step.name: step for step in case.rules.chain(track.name)}
        known = {order.number for order in was.orders} if before and (was := before.track(track.name)) else set()
        is_same = same_round(before, made) is not None
        for order in track.orders:
            step, whose = steps[order.step], order.organisation
            is_new = order.asked_at == history.now and not (is_same and order.number in known)
            if order.duty is not Duty.WORK or not is_new:
                continue
            deadline = history.street.deadline
            assert order.accept_by == (deadline(history.now, step.accept, whose) if step.accept else None)
            if step.finish is None:
                assert order.finish_by is None
            elif not step.from_opening:
                assert order.finish_by == deadline(history.now, step.finish, whose)
            else:
                assert order.finish_by is not None
                assert order.finish_by > history.now
                starts = (deadline(case.opened_at, step.finish, whose), deadline(history.now, step.finish, whose))
                assert order.finish_by in starts


def who_is_late_has_missed_a_deadline(history: History, before: Case | None, given: Given, made: Decision) -> None:
    """Law 3: nobody is late before the time, nor while the clocks stand still; and who was late stays so."""
    for track, after in tracks_of(before, made):
        was = {order.number: order for order in track.orders}
        stood = track.held_at if track.state in (TrackState.SUSPENDED, TrackState.DISPATCHING) else None
        for order in after.orders:
            old = was.get(order.number)
            if old and old.is_late:
                assert order.is_late
            elif order.is_late and old:
                ends = [old.finish_by, old.accept_by if old.state is OrderState.ASKED else None]
                missed = min((at for at in ends if at), default=track.due)
                assert missed is not None
                assert missed <= (stood or history.now)
        late = {(order.step, order.party) for order in track.orders if order.is_late and order.duty is Duty.WORK}
        assert late <= {(order.step, order.party) for order in after.orders if order.is_late}


def nobody_misses_what_another_has_taken(history: History, before: Case | None, given: Given, made: Decision) -> None:
    """A missed acceptance is that of a party whose acceptance the step needs; a missed finish is all of theirs."""
    for entry in made.entries:
        if entry.reason not in (Reason.NOT_ACCEPTED, Reason.NOT_FINISHED):
            continue
        track = before.track(entry.track) if before else None
        assert before is not None
        assert track is not None
        step, orders = before.step(track), current_orders(track, before.step(track))
        (order,) = [one for one in orders if one.party == entry.party and one.is_open]
        if entry.reason is Reason.NOT_FINISHED:
            assert all(one.finish_by is None or one.finish_by <= history.now for one in orders)
            assert step.need is not Need.ANY or is_not_taken(order, orders)
        else:
            assert order.state is OrderState.ASKED
            assert step.need is not Need.LEAD or order == orders[0]
            if step.need is Need.ANY:
                assert not {OrderState.ACCEPTED, OrderState.REPORTED} & {one.state for one in orders}


def is_not_taken(order: WorkOrder, orders: list[WorkOrder]) -> bool:
    """Whether nobody but its own party has accepted what this order asks for, since it did."""
    others = [one for one in orders if one is not order and one.state is OrderState.ACCEPTED]
    return order.state is OrderState.ACCEPTED or all(one.asked_at < order.asked_at for one in others)


def the_rules_are_frozen(history: History, before: Case | None, given: Given, made: Decision) -> None:
    """Law 4; nor does a case become less grave."""
    if cases := same_round(before, made):
        assert cases[1].rules is cases[0].rules
        assert not cases[0].severity.graver_than(cases[1].severity)


OF_TIME = (
    the_same_input_gives_the_same_decision,
    an_open_case_is_never_forgotten,
    no_track_waits_longer_than_its_limits,
    one_round_is_open,
    nothing_is_changed_by_what_is_refused,
    the_journal_has_no_gap,
    a_deadline_that_is_not_reached_does_nothing,
    closing_cancels,
    deadlines_are_the_calendars,
    who_is_late_has_missed_a_deadline,
    nobody_misses_what_another_has_taken,
    the_rules_are_frozen,
)
