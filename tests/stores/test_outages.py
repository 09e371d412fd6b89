"""Outages move watchdogs by one number; a store that wrote every memo anew would hold the same."""

from datetime import datetime, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from civicloop.core.stores.base import Memo
from civicloop.core.stores.sqlite import SqliteStore

from .desk import Desk

SPANS = st.integers(0, 30)
ARMED = st.lists(st.integers(-10, 60), max_size=3)
"""For how many minutes after the turn each watchdog of a key is armed; one that is late already was put off."""
LIVES = st.lists(st.tuples(st.lists(st.tuples(st.sampled_from("abc"), ARMED, SPANS), max_size=3), SPANS, SPANS))
"""What each waking stretch writes, how long it lasts after that, and how long the outage that ends it lasts."""


def memo_at(desk: Desk, now: float, key: str, armed: list[int], allowance: int) -> Memo:
    expects = tuple((f"w{number}", desk.at(now + by)) for number, by in enumerate(armed))
    wake_at = desk.at(now + max(0, min(armed)) + allowance) if armed else None
    return desk.memo(key)._replace(expects=expects, wake_at=wake_at)


def moved(memo: Memo, silent_from: datetime, outage: timedelta) -> Memo:
    """As the contract says it: what was armed beyond the outage moves, and the waking with the earliest."""
    if memo.wake_at is None:
        return memo
    later = tuple((name, by + outage if by > silent_from else by) for name, by in memo.expects)
    earliest = min(by for _, by in later) - min(by for _, by in memo.expects)
    return memo._replace(expects=later, wake_at=memo.wake_at + earliest)


@settings(max_examples=60, deadline=None)
@given(LIVES)
def test_outages_move_what_a_store_that_rewrites_everything_would_move(
    lives: list[tuple[list[tuple[str, list[int], int]], int, int]],
) -> None:
    desk = Desk(SqliteStore())
    model: dict[str, Memo] = {}
    now = 0
    for written, awake, away in lives:
        memos = {key: memo_at(desk, now, key, armed, allowance) for key, armed, allowance in written}
        desk.put(now, memos=list(memos.values()))
        silent_from, outage = desk.at(now + awake), timedelta(minutes=away)
        desk.was_away(silent_from, silent_from + outage)
        model = {key: moved(memo, silent_from, outage) for key, memo in (model | memos).items()}
        now += awake + away
        waking = [memo.wake_at for memo in model.values() if memo.wake_at is not None]
        assert desk.store.next_due() == min(waking, default=None)
    with desk.store.turn() as turn:
        found = turn.memos([("bins.full", key) for key in model])
        due = turn.due_memos(desk.at(10_000), 99)
    assert {key: memo for (_, key), memo in found.items()} == model
    assert all(one.wake_at <= two.wake_at for one, two in pairwise(due) if one.wake_at and two.wake_at)
    desk.store.close()
