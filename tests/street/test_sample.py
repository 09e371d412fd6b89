"""The sample street that `civicloop init` writes."""

import json
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

import pytest

from civicloop.core.model.limit import Limit
from civicloop.core.street.folder import StreetFolder, load_street
from civicloop.core.street.sample import KEY_FILE, SAMPLE_FILES, write_sample

ROLES = [
    "property_company",
    "property_manager",
    "cleaner",
    "neighborhood_committee",
    "party_secretary",
    "block_cadre",
    "peer_volunteer",
    "family",
    "owners_committee",
    "micro_fire_station",
    "call_center",
    "ops_center",
    "sanitation_station",
    "hauler",
    "greening_sanitation_bureau",
    "urban_enforcement",
    "police",
    "fire_rescue",
    "medical_rescue",
    "gas_company",
    "housing_bureau",
    "device_vendor",
    "data_steward",
]

DEADLINES = [  # the vectors of the domain, by the sample's own calendar
    ("2025-09-12T17:00", "4 work_hours", "2025-09-15T11:00"),
    ("2025-09-30T17:00", "4 work_hours", "2025-10-09T11:00"),
    ("2025-09-30T09:00", "2 work_days", "2025-10-10T09:00"),
    ("2025-09-26T17:00", "4 work_hours", "2025-09-28T11:00"),
    ("2026-02-14T17:00", "4 work_hours", "2026-02-24T11:00"),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_sample(tmp_path / "street")
    return tmp_path / "street"


@pytest.fixture
def loaded(folder: Path) -> StreetFolder:
    return load_street(folder)


def events(folder: Path) -> list[dict]:
    return [json.loads(line) for line in (folder / "morning.jsonl").read_text(encoding="utf-8").splitlines()]


def test_the_sample_loads_without_complaint(loaded: StreetFolder) -> None:
    assert loaded.street.code == "sample-street"
    assert {name for name, plugin in loaded.plugins.items() if plugin.enabled} == {
        "garbage_sorting",
        "elderly_care",
        "ebike_charging",
    }


def test_every_role_is_held_by_somebody_for_some_household(loaded: StreetFolder) -> None:
    now = datetime(2026, 7, 1, 4, tzinfo=UTC)
    households = [code for code, place in loaded.street.directory.places.items() if place.level == "unit"]
    assert len(households) == 30
    for role in ROLES:
        assert any(loaded.street.holder(role, code, now) for code in households), role


def test_somebody_is_always_on_duty_where_there_is_a_roster(loaded: StreetFolder) -> None:
    assert len(loaded.street.directory.roster) == 2
    for roster in loaded.street.directory.roster.values():
        for begins in (datetime(2024, 1, 1, tzinfo=UTC), datetime(2036, 1, 1, tzinfo=UTC)):
            assert all(len(watch.people) == 1 for watch in islice(roster.watches(begins), 1000))


def test_everybody_on_a_roster_can_be_reached(loaded: StreetFolder) -> None:
    directory = loaded.street.directory
    turns = [turn for roster in directory.roster.values() for rotation in roster.rotations for turn in rotation.turns]
    assert {name for turn in turns for name in turn} == directory.people.keys()


@pytest.mark.parametrize(("start", "limit", "deadline"), DEADLINES)
def test_the_calendar_knows_the_holidays(loaded: StreetFolder, start: str, limit: str, deadline: str) -> None:
    zone = loaded.street.calendar.zone
    begins = datetime.fromisoformat(start).replace(tzinfo=zone)
    assert loaded.street.deadline(begins, Limit.parse(limit)) == datetime.fromisoformat(deadline).replace(tzinfo=zone)


def test_the_morning_is_well_formed_and_in_order(folder: Path) -> None:
    morning = events(folder)
    assert len(morning) == 60
    assert len({(event["source"], event["id"]) for event in morning}) == 60
    times = [datetime.fromisoformat(event["time"]) for event in morning]
    assert times == sorted(times)
    assert {time.utcoffset() for time in times} == {timedelta(hours=8)}
    assert {event["specversion"] for event in morning} == {"1.0"}
    assert times[0].isoformat() >= "2025-09-12T06:55"
    assert times[-1].isoformat() < "2025-09-12T10:00"


def test_every_subject_of_the_morning_is_known_to_the_street(folder: Path, loaded: StreetFolder) -> None:
    directory = loaded.street.directory
    for event in events(folder):
        subject, data = event["subject"], event["data"]
        if event["type"].startswith("loop."):
            scenario, _, key = subject.partition("/")
            assert scenario.partition(".")[0] in loaded.plugins
            assert key in directory.devices or key in directory.places
            place = key if key in directory.places else directory.devices[key].place
            assert loaded.street.holder(data["party"], place, datetime.fromisoformat(event["time"])) is not None
        else:
            assert subject in directory.devices or subject in directory.places
        for name in ("household", "building"):
            assert data.get(name, "sample-street") in directory.places


def test_who_answers_in_the_morning_is_on_duty_where_there_is_a_roster(folder: Path, loaded: StreetFolder) -> None:
    for event in events(folder):
        if event["type"].startswith("loop.") and "person" in event["data"]:
            at, party = datetime.fromisoformat(event["time"]), event["data"]["party"]
            key = event["subject"].partition("/")[2]
            device = loaded.street.directory.devices.get(key)
            holder = loaded.street.holder(party, device.place if device else key, at)
            assert holder is not None
            assert event["data"]["person"] in (holder.people or [event["data"]["person"]])


def test_nothing_is_overwritten(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(FileExistsError, match="name a new folder"):
        write_sample(folder)
    with pytest.raises(FileExistsError, match="name a new folder"):
        write_sample(folder / "places.csv")
    (tmp_path / "empty").mkdir()
    assert [path.name for path in write_sample(tmp_path / "empty")] == [*SAMPLE_FILES, "pseudonym.key"]
    assert (tmp_path / "empty" / KEY_FILE).stat().st_mode & 0o077 == 0
    assert all(path.is_file() for path in write_sample(tmp_path / "deep" / "er"))
