"""How often something happened within a span."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from civicloop import Memory, Tally, days, hours, work_days
from civicloop.core.sdk.tally import TALLY_MAX

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


class Kept(Memory):
    seen: Tally = Tally()


def at(hour: int) -> datetime:
    return NOON + timedelta(hours=hour)


def test_it_counts_what_lies_within_the_span_up_to_the_newest():
    tally = Tally()
    assert [tally.add(at(hour), hours(10)) for hour in (0, 4, 10, 11, 30)] == [1, 2, 3, 3, 1]


def test_two_at_the_same_instant_are_two():
    tally = Tally()
    assert [tally.add(NOON, hours(1)) for _ in range(3)] == [1, 2, 3]


def test_an_old_one_that_comes_late_is_counted_where_it_belongs():
    tally = Tally()
    tally.add(at(10), hours(5))
    assert tally.add(at(6), hours(5)) == 2
    assert tally.add(at(4), hours(5)) == 2


def test_it_is_bounded_and_keeps_the_newest():
    tally = Tally()
    counts = [tally.add(at(hour), days(3000)) for hour in range(TALLY_MAX + 5)]
    assert counts[-1] == TALLY_MAX
    assert tally.times[0] == at(5)


def test_it_is_remembered_and_no_two_memories_share_it():
    kept = Kept()
    kept.seen.add(NOON, days(1))
    assert Kept.model_validate_json(kept.model_dump_json()) == kept
    assert Kept().seen.times == ()


def test_working_time_is_refused():
    with pytest.raises(ValueError, match="counts working time"):
        Tally().add(NOON, work_days(1))


@given(st.lists(st.integers(0, 200), max_size=30), st.integers(1, 50), st.randoms())
def test_the_order_of_arrival_does_not_matter(when, span, chance):
    mixed = when[:]
    chance.shuffle(mixed)
    one, other = Tally(), Tally()
    for hour in when:
        one.add(at(hour), hours(span))
    for hour in mixed:
        other.add(at(hour), hours(span))
    assert one == other
    newest = max(when, default=0)
    assert len(one.times) == sum(newest - span <= hour for hour in when)
