"""The day of garbage sorting that a newcomer replays on the sample street."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from civicloop.cli import civicloop
from civicloop.core.street.sample import write_sample

DAY = Path(__file__).parents[2] / "examples" / "garbage_sorting" / "day.jsonl"
HOUSEHOLD = "drop-willow-garden:willow-garden-1-201"


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, str]]:
    street = tmp_path_factory.mktemp("day") / "street"
    write_sample(street)
    words = ["replay", str(street), str(DAY), "--until", "2025-09-17T00:00:00+08:00"]
    told = CliRunner().invoke(civicloop, words, prog_name="civicloop")
    assert told.exit_code == 0, told.stderr
    for trouble in ("refused", "rejected", "quarantined", "unheard"):
        assert trouble not in told.stderr
    return [json.loads(line) for line in told.stdout.splitlines()]


def story(journal: list[dict[str, str]], ref: str) -> list[str]:
    return [entry["reason"] for entry in journal if entry["ref"] == f"garbage_sorting.{ref}"]


@pytest.mark.parametrize(
    "ref",
    [
        "missed_pickup/drop-willow-garden:wet",
        "overflow/bin-willow-garden-wet",
        "bagged_litter/drop-plum-lane",
        f"unsorted_drop/{HOUSEHOLD}",
        f"correction/{HOUSEHOLD}",
        "off_window_drop/drop-osmanthus-park:osmanthus-park-1-101",
        "leakage/truck-01",
        "refusal/drop-osmanthus-park",
    ],
)
def test_what_the_day_tells_comes_to_its_end(journal: list[dict[str, str]], ref: str) -> None:
    assert (story(journal, ref)[0], story(journal, ref)[-1]) == ("opened", "closed")


def test_the_wet_load_that_was_weighed_in_as_dry_is_with_the_bureau(journal: list[dict[str, str]]) -> None:
    assert "escalated" in story(journal, "reconciliation/truck-01:wet:2025-09-12")
    assert [entry["ref"] for entry in journal if entry["reason"] == "opened"].count(
        "garbage_sorting.reconciliation/truck-01:wet:2025-09-12"
    ) == 1


def test_the_day_shows_every_scenario_but_the_penalty_that_nobody_earned(journal: list[dict[str, str]]) -> None:
    shown = {entry["ref"].partition("/")[0].partition(".")[2] for entry in journal}
    assert shown == {
        "bagged_litter",
        "correction",
        "leakage",
        "missed_pickup",
        "off_window_drop",
        "overflow",
        "reconciliation",
        "refusal",
        "unsorted_drop",
    }
