"""A backup of the real daemon's store while 500 events/s come in: nobody is refused, and it holds what was promised."""

import subprocess
import sys
import threading
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any, Final

import pytest

from civicloop.core.engine.verifying import verify
from civicloop.core.running.clock import monotonic
from civicloop.core.stores.sqlite import SqliteStore

from .deaths import fact, stored_events
from .soak import age
from .street import Victim, make_street

BINS: Final = 200
OLD: Final = 30_000
"""Events of long ago, so that there is something to copy."""

BATCH: Final = 25
RATE: Final = 500.0
BEFORE: Final = 500
"""How many events must have been acknowledged before the backup begins."""

SECONDS_MAX: Final = 120.0


class Steady(threading.Thread):
    """Sends batches when they are due, however long others took, and keeps what was acknowledged."""

    def __init__(self, victim: Victim) -> None:
        super().__init__()
        self._victim = victim
        self._end = threading.Event()
        self.enough = threading.Event()
        self.sent = 0
        self.acknowledged: list[str] = []
        self.trouble: list[Any] = []

    def run(self) -> None:
        due = monotonic()
        for number in count():
            due += BATCH / RATE
            if self._end.wait(max(0.0, due - monotonic())):
                return
            self._send([self._event(number * BATCH + one) for one in range(BATCH)])

    def end(self) -> None:
        """Send no more, and wait for the last answer."""
        self._end.set()
        self.join(SECONDS_MAX)

    def _event(self, number: int) -> dict[str, Any]:
        """A bin that has been emptied again; every fiftieth is full."""
        percent = 95 if number % 50 == 0 else 5
        return fact(f"e{number}", "waste.bin.level", f"bin-{number % BINS}", fill_percent=percent)

    def _send(self, batch: list[dict[str, Any]]) -> None:
        self.sent += len(batch)
        try:
            results = self._victim.post(batch)
        except AssertionError as refused:
            self.trouble.append(refused)
            return
        if results is None or any(one["status"] != "accepted" for one in results):
            self.trouble.append(results)
            return
        self.acknowledged.extend(one["id"] for one in batch)
        if len(self.acknowledged) >= BEFORE:
            self.enough.set()


def civicloop(*words: object) -> str:
    """Run the command line in a process of its own; what it said. It must end well."""
    command = [sys.executable, "-m", "civicloop.cli", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS_MAX, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_a_backup_under_load_refuses_nobody_and_holds_all_that_was_acknowledged_before(tmp_path: Path) -> None:
    victim = Victim(make_street(tmp_path / "street", rounds=BINS))
    (victim.folder / "var").mkdir(exist_ok=True)
    age(victim.folder / "var/civicloop.db", OLD)
    assert victim.start()
    load, copy = Steady(victim), tmp_path / "copy.db"
    load.start()
    try:
        assert load.enough.wait(SECONDS_MAX)
        before = list(load.acknowledged)
        civicloop("backup", victim.folder, copy)
        during = len(load.acknowledged) - len(before)
    finally:
        load.end()
        code = victim.stop()
    assert (code, load.trouble) == (0, [])
    assert during >= BATCH, "it went on being served meanwhile"

    other = make_street(tmp_path / "other", rounds=BINS)
    civicloop("restore", other, copy)
    with closing(SqliteStore(other / "var/civicloop.db")) as store:
        held = stored_events(store)
        assert list(verify(store)) == []
    assert set(before) <= held
    assert len(held) < load.sent + OLD, "it is of one instant before the end"
