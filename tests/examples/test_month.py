"""A month of a synthetic street: the whole of it once, with all laws checked, and small ones for what breaks a law.

The tests of the whole month share one run, and so stay together on one worker.
"""

import importlib.util
import json
import os
import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from civicloop.core.gateway.indicators import Record
from civicloop.core.model.case import Case, Entry, Reason, TrackState
from civicloop.core.stores.base import CaseQuery
from civicloop.core.stores.sqlite import SqliteStore

ROOT = Path(__file__).parents[2]
MONTH = ROOT / "examples" / "month" / "month.py"


def run(*words: str) -> subprocess.CompletedProcess[str]:
    known = {**os.environ, "CIVICLOOP_LANGUAGE": "en"}
    command = [sys.executable, str(MONTH), *words]
    return subprocess.run(command, capture_output=True, text=True, env=known, check=False, cwd=ROOT)


@pytest.fixture(scope="module")
def month() -> subprocess.CompletedProcess[str]:
    return run("--json")


whole = pytest.mark.xdist_group("month")
"""Tests that look at the whole month."""


@whole
@pytest.mark.slow
def test_no_law_is_broken_in_a_month_of_sixty_estates(month: subprocess.CompletedProcess[str]) -> None:
    assert month.returncode == 0, month.stdout + month.stderr
    ((cases, broken),) = re.findall(r"laws: (\d+) cases checked, (\d+) breaches", month.stderr)
    assert (int(cases) > 1500, broken) == (True, "0")


@whole
@pytest.mark.slow
def test_everything_that_happens_is_understood(month: subprocess.CompletedProcess[str]) -> None:
    (accepted,) = re.findall(r"(\d+) accepted", month.stderr)
    assert int(accepted) > 130_000
    for trouble in ("rejected", "quarantined", "unheard"):
        assert trouble not in month.stderr


@whole
@pytest.mark.slow
def test_most_is_solved_where_it_happens(month: subprocess.CompletedProcess[str]) -> None:
    told = json.loads(month.stdout)
    split = {rate["name"]: rate["value"] for rate in told["closed_by_level"]}
    assert told["counts"]["registered"] > 1500
    assert split["closed_by_property"] > 80
    assert split["closed_by_committee"] < 15
    assert split["closed_by_street"] < 10
    rates = {rate["name"]: rate for rate in told["rates"]}
    assert 85 < rates["disposal_on_time"]["value"] <= 100
    for name in ("registration", "valid_report", "smart_discovery"):
        assert 80 < rates[name]["value"] < 100, name
        assert rates[name]["denominator"] > 1500


@whole
@pytest.mark.slow
def test_every_scenario_but_the_rarest_happens(month: subprocess.CompletedProcess[str]) -> None:
    """What is missing needs an elder's gas, a leak, or a household that refuses; their stories are told elsewhere."""
    happened = json.loads(month.stdout)["counts"]["by_scenario"]
    assert len(happened) >= 20
    assert {name.partition(".")[0] for name in happened} == {"garbage_sorting", "elderly_care", "ebike_charging"}


def test_the_same_seed_is_the_same_month() -> None:
    words = ("--estates", "2", "--days", "2", "--seed")
    once, again, other = (run(*words, seed).stdout for seed in ("7", "7", "8"))
    assert once == again != other


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("month") / "street"
    assert run("--estates", "8", "--days", "3", "--seed", "7", "--keep", str(folder)).returncode == 0
    return folder / "month.db"


def one_closed(kept: Path) -> tuple[SqliteStore, Case, list[Entry]]:
    store = SqliteStore(kept)
    found, _ = store.find_cases(CaseQuery(is_open=False))
    case = next(one for one in found if any(entry.reason is Reason.VERIFIED for entry in store.journal(one.id)))
    return store, case, store.journal(case.id)


def laws() -> Any:
    spec = importlib.util.spec_from_file_location("month_laws", MONTH.parent / "laws.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_what_breaks_a_law_is_named(kept: Path) -> None:
    store, case, journal = one_closed(kept)
    breaches = laws().breaches
    unseen = [entry for entry in journal if entry.reason not in (Reason.VERIFIED, Reason.CLEARED)]
    open_now = case._replace(closed_at=None)
    now = journal[-1].at
    (track,) = case.tracks[:1]
    waiting = case._replace(tracks=(track._replace(due=now), *case.tracks[1:]))
    seldom = track._replace(state=TrackState.SUPERVISED, due=now + timedelta(hours=25))
    asked_later = [
        one._replace(at=now - timedelta(microseconds=1)) if one.reason is Reason.ASKED else one for one in journal
    ]
    own = Entry(1, now, case.id, case.ref, track.name, Reason.VERIFIED, track.name, "micro", "cleaner", None, "", "")
    for record, said in (
        (Record(case, journal[:-2]), "gap"),
        (Record(case, unseen), "nobody verified it"),
        (Record(open_now, journal), "nothing will happen next"),
        (Record(waiting, journal), "still waits"),
        (Record(open_now._replace(tracks=(seldom,)), journal), "pressed less often"),
        (Record(case, [own._replace(reason=Reason.REPORTED), own]), "verified its own work"),
        (Record(case, asked_later), "no notice says so"),
        (Record(case._replace(opened_at=case.opened_at.replace(year=2024)), journal), "does not add up"),
    ):
        assert any(said in line for line in breaches([record], store, now)), said
    assert list(breaches([Record(case, journal)], store, now)) == []
    assert any("2 rounds" in line for line in breaches([Record(open_now, journal)] * 2, store, now))
    store.close()


def test_whoever_punishes_without_a_review_is_named(kept: Path) -> None:
    store = SqliteStore(kept)
    found, _ = store.find_cases(CaseQuery(most=200))
    case = next(one for one in found if any(step.enforcement for step in one.rules.chain("main")))
    journal = store.journal(case.id)
    at_once = [one._replace(step="enforce") if one.reason is Reason.ASKED else one for one in journal]
    assert list(laws().breaches([Record(case, journal)], store, journal[-1].at)) == []
    assert any("asked to punish" in line for line in laws().breaches([Record(case, at_once)], store, journal[-1].at))
    store.close()
