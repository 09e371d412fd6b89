"""The eleven laws of the loop, each a look at one decision of a random history (the numbers are those of the design)."""

from datetime import datetime, timedelta
from itertools import pairwise

from civicloop.core.loop.decide import decide
from civicloop.core.loop.draft import Decision
from civicloop.core.loop.ledger import ledger
from civicloop.core.loop.orders import current_orders
from civicloop.core.model.case import Case, Duty, OrderState, Reason, Track, TrackState, WorkOrder
from civicloop.core.model.chain import ENFORCEMENT_BODIES, Need, Severity, Silence
from civicloop.core.model.given import AllClear, Answer, Found, Given, Lapse
from civicloop.core.model.notice import NoticeKind
from civicloop.core.model.street import OPS

from .histories import History
from .random_rules import limits_of

ASKING = {
    Reason.ASKED,
    Reason.ESCALATED,
    Reason.REASSIGNED,
    Reason.CHECK_ASKED,
    Reason.DISPATCH_ASKED,
    Reason.ARBITER_ASKED,
}
ASKED_BY = {NoticeKind.ASK, NoticeKind.CHECK, NoticeKind.DISPATCH}
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


def nothing_is_changed_by_what_is_refused(history: History, before: Case | None, given: Given, made: Decision) -> None:
    if made.refused or made.reason in NOTHING:
        assert made.case is before
        assert not (made.entries or made.notices or made.silenced)
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


def escalation_adds(history: History, before: Case | None, given: Given, made: Decision) -> None:
    """Law 5: who was asked at a lower step may still answer, and is told; nobody else takes the order away."""
    for track, after in tracks_of(before, made):
        climbed = [entry for entry in made.entries if entry.reason is Reason.ESCALATED and entry.track == track.name]
        if not after.is_open or not (climbed or isinstance(given, Lapse)):
            continue
        step = made.case.step(after).name if made.case else ""
        kept = {order.number for order in after.orders if order.is_open}
        answered = {order.number for order in after.orders if order.state in (OrderState.FAILED, OrderState.RETURNED)}
        lower = [one for one in track.orders if one.is_open and one.step != step and one.duty is Duty.WORK]
        assert {order.number for order in lower} <= kept | answered | {order.number for order in after.orders if order.state is OrderState.REPORTED}
        if climbed and after.step > track.step:
            told = {notice.party for notice in made.notices}
            assert {order.party for order in lower if order.number in kept and history.holds(order.party)} <= told


def a_step_asks_all_its_parties(history: History, before: Case | None, given: Given, made: Decision) -> None:
    """Law 5: everybody who holds one of the step's roles, in their order; where nobody does, it is passed at once."""
    for entry in made.entries:
        if entry.reason not in (Reason.ASKED, Reason.ESCALATED):
            continue
        track = made.case.track(entry.track) if made.case else None
        assert made.case is not None
        assert track is not None
        step = next(step for step in made.case.rules.chain(track.name) if step.name == entry.step)
        asked = [one.party for one in track.orders if one.step == step.name and one.asked_at == history.now]
        assert [role for role in step.parties if history.holds(role)] == [
            one for one in asked if one in step.parties
        ] or not track.is_open


def a_step_nobody_holds_is_told_to_ops(history: History, before: Case | None, given: Given, made: Decision) -> None:
    """Law 5."""
    nobody = (Reason.NOBODY_FOUND, Reason.NOBODY_ON_DUTY)
    lost = [entry for entry in made.entries if entry.reason in nobody]
    told = {notice.reason for notice in made.notices if notice.kind is NoticeKind.OPS}
    assert {entry.reason.value for entry in lost} <= told
    assert not any(history.holds(role) for entry in lost for role in entry.party.split("+")) or checks(lost, before)


def checks(lost: list[object], before: Case | None) -> bool:
    """Whether it was a check that found nobody: of those who hold a role, some reported it and some were asked."""
    return any(track.state is TrackState.VERIFYING or track.orders for track in before.tracks) if before else False


def the_end_of_a_chain_is_not_the_end_of_the_case(
    history: History, before: Case | None, given: Given, made: Decision
) -> None:
    """Law 5: repeated every day, to ops at least; a track ends in vain only where its rule says so."""
    for entry in made.entries:
        silence = history.rules.track(entry.track).silence
        if entry.reason in (Reason.CHAIN_ENDED, Reason.REPEATED, Reason.REVIEW_AWAITED):
            assert made.case
            lapsed = any(one.reason is Reason.TRACK_LAPSED for one in made.entries)
            assert made.case.is_open or lapsed, "only another track may end it in the same breath"
            assert entry.due == history.street.deadline(history.now, history.street.repeat_after)
            assert any(notice.party == OPS and notice.reason == entry.reason for notice in made.notices)
        if entry.reason is Reason.CHAIN_ENDED:
            assert silence is Silence.REPEAT
        if entry.reason is Reason.TRACK_LAPSED:
            assert silence is Silence.END


def who_verifies_did_not_report(history: History, before: Case | None, given: Given, made: Decision) -> None:
    """Law 6, of whoever verified and of whoever is asked to."""
    for entry in made.entries:
        if entry.reason not in (Reason.VERIFIED, Reason.CHECK_ASKED) or entry.party == "sensor":
            continue
        track = (before if entry.reason is Reason.VERIFIED and before else made.case).track(entry.track)  # type: ignore[union-attr]
        assert track is not None
        holder = history.holder(entry.party)
        firms = {holder.organisation if holder else "", getattr(given, "organisation", "")}
        if entry.reason is Reason.CHECK_ASKED:
            firms = {holder.organisation if holder else ""}
        for order in (order for order in track.orders if order.number in track.reporters):
            assert entry.party != order.party
            assert not order.organisation or order.organisation not in firms
            who, reporter = entry.by.partition(" ")[0], order.by.partition(" ")[0]
            is_known = who and not who.startswith("token:")
            assert entry.reason is Reason.CHECK_ASKED or not is_known or who != reporter


def a_failed_check_is_rework(history: History, before: Case | None, given: Given, made: Decision) -> None:
    """Law 6: for the same parties, and counted."""
    for entry in made.entries:
        track = before.track(entry.track) if before else None
        after = made.case.track(entry.track) if made.case else None
        if entry.reason is Reason.CHECK_FAILED and track and after and track.reporters:
            assert after.rework == track.rework + 1
            again = {order.party for order in track.orders if order.number in track.reporters}
            assert again == {notice.party for notice in made.notices if notice.kind is NoticeKind.REWORK}
            redone = [one for one in after.orders if one.number in track.reporters]
            assert all(one.state in (OrderState.ASKED, OrderState.WITHDRAWN) for one in redone)
            assert all(one.asked_at == history.now for one in redone if one.is_open)


def unverified_is_the_last_resort(history: History, before: Case | None, given: Given, made: Decision) -> None:
    """Law 6: only after everybody who may look was asked; a danger to life never."""
    for entry in made.entries:
        if entry.reason is Reason.UNVERIFIED:
            assert before is not None
            assert before.severity is not Severity.P0
            track = before.track(entry.track)
            assert track is not None
            asked = {order.party for order in track.orders if order.duty is Duty.CHECK}
            mine = [order for order in track.orders if order.number in track.reporters]
            firms = {order.organisation for order in mine if order.organisation}
            for role in (*before.rules.check.parties, OPS):
                holder = history.holder(role)
                is_other = role not in {order.party for order in mine}
                assert role in asked or holder is None or not is_other or holder.organisation in firms


def sensors_do_not_end_a_danger_to_life(history: History, before: Case | None, given: Given, made: Decision) -> None:
    """Law 6; a track whose rule lets it end in vain is not ended by a sensor."""
    if before and before.severity is Severity.P0 and before.was_dispatched and isinstance(given, AllClear | Lapse):
        ended = any(entry.reason is Reason.TRACK_LAPSED for entry in made.entries)
        assert ended or before.is_open == bool(made.case and made.case.is_open)


def no_enforcement_without_review(history: History, before: Case | None, given: Given, made: Decision) -> None:
    """Law 7: in whatever way a party may come to be asked."""
    history.reviewed |= {
        entry.track
        for entry in made.entries
        if entry.reason is Reason.REVIEWED and getattr(given, "verb", "") == "approve"
    }
    for track in made.case.tracks if made.case else ():
        if track.name in history.reviewed:
            continue
        enforcing = {step.name for step in history.rules.chain(track.name) if step.enforcement}
        assert not any(order.step in enforcing or order.party in ENFORCEMENT_BODIES for order in track.orders)
    pressing = [notice for notice in made.notices if notice.order and not history.reviewed]
    assert not any(notice.party in ENFORCEMENT_BODIES for notice in pressing)


def who_is_asked_is_told(history: History, before: Case | None, given: Given, made: Decision) -> None:
    """Law 8: in the same commit, by the name of an order that can be answered."""
    asked = [entry.party for entry in made.entries if entry.reason in ASKING and entry.party != "sensor"]
    told = {(notice.party, notice.order) for notice in made.notices if notice.kind in ASKED_BY}
    assert sorted(asked) == sorted(party for party, _ in told)
    assert made.entries or not made.notices
    if made.case and made.case.is_open:
        orders = [order for track in made.case.tracks for order in track.orders if order.is_open]
        answerable = {(order.party, made.case.order_id(order)) for order in orders}
        named = {(one.party, one.order) for one in made.notices if one.order and one.kind is not NoticeKind.DECIDE}
        assert named <= answerable


def every_notice_has_its_own_key(history: History, before: Case | None, given: Given, made: Decision) -> None:
    """Law 8."""
    keys = [notice.key for notice in made.notices]
    assert len(keys) == len(set(keys))
    assert not history.keys & set(keys)
    history.keys |= set(keys)


def who_needs_not_answer_is_paged_no_more(history: History, before: Case | None, given: Given, made: Decision) -> None:
    """Law 8: silenced are the orders that wait no longer, and those of the others once one of them has accepted."""
    cases = same_round(before, made)
    if cases is None:
        assert not made.silenced
        return
    was, now = ({cases[0].order_id(order): order for track in one.tracks for order in track.orders} for one in cases)
    gone = {name for name, order in was.items() if order.state is OrderState.ASKED}
    gone -= {name for name, order in now.items() if order.state is OrderState.ASKED}
    if made.reason is Reason.ACCEPTED:
        (name,) = gone
        mine, track = now[name], next(track for track in cases[1].tracks if now[name] in track.orders)
        step = cases[1].step(track)
        if mine.duty is Duty.WORK and step.need is Need.ANY and step.name == mine.step:
            gone |= {
                cases[1].order_id(one)
                for one in track.orders
                if (one.step, one.duty, one.state) == (mine.step, mine.duty, OrderState.ASKED)
            }
    assert set(made.silenced) == gone
    assert len(made.silenced) == len(gone)


def old_facts_change_nothing(history: History, before: Case | None, given: Given, made: Decision) -> None:
    """Law 9: a fact older than the newest neither clears, nor opens, nor fails a check."""
    if before and isinstance(given, AllClear | Found) and given.at < before.newest and made.case:
        assert made.case.id == before.id
        assert made.case.is_open == before.is_open
        assert made.case.newest == before.newest
        changed = {Reason.CLEARED, Reason.CHECK_FAILED, Reason.REAPPEARED, Reason.VERIFIED}
        assert not changed & {entry.reason for entry in made.entries}


def orders_are_bounded(history: History, before: Case | None, given: Given, made: Decision) -> None:
    """A party holds one order a step, one check apart, however often it is asked again."""
    numbers = [order.number for track in made.case.tracks for order in track.orders] if made.case else []
    assert len(numbers) == len(set(numbers))
    for track in made.case.tracks if made.case else ():
        seen = [(order.step, order.party, order.duty) for order in track.orders]
        assert len(seen) == len(set(seen))


def the_ledger_adds_up(history: History, before: Case | None, given: Given, made: Decision) -> None:
    """Law 11: every second of a case's life has one holder; a reopened case did not live while it was closed."""
    if made.case is None:
        return
    booked = ledger(history.entries, history.now)
    age, since = timedelta(), made.case.opened_at
    for entry in history.entries:
        if entry.reason is Reason.CLOSED:
            age += entry.at - since
        elif entry.reason is Reason.REOPENED:
            since = entry.at
    age += history.now - since if made.case.is_open else timedelta()
    assert sum((booking.span for booking in booked), timedelta()) == age
    assert all(one.ends <= two.begins for one, two in pairwise(booked))


ELEVEN = (
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
    escalation_adds,
    a_step_asks_all_its_parties,
    a_step_nobody_holds_is_told_to_ops,
    the_end_of_a_chain_is_not_the_end_of_the_case,
    who_verifies_did_not_report,
    a_failed_check_is_rework,
    unverified_is_the_last_resort,
    sensors_do_not_end_a_danger_to_life,
    no_enforcement_without_review,
    who_is_asked_is_told,
    every_notice_has_its_own_key,
    who_needs_not_answer_is_paged_no_more,
    old_facts_change_nothing,
    orders_are_bounded,
    the_ledger_adds_up,
)
