"""Laws 5 to 11: who is asked, told and paged, who checks and who enforces, what old facts do, and the ledger."""

from datetime import timedelta
from itertools import pairwise

from civicloop.core.loop.draft import Decision
from civicloop.core.loop.ledger import ledger
from civicloop.core.loop.orders import current_orders, owing
from civicloop.core.model.case import Case, Duty, OrderState, Reason, TrackState
from civicloop.core.model.chain import ENFORCEMENT_BODIES, Need, Severity, Silence
from civicloop.core.model.given import AllClear, Answer, Found, Given, Lapse
from civicloop.core.model.notice import NoticeKind
from civicloop.core.model.street import OPS

from .histories import History
from .laws import same_round, tracks_of

ASKING = {
    Reason.ASKED,
    Reason.ESCALATED,
    Reason.REASSIGNED,
    Reason.CHECK_ASKED,
    Reason.DISPATCH_ASKED,
    Reason.ARBITER_ASKED,
}
ASKED_BY = {NoticeKind.ASK, NoticeKind.CHECK, NoticeKind.DISPATCH}


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
        assert {order.number for order in lower} <= kept | answered | {
            order.number for order in after.orders if order.state is OrderState.REPORTED
        }
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
        was = before.track(entry.track) if before else None
        if isinstance(given, Answer) and was and (was.step, was.state) == (track.step, track.state):
            # Who had taken it for all gave it up: those who are left are asked afresh.
            (left,) = [one for one in current_orders(track, step) if one.party == entry.party]
            assert left.state is OrderState.ASKED
            assert step.need is Need.ANY
            continue
        asked = [one.party for one in track.orders if one.step == step.name and one.asked_at == history.now]
        assert [role for role in step.parties if history.holds(role)] == [
            one for one in asked if one in step.parties
        ] or not track.is_open


def no_step_is_left_out(history: History, before: Case | None, given: Given, made: Decision) -> None:
    """Law 5: after a step that nobody holds comes the next one, or the review before it."""
    nobody = (Reason.NOBODY_FOUND, Reason.NOBODY_ON_DUTY)
    for entry in made.entries:
        track = before.track(entry.track) if before and isinstance(given, Lapse) else None
        if track and entry.reason is Reason.ESCALATED and any(one.step == entry.step for one in track.orders):
            # Back to the review that enforcement waits for, or to a step asked before going back: never twice to one.
            assert not next(step for step in history.rules.chain(track.name) if step.name == entry.step).review
    for rule in history.rules.tracks:
        names = [step.name for step in rule.chain]
        climb = [(one.reason, names.index(one.step)) for one in made.entries if one.track == rule.name]
        for (reason, at), (_, then) in pairwise(climb):
            assert reason not in nobody or then <= at + 1


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
        case = before if entry.reason is Reason.VERIFIED and before else made.case
        assert case is not None
        track = case.track(entry.track)
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
            assert again <= {notice.party for notice in made.notices if notice.kind is NoticeKind.REWORK}
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
        reasons = {entry.reason for entry in made.entries}
        assert Reason.CLEARED not in reasons
        assert Reason.TRACK_LAPSED in reasons or before.is_open == bool(made.case and made.case.is_open)


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
        awaited = owing(track, step)
        if mine in awaited:
            others = [one for one in current_orders(track, step) if one not in awaited]
            gone |= {cases[1].order_id(one) for one in others if one.state is OrderState.ASKED}
    assert set(made.silenced) == gone
    assert len(made.silenced) == len(gone)


def old_facts_change_nothing(history: History, before: Case | None, given: Given, made: Decision) -> None:
    """Law 9: a fact older than the newest neither clears, nor opens, nor fails a check; no other fact is history."""
    if made.reason is Reason.HISTORY:
        assert before is not None
        assert isinstance(given, AllClear | Found)
        assert given.at < before.newest
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


OF_PARTIES = (
    escalation_adds,
    a_step_asks_all_its_parties,
    no_step_is_left_out,
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
