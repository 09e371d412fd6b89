"""kill -9 at every crash point and at any other moment, and power cuts: nothing acknowledged is lost or done twice."""

from __future__ import annotations

import random
import sqlite3
from pathlib import Path

import pytest

from civicloop.core.stores.base import StoreError
from civicloop.core.stores.crash import CrashPoint
from civicloop.core.stores.sqlite import SqliteStore

from .deaths import ELSEWHERE, REACHED, Outcome, Senders, fates, live, stored_events
from .power import cut
from .street import Fate, Victim, make_street, receiver

ROOT = Path(__file__).parents[2]
KILLS = 20
CUTS = 6


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    return live(tmp_path_factory.mktemp("undisturbed") / "street", [], random.Random(0))


def test_at_every_crash_point_something_dies() -> None:
    assert set(REACHED) | set(ELSEWHERE) == set(CrashPoint)
    for point, where in ELSEWHERE.items():
        assert f"CrashPoint.{point.name}" in (ROOT / where).read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.parametrize(("deaths", "disk"), [(KILLS, ""), (CUTS, "honest")], ids=["killed", "power_cut"])
def test_a_daemon_that_dies_again_and_again_loses_nothing(
    undisturbed: Outcome, tmp_path: Path, deaths: int, disk: str
) -> None:
    seed = random.SystemRandom().randrange(2**32)
    chance = random.Random(seed)
    after = live(tmp_path / "street", fates(chance, deaths, disk), chance)
    assert (after.lost, after.forgotten, after.unheard) == ((), (), ()), f"seed {seed}"
    assert after.stories == undisturbed.stories, f"seed {seed}"
    assert after.notices == undisturbed.notices, f"seed {seed}"


def test_a_disk_that_lies_is_found_out(tmp_path: Path) -> None:
    """The power cut can lose what was acknowledged: where nothing is ever synced it does."""
    with receiver() as (port, _):
        victim = Victim(make_street(tmp_path / "street", port, 3))
        victim.start(Fate(disk="lying"))
        senders = Senders(victim, rounds_max=3)
        senders.run()
        victim.kill()
        cut(victim.folder / "var", random.Random(1))
    try:
        store = SqliteStore(victim.folder / "var/civicloop.db")
    except (StoreError, sqlite3.Error):
        return
    stored = stored_events(store)
    store.close()
    assert not set(senders.acknowledged) <= stored
