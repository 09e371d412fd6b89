"""The laws of the loop, looked at in every decision of random histories (the numbers are those of the design)."""

from datetime import timedelta
from itertools import pairwise

from hypothesis import given, note
from hypothesis import strategies as st

from civicloop.core.loop.decide import decide
from civicloop.core.loop.draft import Decision
from civicloop.core.loop.ledger import ledger
from civicloop.core.model.case import Case, Duty, Reason, Track, TrackState
from civicloop.core.model.chain import Rules, Severity
from civicloop.core.model.given import AllClear, Found, Given, Lapse, Verb
from civicloop.core.model.notice import NoticeKind

from .histories import LONGEST, History, gaps, play, rules_that_load
from .town import ORGANISATIONS, STREET

ASKING = (Reason.ASKED, Reason.ESCALATED, Reason.REASSIGNED, Reason.CHECK_ASKED)
ASKED_BY = (NoticeKind.ASK, NoticeKind.CHECK)


def the_same_input_gives_the_same_decision(history: History, before: Case | None, given: Given, made: Decision) -> None:
    """Law 10."""
    assert decide(before, given, history.now, STREET) == made


def an_open_case_is_never_forgotten(history: History, before: Case | None, given: Given, made: Decision) -> None:
    """Law 1: a next deadline on every open track, and an open required track in every open case."""
    if made.case is None:
        return
    assert made.case.is_open == any(track.is_open and track.required for track in made.case.tracks)
    for track in made.case.tracks:
        assert track.is_open == (track.due is not None) == (track.step_due is not None)
        assert track.is_open or not any(order.is_open for order in track.orders)


def no_track_waits_longer_than_its_limits(history: History, before: Case | None, given: Given, made: Decision) -> None:
    """Law 1, the other half: a deadline that is years away is as good as none. An extension adds a limit, twice."""
    for track in made.case.tracks if made.case else ():
        if track.due and track.state is not TrackState.SUSPENDED:
            assert track.due - history.now <= LONGEST * (1 + track.extensions) + timedelta(days=300) * track.suspensions


def nothing_is_changed_by_what_is_refused(history: History, before: Case | None, given: Given, made: Decision) -> None:
    quiet = {Reason.STALE, Reason.EARLY, Reason.ALREADY, Reason.HISTORY, Reason.NOTHING_OPEN}
    if made.refused or made.reason in quiet:
        assert made.case is before
        assert not made.entries
        assert not made.notices
    assert made.refused == bool(made.detail)


def the_journal_has_no_gap(history: History, before: Case | None, given: Given, made: Decision) -> None:
    same = before if before and made.case and before.id == made.case.id else None
    first = (same.entries if same else 0) + 1
    assert [entry.seq for entry in made.entries] == list(range(first, first + len(made.entries)))
    assert made.case is None or made.case.entries == first + len(made.entries) - 1
    assert all(entry.at == history.now for entry in made.entries)


def a_deadline_that_is_not_reached_does_nothing(
    history: History, before: Case | None, given: Given, made: Decision
) -> None:
    """Law 3."""
    if isinstance(given, Lapse):
        track = before.track(given.track) if before else None
        armed = track is not None and track.due == given.due <= history.now
        assert armed == (made.reason not in (Reason.STALE, Reason.EARLY))
        if armed and made.case and (after := made.case.track(given.track)) and after.due:
            assert after.due > given.due or after.state is not TrackState.SUPERVISED


def the_rules_are_frozen(history: History, before: Case | None, given: Given, made: Decision) -> None:
    """Law 4."""
    if before and made.case and before.id == made.case.id:
        assert made.case.rules is before.rules


def escalation_adds(history: History, before: Case | None, given: Given, made: Decision) -> None:
    """Law 5: who was asked at a lower step may still answer, and is told; nobody else takes the order away."""
    if not isinstance(given, Lapse) or before is None or made.case is None or not made.case.is_open:
        return
    for track, after in zip(before.tracks, made.case.tracks, strict=True):
        if not after.is_open:
            continue
        step = made.case.step(after).name
        kept = {order.number for order in after.orders if order.is_open}
        open_before = {o.number for o in track.orders if o.is_open and o.step != step and o.duty is Duty.WORK}
        assert open_before <= kept
        if after.step > track.step and any(entry.reason is Reason.ESCALATED for entry in made.entries):
            told = {notice.party for notice in made.notices}
            assert {order.party for order in track.orders if order.number in open_before} <= told


def the_end_of_a_chain_is_not_the_end_of_the_case(
    history: History, before: Case | None, given: Given, made: Decision
) -> None:
    """Law 5: repeated every day, to ops at least."""
    ended = {Reason.CHAIN_ENDED, Reason.REPEATED, Reason.REVIEW_AWAITED}
    for entry in made.entries:
        if entry.reason in ended:
            assert made.case
            assert made.case.is_open
            assert entry.due == history.now + timedelta(hours=24)
            assert any(notice.party == "ops_center" for notice in made.notices)


def a_step_nobody_holds_is_told_to_ops(history: History, before: Case | None, given: Given, made: Decision) -> None:
    """Law 5."""
    lost = sum(entry.reason is Reason.NOBODY_FOUND for entry in made.entries)
    assert lost <= sum(notice.kind is NoticeKind.OPS for notice in made.notices)


def who_verifies_did_not_report(history: History, before: Case | None, given: Given, made: Decision) -> None:
    """Law 6, of whoever verified and of whoever is asked to."""
    if before is None or made.case is None:
        return
    for entry in made.entries:
        if entry.reason in (Reason.VERIFIED, Reason.CHECK_ASKED) and entry.party != "sensor":
            track = before.track(entry.track) if entry.reason is Reason.VERIFIED else made.case.track(entry.track)
            assert track is not None
            for order in (order for order in track.orders if order.number in track.reporters):
                assert entry.party != order.party
                firm = ORGANISATIONS[entry.party]
                assert not firm or firm != order.organisation
                assert entry.reason is Reason.CHECK_ASKED or not order.by or entry.by != order.by


def a_failed_check_is_rework(history: History, before: Case | None, given: Given, made: Decision) -> None:
    """Law 6: for the same parties, and counted."""
    for entry in made.entries:
        if entry.reason is Reason.CHECK_FAILED and before and made.case:
            track, after = before.track(entry.track), made.case.track(entry.track)
            assert track is not None
            assert after is not None
            assert after.rework == track.rework + 1
            again = {order.party for order in track.orders if order.number in track.reporters}
            assert again == {notice.party for notice in made.notices if notice.kind is NoticeKind.REWORK}


def no_enforcement_without_review(history: History, before: Case | None, given: Given, made: Decision) -> None:
    """Law 7."""
    for track in made.case.tracks if made.case else ():
        assert made.case is not None
        enforcing = {step.name for step in made.case.rules.chain(track.name) if step.enforcement}
        if any(order.step in enforcing or order.party == "urban_enforcement" for order in worked(track)):
            entries = [entry for decision in history.decisions for entry in decision.entries]
            assert any(entry.reason is Reason.REVIEWED and entry.track == track.name for entry in entries)


def worked(track: Track) -> list[object]:
    return [order for order in track.orders if order.duty is Duty.WORK]


def who_is_asked_is_told(history: History, before: Case | None, given: Given, made: Decision) -> None:
    """Law 8: in the same commit."""
    asked = [entry.party for entry in made.entries if entry.reason in ASKING and entry.party != "sensor"]
    told = [notice.party for notice in made.notices if notice.kind in ASKED_BY]
    assert sorted(asked) == sorted(told)
    assert made.entries or not made.notices


def every_notice_has_its_own_key(history: History, before: Case | None, given: Given, made: Decision) -> None:
    """Law 8."""
    keys = [notice.key for decision in history.decisions for notice in decision.notices]
    assert len(keys) == len(set(keys))


def sensors_do_not_end_a_danger_to_life(history: History, before: Case | None, given: Given, made: Decision) -> None:
    if before and before.severity is Severity.P0 and before.was_dispatched and isinstance(given, AllClear | Lapse):
        assert before.is_open == bool(made.case and made.case.is_open)


def old_facts_change_nothing(history: History, before: Case | None, given: Given, made: Decision) -> None:
    """Law 9: a fact older than the newest neither clears nor opens."""
    if before and isinstance(given, AllClear | Found) and given.at < before.newest and made.case:
        assert made.case.id == before.id
        assert made.case.is_open == before.is_open
        cleared = [entry for entry in made.entries if entry.reason is Reason.CLEARED]
        assert not cleared


def orders_are_bounded(history: History, before: Case | None, given: Given, made: Decision) -> None:
    """A party holds one order a step, one check apart, however often it is asked again."""
    for track in made.case.tracks if made.case else ():
        seen = [(order.step, order.party, order.duty) for order in track.orders]
        assert len(seen) == len(set(seen))


def the_ledger_adds_up(history: History, before: Case | None, given: Given, made: Decision) -> None:
    """Law 11: every second of a case's life has one holder; a reopened case did not live while it was closed."""
    entries = [entry for decision in history.decisions for entry in decision.entries]
    if made.case is None:
        return
    booked = ledger(entries, history.now)
    age, since = timedelta(), made.case.opened_at
    for entry in entries:
        if entry.reason is Reason.CLOSED:
            age += entry.at - since
        elif entry.reason is Reason.REOPENED:
            since = entry.at
    age += history.now - since if made.case.is_open else timedelta()
    assert sum((booking.span for booking in booked), timedelta()) == age
    assert all(one.ends <= two.begins for one, two in pairwise(booked))


LAWS = (
    the_same_input_gives_the_same_decision,
    an_open_case_is_never_forgotten,
    no_track_waits_longer_than_its_limits,
    nothing_is_changed_by_what_is_refused,
    the_journal_has_no_gap,
    a_deadline_that_is_not_reached_does_nothing,
    the_rules_are_frozen,
    escalation_adds,
    the_end_of_a_chain_is_not_the_end_of_the_case,
    a_step_nobody_holds_is_told_to_ops,
    who_verifies_did_not_report,
    a_failed_check_is_rework,
    no_enforcement_without_review,
    who_is_asked_is_told,
    every_notice_has_its_own_key,
    sensors_do_not_end_a_danger_to_life,
    old_facts_change_nothing,
    orders_are_bounded,
    the_ledger_adds_up,
)


def look(history: History, before: Case | None, given: Given, made: Decision) -> None:
    if made.entries or made.reason not in (Reason.STALE, Reason.NOT_ASKED):
        verb = f" {given.verb} {given.party}" if hasattr(given, "verb") else ""
        note(f"{history.now:%d %H:%M} {type(given).__name__}{verb}: {made.reason}")
    for law in LAWS:
        law(history, before, given, made)


@given(rules_that_load, st.data())
def test_the_laws_hold_in_random_histories(rules: Rules, data: st.DataObject) -> None:
    play(data.draw, History(rules, look), data.draw(st.integers(1, 25), "length"))


@given(rules_that_load, st.data())
def test_a_case_left_alone_is_never_silent(rules: Rules, data: st.DataObject) -> None:
    """However it was left: deadlines follow each other, and it ends, or is repeated every day."""
    history = History(rules, look)
    play(data.draw, history, data.draw(st.integers(1, 8), "length"))
    waits = gaps(history)
    if history.case and history.case.is_open:
        assert waits[-1] <= timedelta(hours=24), "at the end it is repeated every day"
        last = history.decisions[-1]
        assert last.notices, "and somebody is told"


@given(rules_that_load, st.data())
def test_replaying_the_inputs_gives_the_same_journal(rules: Rules, data: st.DataObject) -> None:
    """Law 10."""
    history = History(rules, lambda *_: None)
    play(data.draw, history, data.draw(st.integers(1, 25), "length"))
    case, journal = None, []
    for what, now in history.given:
        decision = decide(case, what, now, STREET)
        case = decision.case
        journal += decision.entries
    assert journal == [entry for one in history.rounds for decision in one for entry in decision.entries]
    assert case == history.case


def test_every_verb_is_tried() -> None:
    """The histories draw from all verbs; a new one must be given a likely party in histories.py."""
    assert len(Verb) == 15
