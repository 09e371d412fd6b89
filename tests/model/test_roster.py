"""Who is on duty: turns, hours, hand-overs across a change of the clock, gaps, and who stands in for whom."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from civicloop.core.model.roster import EVERYBODY, Roster, Rotation, Shift, Watch

SHANGHAI, BERLIN, NEW_YORK = (ZoneInfo(name) for name in ("Asia/Shanghai", "Europe/Berlin", "America/New_York"))
MONDAY = date(2026, 3, 2)
ROUND_THE_CLOCK = ((time(8), time(8)),)
NIGHTS = ((time(20), time(8)),)
DAYS = ((time(8), time(20)),)
OFFICE = ((time(8), time(12)), (time(14), time(18)))


def turns(names: str) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(turn.split("+")) for turn in names.split())


def local(text: str, zone: ZoneInfo = SHANGHAI) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


DAILY = Rotation(turns("a b c"), MONDAY, hours=ROUND_THE_CLOCK)
WEEKLY = Rotation(turns("a b"), MONDAY, every=7, hours=ROUND_THE_CLOCK)


@pytest.mark.parametrize(
    ("rotation", "at", "people"),
    [
        (DAILY, "2026-03-02T07:59:59", ""),  # not begun yet
        (DAILY, "2026-03-02T08:00", "a"),
        (DAILY, "2026-03-03T07:59:59", "a"),
        (DAILY, "2026-03-03T08:00", "b"),
        (DAILY, "2026-03-05T08:00", "a"),
        (DAILY, "2036-03-02T08:00", "c"),  # 3653 days later
        (DAILY._replace(last=MONDAY), "2026-03-03T07:59", "a"),
        (DAILY._replace(last=MONDAY), "2026-03-03T08:00", ""),
        (WEEKLY, "2026-03-09T07:59", "a"),
        (WEEKLY, "2026-03-09T08:00", "b"),
        (WEEKLY, "2026-03-16T08:00", "a"),
        (DAILY._replace(every=2), "2026-03-04T07:59", "a"),
        (DAILY._replace(every=2), "2026-03-04T08:00", "b"),
        (DAILY._replace(turns=turns("a+b c")), "2026-03-02T09:00", "a b"),
        (DAILY._replace(hours=NIGHTS), "2026-03-03T01:00", "a"),  # of the day it began on
        (DAILY._replace(hours=NIGHTS), "2026-03-03T08:00", ""),
        (DAILY._replace(hours=NIGHTS), "2026-03-03T20:00", "b"),
        (DAILY._replace(hours=OFFICE), "2026-03-02T11:59", "a"),
        (DAILY._replace(hours=OFFICE), "2026-03-02T12:00", ""),
        (DAILY._replace(hours=OFFICE), "2026-03-02T14:00", "a"),
        (DAILY._replace(hours=((time(), time()),)), "2026-03-02T00:00", "a"),
        (WEEKLY._replace(weekdays=frozenset(range(5))), "2026-03-06T23:00", "a"),
        (WEEKLY._replace(weekdays=frozenset(range(5))), "2026-03-07T07:59", "a"),  # the shift of Friday
        (WEEKLY._replace(weekdays=frozenset(range(5))), "2026-03-07T08:00", ""),
        (WEEKLY._replace(weekdays=frozenset(range(5))), "2026-03-09T08:00", "b"),
    ],
)
def test_whose_turn_it_is(rotation: Rotation, at: str, people: str) -> None:
    assert Roster(SHANGHAI, (), (rotation,)).watch(local(at)).people == tuple(people.split())


def handovers(roster: Roster, begins: datetime, ends: datetime) -> list[tuple[datetime, tuple[str, ...]]]:
    """When who takes over, between two instants, found by walking from change to change."""
    found: list[tuple[datetime, tuple[str, ...]]] = []
    now = begins
    while now < ends:
        watch = roster.watch(now)
        if not found or found[-1][1] != watch.people:
            found.append((watch.begins, watch.people))
        now = watch.ends
    return found[1:]


@pytest.mark.parametrize(
    ("zone", "change", "hand_over", "instant"),
    [
        (BERLIN, "2026-03-29", "08:00", "2026-03-29T06:00"),
        (BERLIN, "2026-03-29", "02:30", "2026-03-29T01:30"),  # skipped: half past two of winter is half past three
        (BERLIN, "2026-03-29", "03:00", "2026-03-29T01:00"),
        (BERLIN, "2026-10-25", "02:30", "2026-10-25T00:30"),  # twice: the first
        (BERLIN, "2026-10-25", "03:00", "2026-10-25T02:00"),
        (BERLIN, "2026-10-25", "00:00", "2026-10-24T22:00"),
        (NEW_YORK, "2026-03-08", "02:00", "2026-03-08T07:00"),
        (NEW_YORK, "2026-03-08", "08:00", "2026-03-08T12:00"),
        (NEW_YORK, "2026-11-01", "01:30", "2026-11-01T05:30"),
        (NEW_YORK, "2026-11-01", "08:00", "2026-11-01T13:00"),
        (ZoneInfo("America/St_Johns"), "2010-11-07", "00:00", "2010-11-07T02:30"),  # back to the day before at 00:01
    ],
)
def test_one_hand_over_on_the_day_the_clock_changes(zone: ZoneInfo, change: str, hand_over: str, instant: str) -> None:
    day, at = date.fromisoformat(change), time.fromisoformat(hand_over)
    roster = Roster(zone, (), (Rotation(turns("a b c d e"), day - timedelta(days=2), hours=((at, at),)),))
    middle = datetime.fromisoformat(instant).replace(tzinfo=UTC)
    near = handovers(roster, middle - timedelta(hours=12), middle + timedelta(hours=12))
    assert near == [(middle, ("c",))]


def test_nobody_is_missing_and_nobody_doubled_around_a_changed_clock() -> None:
    first = date(2026, 3, 28)
    both = (Rotation(turns("a b"), first, hours=DAYS), Rotation(turns("c d"), first, hours=NIGHTS))
    roster = Roster(BERLIN, (), both)
    now = local("2026-03-28T08:00", BERLIN)
    for hour in range(72):
        assert len(roster.watch(now.astimezone(UTC) + timedelta(hours=hour)).people) == 1
    assert (
        roster.watch(local("2026-03-29T07:59", BERLIN)).people,
        roster.watch(local("2026-03-29T08:00", BERLIN)).people,
    ) == (("c",), ("b",))


NINE, NOON, FOUR = (f"2026-03-02T{hour}:00" for hour in ("09", "12", "16"))


def shift(begins: str, ends: str, person: str, instead_of: str = "") -> Shift:
    return Shift(local(begins).astimezone(UTC), local(ends).astimezone(UTC), (person,), instead_of)


@pytest.mark.parametrize(
    ("shifts", "at", "people"),
    [
        ([shift(NINE, NOON, "x")], "10", "a x"),  # in addition
        ([shift(NINE, NOON, "x", "a")], "10", "x"),
        ([shift(NINE, NOON, "x", "a")], "12", "a"),
        ([shift(NINE, NOON, "x", "b")], "10", "a"),  # b has no turn
        ([shift(NINE, NOON, "x", EVERYBODY)], "10", "x"),
        ([shift(NINE, FOUR, "x", EVERYBODY), shift(NOON, FOUR, "y", EVERYBODY)], "13", "x y"),
        ([shift(NINE, FOUR, "x"), shift(NINE, FOUR, "y", EVERYBODY)], "13", "y"),
        ([shift(NINE, FOUR, "x", "a"), shift(NINE, FOUR, "y", "x")], "13", "y"),  # the stand-in falls ill
        ([shift(NINE, FOUR, "x"), shift(NINE, FOUR, "x", "a")], "13", "x"),
        ([shift(NINE, FOUR, "x"), shift(NINE, FOUR, "y", "x")], "13", "a y"),
    ],
)
def test_who_stands_in_for_whom(shifts: list[Shift], at: str, people: str) -> None:
    roster = Roster(SHANGHAI, tuple(shifts), (DAILY,))
    assert roster.watch(local(f"2026-03-02T{at}:00")).people == tuple(people.split())


def test_a_watch_says_how_long_it_stays_true() -> None:
    roster = Roster(SHANGHAI, (shift(NINE, NOON, "x", "a"),), (DAILY,))
    assert roster.watch(local("2026-03-02T10:00")) == Watch(local(NINE), local(NOON), ("x",))
    # A day in UTC ends at eight in Shanghai, and is the farthest that is looked ahead.
    assert roster.watch(local(NOON)) == Watch(local(NOON), local("2026-03-03T08:00"), ("a",))
    assert Roster(SHANGHAI).watch(local(NOON)).people == ()


ROTATIONS = st.builds(
    Rotation,
    st.lists(st.sampled_from([("a",), ("b",), ("a", "b"), ("c",)]), min_size=1, max_size=4).map(tuple),
    st.dates(date(2025, 9, 1), date(2026, 4, 30)),
    st.none() | st.dates(date(2025, 9, 1), date(2026, 12, 31)),
    st.sampled_from([1, 2, 7]),
    st.frozensets(st.integers(0, 6), min_size=1),
    st.tuples(st.tuples(st.times(), st.times())),
)
INSTANTS = st.integers(0, 365 * 86400).map(lambda offset: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=offset))
SHIFTS = st.builds(
    lambda begins, length, person, instead: Shift(begins, begins + timedelta(minutes=length), (person,), instead),
    INSTANTS,
    st.integers(1, 100_000),
    st.sampled_from("abx"),
    st.sampled_from(["", "", "a", EVERYBODY]),
)


@given(
    st.sampled_from([SHANGHAI, BERLIN, NEW_YORK, ZoneInfo("Pacific/Apia"), ZoneInfo("Asia/Kathmandu")]),
    st.lists(SHIFTS, max_size=3),
    st.lists(ROTATIONS, max_size=2),
    INSTANTS,
    st.data(),
)
def test_what_a_watch_says_holds_at_each_of_its_instants(
    zone: ZoneInfo, shifts: list[Shift], rotations: list[Rotation], now: datetime, data: st.DataObject
) -> None:
    roster = Roster(zone, tuple(shifts), tuple(rotations))
    watch = roster.watch(now)
    assert watch.begins <= now < watch.ends <= watch.begins + timedelta(days=1)
    inside = data.draw(st.integers(0, int((watch.ends - watch.begins).total_seconds()) - 1).map(float) | st.just(0.0))
    assert roster.watch(watch.begins + timedelta(seconds=inside)) == watch
    assert len(set(watch.people)) == len(watch.people)


@given(
    st.sampled_from([SHANGHAI, BERLIN, NEW_YORK, ZoneInfo("Australia/Lord_Howe")]),
    st.integers(2, 4),
    st.sampled_from([1, 2, 7]),
    st.times(),
    INSTANTS,
)
def test_turns_follow_each_other_without_gap_and_without_overlap(
    zone: ZoneInfo, count: int, every: int, at: time, now: datetime
) -> None:
    names = tuple((str(number),) for number in range(count))
    roster = Roster(zone, (), (Rotation(names, date(2026, 1, 1), None, every, hours=((at, at),)),))
    numbers = [int(number) for _, (number,) in handovers(roster, now, now + timedelta(days=5 * every, hours=2))]
    assert len(numbers) in (5, 6)
    assert all((after - before) % count == 1 for before, after in pairwise(numbers))
