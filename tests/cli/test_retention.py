"""retention: what is kept how long, what would go, and what went."""

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from civicloop.core.street.complaint import StreetError
from civicloop.core.street.folder import load_street

LONG_AGO = "2015-09-12T08:00:00+08:00"


@pytest.fixture
def old(cli, street: Path) -> Path:
    """A street that heard of three quiet bins in 2015."""
    base = {"specversion": "1.0", "source": "//test", "type": "waste.bin.level", "time": LONG_AGO}
    told = [base | {"id": str(n), "subject": "bin-willow-garden-dry", "data": {"fill_percent": 5}} for n in range(3)]
    file = street / "old.jsonl"
    file.write_text("\n".join(map(json.dumps, told)), encoding="utf-8")
    words = ("replay", street, file, "--until", LONG_AGO, "--store", street / "var" / "civicloop.db")
    assert cli(*words).exit_code == 0
    return street


def lines(cli, street: Path, *words: str) -> dict[str, dict]:
    told = json.loads(cli("retention", street, "--json", *words).stdout)
    return {line["class"]: line for line in told["retention"]}


def test_every_class_is_shown_with_its_days_and_what_is_old(cli, old: Path) -> None:
    shown = lines(cli, old)
    assert (shown["events"]["days"], shown["events"]["old"], shown["events"]["last"]) == (180, 3, None)
    assert (shown["memories"]["days"], shown["journals"]["days"]) == (400, 3650)
    table = cli("retention", old).stdout
    assert len([line for line in table.splitlines() if line.strip()]) == len(shown) + 2
    assert "references to pictures" in table
    assert "图像引用" in cli("retention", old, "--language", "zh").stdout


def test_what_is_due_goes_now_when_told_so_and_is_logged(cli, old: Path) -> None:
    told = cli("retention", old, "--now")
    assert told.exit_code == 0, told.stderr
    assert "rows that are gone now: 4" in told.stdout
    shown = lines(cli, old)
    assert (shown["events"]["old"], shown["events"]["last"]["rows"], shown["events"]["last"]["days"]) == (0, 3, 180)
    assert shown["memories"]["last"]["rows"] == 1
    assert cli("verify", old).exit_code == 0
    assert json.loads(cli("events", old, "--json").stdout)["events"] == []
    assert json.loads(cli("retention", old, "--now", "--json").stdout)["gone"] == {}


def test_a_class_that_cannot_be_dropped_is_told_and_keeps_no_other_one_back(cli, old: Path) -> None:
    with closing(sqlite3.connect(old / "var" / "civicloop.db")) as raw, raw:
        raw.execute("CREATE TRIGGER stuck BEFORE DELETE ON event BEGIN SELECT zeroblob(3000000000); END")
    told = cli("retention", old, "--now")
    assert told.exit_code == 1
    assert told.stderr.startswith("events and answers: ")
    assert "was given a value too big for it" in told.stderr
    assert "rows that are gone now: 1" in told.stdout
    assert lines(cli, old)["memories"]["last"]["rows"] == 1


def test_a_street_that_never_ran_has_nothing_to_drop(cli, street: Path) -> None:
    assert all(line["old"] == 0 for line in lines(cli, street).values())


@pytest.mark.parametrize(
    ("setting", "complaint"),
    [
        ("events_days = 29", "events_days"),
        ("access_days = 179", "access_days"),
        ("closed_cases_days = 4000", "journals_days is less than closed_cases_days"),
        ("quarantine_days = 181", "quarantine_days exceeds events_days"),
        ("pictures_days = 5", "pictures_days"),
    ],
)
def test_days_that_keep_too_little_are_refused(street: Path, setting: str, complaint: str) -> None:
    toml = street / "civicloop.toml"
    text = toml.read_text(encoding="utf-8")
    name = setting.partition(" ")[0]
    kept = [line for line in text.splitlines() if not line.startswith(f"{name} =")]
    toml.write_text("\n".join(kept).replace("[retention]", f"[retention]\n{setting}"), encoding="utf-8")
    with pytest.raises(StreetError, match=complaint):
        load_street(street)


def test_events_are_kept_as_long_as_repeats_must_be_known(street: Path) -> None:
    toml = street / "civicloop.toml"
    text = toml.read_text(encoding="utf-8")
    toml.write_text(text.replace("dedupe_days = 30", "dedupe_days = 200"), encoding="utf-8")
    with pytest.raises(StreetError, match=r"events_days is less than limits\.dedupe_days"):
        load_street(street)


def test_a_reduced_case_can_still_be_shown_and_explained(cli, street: Path, morning: Path) -> None:
    toml = street / "civicloop.toml"
    text = toml.read_text(encoding="utf-8")
    text = text.replace("closed_cases_days = 1825", "closed_cases_days = 30")
    toml.write_text(text.replace("journals_days = 3650", "journals_days = 36500"), encoding="utf-8")
    (street / "var").mkdir(exist_ok=True)
    shutil.copy(morning, street / "var" / "civicloop.db")
    listed = json.loads(cli("cases", street, "--closed", "--json").stdout)["cases"]
    swept = cli("retention", street, "--now", "--json")
    assert swept.exit_code == 0, swept.stderr
    told = json.loads(swept.stdout)
    assert told["gone"]["closed_cases"] == len(listed) > 0
    for case in listed:
        assert cli("cases", "show", street, case["id"]).exit_code == 0
        assert cli("explain", street, case["id"]).exit_code == 0
    assert cli("verify", street).exit_code == 0
