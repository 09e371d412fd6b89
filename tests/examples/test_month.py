"""A month of a synthetic street, made smaller here."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from civicloop.core.gateway.indicators import Record
from civicloop.core.model.case import Case, Entry, Reason
from civicloop.core.stores.base import CaseQuery
from civicloop.core.stores.sqlite import SqliteStore

ROOT = Path(__file__).parents[2]
MONTH = ROOT / "examples" / "month" / "month.py"


def run(*words: str) -> subprocess.CompletedProcess[str]:
    known = {**os.environ, "CIVICLOOP_LANGUAGE": "en"}
    command = [sys.executable, str(MONTH), *words]
    return subprocess.run(command, capture_output=True, text=True, env=known, check=False, cwd=ROOT)


@pytest.fixture(scope="module")
def week() -> subprocess.CompletedProcess[str]:
    return run("--estates", "15", "--days", "7", "--json")


def test_no_law_is_broken(week: subprocess.CompletedProcess[str]) -> None:
    assert week.returncode == 0, week.stdout + week.stderr
    assert "0 breaches" in week.stderr


def test_everything_that_happens_is_understood(week: subprocess.CompletedProcess[str]) -> None:
    for trouble in ("rejected", "quarantined", "unheard"):
        assert trouble not in week.stderr


def test_most_is_solved_where_it_happens(week: subprocess.CompletedProcess[str]) -> None:
    told = json.loads(week.stdout)
    split = {rate["name"]: rate["value"] for rate in told["closed_by_level"]}
    assert told["counts"]["registered"] > 60
    assert split["closed_by_property"] > 75
    assert split["closed_by_committee"] < 20
    rates = {rate["name"]: rate["value"] for rate in told["rates"]}
    assert 85 < rates["disposal_on_time"] <= 100


def test_the_same_seed_is_the_same_month() -> None:
    words = ("--estates", "2", "--days", "2", "--seed")
    once, again, other = (run(*words, seed).stdout for seed in ("7", "7", "8"))
    assert once == again != other


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("month") / "street"
    assert run("--estates", "2", "--days", "2", "--keep", str(folder)).returncode == 0
    return folder / "month.db"


def one_closed(kept: Path) -> tuple[SqliteStore, Case, list[Entry]]:
    store = SqliteStore(kept)
    found, _ = store.find_cases(CaseQuery(is_open=False))
    case = next(one for one in found if any(entry.reason is Reason.VERIFIED for entry in store.journal(one.id)))
    return store, case, store.journal(case.id)


def test_what_breaks_a_law_is_named(kept: Path) -> None:
    spec = importlib.util.spec_from_file_location("month_laws", MONTH.parent / "laws.py")
    assert spec
    assert spec.loader
    laws = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(laws)
    store, case, journal = one_closed(kept)
    unseen = [entry for entry in journal if entry.reason not in (Reason.VERIFIED, Reason.CLEARED)]
    open_now = case._replace(closed_at=None)
    now = journal[-1].at
    for record, said in (
        (Record(case, journal[:-2]), "gap"),
        (Record(case, unseen), "nobody verified it"),
        (Record(open_now, journal), "nothing will happen next"),
        (Record(case._replace(opened_at=case.opened_at.replace(year=2024)), journal), "does not add up"),
    ):
        assert any(said in line for line in laws.breaches([record], store, now)), said
    assert list(laws.breaches([Record(case, journal)], store, now)) == []
    assert any("2 rounds" in line for line in laws.breaches([Record(open_now, journal)] * 2, store, now))
    store.close()
