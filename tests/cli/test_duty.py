"""duty: who is on duty, until when, and how they are reached; and the warning of a gap."""

import json
from pathlib import Path

import pytest

from civicloop.core.stores.sqlite import SqliteStore

MORNING = "2025-09-12T09:00"


def seats(cli, street: Path, *words: object) -> list[dict]:
    told = cli("duty", street, "--json", *words)
    assert told.exit_code == 0, told.stderr
    return json.loads(told.stdout)["seats"]


def add(street: Path, file: str, row: str) -> None:
    path = street / file
    path.write_text(path.read_text(encoding="utf-8") + row + "\n", encoding="utf-8")


def test_every_seat_is_shown(cli, street: Path) -> None:
    parties = (street / "parties.csv").read_text(encoding="utf-8").splitlines()
    assert len(seats(cli, street)) == len(parties) - 1
    shown = cli("duty", street, "--role", "ops_center", "--at", MORNING).stdout
    for word in ("operations centre", "青禾街道 (sample-street)", "顾*", "2025-09-12 20:00", "console"):
        assert word in shown
    assert "顾平" not in shown


@pytest.mark.parametrize(
    ("at", "people", "until"),
    [
        (MORNING, ["顾*"], "2025-09-12T20:00"),
        ("2025-09-12T20:00", ["方*"], "2025-09-13T08:00"),
        ("2025-09-15T09:00:00+08:00", ["沈*"], "2025-09-15T20:00"),
        ("2025-10-01T09:00", ["方*"], "2025-10-01T20:00"),
    ],
)
def test_who_is_on_duty_when_and_until_when(cli, street: Path, at: str, people: list[str], until: str) -> None:
    [one] = seats(cli, street, "--role", "ops_center", "--at", at)
    assert (one["people"], one["is_vacant"], one["until"]) == (people, False, f"{until}:00+08:00")


def test_who_answers_for_a_place_wherever_they_sit(cli, street: Path) -> None:
    found = {one["role"]: one["place"] for one in seats(cli, street, "--place", "plum-lane-1-301")}
    assert found["family"] == "plum-lane-1-301"
    assert found["property_company"] == "plum-lane"
    assert found["neighborhood_committee"] == "plum"
    assert found["fire_rescue"] == "sample-district"
    assert cli("duty", street, "--role", "family", "--place", "plum").stdout == "nobody holds that role there.\n"


def test_how_they_are_reached_is_written_as_in_the_files(cli, street: Path) -> None:
    [one] = seats(cli, street, "--role", "neighborhood_committee", "--place", "plum", "--at", MORNING)
    assert (one["people"], one["channels"]) == (["何*"], ["console", "console+10@P1"])


def test_a_gap_is_shown_and_warned_of_for_the_operations_centre(cli, street: Path) -> None:
    assert "warning" not in cli("check", street).stderr
    rotations = street / "rotations.csv"
    text = rotations.read_text(encoding="utf-8")
    rotations.write_text(text.replace("2024-01-01,,,20:00-08:00", "2024-01-01,,mon,20:00-08:00"), encoding="utf-8")
    [one] = seats(cli, street, "--role", "ops_center", "--at", "2025-09-12T21:00")
    assert (one["people"], one["is_vacant"], one["channels"]) == ([], True, ["console"])
    assert "nobody" in cli("duty", street, "--role", "ops_center", "--at", "2025-09-12T21:00").stdout
    told = cli("check", street)
    assert told.exit_code == 0
    assert "roster.csv: nobody is on duty as ops_center at 20" in told.stderr
    assert len(json.loads(cli("check", street, "--json").stdout)["warnings"]) == 1


def test_people_are_shown_by_name_for_a_purpose_which_is_recorded(cli, street: Path) -> None:
    [one] = seats(cli, street, "--role", "ops_center", "--at", MORNING, "--purpose", "the list for the notice board")
    assert one["people"] == ["顾平"]
    store = SqliteStore(street / "var" / "civicloop.db")
    try:
        [access] = store.accesses(1)
    finally:
        store.close()
    assert (access.what, access.purpose) == ("duty", "the list for the notice board")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--role", "cleanr"], 1, "nobody holds cleanr in parties.csv; did you mean 'cleaner'?"),
        (["--place", "moon"], 1, "there is no place moon in places.csv; "),
        (["--at", "soon"], 2, "Invalid value for '--at': 'soon' is not a time"),
    ],
)
def test_a_duty_that_cannot_be_meant(cli, street: Path, words: list[str], code: int, said: str) -> None:
    told = cli("duty", street, *words)
    assert (told.exit_code, told.stdout) == (code, "")
    assert told.stderr.startswith(said)
