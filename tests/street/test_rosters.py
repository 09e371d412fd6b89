"""What the check of overlapping rotations says is what the clock shows."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from civicloop.core.model.roster import Roster, Rotation
from civicloop.core.street.rosters import _overlap

HOURS = st.integers(0, 23).map(time)
DAYS = st.integers(0, 25).map(lambda offset: date(2026, 1, 1) + timedelta(days=offset))
ROTATIONS = st.builds(
    lambda first, last, every, weekdays, opens, closes: Rotation(
        (("a",),), first, last, every, weekdays, ((opens, closes),)
    ),
    DAYS,
    st.none() | DAYS,
    st.sampled_from([1, 7]),
    st.frozensets(st.integers(0, 6), min_size=1, max_size=3),
    HOURS,
    HOURS,
)


@settings(max_examples=300)
@given(ROTATIONS, ROTATIONS)
def test_rotations_overlap_where_both_have_somebody_on_duty(one: Rotation, other: Rotation) -> None:
    both = Roster(ZoneInfo("UTC"), (), (one, other._replace(turns=(("b",),))))
    watches = islice(both.watches(datetime(2025, 12, 31, tzinfo=UTC)), 400)
    seen = any(len(watch.people) == 2 for watch in watches if watch.begins < datetime(2026, 2, 20, tzinfo=UTC))
    assert _overlap(one, other) is _overlap(other, one) is seen
