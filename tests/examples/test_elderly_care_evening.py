"""The evening of elderly care: what a newcomer reads in the journal of its replay."""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from civicloop.cli import civicloop
from civicloop.core.street.sample import write_sample

FOLDER = Path(__file__).parents[2] / "examples" / "elderly_care"
EVENING = FOLDER / "evening.jsonl"
SMOKE = "elderly_care.smoke/willow-garden-1-101"
SOS = "elderly_care.sos/plum-lane-1-301"
Entry = dict[str, str]


@pytest.fixture(scope="module")
def replayed(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Entry], str]:
    street = tmp_path_factory.mktemp("evening") / "street"
    write_sample(street)
    words = ["replay", str(street), str(EVENING), "--until", "2025-09-12T23:00"]
    told = CliRunner().invoke(civicloop, words, env={"CIVICLOOP_LANGUAGE": "en"})
    assert told.exit_code == 0, told.stderr
    return [json.loads(line) for line in told.stdout.splitlines()], told.stderr


@pytest.fixture(scope="module")
def journal(replayed: tuple[list[Entry], str]) -> list[Entry]:
    return replayed[0]


def asked(journal: list[Entry], ref: str) -> list[tuple[str, str]]:
    """The minute and the party of every asking of a case."""
    rows = [one for one in journal if one["ref"] == ref and one["reason"] in ("asked", "escalated")]
    return [(one["at"][11:16], one["party"]) for one in rows]


def closed(journal: list[Entry]) -> dict[str, tuple[str, str]]:
    return {one["ref"]: (one["at"][11:16], one["loop"]) for one in journal if one["reason"] == "closed"}


def test_the_six_cases_of_its_page_open_and_close(journal: list[Entry]) -> None:
    opened = {one["ref"]: one["at"][11:16] for one in journal if one["reason"] == "opened"}
    page = (FOLDER / "README.md").read_text(encoding="utf-8")
    told = dict(re.findall(r"^\| (\d\d:\d\d) \| `(elderly_care[^`]+)`", page, re.MULTILINE))
    assert opened == {ref: at for at, ref in told.items()}
    assert {*closed(journal)} == {*opened}


def test_test_alarms_open_nothing(journal: list[Entry]) -> None:
    assert min(one["at"] for one in journal) == "2025-09-12T18:31:00+08:00"


def test_fire_asks_everybody_at_once_and_a_person_closes_it(journal: list[Entry]) -> None:
    nearby = ["property_company", "micro_fire_station", "neighborhood_committee", "call_center"]
    assert asked(journal, SMOKE) == [("18:31", party) for party in nearby]
    assert closed(journal)[SMOKE] == ("19:20", "micro")


def test_a_call_that_nobody_answers_climbs_and_closes_with_its_visit_record(
    replayed: tuple[list[Entry], str], journal: list[Entry]
) -> None:
    assert asked(journal, SOS)[4:] == [("19:31", "ops_center"), ("19:33", "ops_center"), ("19:33", "police")]
    assert closed(journal)[SOS] == ("20:40", "small")
    assert "visit_record is missing" in replayed[1]


def test_a_lost_gateway_is_one_case(journal: list[Entry]) -> None:
    late = {one["ref"] for one in journal if one["at"] >= "2025-09-12T22:00"}
    assert late == {"elderly_care.gateway_lost/gw-care"}
