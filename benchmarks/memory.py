"""What an open case and an armed watchdog cost in the memory of the process.

``python benchmarks/memory.py [--quick] [--json FILE]`` fills stores with few and with many of them, and in a process of
its own each time starts an engine, runs it until it is idle, has every case accepted and every tenth watchdog armed
anew by an event of its key, and looks at what is held then: resident memory, and what Python's allocator counts. The
growth from few to many, divided by the difference, is what each costs. What does not grow with them (the page cache,
the kept cases) is bounded, and shows in the first of these figures only as long as it fills.
"""

from __future__ import annotations

import gc
import shutil
import sys
import tempfile
import tracemalloc
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime, timedelta
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

from lab.crowd import SIGNALS, START, Signal, Silent, fill, open_crowd, write_folder
from lab.report import Row, finish, options
from lab.stores import require_accepted

from civicloop.core.engine.engine import Engine
from civicloop.core.engine.receipt import Input
from civicloop.core.gateway.cloudevents import read_event
from civicloop.core.running.memory import collect_rarely
from civicloop.core.stores.sqlite import SqliteStore

SIZES = {"open case": (10_000, 100_000), "armed watchdog": (100_000, 1_000_000)}
QUICK = {"open case": (100, 500), "armed watchdog": (100, 1_000)}
GOALS = {"open case": 2_000.0, "armed watchdog": 300.0}
"""Bytes."""
BATCH = 1_000


class Held(NamedTuple):
    """Bytes that a process holds: resident, and as Python counts them."""

    resident: int
    counted: int


def hold(folder: Path, kind: str, amount: int) -> Held:
    """What a process holds after it has served so many; counting slows it down, so that is done in another process."""
    figures: list[int] = []
    for counts in (False, True):
        shutil.copy(folder / "crowd.db", folder / "served.db")
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            figures.append(pool.submit(_serve, folder, kind, amount, counts).result())
    return Held(*figures)


def _serve(folder: Path, kind: str, amount: int, counts: bool) -> int:
    collect_rarely()  # as the daemon does
    opened = open_crowd(folder)
    if counts:
        tracemalloc.start()
    store = SqliteStore(folder / "served.db")
    engine = Engine(store, opened.setup)
    now = START + timedelta(seconds=30)
    engine.start(now)
    while not engine.was_idle:
        engine.turn((), now)
    said = _events(kind, amount, now)
    while members := [Input(read_event(one)) for one in islice(said, BATCH)]:
        engine.turn(members, now)
    require_accepted(engine)
    gc.collect()
    held = tracemalloc.get_traced_memory()[0] if counts else _resident()
    store.close()
    return held


def _resident() -> int:
    """Resident memory of this process, in bytes."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) * 1024


def _events(kind: str, amount: int, now: datetime) -> Iterator[dict[str, object]]:
    """What touches the cases and watchdogs."""
    envelope = {"specversion": "1.0", "source": "//bench/crowd", "time": now.isoformat()}
    if kind == "open case":
        for number in range(amount):
            about = {"id": f"a{number}", "type": "loop.accept", "subject": f"{Silent.name}/case{number}"}
            yield envelope | about | {"data": {"party": "property_company"}}
    else:
        for number in range(0, amount, 10):
            device, signal = divmod(number, SIGNALS)
            about = {"id": f"s{number}", "type": Signal.type, "subject": f"D{device}/{signal}", "place": "E0"}
            yield envelope | about


def measure(folder: Path, kind: str, sizes: tuple[int, int]) -> dict[int, Held]:
    """What is held with few and with many of one kind."""
    found: dict[int, Held] = {}
    for amount in sizes:
        street = folder / f"{kind} {amount}"
        # As many devices with few as with many: what they cost is not what is asked.
        write_folder(street, 1_000)
        store = SqliteStore(street / "crowd.db")
        watchdogs, cases = (0, amount) if kind == "open case" else (amount, 0)
        fill(store, open_crowd(street), watchdogs, cases)
        store.close()
        found[amount] = hold(street, kind, amount)
    return found


def main() -> int:
    """Fill, measure, print, and fail when a goal is missed."""
    given = options(__doc__).parse_args()
    rows: list[Row] = []
    kept: dict[str, dict[int, Held]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for kind, sizes in (QUICK if given.quick else SIZES).items():
            found = kept[kind] = measure(Path(folder), kind, sizes)
            few, many = found.values()
            each = [(after - before) / (sizes[1] - sizes[0]) for before, after in zip(few, many, strict=True)]
            rows += [
                Row(f"process with {sizes[1]:,} of: {kind}", many.resident / 2**20, "MB"),
                Row(f"{kind}, resident", each[0], "B", GOALS[kind], at_least=False),
                Row(f"{kind}, counted by Python", each[1], "B", GOALS[kind], at_least=False),
            ]
    return finish("memory", rows, given.json, held=kept)


if __name__ == "__main__":
    sys.exit(main())
