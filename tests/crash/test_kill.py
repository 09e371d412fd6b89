"""kill -9 at any moment: nothing acknowledged is lost, no deadline, no notice, and the story is the same."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from civicloop.core.stores.base import CaseQuery
from civicloop.core.stores.sqlite import SqliteStore

from .street import BINS, POINTS, TRIES_MAX, TRY_SECONDS, WAIT_SECONDS_MAX, Victim, make_street

KILLS = 8
FILLERS = 60

Story = dict[str, list[tuple[str, str, str, str]]]


def fact(id: str, type: str, subject: str, **data: Any) -> dict[str, Any]:
    return {"specversion": "1.0", "id": id, "source": "//crash", "type": type, "subject": subject, "data": data}


def script() -> Iterator[list[dict[str, Any]]]:
    """What the senders send, in order: bins that nobody empties, litter that is reported and verified, and noise."""
    for n in range(BINS):
        yield [fact(f"full-{n}", "waste.bin.level", f"bin-{n}", fill_percent=97)]
    for n in range(POINTS):
        ref = f"garbage_sorting.bagged_litter/point-{n}"
        yield [fact(f"seen-{n}", "waste.litter.seen", f"point-{n}", confidence=0.95)]
        yield [fact(f"accept-{n}", "loop.accept", ref, party="property_company")]
        yield [fact(f"report-{n}", "loop.report", ref, party="property_company", result="done")]
        yield [fact(f"verify-{n}", "loop.verify", ref, party="ops_center", result="pass")]
        yield [fact(f"noise-{n}-{m}", "nobody.listens", f"point-{n}", m=m) for m in range(FILLERS)]


def send_all(victim: Victim) -> list[str]:
    """Send the script, each batch again until it is acknowledged; returns the ids of what was acknowledged."""
    acknowledged: list[str] = []
    for batch in script():
        for _ in range(TRIES_MAX):
            if (results := victim.post(batch)) is not None:
                break
            time.sleep(TRY_SECONDS)
        assert results is not None, f"{batch[0]['id']} was never acknowledged"
        for result in results:
            assert result["status"] in ("accepted", "unheard", "duplicate"), result
            acknowledged.append(result["id"])
    return acknowledged


def settle(folder: Path) -> None:
    """Wait until every bin has climbed to the end of its chain and every notice has left."""
    for _ in range(TRIES_MAX):
        store = SqliteStore(folder / "var/civicloop.db")
        ended = sum(entry.reason == "chain_ended" for _, entry in store.journal_after(0, 100_000))
        pending = store.counts()["pending_notices"]
        store.close()
        if ended == BINS and pending == 0:
            return
        time.sleep(TRY_SECONDS)
    raise AssertionError("the chains did not end, or notices were not delivered, in time")


def story_of(folder: Path) -> tuple[Story, set[str], set[str]]:
    """What happened, case by case; the notices that left as files; and the ids of the stored events."""
    store = SqliteStore(folder / "var/civicloop.db")
    story: Story = {}
    for _, entry in store.journal_after(0, 100_000):
        story.setdefault(entry.ref, []).append((entry.track, entry.reason, entry.step, entry.party))
    page, _ = store.find_cases(CaseQuery(most=10_000))
    forgotten = [case.ref for case in page if case.is_open and case.due is None]
    assert not forgotten, f"open cases without a deadline: {forgotten}"
    events = {row.id for _, row in store.events(None, 0, 100_000)}
    store.close()
    files = {path.name for path in (folder / "var/drop").glob("*.json") if not path.name.startswith("fault.")}
    return story, files, events


def run(folder: Path, kills: int, seed: int) -> tuple[Story, set[str], set[str], list[str]]:
    victim = Victim(make_street(folder))
    victim.start()
    done = threading.Event()
    acknowledged: list[str] = []
    sender = threading.Thread(target=lambda: (acknowledged.extend(send_all(victim)), done.set()))
    sender.start()
    chance = random.Random(seed)
    for _ in range(kills):
        time.sleep(chance.uniform(0.05, 0.8))
        victim.kill()
        victim.start()
    assert done.wait(2 * WAIT_SECONDS_MAX), "the senders did not finish"
    settle(folder)
    assert victim.stop() == 0
    return *story_of(folder), acknowledged


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Story, set[str], set[str], list[str]]:
    return run(tmp_path_factory.mktemp("undisturbed") / "street", kills=0, seed=0)


@pytest.mark.slow
def test_a_daemon_killed_again_and_again_loses_nothing(
    undisturbed: tuple[Story, set[str], set[str], list[str]], tmp_path: Path
) -> None:
    seed = random.SystemRandom().randrange(2**32)
    story, files, events, acknowledged = run(tmp_path / "street", KILLS, seed)
    assert set(acknowledged) <= events, f"seed {seed}"
    assert story == undisturbed[0], f"seed {seed}"
    assert files == undisturbed[1], f"seed {seed}"
    assert events == undisturbed[2], f"seed {seed}"
