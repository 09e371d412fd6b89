"""The week of electric bicycles: what its README tells is what the replay gives."""

import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import CliRunner

from civicloop.cli import civicloop
from civicloop.core.engine.engine import Engine
from civicloop.core.engine.opening import open_street
from civicloop.core.engine.receipt import Input
from civicloop.core.gateway.cloudevents import read_json
from civicloop.core.gateway.files import read_lines
from civicloop.core.gateway.replay import in_order, replay
from civicloop.core.model.event import Envelope
from civicloop.core.stores.codec import moment
from civicloop.core.stores.sqlite import SqliteStore
from civicloop.core.street.sample import write_sample

EXAMPLE = Path(__file__).parents[2] / "examples" / "ebike_charging"
WEEK = EXAMPLE / "week.jsonl"
UNTIL = "2025-09-21T23:00:00+08:00"

HOUSEHOLD = "corridor/willow-garden-2-301"
CAMERA = "cam-corridor-osmanthus-park-1"

Entry = dict[str, Any]


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> list[Entry]:
    street = tmp_path_factory.mktemp("week") / "street"
    runner = CliRunner()
    assert runner.invoke(civicloop, ["--language", "en", "init", str(street)]).exit_code == 0
    result = runner.invoke(civicloop, ["--language", "en", "replay", str(street), str(WEEK), "--until", UNTIL])
    assert result.exit_code == 0, result.stderr
    assert "refused" not in result.stderr
    assert "quarantined" not in result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


def of(journal: list[Entry], ref: str, track: str = "main") -> Iterator[Entry]:
    return (one for one in journal if (one["ref"], one["track"]) == (f"ebike_charging.{ref}", track))


def told(journal: list[Entry], ref: str, track: str = "main") -> list[tuple[str, str, str]]:
    return [(one["at"][8:16], one["reason"], one["step"]) for one in of(journal, ref, track)]


def test_the_command_in_the_readme_is_the_one_that_runs() -> None:
    text = (EXAMPLE / "README.md").read_text(encoding="utf-8")
    assert f"civicloop replay my-street examples/ebike_charging/week.jsonl --until {UNTIL}" in text


def test_every_line_is_an_event_with_its_time_in_order() -> None:
    lines = [orjson.loads(line) for line in WEEK.read_bytes().splitlines()]
    times = [line["time"] for line in lines]
    assert times == sorted(times)
    assert len({(line["source"], line["id"]) for line in lines}) == len(lines)


def test_fifteen_cases_and_all_but_the_meetings_are_closed(journal: list[Entry]) -> None:
    opened = {one["case"]: one["ref"] for one in journal if one["reason"] == "opened"}
    closed = {one["case"] for one in journal if one["reason"] == "closed"}
    assert len(opened) == 15
    assert [ref for case, ref in opened.items() if case not in closed] == [
        "ebike_charging.three_meetings/willow-garden-2"
    ]


def test_the_first_alarm_is_dissuaded_and_the_second_goes_to_the_authority(journal: list[Entry]) -> None:
    asked = [
        (one["at"][8:16], one["party"]) for one in of(journal, HOUSEHOLD) if one["reason"] in ("asked", "escalated")
    ]
    assert asked == [
        ("15T07:05", "property_company"),
        ("18T21:40", "ops_center"),
        ("18T21:50", "urban_enforcement"),
    ]
    assert told(journal, HOUSEHOLD)[-1] == ("19T16:30", "closed", "enforce")


def test_the_statutory_report_runs_beside(journal: list[Entry]) -> None:
    wire = "flying_wire/cam-corridor-plum-lane-1:wire-1"
    assert told(journal, wire, "statutory_report") == [
        ("16T08:30", "track_opened", "report_breach"),
        ("16T08:30", "asked", "report_breach"),
        ("16T10:40", "reported", "report_breach"),
        ("16T10:40", "check_asked", "report_breach"),
        ("16T11:10", "verified", "report_breach"),
        ("16T11:10", "track_closed", "report_breach"),
    ]
    (owed,) = [one for one in of(journal, wire, "statutory_report") if one["reason"] == "asked"]
    assert owed["due"] == "2025-09-17T08:00:00+08:00"


def test_a_pram_two_carts_and_a_bicycle(journal: list[Entry]) -> None:
    assert [entry[1:] for entry in told(journal, f"corridor/{CAMERA}:cart-1")] == [
        ("opened", "confirm"),
        ("asked", "confirm"),
        ("reviewed", "confirm"),
        ("closed", "confirm"),
    ]
    assert told(journal, f"camera_precision/{CAMERA}")[0] == ("17T11:40", "opened", "tune")
    assert told(journal, f"corridor/{CAMERA}:bike-4")[1] == ("17T20:10", "asked", "confirm")


def test_the_night_of_the_fire(journal: list[Entry]) -> None:
    thermal = "thermal/pile-osmanthus-park-1"
    for track in ("main", "call_119", "evacuate"):
        assert next(one for one in of(journal, thermal, track) if one["reason"] == "asked")["at"].endswith(
            "02:12:40+08:00"
        )
    assert told(journal, thermal)[-1] == ("20T02:50", "closed", "fight")


def test_the_hearing_leads_to_the_coordination(journal: list[Entry]) -> None:
    assert told(journal, "three_meetings/willow-garden-2") == [
        ("18T21:50", "opened", "hearing"),
        ("18T21:50", "asked", "hearing"),
        ("21T16:00", "reported", "hearing"),
        ("21T16:00", "asked", "coordination"),
    ]


def entries(store: SqliteStore) -> list[bytes]:
    return [orjson.dumps(entry.as_json()) for _, entry in store.journal_after(0, 10_000)]


def test_what_the_store_has_recorded_gives_the_same_journal_again(tmp_path: Path) -> None:
    """Law 10, with scenarios that hear of cases and look at each other's."""
    write_sample(tmp_path / "street")
    setup = open_street(tmp_path / "street").setup
    lines = [line for line in read_lines(WEEK) if isinstance(line, Envelope)]
    store, again = SqliteStore(None), SqliteStore(None)
    replay(Engine(store, setup), in_order(lines), datetime.fromisoformat(UNTIL), lambda _at, _receipts: None)

    batches = defaultdict(list)
    for _, row in store.events(None, 0, 10_000):
        batches[row.received_at].append(Input(read_json(row.body)))
    engine = Engine(again, setup)
    for (at,) in store._reads.raw.execute("SELECT at FROM turn ORDER BY seq"):
        engine.turn(batches[moment(at)], moment(at))

    assert entries(again) == entries(store)
    store.close()
    again.close()
