"""A month of a synthetic street, made smaller here."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MONTH = ROOT / "examples" / "month" / "month.py"


def run(*words: str) -> subprocess.CompletedProcess[str]:
    known = {**os.environ, "CIVICLOOP_LANGUAGE": "en"}
    command = [sys.executable, str(MONTH), *words]
    return subprocess.run(command, capture_output=True, text=True, env=known, check=False, cwd=ROOT)


@pytest.fixture(scope="module")
def week() -> subprocess.CompletedProcess[str]:
    return run("--estates", "25", "--days", "8", "--json")


def test_no_law_is_broken(week: subprocess.CompletedProcess[str]) -> None:
    assert week.returncode == 0, week.stdout + week.stderr
    assert "0 breaches" in week.stderr


def test_everything_that_happens_is_understood(week: subprocess.CompletedProcess[str]) -> None:
    for trouble in ("rejected", "quarantined", "unheard"):
        assert trouble not in week.stderr


def test_most_is_solved_where_it_happens(week: subprocess.CompletedProcess[str]) -> None:
    told = json.loads(week.stdout)
    split = {rate["name"]: rate["value"] for rate in told["closed_by_level"]}
    assert told["counts"]["registered"] > 100
    assert split["closed_by_property"] > 75
    assert split["closed_by_committee"] < 20
    rates = {rate["name"]: rate["value"] for rate in told["rates"]}
    assert 85 < rates["disposal_on_time"] <= 100


def test_the_same_seed_is_the_same_month() -> None:
    words = ("--estates", "2", "--days", "2", "--seed")
    once, again, other = (run(*words, seed).stdout for seed in ("7", "7", "8"))
    assert once == again != other
