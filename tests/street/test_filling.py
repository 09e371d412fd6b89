"""A year of announced days: what the library knows, and how it gets into a calendar that people have written."""

import tomllib
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from civicloop.core.street.calendar import CalendarFile, all_days
from civicloop.core.street.complaint import StreetError
from civicloop.core.street.filling import Filling, fill
from civicloop.core.street.statutory import UnknownYearError, Year, announced


def dates(*spans: str) -> set[date]:
    """``2025-01-28 to 2025-02-04``, or one day."""
    return set(all_days(CalendarFile.model_validate({"holidays": spans}).holidays))


def days(*texts: str) -> set[date]:
    return set(map(date.fromisoformat, texts))


TABLES = {  # what the State Council announced, as the domain's reference and the sample street have it
    2025: (
        days("2025-01-01")
        | dates(
            "2025-01-28 to 2025-02-04",
            "2025-04-04 to 2025-04-06",
            "2025-05-01 to 2025-05-05",
            "2025-05-31 to 2025-06-02",
            "2025-10-01 to 2025-10-08",
        ),
        days("2025-01-26", "2025-02-08", "2025-04-27", "2025-09-28", "2025-10-11"),
    ),
    2026: (
        dates(
            "2026-01-01 to 2026-01-03",
            "2026-02-15 to 2026-02-23",
            "2026-04-04 to 2026-04-06",
            "2026-05-01 to 2026-05-05",
            "2026-06-19 to 2026-06-21",
            "2026-09-25 to 2026-09-27",
            "2026-10-01 to 2026-10-07",
        ),
        days("2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10"),
    ),
}


@pytest.mark.parametrize("number", TABLES)
def test_the_library_has_what_was_announced(number: int) -> None:
    year = announced(number, "zh")
    assert (year.holidays.keys(), year.workdays.keys()) == TABLES[number]


def test_festivals_are_named_in_the_language_of_the_street() -> None:
    day = date(2025, 10, 6)
    assert announced(2025, "zh").holidays[day] == "中秋"
    assert announced(2025, "en").holidays[day] == "Mid-autumn Festival"


@pytest.mark.parametrize("number", [2003, 2999])
def test_a_year_that_was_not_announced_is_not_guessed(number: int) -> None:
    with pytest.raises(UnknownYearError, match=f"knows 2004 to 20.., not {number}") as error:
        announced(number, "zh")
    assert error.value.first == 2004
    assert error.value.last >= 2026


YEAR = Year(
    2027,
    {date(2027, 1, 1): "元旦", date(2027, 10, 1): "国庆节", date(2027, 10, 2): "国庆节", date(2027, 10, 3): "中秋"},
    {date(2027, 10, 9): "国庆节"},
)
"""Invented: short enough to see every line."""

HOLIDAYS = '  # new\n  2027-01-01,  # 元旦\n  "2027-10-01 to 2027-10-03",  # 国庆节, 中秋\n'
WORKDAYS = "  # new\n  2027-10-09,  # 国庆节\n"
BOTH = f"holidays = [\n{HOLIDAYS}]\n\nworkdays = [\n{WORKDAYS}]\n"
THE_REST = "  # new\n  2027-10-01,  # 国庆节\n  2027-10-03,  # 中秋\n"
ORGANISATION = '# the centre\n[organisations.x]\nholidays = [2027-03-01]\nslots = ["08:00-12:00"]\n'
COMMENTED = 'holidays = [ # [one],\n  2026-01-01, # a ] b\n  "2026-05-01 to 2026-05-05"'
QUOTED = '"holidays" = [\n\'{0}2026-01-01 to 2026-01-02{0}\', """2026-02-01 to 2026-02-02"""'.format("''")

EDITS = {
    "an empty file": ("", BOTH),
    "a file of comments": ("# mine\n# too\n\n", f"# mine\n# too\n\n{BOTH}"),
    "lists that are not there go below the file's heading": (
        f'# mine\n\n# ours\nslots = ["08:00-12:00"]\n{ORGANISATION}',
        f'# mine\n\n{BOTH}\n# ours\nslots = ["08:00-12:00"]\n{ORGANISATION}',
    ),
    "a comment that belongs to a table stays with it": (ORGANISATION, f"{BOTH}\n{ORGANISATION}"),
    "empty lists": (
        "holidays = []\nworkdays=[ ] # none\n",
        f"holidays = [\n{HOLIDAYS}]\nworkdays=[\n{WORKDAYS}] # none\n",
    ),
    "lists in one line each": (
        "workdays = [2026-01-04, 2026-02-14]\nholidays = ['2026-01-01 to 2026-01-03']",
        f"workdays = [2026-01-04, 2026-02-14,\n{WORKDAYS}]\nholidays = ['2026-01-01 to 2026-01-03',\n{HOLIDAYS}]",
    ),
    "comments with brackets and commas in them, and no last comma": (
        f'workdays = []\n{COMMENTED} # no, "yet"\n  # the end ]\n]\n',
        f'workdays = [\n{WORKDAYS}]\n{COMMENTED}, # no, "yet"\n  # the end ]\n{HOLIDAYS}]\n',
    ),
    "only one list is there, on the first line": (
        "holidays = [2026-01-01]\n",
        f"workdays = [\n{WORKDAYS}]\n\nholidays = [2026-01-01,\n{HOLIDAYS}]\n",
    ),
    "all kinds of quotes": (
        f"{QUOTED}]\nworkdays = [2027-10-09]\n",
        f"{QUOTED},\n{HOLIDAYS}]\nworkdays = [2027-10-09]\n",
    ),
    "a part of a span is there": (
        "workdays = [2027-10-09]\nholidays = [2027-10-02, 2027-01-01]\n",
        f"workdays = [2027-10-09]\nholidays = [2027-10-02, 2027-01-01,\n{THE_REST}]\n",
    ),
}


@pytest.mark.parametrize(("before", "after"), EDITS.values(), ids=EDITS)
def test_what_people_wrote_stays_as_they_wrote_it(before: str, after: str) -> None:
    filled = fill(before.encode(), YEAR, "new").content.decode()
    assert filled == after
    again = fill(filled.encode(), YEAR, "newer")
    assert again == Filling({}, filled.encode(), ())


def test_the_signs_that_windows_writes_are_kept() -> None:
    before = "\ufeff# mine\r\n\r\nholidays = [\r\n  2026-01-01\r\n]\r\n".encode()
    filled = fill(before, YEAR, "new").content.decode()
    assert filled.startswith("\ufeff# mine\r\n\r\nworkdays = [\r\n")
    assert "holidays = [\r\n  2026-01-01,\r\n  # new\r\n" in filled
    assert filled.count("\n") == filled.count("\r\n")


def test_what_people_wrote_the_other_way_round_is_kept_and_told() -> None:
    text = "workdays = [2027-10-02]\nholidays = [2027-10-09, 2027-03-01]\n"
    found = fill(text.encode(), YEAR, "new")
    assert found.kept == (date(2027, 10, 2), date(2027, 10, 9))
    assert list(found.lines) == ["holidays"]
    assert tomllib.loads(found.content.decode())["workdays"] == [date(2027, 10, 2)]


def test_a_calendar_that_is_not_in_order_is_not_filled() -> None:
    with pytest.raises(StreetError, match=r"calendar.toml:1: unknown key 'holliday'"):
        fill(b"holliday = []\n", YEAR, "new")
    with pytest.raises(StreetError, match="2027-01-01 is named a second time"):
        fill(b"[organisations.x]\nworkdays = [2027-01-01]\n", YEAR, "new")


@given(
    st.sets(st.dates(date(2025, 1, 1), date(2026, 12, 31)), max_size=20),
    st.sets(st.dates(date(2025, 1, 1), date(2026, 12, 31)), max_size=20),
    st.sampled_from([", ", ",\n", " , # why, ]\n  ", ",\n\n"]),
)
def test_any_calendar_gets_exactly_what_it_lacks(off: set[date], on: set[date], between: str) -> None:
    holidays, workdays = (between.join(map(str, sorted(named))) for named in (off, on - off))
    text = f"holidays = [{holidays}]\nworkdays = [{workdays}\n]\n"
    year = announced(2025, "en")
    filled = CalendarFile.model_validate(tomllib.loads(fill(text.encode(), year, "new").content.decode()))
    assert all_days(filled.holidays) == off | (year.holidays.keys() - on)
    assert all_days(filled.workdays) == (on - off) | (year.workdays.keys() - off)
    assert not all_days(filled.holidays) & all_days(filled.workdays)
