"""calendar fill: a year of announced holidays is shown or written; a year that nobody has announced changes nothing."""

import json
import tomllib
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from civicloop.core.engine.opening import open_street
from civicloop.core.street.folder import load_street
from civicloop.core.terminal.calendar import calendar_warnings

SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.fixture
def calendar(street: Path) -> Path:
    """A calendar to fill, with things in it that must not be lost."""
    path = street / "calendar.toml"
    path.write_text("# ours\n\nholidays = [\n  2025-03-03, # the street's own\n]\n", encoding="utf-8")
    path.chmod(0o640)
    return path


def test_what_a_calendar_lacks_is_shown_and_nothing_is_written(cli, street: Path, calendar: Path) -> None:
    before = calendar.read_bytes()
    told = cli("calendar", "fill", street, "2025")
    assert told.exit_code == 0
    shown = tomllib.loads(told.stdout)
    assert shown["holidays"][1] == "2025-01-28 to 2025-02-04"
    assert [str(day) for day in shown["workdays"]][:2] == ["2025-01-26", "2025-02-08"]
    assert '"2025-01-28 to 2025-02-04",  # Spring Festival' in told.stdout
    assert told.stderr == f"this is what {calendar} lacks of 2025; --write adds it.\n"
    assert calendar.read_bytes() == before


def test_it_is_written_once_and_limits_count_by_it(
    cli, street: Path, calendar: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(street)
    told = cli("calendar", "fill", "2025", "--write", "--language", "zh")
    assert (told.exit_code, told.stdout, told.stderr) == (0, "2025 年的放假安排已写入 calendar.toml。\n", "")
    written = calendar.read_bytes()
    assert written.decode().startswith("# ours\n\nworkdays = [\n  # 2025 年，国务院办公厅放假安排（chinesecalendar ")
    assert "  2025-03-03, # the street's own\n" in written.decode()
    assert calendar.stat().st_mode & 0o777 == 0o640
    assert [path.name for path in street.iterdir() if "calendar" in path.name] == ["calendar.toml"]
    start, due = (datetime(2025, *at, tzinfo=SHANGHAI) for at in ((9, 30, 17), (10, 9, 9)))
    assert load_street(street).street.calendar.worked(start, due).total_seconds() == 2 * 3600
    for words in (["2025", "--write"], [".", "2025"]):
        again = cli("calendar", "fill", *words)
        assert (again.exit_code, again.stdout) == (0, "")
        assert again.stderr == "calendar.toml has all of 2025; nothing to change.\n"
    assert calendar.read_bytes() == written


def test_a_year_that_is_not_announced_is_said_and_changes_nothing(cli, street: Path, calendar: Path) -> None:
    before = calendar.read_bytes()
    told = cli("calendar", "fill", street, "2999", "--write")
    assert (told.exit_code, told.stdout) == (1, "")
    assert "of 2004 to 20" in told.stderr
    assert "not of 2999" in told.stderr
    assert "update chinesecalendar" in told.stderr
    assert calendar.read_bytes() == before


def test_a_street_elsewhere_has_other_holidays(cli, street: Path, calendar: Path) -> None:
    before = calendar.read_bytes()
    settings = street / "civicloop.toml"
    settings.write_text(
        settings.read_text(encoding="utf-8").replace("Asia/Shanghai", "Asia/Hong_Kong"), encoding="utf-8"
    )
    told = cli("calendar", "fill", street, "2025", "--write")
    assert (told.exit_code, told.stdout) == (1, "")
    assert told.stderr.startswith("the zone Asia/Hong_Kong is not on the Chinese mainland")
    assert calendar.read_bytes() == before


def test_what_people_decided_otherwise_is_kept_and_told(cli, street: Path, calendar: Path) -> None:
    calendar.write_text("workdays = [2025-10-08]\n", encoding="utf-8")
    told = cli("calendar", "fill", street, "2025", "--write")
    assert told.exit_code == 0
    assert told.stderr.startswith("warning: calendar.toml names 2025-10-08 the other way round than announced")
    assert load_street(street).street.calendar.is_workday(datetime(2025, 10, 8, tzinfo=SHANGHAI).date())


def test_a_folder_that_is_not_in_order_is_left_alone(cli, street: Path, calendar: Path) -> None:
    calendar.write_text("holliday = []\n", encoding="utf-8")
    told = cli("calendar", "fill", street, "2025", "--write")
    assert (told.exit_code, told.stdout) == (1, "")
    assert "did you mean 'holidays'?" in told.stderr
    assert calendar.read_text(encoding="utf-8") == "holliday = []\n"


@pytest.mark.parametrize("words", [["soon"], ["25"], ["２０２５"], []])
def test_a_year_has_four_digits(cli, street: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]) -> None:
    monkeypatch.chdir(street)
    assert cli("calendar", "fill", *words).exit_code == 2


WARNINGS = [
    # what the calendar names, now, the years that are missed
    ("holidays = [2025-01-01, 2026-01-01]", "2025-06-01T00:00", []),
    ("holidays = [2025-01-01]", "2025-11-30T23:59", []),
    ("holidays = [2025-01-01]", "2025-12-01T00:00", [2026]),
    ("holidays = [2025-01-01]", "2026-06-01T00:00", [2026]),
    ("workdays = [2025-01-04]", "2025-12-01T00:00", [2025, 2026]),
    ("", "2025-06-01T00:00", [2025]),
]


@pytest.mark.parametrize(("text", "now", "years"), WARNINGS)
def test_a_calendar_that_has_run_out_is_noticed(street: Path, text: str, now: str, years: list[int]) -> None:
    (street / "calendar.toml").write_text(text, encoding="utf-8")
    opened = open_street(street)
    found = list(calendar_warnings(opened, datetime.fromisoformat(now).replace(tzinfo=SHANGHAI)))
    assert [one.what for one in found] == [
        f"it names no holiday of {year}, and there are limits of working time" for year in years
    ]
    assert all(one.file == "calendar.toml" and "civicloop calendar fill" in one.remedy for one in found)


def test_where_no_limit_counts_working_time_no_holiday_is_missed(street: Path) -> None:
    (street / "calendar.toml").write_text("", encoding="utf-8")
    settings = street / "civicloop.toml"
    natural = settings.read_text(encoding="utf-8").partition("[plugins.")[0]
    settings.write_text(natural, encoding="utf-8")
    assert list(calendar_warnings(open_street(street), datetime(2025, 6, 1, tzinfo=SHANGHAI))) == []


def test_check_tells_of_it(cli, street: Path) -> None:
    (street / "calendar.toml").write_text("", encoding="utf-8")
    told = cli("check", street)
    assert told.exit_code == 0
    assert "warning: calendar.toml: it names no holiday of 20" in told.stderr
    warnings = json.loads(cli("check", street, "--json").stdout)["warnings"]
    assert "calendar.toml" in {one["file"] for one in warnings}
