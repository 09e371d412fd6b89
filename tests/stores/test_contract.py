"""What every store promises: the contract of base.py, held against the store in memory and the store in a file."""

from datetime import timedelta
from itertools import chain
from typing import Any

import pytest

from civicloop.core.model.case import Duty, Reason, TrackState
from civicloop.core.model.chain import Severity
from civicloop.core.stores.base import (
    Access,
    CaseQuery,
    Conduct,
    EventState,
    Hashed,
    OutboxState,
    Store,
    Token,
    Writes,
)

from .desk import Desk


def keys(cases: list[Any]) -> list[str]:
    return [case.key for case in cases]


# --- turns


def test_a_new_store_is_empty(desk: Desk) -> None:
    store: Store = desk.store
    assert set(store.counts().values()) == {0}
    assert (store.next_due(), store.last_turn()) == (None, None)
    assert (store.case("x"), store.round("a", "b"), store.event("s", "i")) == (None, None, None)
    assert store.find_cases(CaseQuery()) == ([], None)
    assert (store.events(None, 0, 9), store.quarantine(9), store.unheard_types()) == ([], [], {})
    assert (store.journal("x"), store.journal_after(0, 9), store.dead_letters(9)) == ([], [], [])
    assert (store.tokens(), store.accesses(9)) == ([], [])
    with store.turn() as turn:
        assert (turn.seen([("i", "s")]), turn.memos([("a", "b")]), turn.latest([("a", "b")])) == ({}, {}, {})
        assert (turn.cases(["x"]), turn.due_cases(desk.at(0), 9), turn.due_memos(desk.at(0), 9)) == ({}, [], [])
        assert (turn.seen([]), turn.memos([]), turn.latest([]), turn.cases([])) == ({}, {}, {}, {})
        assert (turn.brought(["h"]), turn.conduct([("s", "r")])) == (frozenset(), {})
    assert store.children("x", 9) == []


def test_what_a_turn_commits_is_all_there(desk: Desk) -> None:
    case = desk.case("B7")
    desk.put(
        3,
        events=[desk.event("1"), desk.event("2", minute=1.5)],
        quarantined=[desk.quarantined("1")],
        memos=[desk.memo("B7", wake=5)],
        cases=[case],
        entries=[desk.entry(case, 1)],
        notices=[(desk.notice("n1", case=case.id), "hook"), (desk.notice("n1", case=case.id), "file")],
    )
    store: Store = desk.store
    assert store.event("/gw", "2") == desk.event("2", minute=1.5)
    assert store.quarantine(9) == [desk.quarantined("1")]
    assert store.case(case.id) == case
    assert store.journal(case.id) == [desk.entry(case, 1)]
    assert [owed.notice for owed in store.owed("file", desk.at(0), 9)] == [desk.notice("n1", case=case.id)]
    assert store.last_turn() == desk.at(3)
    assert store.counts() == {
        "events": 2,
        "quarantined": 1,
        "cases": 1,
        "open_cases": 1,
        "pending_notices": 2,
        "dead_notices": 0,
        "armed_watchdogs": 1,
    }
    with store.turn() as turn:
        assert turn.memos([("bins.full", "B7")]) == {("bins.full", "B7"): desk.memo("B7", wake=5)}


def test_a_turn_that_is_left_without_commit_leaves_no_trace(desk: Desk) -> None:
    with desk.store.turn() as turn:
        turn.seen([("1", "/gw")])
    assert desk.store.last_turn() is None


def test_a_turn_that_raises_leaves_no_trace_and_the_next_one_works(desk: Desk) -> None:
    case = desk.case("B7")
    twice = [desk.event("1"), desk.event("1")]
    with pytest.raises(Exception, match="UNIQUE"), desk.store.turn() as turn:
        turn.commit(Writes(desk.at(0), events=twice, memos=[desk.memo("B7")], cases=[case]))
    assert set(desk.store.counts().values()) == {0}
    desk.put(events=[desk.event("1")], cases=[case])
    assert desk.store.case(case.id) == case


def test_a_failure_late_in_a_commit_takes_back_what_was_written_first(desk: Desk) -> None:
    case = desk.case("B7")
    lines = [desk.entry(case, 1), desk.entry(case, 1)]
    with pytest.raises(Exception, match="UNIQUE"), desk.store.turn() as turn:
        turn.commit(Writes(desk.at(0), events=[desk.event("1")], cases=[case], entries=lines))
    assert set(desk.store.counts().values()) == {0}
    assert desk.store.next_due() is None


def test_a_turn_commits_once(desk: Desk) -> None:
    with desk.store.turn() as turn:
        turn.commit(Writes(desk.at(0)))
        with pytest.raises(RuntimeError, match="open another one"):
            turn.commit(Writes(desk.at(1)))
    assert desk.store.last_turn() == desk.at(0)


def test_a_turn_within_a_turn_is_refused(desk: Desk) -> None:
    with desk.store.turn() as turn:
        with pytest.raises(RuntimeError, match="commit or leave it first"), desk.store.turn():
            pass
        with pytest.raises(RuntimeError, match="commit or leave it first"):
            desk.store.heartbeat(desk.at(1))
        turn.commit(Writes(desk.at(0)))


def test_closing_twice_is_harmless(desk: Desk) -> None:
    desk.store.close()
    desk.store.close()


# --- events


def test_an_event_is_known_by_id_and_source_with_its_digest(desk: Desk) -> None:
    desk.put(events=[desk.event("1", "/a", digest=b"A"), desk.event("1", "/b", digest=b"B"), desk.event("2", "/a")])
    with desk.store.turn() as turn:
        assert turn.seen([("1", "/a"), ("1", "/b"), ("2", "/b"), ("3", "/a"), ("1", "/a")]) == {
            ("1", "/a"): b"A",
            ("1", "/b"): b"B",
        }


@pytest.mark.parametrize("name", ["", "a\0b", "a\\u0000b", "'\"", "桶 7", "🗑", "\x01\n", "a\u2028b", "%s", "null"])
def test_any_text_names_an_event_and_a_memo(desk: Desk, name: str) -> None:
    desk.put(events=[desk.event(name, name)], memos=[desk.memo(name)], cases=[desk.case(name)])
    with desk.store.turn() as turn:
        assert list(turn.seen([("1", "2"), (name, name)])) == [(name, name)]
        assert list(turn.memos([("bins.full", name), ("x", "y")])) == [("bins.full", name)]
        assert list(turn.latest([("bins.full", name), ("x", "y")])) == [("bins.full", name)]
        assert not turn.cases([name])


def test_more_keys_than_one_statement_takes(desk: Desk) -> None:
    names = [(f"e{number}", "/gw") for number in range(5001)]
    desk.put(events=[desk.event(name) for name, _ in names])
    with desk.store.turn() as turn:
        assert turn.seen(names).keys() == set(names)


def test_events_are_listed_in_order_of_arrival_by_state(desk: Desk) -> None:
    desk.put(events=[desk.event("b", minute=9), desk.event("a", state=EventState.UNHEARD, type="x")])
    desk.put(
        events=[desk.event("c", state=EventState.QUARANTINED), desk.event("d", state=EventState.UNHEARD, type="y")]
    )
    desk.put(events=[desk.event("e", state=EventState.UNHEARD, type="x")])
    store: Store = desk.store

    def ids(state: EventState | None, after: int = 0, most: int = 9) -> list[str]:
        return [row.id for _, row in store.events(state, after, most)]

    assert ids(None) == ["b", "a", "c", "d", "e"]
    assert (ids(EventState.ACCEPTED), ids(EventState.QUARANTINED)) == (["b"], ["c"])
    assert ids(EventState.UNHEARD, most=2) == ["a", "d"]
    (_, (row, _)) = store.events(EventState.UNHEARD, 0, 2)
    assert ids(EventState.UNHEARD, after=row) == ["e"]
    assert store.unheard_types() == {"x": 2, "y": 1}


def test_quarantine_is_listed_oldest_first_and_released_by_scenario(desk: Desk) -> None:
    rows = [desk.quarantined("1"), desk.quarantined("1", "bins.late"), desk.quarantined("2")]
    stored = [desk.event("1", state=EventState.QUARANTINED), desk.event("2", state=EventState.QUARANTINED)]
    desk.put(events=stored, quarantined=rows)
    assert desk.store.quarantine(2) == rows[:2]
    desk.put(released=[("1", "/gw", "bins.full")])
    assert desk.store.quarantine(9) == rows[1:]
    assert desk.store.event("/gw", "1").state is EventState.QUARANTINED
    desk.put(released=[("1", "/gw", "bins.late")])
    assert desk.store.event("/gw", "1").state is EventState.ACCEPTED
    assert desk.store.event("/gw", "2").state is EventState.QUARANTINED


def test_a_retry_in_vain_keeps_the_newest_reason(desk: Desk) -> None:
    desk.put(events=[desk.event("1", state=EventState.QUARANTINED)], quarantined=[desk.quarantined("1")])
    again = desk.quarantined("1", minute=9)._replace(why="still raises")
    desk.put(released=[("1", "/gw", "bins.full")], quarantined=[again])
    assert desk.store.quarantine(9) == [again]
    assert desk.store.event("/gw", "1").state is EventState.QUARANTINED
    desk.put(quarantined=[again._replace(why="raises for ever")])
    assert [row.why for row in desk.store.quarantine(9)] == ["raises for ever"]


# --- memos and watchdogs


def test_a_memo_is_replaced_by_its_newer_self(desk: Desk) -> None:
    desk.put(memos=[desk.memo("B7", wake=5), desk.memo("B7", wake=9, scenario="other")])
    newer = desk.memo("B7")._replace(newest=desk.at(4), memory=b"null", place="e2")
    desk.put(memos=[newer])
    with desk.store.turn() as turn:
        assert turn.memos([("bins.full", "B7")]) == {("bins.full", "B7"): newer}
        assert [memo.scenario for memo in turn.due_memos(desk.at(99), 9)] == ["other"]


def test_due_memos_come_earliest_first_and_no_more_than_asked(desk: Desk) -> None:
    desk.put(memos=[desk.memo("late", 30), desk.memo("b", 5), desk.memo("a", 5), desk.memo("never"), desk.memo("c", 6)])
    with desk.store.turn() as turn:
        assert keys(turn.due_memos(desk.at(5), 9)) == ["a", "b"]
        assert keys(turn.due_memos(desk.at(29), 2)) == ["a", "b"]
        assert keys(turn.due_memos(desk.at(30), 9)) == ["a", "b", "c", "late"]
    assert desk.store.next_due() == desk.at(5)


def test_an_outage_moves_the_watchdogs_that_were_armed_beyond_it(desk: Desk) -> None:
    two = desk.memo("two")._replace(expects=(("a", desk.at(5)), ("b", desk.at(40))), wake_at=desk.at(15))
    both = desk.memo("both")._replace(expects=(("a", desk.at(20)), ("b", desk.at(30))), wake_at=desk.at(22))
    desk.put(memos=[desk.memo("past", 9), desk.memo("edge", 10), two, both, desk.memo("none")])
    desk.was_away(desk.at(10), desk.at(70))
    assert desk.store.last_turn() == desk.at(70)
    with desk.store.turn() as turn:
        found = {memo.key: memo for memo in turn.due_memos(desk.at(999), 9)}
    assert found["past"] == desk.memo("past", 9)
    assert found["edge"] == desk.memo("edge", 10)
    assert found["two"].expects == (("a", desk.at(5)), ("b", desk.at(100)))
    assert found["two"].wake_at == desk.at(15)
    assert found["both"].expects == (("a", desk.at(80)), ("b", desk.at(90)))
    assert found["both"].wake_at == desk.at(82)
    assert desk.store.next_due() == desk.at(9)


def test_an_outage_is_booked_with_its_turn_or_not_at_all(desk: Desk) -> None:
    desk.put(10, memos=[desk.memo("armed", 30)])
    with desk.store.turn() as turn:
        assert turn.back_at is None
        turn.shift_watchdogs(desk.at(10), desk.at(70))
        assert turn.back_at == desk.at(70)
        assert [memo.wake_at for memo in turn.due_memos(desk.at(999), 9)] == [desk.at(90)]
    with desk.store.turn() as turn:
        assert turn.back_at is None
        assert [memo.wake_at for memo in turn.due_memos(desk.at(999), 9)] == [desk.at(30)]
    assert desk.store.last_turn() == desk.at(10)
    desk.was_away(desk.at(10), desk.at(70))
    with desk.store.turn() as turn:
        assert turn.back_at == desk.at(70)


def test_what_is_armed_between_outages_moves_with_the_later_ones_only(desk: Desk) -> None:
    desk.put(memos=[desk.memo("old", 100), desk.memo("edge", 20)])
    desk.was_away(desk.at(10), desk.at(70))
    desk.put(75, memos=[desk.memo("new", 90), desk.memo("past", 78)._replace(wake_at=desk.at(88))])
    assert desk.store.next_due() == desk.at(80)
    desk.was_away(desk.at(80), desk.at(85))
    with desk.store.turn() as turn:
        woken = {memo.key: memo for memo in turn.due_memos(desk.at(999), 9)}
        assert turn.memos([("bins.full", "new")])["bins.full", "new"] == woken["new"]
    assert {key: memo.expects[0][1] for key, memo in woken.items()} == {
        "past": desk.at(78),
        "edge": desk.at(80),
        "new": desk.at(95),
        "old": desk.at(165),
    }
    assert woken["past"].wake_at == desk.at(88)


def test_a_watchdog_that_ran_out_before_the_outage_stays_however_long_it_was_put_off(desk: Desk) -> None:
    put_off = desk.memo("put off", 1)._replace(wake_at=desk.at(300))
    desk.put(memos=[put_off, desk.memo("armed", 50)])
    desk.put(2, memos=[desk.memo("disarmed")])
    desk.was_away(desk.at(10), desk.at(70))
    with desk.store.turn() as turn:
        assert turn.due_memos(desk.at(999), 9) == [desk.memo("armed", 110), put_off]


def test_a_watchdog_that_ran_out_before_the_outage_stays_where_a_late_fact_has_armed_one_in_the_past(
    desk: Desk,
) -> None:
    desk.put(5, memos=[desk.memo("late", 1)])
    desk.put(6, memos=[desk.memo("late"), desk.memo("soon", 9)])
    desk.was_away(desk.at(10), desk.at(70))
    with desk.store.turn() as turn:
        assert turn.due_memos(desk.at(999), 9) == [desk.memo("soon", 9)]


# --- cases


def test_a_case_is_brought_up_to_date(desk: Desk) -> None:
    case = desk.case("B7")
    desk.put(cases=[case])
    changed = desk.accepted(case)._replace(severity=Severity.P0, sightings=2)
    desk.put(cases=[changed])
    assert desk.store.case(case.id) == changed
    assert desk.store.counts()["cases"] == 1
    with desk.store.turn() as turn:
        assert turn.cases([case.id, "other"]) == {case.id: changed}


def test_the_open_round_counts_else_the_latest(desk: Desk) -> None:
    first, second = desk.closed(desk.case("B7")), desk.closed(desk.case("B7", 20, round=2), 25)
    ref = ("bins.full", "B7")
    desk.put(cases=[first, second, desk.case("B8")])
    with desk.store.turn() as turn:
        assert turn.latest([ref, ("bins.full", "B9")]) == {ref: second}
    assert desk.store.round(*ref) == second
    reopened = desk.case("B7")._replace(sightings=3)
    desk.put(cases=[reopened])
    with desk.store.turn() as turn:
        assert turn.latest([ref]) == {ref: reopened}
    assert desk.store.round(*ref) == reopened


def test_two_open_rounds_of_one_key_are_impossible(desk: Desk) -> None:
    desk.put(cases=[desk.case("B7")])
    with pytest.raises(Exception, match="UNIQUE"):
        desk.put(cases=[desk.case("B7", round=2)])


def test_due_cases_come_earliest_first_and_only_open_ones(desk: Desk) -> None:
    cases = [desk.case("a", due=30), desk.case("b", due=10), desk.closed(desk.case("c", due=1)), desk.case("d", due=20)]
    desk.put(cases=cases, memos=[desk.memo("m", 15)])
    with desk.store.turn() as turn:
        assert keys(turn.due_cases(desk.at(9.9), 9)) == []
        assert keys(turn.due_cases(desk.at(10), 9)) == ["b"]
        assert keys(turn.due_cases(desk.at(99), 2)) == ["b", "d"]
        assert keys(turn.due_cases(desk.at(99), 9)) == ["b", "d", "a"]
    assert desk.store.next_due() == desk.at(10)
    desk.put(cases=[desk.closed(cases[1])])
    assert desk.store.next_due() == desk.at(15)


def test_a_reminder_wakes_a_case_before_its_deadline_and_makes_nobody_late(desk: Desk) -> None:
    case = desk.case("a", due=30)
    (track,) = case.tracks
    desk.put(cases=[case.with_track(track._replace(remind_at=desk.at(20))), desk.case("b", due=25)])
    assert desk.store.next_due() == desk.at(20)
    with desk.store.turn() as turn:
        assert keys(turn.due_cases(desk.at(20), 9)) == ["a"]
        assert keys(turn.due_cases(desk.at(30), 9)) == ["a", "b"]
    assert keys(desk.store.find_cases(CaseQuery(overdue_at=desk.at(24)))[0]) == []
    desk.put(cases=[case])
    assert desk.store.next_due() == desk.at(25)


def test_cases_share_their_rules(desk: Desk) -> None:
    desk.put(cases=[desk.case("a"), desk.case("b")])
    first, second = desk.store.find_cases(CaseQuery())[0]
    assert first.rules is second.rules


def pages(desk: Desk, **query: Any) -> list[list[str]]:
    found, after = [], None
    while True:
        page, after = desk.store.find_cases(CaseQuery(after=after, most=2, **query))
        found.append(keys(page))
        if after is None:
            return found


def test_cases_are_paged_newest_first(desk: Desk) -> None:
    desk.put(cases=[desk.case(key, minute) for minute, key in enumerate("abcde")])
    assert pages(desk) == [["e", "d"], ["c", "b"], ["a"]]
    assert pages(desk, is_open=False) == [[]]
    desk.put(cases=[desk.case("f", 9)])
    assert pages(desk) == [["f", "e"], ["d", "c"], ["b", "a"]]


def test_a_cursor_stays_true_while_cases_come_and_close(desk: Desk) -> None:
    cases = {key: desk.case(key, minute) for minute, key in enumerate("abcd")}
    desk.put(cases=list(cases.values()))
    _, after = desk.store.find_cases(CaseQuery(most=2))
    desk.put(cases=[desk.case("new", 9), desk.case("newer", 10), desk.closed(cases["c"])])
    assert keys(desk.store.find_cases(CaseQuery(after=after, most=2))[0]) == ["b", "a"]


def test_cases_of_one_instant_are_paged_without_gap_or_repeat(desk: Desk) -> None:
    desk.put(cases=[desk.case(str(number)) for number in range(7)])
    found = pages(desk)
    assert sorted(chain(*found)) == [str(number) for number in range(7)]
    assert [len(page) for page in found] == [2, 2, 2, 1]


@pytest.mark.parametrize("cursor", ["", "x", "1", ".x", "-.x", "1e3.x", "٣.x", "9" * 40 + ".x", "'.x"])
def test_a_made_up_cursor_is_refused(desk: Desk, cursor: str) -> None:
    with pytest.raises(ValueError, match="is not a cursor"):
        desk.store.find_cases(CaseQuery(after=cursor))


@pytest.mark.parametrize("others", [0, 100])
def test_cases_of_a_subtree(desk: Desk, others: int) -> None:
    cases = [desk.case(f"B{number}", number, place=f"e{number % 3}") for number in range(6)]
    desk.put(cases=cases)
    codes = frozenset({"e1", "e2", "nowhere", *(f"other{number}" for number in range(others))})
    assert pages(desk, places=codes) == [["B5", "B4"], ["B2", "B1"]]
    assert pages(desk, places=frozenset()) == [[]]


def test_cases_are_filtered_by_scenario_stage_and_openness(desk: Desk) -> None:
    working, other = desk.case("a"), desk.case("b", 1, scenario="bins.late")
    desk.put(cases=[working, other, desk.accepted(desk.case("c", 2)), desk.closed(desk.case("d", 3))])

    def found(**query: Any) -> list[str]:
        return keys(desk.store.find_cases(CaseQuery(**query))[0])

    assert found(scenario="bins.late") == ["b"]
    assert found(stage="dispatch") == ["b", "a"]
    assert found(stage="disposal") == ["c"]
    assert found(stage="closing") == found(is_open=False) == ["d"]
    assert found(is_open=True) == ["c", "b", "a"]
    assert found(is_open=True, stage="dispatch", scenario="bins.full", places=frozenset({"e1"}), party="cleaner") == [
        "a"
    ]


def test_cases_are_filtered_by_everybody_who_was_ever_asked(desk: Desk) -> None:
    case = desk.case("a")
    desk.put(cases=[case, desk.closed(desk.case("b", 1)), desk.case("c", 2, tracks=())])
    (track,) = case.tracks
    climbed = track._replace(orders=(*track.orders, track.orders[0]._replace(number=2, party="ops_center")))
    desk.put(cases=[case.with_track(climbed)])
    assert pages(desk, party="cleaner") == [["b", "a"]]
    assert pages(desk, party="ops_center") == [["a"]]
    assert pages(desk, party="clean") == [[]]
    assert pages(desk, party="cleaner", is_open=False) == [["b"]]
    desk.put(cases=[desk.case(key, 3) for key in "xyz"])
    assert sorted(chain(*pages(desk, party="cleaner"))) == ["a", "b", "x", "y", "z"]


def test_overdue_is_who_was_asked_and_has_let_a_deadline_pass(desk: Desk) -> None:
    case = desk.case("a", due=10)
    desk.put(cases=[case, desk.case("b", due=30), desk.closed(desk.case("c", due=1))])

    def overdue(minute: float) -> list[str]:
        return sorted(keys(desk.store.find_cases(CaseQuery(overdue_at=desk.at(minute)))[0]))

    assert (overdue(10), overdue(10.1), overdue(31)) == ([], ["a"], ["a", "b"])
    # The chain has climbed and waits for somebody else; the cleaner still has not answered.
    (track,) = case.tracks
    desk.put(cases=[case.with_track(track._replace(step=1, due=desk.at(40)))])
    assert overdue(11) == ["a"]
    # An accepted order has its finish to keep.
    (track,) = desk.accepted(case).tracks
    desk.put(cases=[case.with_track(track._replace(due=desk.at(60)))])
    assert (overdue(11), overdue(61)) == ([], ["a", "b"])
    # A stop that was approved holds everything.
    desk.put(cases=[case.with_track(track._replace(state=TrackState.SUSPENDED, due=desk.at(90)))])
    assert overdue(61) == ["b"]


@pytest.mark.parametrize(
    ("state", "late"),
    [
        (TrackState.WORKING, Duty.WORK),
        (TrackState.SUPERVISED, Duty.WORK),
        (TrackState.VERIFYING, Duty.CHECK),
        (TrackState.DISPATCHING, Duty.DISPATCH),
        (TrackState.SUSPENDED, None),
    ],
)
@pytest.mark.parametrize("duty", Duty)
def test_only_whose_clock_runs_can_be_late(desk: Desk, state: TrackState, late: Duty | None, duty: Duty) -> None:
    case = desk.case("a", due=10)
    (track,) = case.tracks
    orders = tuple(order._replace(duty=duty) for order in track.orders)
    desk.put(cases=[case.with_track(track._replace(state=state, due=desk.at(90), orders=orders))])
    found, _ = desk.store.find_cases(CaseQuery(overdue_at=desk.at(11)))
    assert keys(found) == (["a"] if duty is late else [])


# --- rounds, linked cases, evidence and conduct


def test_linked_cases_are_found_by_their_parent(desk: Desk) -> None:
    cause = desk.case("B7")
    linked = [desk.case(f"L{number}", number, parent=cause.id) for number in range(3)]
    desk.put(cases=[cause, *linked, desk.case("B8")])
    assert keys(desk.store.children(cause.id, 9)) == ["L2", "L1", "L0"]
    assert keys(desk.store.children(cause.id, 2)) == ["L2", "L1"]
    desk.put(1, cases=[desk.closed(linked[1])])
    assert [case.is_open for case in desk.store.children(cause.id, 9)] == [True, False, True]
    assert desk.store.children(linked[0].id, 9) == []


def test_open_cases_in_which_a_role_was_asked(desk: Desk) -> None:
    cases = [desk.case(f"B{number}", number, place="e1" if number < 3 else "e2") for number in range(4)]
    desk.put(cases=[*cases, desk.closed(desk.case("B9", 9))])
    with desk.store.turn() as turn:
        assert keys(turn.asked("cleaner", frozenset({"e1"}), 9)) == ["B2", "B1", "B0"]
        assert keys(turn.asked("cleaner", frozenset({"e1", "e2"}), 2)) == ["B3", "B2"]
        assert turn.asked("ops_center", frozenset({"e1"}), 9) == []
        assert turn.asked("cleaner", frozenset(), 9) == []


def test_a_hash_belongs_to_whoever_brought_it_first(desk: Desk) -> None:
    first = Hashed("sha256:aa", "case1", "/people#1", desk.at(0), "c1")
    desk.put(brought=[first, first._replace(hash="sha256:bb"), first._replace(case="case2")])
    desk.put(1, brought=[first._replace(case="case3", at=desk.at(1))])
    with desk.store.turn() as turn:
        assert turn.brought(["sha256:aa", "sha256:cc"]) == {"sha256:aa"}
    kept = desk.store._reads.raw.execute('SELECT "case" FROM brought').fetchall()
    assert kept == [("case1",), ("case1",)]


def test_conduct_is_kept_by_seat(desk: Desk) -> None:
    seat = Conduct("e1", "cleaner", "c1", 1)
    other = seat._replace(place="e2", doubt=3)
    desk.put(conduct=[seat, other])
    desk.put(1, conduct=[seat._replace(doubt=2)])
    with desk.store.turn() as turn:
        assert turn.conduct([("e1", "cleaner"), ("e2", "cleaner"), ("e1", "ops_center")]) == {
            ("e1", "cleaner"): seat._replace(doubt=2),
            ("e2", "cleaner"): other,
        }


def test_what_was_brought_goes_back_with_the_turn(desk: Desk) -> None:
    lines = [desk.entry(desk.case("B7"), 1)] * 2
    first = Hashed("sha256:aa", "case1", "/people#1", desk.at(0), "c1")
    with pytest.raises(Exception, match="UNIQUE"), desk.store.turn() as turn:
        turn.commit(Writes(desk.at(0), brought=[first], conduct=[Conduct("e1", "cleaner", "c1", 1)], entries=lines))
    with desk.store.turn() as turn:
        assert (turn.brought(["sha256:aa"]), turn.conduct([("e1", "cleaner")])) == (frozenset(), {})


# --- journal


def test_the_journal_is_read_by_case_and_from_a_row_on(desk: Desk) -> None:
    a, b = desk.case("a"), desk.case("b")
    desk.put(cases=[a, b], entries=[desk.entry(a, 1), desk.entry(b, 1), desk.entry(a, 2, 3, Reason.ACCEPTED)])
    desk.put(entries=[desk.entry(b, 2)])
    store: Store = desk.store
    assert store.journal(a.id) == [desk.entry(a, 1), desk.entry(a, 2, 3, Reason.ACCEPTED)]
    rows = store.journal_after(0, 3)
    assert [entry.case for _, entry in rows] == [a.id, b.id, a.id]
    assert store.journal_after(rows[-1][0], 9) == [(rows[-1][0] + 1, desk.entry(b, 2))]


# --- outbox


def owed(desk: Desk, minute: float = 0, channel: str = "hook", most: int = 9) -> list[str]:
    return [item.notice.key for item in desk.store.owed(channel, desk.at(minute), most)]


def test_the_gravest_notice_goes_first_then_the_oldest(desk: Desk) -> None:
    notices = [desk.notice("c", 2), desk.notice("b", 1), desk.notice("a", 3, Severity.P0), desk.notice("later", 9)]
    desk.put(notices=[(notice, "hook") for notice in notices])
    assert owed(desk, 5) == ["a", "b", "c"]
    assert owed(desk, 5, most=2) == ["a", "b"]
    assert owed(desk, 5, "file") == []


def test_the_channels_that_notices_wait_for_are_known(desk: Desk) -> None:
    assert desk.store.channels_owed() == []
    desk.put(notices=[(desk.notice("a", 3), "hook"), (desk.notice("b", 2), "hook"), (desk.notice("c", 9), "file")])
    desk.put(notices=[(desk.notice("d"), "log"), (desk.notice("e"), "")])
    assert desk.store.channels_owed() == ["", "file", "hook", "log"]
    desk.store.delivered([("d", "log"), ("e", "")], desk.at(1))
    desk.store.give_up("c", "file", "gone", desk.at(1))
    assert desk.store.channels_owed() == ["hook"]


def test_the_same_notice_is_owed_once_per_channel(desk: Desk) -> None:
    notice = desk.notice("n")
    desk.put(notices=[(notice, "hook"), (notice, "file")])
    desk.store.delivered([("n", "hook")], desk.at(1))
    desk.put(notices=[(notice, "hook"), (notice._replace(message="changed"), "file")])
    assert owed(desk, 9) == []
    (left,) = desk.store.owed("file", desk.at(9), 9)
    assert (left.notice, left.channel, left.state, left.attempts, left.error) == (notice, "file", "pending", 0, "")


def test_a_failed_delivery_waits_for_its_time(desk: Desk) -> None:
    desk.put(notices=[(desk.notice("n"), "hook")])
    desk.store.retry_later("n", "hook", desk.at(5), "refused")
    assert owed(desk, 4.9) == []
    (item,) = desk.store.owed("hook", desk.at(5), 9)
    assert (item.attempts, item.error, item.next_at) == (1, "refused", desk.at(5))
    desk.store.delivered([("n", "hook")], desk.at(6))
    desk.store.retry_later("n", "hook", desk.at(7), "answered after all")
    desk.store.give_up("n", "hook", "answered after all", desk.at(1))
    assert (owed(desk, 99), desk.store.channels_owed(), desk.store.dead_letters(9)) == ([], [], [])


def test_a_dead_letter_is_visible_and_comes_back_to_life(desk: Desk) -> None:
    desk.put(notices=[(desk.notice(key, minute), "hook") for minute, key in enumerate("abc")])
    for key in "cab":
        desk.store.give_up(key, "hook", "gone", desk.at(1))
    assert owed(desk, 99) == []
    dead = desk.store.dead_letters(2)
    assert [(item.notice.key, item.state, item.error) for item in dead] == [
        ("a", OutboxState.DEAD, "gone"),
        ("b", OutboxState.DEAD, "gone"),
    ]
    assert desk.store.counts()["dead_notices"] == 3
    assert desk.store.revive(["b", "unknown"], desk.at(20)) == 1
    assert (owed(desk, 19), owed(desk, 20)) == ([], ["b"])
    assert desk.store.revive([], desk.at(20)) == 0
    assert desk.store.revive(None, desk.at(30)) == 2
    assert (owed(desk, 30), desk.store.dead_letters(9)) == (["a", "b", "c"], [])
    assert {item.attempts for item in desk.store.owed("hook", desk.at(30), 9)} == {0}


def test_a_notice_about_no_case_is_kept_too(desk: Desk) -> None:
    desk.put(notices=[(desk.notice("ops"), "hook")])
    assert owed(desk) == ["ops"]


# --- the clock, tokens, access


def test_a_heartbeat_counts_as_being_alive(desk: Desk) -> None:
    desk.put(5)
    desk.store.heartbeat(desk.at(7))
    assert desk.store.last_turn() == desk.at(7)
    desk.put(9)
    assert desk.store.last_turn() == desk.at(9)


def test_a_heartbeat_of_a_clock_that_was_set_back_takes_nothing_back(desk: Desk) -> None:
    desk.put(9)
    desk.store.heartbeat(desk.at(7))
    assert desk.store.last_turn() == desk.at(9)


def test_tokens_are_kept_by_name_and_found_by_hash(desk: Desk) -> None:
    token = Token("gate", "h1", ("ingest", "read"), "clean-co", ("cleaner",), "e1", "p1", desk.at(0))
    other = Token("admin", "h2", ("admin",), "", (), "", "", desk.at(1))
    desk.store.add_token(token)
    desk.store.add_token(other)
    assert (desk.store.token("h1"), desk.store.token("gate")) == (token, None)
    assert desk.store.tokens() == [other, token]
    with pytest.raises(ValueError, match="'gate' already"):
        desk.store.add_token(other._replace(name="gate", hash="h3"))
    assert (desk.store.drop_token("gate"), desk.store.drop_token("gate")) == (True, False)
    assert desk.store.token("h1") is None


def test_readings_of_personal_data_are_listed_newest_first(desk: Desk) -> None:
    reads = [Access(desk.at(number), f"r{number}", "case x", "help") for number in range(3)]
    for read in reads:
        desk.store.record_access(read)
    assert desk.store.accesses(2) == [reads[2], reads[1]]


def test_microseconds_and_zones_survive(desk: Desk) -> None:
    at = desk.at(0) + timedelta(microseconds=123457)
    desk.put(events=[desk.event("1", at=at)])
    found = desk.store.event("/gw", "1").at
    assert (found, found.utcoffset()) == (at, timedelta(0))
