"""Limits and deadlines: the vectors of the common limit tables, with the 2025 calendar of the State Council."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from civicloop.core.model.limit import (
    Calendar,
    Count,
    Limit,
    days,
    hours,
    minutes,
    seconds,
    work_days,
    work_hours,
)


def dates(first: str, last: str) -> Iterator[date]:
    day = date.fromisoformat(first)
    while day <= date.fromisoformat(last):
        yield day
        day += timedelta(days=1)


SPANS = [
    ("01-01", "01-01"),
    ("01-28", "02-04"),
    ("04-04", "04-06"),
    ("05-01", "05-05"),
    ("05-31", "06-02"),
    ("10-01", "10-08"),
]
HOLIDAYS = frozenset(day for first, last in SPANS for day in dates(f"2025-{first}", f"2025-{last}"))
WORKDAYS = frozenset(map(date.fromisoformat, ["2025-01-26", "2025-02-08", "2025-04-27", "2025-09-28", "2025-10-11"]))

SHANGHAI = Calendar(ZoneInfo("Asia/Shanghai"), holidays=HOLIDAYS, workdays=WORKDAYS)
AMSTERDAM = Calendar(ZoneInfo("Europe/Amsterdam"))

VECTORS = [
    # the six published vectors
    ("2025-09-12 17:00", work_hours(4), "2025-09-15 11:00"),
    ("2025-09-12 11:00", work_hours(2), "2025-09-12 15:00"),
    ("2025-09-13 10:00", work_hours(2), "2025-09-15 10:00"),
    ("2025-09-30 17:00", work_hours(4), "2025-10-09 11:00"),
    ("2025-09-30 09:00", work_days(2), "2025-10-10 09:00"),
    ("2025-09-12 18:00", work_days(1), "2025-09-15 18:00"),
    # make-up workdays, and natural time through a holiday
    ("2025-09-26 17:00", work_hours(4), "2025-09-28 11:00"),
    ("2025-10-10 17:00", work_hours(4), "2025-10-11 11:00"),
    ("2025-09-30 17:00", hours(4), "2025-09-30 21:00"),
    ("2025-09-30 17:00", days(2), "2025-10-02 17:00"),
    # used up exactly at a slot's end: that end, not the next start
    ("2025-09-12 08:00", work_hours(4), "2025-09-12 12:00"),
    ("2025-09-12 14:00", work_hours(4), "2025-09-12 18:00"),
    ("2025-09-12 08:00", work_days(1), "2025-09-12 18:00"),
    # one second more goes on in the next slot
    ("2025-09-12 08:00:01", work_hours(4), "2025-09-12 14:00:01"),
    # from a slot's start, its end, inside lunch, before dawn, in the night
    ("2025-09-12 14:00", work_hours(1), "2025-09-12 15:00"),
    ("2025-09-12 12:00", work_hours(1), "2025-09-12 15:00"),
    ("2025-09-12 12:30", work_hours(1), "2025-09-12 15:00"),
    ("2025-09-12 06:00", work_hours(1), "2025-09-12 09:00"),
    ("2025-09-11 23:00", work_hours(1), "2025-09-12 09:00"),
    # natural time counts lunch and night
    ("2025-09-12 11:50", minutes(30), "2025-09-12 12:20"),
    ("2025-09-12 23:59:30", seconds(45), "2025-09-13 00:00:15"),
]


@pytest.mark.parametrize(("start", "limit", "expected"), VECTORS)
def test_deadlines(start: str, limit: Limit, expected: str) -> None:
    begins = datetime.fromisoformat(start).replace(tzinfo=SHANGHAI.zone)
    ends = datetime.fromisoformat(expected).replace(tzinfo=SHANGHAI.zone)
    found = SHANGHAI.deadline(begins, limit)
    assert found == ends
    assert found.tzinfo is UTC
    assert SHANGHAI.deadline(begins.astimezone(UTC), limit) == ends, "the zone of the start does not matter"


CHANGES = [
    # clocks go forward on Sunday 30 March 2025, 02:00, and back on Sunday 26 October, 03:00
    ("2025-03-29 17:00", hours(24), "2025-03-30 18:00"),
    ("2025-03-28 17:00", work_hours(4), "2025-03-31 11:00"),
    ("2025-10-25 17:00", hours(24), "2025-10-26 16:00"),
    ("2025-10-24 17:00", work_days(1), "2025-10-27 17:00"),
]


@pytest.mark.parametrize(("start", "limit", "expected"), CHANGES)
def test_natural_time_feels_the_change_of_clocks_and_working_time_does_not(
    start: str, limit: Limit, expected: str
) -> None:
    begins = datetime.fromisoformat(start).replace(tzinfo=AMSTERDAM.zone)
    ends = datetime.fromisoformat(expected).replace(tzinfo=AMSTERDAM.zone)
    assert AMSTERDAM.deadline(begins, limit) == ends.astimezone(UTC)


def test_a_working_slot_in_which_the_clock_changes_has_the_hours_it_has() -> None:
    nights = Calendar(AMSTERDAM.zone, slots=((time(1), time(5)),), weekdays=frozenset(range(7)))
    begins = datetime(2025, 3, 30, 0, tzinfo=AMSTERDAM.zone)
    assert nights.deadline(begins, work_hours(3)) == datetime(2025, 3, 30, 5, tzinfo=AMSTERDAM.zone).astimezone(UTC)


@pytest.mark.parametrize(
    "calendar",
    [
        Calendar(SHANGHAI.zone, weekdays=frozenset()),
        Calendar(SHANGHAI.zone, slots=()),
    ],
)
def test_a_calendar_without_working_time_is_an_error(calendar: Calendar) -> None:
    with pytest.raises(ValueError, match="no working time for 1 work_hour within"):
        calendar.deadline(datetime(2025, 9, 12, tzinfo=UTC), work_hours(1))


def test_a_make_up_day_beats_a_holiday() -> None:
    calendar = Calendar(SHANGHAI.zone, holidays=frozenset({date(2025, 9, 12)}), workdays=frozenset({date(2025, 9, 12)}))
    assert calendar.is_workday(date(2025, 9, 12))


natural_or_work = st.builds(Limit, st.integers(1, 4000 * 3600), st.sampled_from(Count))


@given(natural_or_work)
def test_a_limit_reads_what_it_writes(limit: Limit) -> None:
    assert Limit.parse(str(limit)) == limit


starts = st.datetimes(datetime(2025, 1, 1), datetime(2025, 10, 1), timezones=st.just(SHANGHAI.zone))  # noqa: DTZ001  # hypothesis adds the zone


@given(starts, st.integers(1, 40 * 3600), st.integers(1, 40 * 3600))
def test_working_time_adds_up(start: datetime, one: int, two: int) -> None:
    first = SHANGHAI.deadline(start, Limit(one, Count.WORK))
    assert SHANGHAI.deadline(first, Limit(two, Count.WORK)) == SHANGHAI.deadline(start, Limit(one + two, Count.WORK))
    assert first - start >= timedelta(seconds=one), "working time is never quicker than the clock on the wall"


@pytest.mark.parametrize(
    ("text", "limit", "written"),
    [
        ("30 minutes", minutes(30), "30 minutes"),
        ("1 minute", minutes(1), "1 minute"),
        (" 4work_hours ", work_hours(4), "4 work_hours"),
        ("5 work_days", work_days(5), "5 work_days"),
        ("8 work_hours", work_days(1), "1 work_day"),
        ("24 hours", days(1), "1 day"),
        ("90 seconds", seconds(90), "90 seconds"),
        ("90 work_minutes", Limit(5400, Count.WORK), "90 work_minutes"),
        ("90 work_seconds", Limit(90, Count.WORK), "90 work_seconds"),
    ],
)
def test_texts(text: str, limit: Limit, written: str) -> None:
    assert Limit.parse(text) == limit
    assert str(limit) == written


@pytest.mark.parametrize("text", ["", "soon", "5", "minutes", "-1 hours", "1.5 hours", "3 fortnights", "4 work"])
def test_what_is_no_limit_is_told_the_units(text: str) -> None:
    with pytest.raises(ValueError, match="is not a limit; write a number and one of second, minute, hour, day, work_"):
        Limit.parse(text)


@pytest.mark.parametrize("amount", [0, -5])
def test_a_limit_is_longer_than_nothing(amount: int) -> None:
    with pytest.raises(ValueError, match="longer than nothing"):
        minutes(amount)


def test_a_limit_fits_into_a_calendar() -> None:
    start = datetime(2025, 9, 12, tzinfo=UTC)
    assert SHANGHAI.deadline(start, work_days(500)) < SHANGHAI.deadline(start, days(3660))
    with pytest.raises(ValueError, match="501 work_days is longer than a limit may be; write at most 500 work_days"):
        work_days(501)
    with pytest.raises(ValueError, match="3661 days is longer than a limit may be; write at most 3660 days"):
        Limit.parse("3661 days")


def test_working_time_has_no_span_without_a_calendar() -> None:
    assert hours(2).span == timedelta(hours=2)
    with pytest.raises(ValueError, match="ask a Calendar"):
        _ = work_hours(2).span
