"""Working slots across midnight and across a change of clocks, and the working time that lies within a span."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from civicloop.core.model.limit import HORIZON_YEARS, Calendar, Count, Limit, Slots, hours, work_days, work_hours

SHANGHAI, BERLIN, NEW_YORK = map(ZoneInfo, ("Asia/Shanghai", "Europe/Berlin", "America/New_York"))
EVERY_DAY = frozenset(range(7))
ZERO = timedelta()


def slots(*texts: str) -> Slots:
    """``22:00-06:00``; midnight at the end is 00:00."""
    return tuple((time.fromisoformat(text[:5]), time.fromisoformat(text[6:])) for text in texts)


def local(text: str, zone: ZoneInfo) -> datetime:
    """``2025-10-26 02:30``, with a ``*`` behind it at its second coming."""
    return datetime.fromisoformat(text.rstrip("*")).replace(tzinfo=zone, fold=text.endswith("*"))


NIGHTS, EVENINGS, ALL_DAY = slots("22:00-06:00"), slots("08:00-12:00", "18:00-00:00"), slots("00:00-00:00")

AROUND_MIDNIGHT = [
    # a night belongs to the day it begins on: Friday's runs into Saturday, and Sunday has none
    (NIGHTS, "2025-09-12 12:00", work_hours(1), "2025-09-12 23:00"),
    (NIGHTS, "2025-09-12 23:00", work_hours(2), "2025-09-13 01:00"),
    (NIGHTS, "2025-09-12 22:00", work_hours(8), "2025-09-13 06:00"),
    (NIGHTS, "2025-09-12 22:00:01", work_hours(8), "2025-09-15 22:00:01"),
    (NIGHTS, "2025-09-13 05:00", work_hours(2), "2025-09-15 23:00"),
    (NIGHTS, "2025-09-13 06:00", work_hours(1), "2025-09-15 23:00"),
    (NIGHTS, "2025-09-15 02:00", work_hours(1), "2025-09-15 23:00"),
    # the eve of a holiday works through to its morning; the holiday's own night is off
    (NIGHTS, "2025-09-30 23:00", work_hours(7), "2025-10-01 06:00"),
    (NIGHTS, "2025-10-01 05:00", work_hours(2), "2025-10-09 23:00"),
    # from one year into the next
    (NIGHTS, "2025-12-31 23:00", work_hours(3), "2026-01-01 02:00"),
    (NIGHTS, "2026-01-01 01:00", work_hours(6), "2026-01-01 23:00"),
    # a slot that ends at midnight ends at midnight, and the next day's is another one
    (EVENINGS, "2025-09-11 18:00", work_hours(6), "2025-09-12 00:00"),
    (EVENINGS, "2025-09-11 18:00:01", work_hours(6), "2025-09-12 08:00:01"),
    (EVENINGS, "2025-09-12 23:00", work_hours(2), "2025-09-15 09:00"),
    # whole days have no seam between them
    (ALL_DAY, "2025-09-11 23:00", work_hours(2), "2025-09-12 01:00"),
    (ALL_DAY, "2025-09-12 23:00", work_hours(2), "2025-09-15 01:00"),
    # shifts that hand over to each other, from the night to the next morning too
    (slots("06:00-14:00", "22:00-06:00"), "2025-09-11 23:00", work_hours(8), "2025-09-12 07:00"),
    (slots("20:00-08:00"), "2025-09-12 07:00", work_hours(2), "2025-09-12 21:00"),
    (slots("08:00-08:00"), "2025-09-12 07:00", work_hours(2), "2025-09-12 09:00"),
]


@pytest.mark.parametrize(("worked", "start", "limit", "expected"), AROUND_MIDNIGHT)
def test_deadlines_around_midnight(worked: Slots, start: str, limit: Limit, expected: str) -> None:
    calendar = Calendar(SHANGHAI, worked, frozenset(date(2025, 10, day) for day in range(1, 9)))
    begins, ends = local(start, SHANGHAI), local(expected, SHANGHAI)
    assert calendar.deadline(begins, limit) == ends
    assert calendar.worked(begins, ends) == timedelta(seconds=limit.seconds)


@pytest.mark.parametrize(
    "worked",
    [
        slots("08:00-12:00", "11:00-15:00"),
        slots("14:00-18:00", "08:00-12:00"),
        slots("22:00-06:00", "08:00-12:00"),
        slots("05:00-12:00", "22:00-06:00"),
        slots("08:00-12:00", "12:00-12:00"),
        slots("00:00-00:00", "08:00-12:00"),
    ],
)
def test_slots_that_overlap_are_refused(worked: Slots) -> None:
    with pytest.raises(ValueError, match="overlap or are out of order; write them one after the other"):
        Calendar(SHANGHAI, worked)


# Berlin leaps from 02:00 to 03:00 on 30 March and repeats 02:00 to 03:00 on 26 October 2025; New York leaps from 02:00
# to 03:00 on 9 March and repeats 01:00 to 02:00 on 2 November. All four are Sundays.
CHANGES = [
    # zone, slots, start, limit, deadline in UTC
    # the clock leaps: natural time does not, and office hours on other days do not feel it
    (BERLIN, slots("08:00-12:00"), "2025-03-29 17:00", hours(24), "2025-03-30T16:00Z"),
    (BERLIN, slots("08:00-12:00"), "2025-03-29 11:00", work_hours(2), "2025-03-30T07:00Z"),
    (NEW_YORK, slots("08:00-12:00"), "2025-03-08 11:00", work_hours(2), "2025-03-09T13:00Z"),
    # a slot across the leap has an hour less
    (BERLIN, slots("01:00-05:00"), "2025-03-30 00:00", work_hours(3), "2025-03-30T03:00Z"),
    (BERLIN, slots("01:00-05:00"), "2025-03-30 00:00", work_hours(4), "2025-03-31T00:00Z"),
    (NEW_YORK, slots("22:00-06:00"), "2025-03-08 22:00", work_hours(7), "2025-03-09T10:00Z"),
    (NEW_YORK, slots("22:00-06:00"), "2025-03-08 22:00", work_hours(8), "2025-03-10T03:00Z"),
    (BERLIN, slots("00:00-00:00"), "2025-03-30 00:00", work_hours(23), "2025-03-30T22:00Z"),
    # a slot that opens or closes at a time that the clock leaps over does so at the leap
    (BERLIN, slots("02:30-05:00"), "2025-03-30 00:00", work_hours(1), "2025-03-30T02:00Z"),
    (BERLIN, slots("02:30-05:00"), "2025-03-30 00:00", work_hours(2), "2025-03-30T03:00Z"),
    (BERLIN, slots("00:00-02:30"), "2025-03-30 00:00", work_hours(2), "2025-03-30T01:00Z"),
    (BERLIN, slots("00:00-02:30", "02:30-05:00"), "2025-03-30 00:00", work_hours(4), "2025-03-30T03:00Z"),
    (BERLIN, slots("02:00-03:00"), "2025-03-30 00:00", work_hours(1), "2025-03-31T01:00Z"),
    (BERLIN, slots("02:15-02:45"), "2025-03-30 00:00", Limit(900, Count.WORK), "2025-03-31T00:30Z"),
    (NEW_YORK, slots("02:30-05:00"), "2025-03-09 00:00", work_hours(1), "2025-03-09T08:00Z"),
    # the clock goes back: natural time does not, and a slot across the change has an hour more
    (BERLIN, slots("08:00-12:00"), "2025-10-25 17:00", hours(24), "2025-10-26T15:00Z"),
    (BERLIN, slots("08:00-12:00"), "2025-10-25 11:00", work_hours(2), "2025-10-26T08:00Z"),
    (BERLIN, slots("01:00-05:00"), "2025-10-26 00:00", work_hours(5), "2025-10-26T04:00Z"),
    (NEW_YORK, slots("22:00-06:00"), "2025-11-01 22:00", work_hours(9), "2025-11-02T11:00Z"),
    (BERLIN, slots("00:00-00:00"), "2025-10-26 00:00", work_hours(25), "2025-10-26T23:00Z"),
    # a slot that opens or closes at a time that comes twice does so at the first
    (BERLIN, slots("02:30-05:00"), "2025-10-26 00:00", work_hours(1), "2025-10-26T01:30Z"),
    (BERLIN, slots("01:00-02:30"), "2025-10-26 00:00", Limit(5400, Count.WORK), "2025-10-26T00:30Z"),
    (BERLIN, slots("02:15-02:45"), "2025-10-26 00:00", Limit(1800, Count.WORK), "2025-10-26T00:45Z"),
    (BERLIN, slots("02:15-02:45"), "2025-10-26 02:30*", Limit(900, Count.WORK), "2025-10-27T01:30Z"),
    (NEW_YORK, slots("01:30-05:00"), "2025-11-02 00:00", work_hours(1), "2025-11-02T06:30Z"),
    # a start inside the repeated hour counts from the coming it means
    (BERLIN, slots("01:00-05:00"), "2025-10-26 02:30", work_hours(1), "2025-10-26T01:30Z"),
    (BERLIN, slots("01:00-05:00"), "2025-10-26 02:30*", work_hours(1), "2025-10-26T02:30Z"),
    (NEW_YORK, slots("00:00-04:00"), "2025-11-02 01:30", work_hours(2), "2025-11-02T07:30Z"),
    (NEW_YORK, slots("00:00-04:00"), "2025-11-02 01:30*", work_hours(2), "2025-11-02T08:30Z"),
    # used up exactly at the change, which is the end of a slot
    (BERLIN, slots("01:00-02:00", "08:00-12:00"), "2025-03-30 01:00", work_hours(1), "2025-03-30T01:00Z"),
    (BERLIN, slots("01:00-03:00", "08:00-12:00"), "2025-10-26 01:00", work_hours(3), "2025-10-26T02:00Z"),
    # clocks that leap at midnight, by half an hour, and over a whole day
    (ZoneInfo("America/Sao_Paulo"), slots("00:00-04:00"), "2018-11-03 23:00", work_hours(1), "2018-11-04T04:00Z"),
    (ZoneInfo("Australia/Lord_Howe"), slots("02:15-04:00"), "2025-10-05 00:00", work_hours(1), "2025-10-04T16:30Z"),
    (ZoneInfo("Pacific/Apia"), slots("08:00-12:00"), "2011-12-29 11:00", work_hours(2), "2011-12-30T19:00Z"),
]


@pytest.mark.parametrize(("zone", "worked", "start", "limit", "expected"), CHANGES)
def test_deadlines_where_the_clock_changes(
    zone: ZoneInfo, worked: Slots, start: str, limit: Limit, expected: str
) -> None:
    calendar = Calendar(zone, worked, weekdays=EVERY_DAY)
    begins, ends = local(start, zone), datetime.fromisoformat(expected)
    assert calendar.deadline(begins, limit) == ends
    if limit.count is Count.WORK:
        assert calendar.worked(begins, ends) == timedelta(seconds=limit.seconds)


OFFICE = Calendar(SHANGHAI)

SPANS = [
    ("2025-09-12 08:00", "2025-09-12 18:00", 8),
    ("2025-09-12 00:00", "2025-09-13 00:00", 8),
    ("2025-09-12 12:00", "2025-09-12 14:00", 0),
    ("2025-09-12 11:30", "2025-09-12 14:15", 0.75),
    ("2025-09-12 09:00", "2025-09-12 10:00", 1),
    ("2025-09-12 17:00", "2025-09-15 09:00", 2),
    ("2025-09-13 00:00", "2025-09-15 00:00", 0),
    ("2025-12-31 17:00", "2026-01-01 09:00", 2),
    ("2025-01-01 00:00", "2027-01-01 00:00", (261 + 261) * 8),
    ("2025-09-12 10:00", "2025-09-12 10:00", 0),
    ("2025-09-12 11:00", "2025-09-12 10:00", 0),
]


@pytest.mark.parametrize(("begins", "ends", "expected"), SPANS)
def test_the_working_time_within_a_span(begins: str, ends: str, expected: float) -> None:
    assert OFFICE.worked(local(begins, SHANGHAI), local(ends, SHANGHAI)) == timedelta(hours=expected)


def test_a_calendar_is_searched_for_thirty_years_and_no_longer() -> None:
    once = Calendar(SHANGHAI, weekdays=frozenset(), workdays=frozenset({date(2040, 1, 2)}))
    start = datetime(2025, 9, 12, tzinfo=UTC)
    assert once.deadline(start, work_hours(8)) == local("2040-01-02 18:00", SHANGHAI)
    with pytest.raises(
        ValueError, match=f"no working time for 9 work_hours within {HORIZON_YEARS} years of 2025-09-12"
    ):
        once.deadline(start, work_hours(9))
    mornings = Calendar(SHANGHAI, slots("09:00-12:00"), weekdays=frozenset({5}))
    assert mornings.deadline(start, work_days(500)) < start + timedelta(days=365 * HORIZON_YEARS)


@st.composite
def days_of_work(draw: st.DrawFn) -> Slots:
    """Up to three slots, the last of which may run into the night."""
    minutes = sorted(draw(st.lists(st.integers(0, 1439), min_size=2, max_size=6, unique=True)))
    clock = [time(minute // 60, minute % 60) for minute in minutes[: len(minutes) // 2 * 2]]
    if draw(st.booleans()):
        clock = [*clock[1:], clock[0]]
    return tuple(zip(clock[::2], clock[1::2], strict=True))


DATES = st.frozensets(st.dates(date(2025, 1, 1), date(2026, 12, 31)), max_size=40)
ZONES = st.sampled_from([SHANGHAI, BERLIN, NEW_YORK, *map(ZoneInfo, ("Australia/Lord_Howe", "Asia/Beirut"))])
CALENDARS = st.builds(
    Calendar, ZONES, days_of_work(), DATES, DATES, st.frozensets(st.integers(0, 6), min_size=1, max_size=7)
)
STARTS = st.datetimes(datetime(2025, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001  # hypothesis adds the zone
WORK = st.builds(Limit, st.integers(1, 60 * 3600), st.just(Count.WORK))
CHANGE = datetime(2025, 3, 30, 1, tzinfo=UTC)


def until(calendar: Calendar, start: datetime, limit: Limit) -> datetime:
    """The deadline; a calendar that draws a minute a week may have none."""
    try:
        return calendar.deadline(start, limit)
    except ValueError:
        assume(False)
        raise


@given(CALENDARS, STARTS, WORK, WORK)
def test_limits_one_after_the_other_are_their_sum(calendar: Calendar, start: datetime, one: Limit, two: Limit) -> None:
    both = until(calendar, start, Limit(one.seconds + two.seconds, Count.WORK))
    assert calendar.deadline(calendar.deadline(start, one), two) == both


@given(CALENDARS, STARTS, WORK)
@example(Calendar(BERLIN, slots("02:30-05:00"), weekdays=EVERY_DAY), CHANGE, work_hours(1))
def test_the_working_time_up_to_a_deadline_is_the_limit(calendar: Calendar, start: datetime, limit: Limit) -> None:
    due = until(calendar, start, limit)
    assert calendar.worked(start, due) == timedelta(seconds=limit.seconds) <= due - start
    assert calendar.worked(start, due - timedelta(microseconds=1)) < timedelta(seconds=limit.seconds)


@given(CALENDARS, STARTS, st.integers(0, 200 * 3600), WORK)
def test_a_later_start_has_no_earlier_deadline(calendar: Calendar, start: datetime, later: int, limit: Limit) -> None:
    assert until(calendar, start, limit) <= until(calendar, start + timedelta(seconds=later), limit)


@given(CALENDARS, STARTS, WORK, WORK)
def test_a_longer_limit_has_a_later_deadline(calendar: Calendar, start: datetime, one: Limit, two: Limit) -> None:
    shorter, longer = sorted((one, two))
    assert (until(calendar, start, shorter) < until(calendar, start, longer)) == (shorter < longer)


@given(CALENDARS, STARTS, STARTS, STARTS)
def test_working_time_adds_up_and_is_never_more_than_the_time(
    calendar: Calendar, one: datetime, two: datetime, three: datetime
) -> None:
    first, middle, last = sorted((one, two, three))
    worked = calendar.worked(first, last)
    assert worked == calendar.worked(first, middle) + calendar.worked(middle, last)
    assert ZERO <= worked <= last - first
