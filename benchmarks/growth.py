"""Whether ingest slows down as a street grows: from 10 to 10,000 places, and over millions of stored events.

``python benchmarks/growth.py [--quick] [--full] [--events N] [--rounds N] [--folder DIR] [--json FILE]`` measures
workload W in process on four stores in turn, round by round, so that all of them meet the same machine: an empty one
with 10 estates, an empty one with 10,000, one that holds two million events (``--full``: ten million, about 7 GB) with
sequential ids, and one that holds as many with random ids. Stored events are written by SQL, which is not measured.
What is measured is processor time beside wall time: where the machine is shared, the former is judged. Ingest must not
slow down by more than 10 %, and random ids must have at least half the speed of sequential ones.
"""

from __future__ import annotations

import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

from lab.report import Row, finish, options
from lab.stores import ingest, open_store
from lab.workload import SEED, START, batches, stream, street

from civicloop.core.engine.setup import Setup
from civicloop.core.running.memory import collect_rarely
from civicloop.core.stores import statements as sql
from civicloop.core.stores.codec import micros

ESTATES = (10, 10_000)
EVENTS_STORED = 2_000_000
EVENTS_STORED_FULL = 10_000_000
CHUNK = 100_000
FILL_CACHE_KIB = 1024 * 1024
TURN = 1_000
SLOWER_MAX = 1.10
RANDOM_LEAST = 0.5


class Pace(NamedTuple):
    """Microseconds an event: of the machine's clock, and of the processor."""

    wall: float
    busy: float


class Ground:
    """A store that is measured again and again, each time with the next events of its own workload."""

    def __init__(self, path: Path, setup: Setup, stored: int, at_random: bool) -> None:
        fill(path, stored, at_random)
        self._store = open_store(path)
        self._setup = setup
        self._messages = stream(at_random=at_random)
        self.paces: list[Pace] = []

    def run(self, events: int) -> Pace:
        """Take in the next events."""
        bodies = batches(self._messages, events, TURN)
        busy = time.process_time()
        wall = ingest(self._store, self._setup, bodies)
        return Pace(wall / events * 1e6, (time.process_time() - busy) / events * 1e6)

    def close(self) -> None:
        """Let go of the store."""
        self._store.close()


def fill(path: Path, events: int, at_random: bool) -> None:
    """Write so many events as turns of the engine would have, a hundred thousand at a time, all before the workload."""
    store = open_store(path, synchronous="OFF")
    raw = store._writes.raw
    raw.execute(f"PRAGMA cache_size=-{FILL_CACHE_KIB}")
    for first in range(0, events, CHUNK):
        raw.execute("BEGIN IMMEDIATE")
        raw.executemany(sql.ADD_EVENT.text, _stored(first, min(CHUNK, events - first), events, at_random))
        raw.execute("COMMIT")
    store.close()


def _stored(first: int, amount: int, events: int, at_random: bool) -> Iterator[tuple[object, ...]]:
    chances = random.Random(f"{SEED} {first}")
    for number in range(first, first + amount):
        name = f"{chances.getrandbits(128):032x}" if at_random else f"a{number:012d}"
        at = micros(START - timedelta(seconds=events - number))
        bin_number = chances.randrange(5_000)
        body = b'{"specversion":"1.0","id":"%b","source":"//bench/bins","type":"bench.level","subject":"B%d",' % (
            name.encode(),
            bin_number,
        )
        body += b'"time":"2025-01-01T00:00:00+00:00","data":{"fill_percent":50}}'
        digest = chances.randbytes(16)
        yield name, "//bench/bins", "C0", "bench.level", f"B{bin_number}", at, at, "E0", "accepted", digest, body, ""


def measure(folder: Path, stored: int, events: int, rounds: int) -> tuple[dict[str, list[Pace]], dict[str, float]]:
    """The pace of every ground in every round, and the sizes of their files in MB."""
    few, many = (street(estates, max(estates, 5_000)) for estates in ESTATES)
    grounds = {
        name: Ground(folder / f"{number}.db", setup, amount, at_random)
        for number, (name, setup, amount, at_random) in enumerate(
            (
                ("10 estates", few, 0, False),
                ("10,000 estates", many, 0, False),
                ("random ids", few, 0, True),
                (f"{stored:,} events stored", few, stored, False),
                (f"{stored:,} events stored, random ids", few, stored, True),
            )
        )
    }
    paces: dict[str, list[Pace]] = {name: [] for name in grounds}
    for turn in range(rounds + 1):
        # There and back, so that none is always measured right after the same one.
        for name, ground in list(grounds.items())[:: -1 if turn % 2 else 1]:
            pace = ground.run(events)
            if turn:  # the first round warms up
                paces[name].append(pace)
    for ground in grounds.values():
        ground.close()
    sizes = {name: (folder / f"{number}.db").stat().st_size / 2**20 for number, name in enumerate(grounds)}
    return paces, sizes


def slower(paces: dict[str, list[Pace]], grown: str, before: str) -> dict[str, float]:
    """How many times as long an event takes on one ground as on another: medians of the rounds' own ratios."""
    pairs = list(zip(paces[grown], paces[before], strict=True))
    return {
        "processor": statistics.median(after.busy / first.busy for after, first in pairs),
        "wall": statistics.median(after.wall / first.wall for after, first in pairs),
    }


def rows_of(paces: dict[str, list[Pace]], sizes: dict[str, float]) -> list[Row]:
    """Every ground's pace, and what is compared."""
    rows = [
        Row(f"{name}: {what}", statistics.median(getattr(pace, what) for pace in found), "µs/event")
        for name, found in paces.items()
        for what in Pace._fields
    ]
    rows += [Row(f"{name}: file", sizes[name], "MB") for name in sizes if "stored" in name]
    base, many, scattered, stored, stored_scattered = paces
    for grown, before in ((many, base), (stored, base), (stored_scattered, scattered)):
        ratios = slower(paces, grown, before)
        rows.append(Row(f"{grown} / {before}, processor", ratios["processor"], "x", SLOWER_MAX, at_least=False))
        rows.append(Row(f"{grown} / {before}, wall", ratios["wall"], "x"))
    for scattered_one, before in ((scattered, base), (stored_scattered, stored)):
        ratios = slower(paces, before, scattered_one)
        rows.append(Row(f"speed of {scattered_one} / {before}, processor", ratios["processor"], "%", RANDOM_LEAST))
        rows.append(Row(f"speed of {scattered_one} / {before}, wall", ratios["wall"], "%", RANDOM_LEAST))
    return rows


def main() -> int:
    """Fill, measure, print, and fail when a goal is missed."""
    parser = options(__doc__)
    parser.add_argument("--full", action="store_true", help="ten million stored events")
    parser.add_argument("--events", type=int, default=20_000, help="a round and store")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", type=Path, help="where the stores are made; some 15 GB with --full")
    given = parser.parse_args()
    stored = EVENTS_STORED_FULL if given.full else EVENTS_STORED
    events, rounds = given.events, given.rounds
    if given.quick:
        stored, events, rounds = 5_000, 1_000, 1
    collect_rarely()  # as the daemon does
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        paces, sizes = measure(Path(folder), stored, events, rounds)
    return finish("growth", rows_of(paces, sizes), given.json, stored=stored, events=events, paces=paces)


if __name__ == "__main__":
    sys.exit(main())
