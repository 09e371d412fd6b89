"""How fast a crowded street starts, and what a turn costs in which little or nothing is due.

``python benchmarks/starting.py [--quick] [--watchdogs N] [--rounds N] [--json FILE]`` fills a store with a million
armed watchdogs and a hundred thousand open cases, all of them due within a day, and measures in a process of its own
each time the way from opening the street's folder to the first turn with nothing left to do: after a restart of 30
seconds, and after an outage of one hour. Then it measures the tick of an idle engine against how much is armed, and a
turn against how much is due. Filling is not measured. Figures are medians; the goals of the ticks are ratios of the
same run.
"""

from __future__ import annotations

import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime, timedelta
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from lab.crowd import DAY, SIGNALS, START, fill, open_crowd, write_folder
from lab.report import Row, finish, options

from civicloop.core.engine.engine import Engine
from civicloop.core.running.memory import collect_rarely
from civicloop.core.stores.sqlite import SqliteStore

ROUNDS = 5
TICKS = 500
ABSENCES = {"a restart of 30 s": timedelta(seconds=30), "an outage of 1 h": timedelta(hours=1)}
DUE = (0, 10, 100, 1_000)
START_GOAL = 10.0
"""Seconds."""
RATIO_GOALS = {"armed: most / least": 2.0, "each due: 1,000 / 100": 1.5}


def start(folder: Path, absence: timedelta) -> tuple[float, float]:
    """Seconds until the first idle turn, and the most memory the process ever held, in MB; in a fresh process."""
    fresh = folder / "fresh.db"
    shutil.copy(folder / "street.db", fresh)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_start, folder, fresh, START + absence).result()


def _start(folder: Path, path: Path, now: datetime) -> tuple[float, float]:
    collect_rarely()  # as the daemon does
    began = time.perf_counter()
    opened = open_crowd(folder)
    store = SqliteStore(path)
    engine = Engine(store, opened.setup)
    engine.start(now)
    while not engine.was_idle:
        engine.turn((), now)
    seconds = time.perf_counter() - began
    store.close()
    return seconds, _peak()


def _peak() -> float:
    """The most resident memory this process ever had, in MB."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) / 1024


def idle_tick(engine: Engine, now: datetime) -> float:
    """Microseconds in which the runner asks what is due and an engine finds nothing: a median of many."""
    return statistics.median(_microseconds(lambda: (engine.next_due(), engine.turn((), now))) for _ in range(TICKS))


def due_turns(engine: Engine, watchdogs: int, rounds: int) -> dict[str, float]:
    """Microseconds of a turn in which so many watchdogs wake, and a tenth as many deadlines pass."""
    found: dict[str, list[float]] = {}
    woken = 0
    for _ in range(rounds):
        for amount in DUE:
            woken += amount
            now = START + DAY * ((woken + 0.5) / watchdogs)
            found.setdefault(f"{amount:,}", []).append(_microseconds(partial(engine.turn, (), now)))
    return {amount: statistics.median(took) for amount, took in found.items()}


def _microseconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1e6


def ticks(folder: Path, watchdogs: int, rounds: int) -> dict[str, dict[str, float]]:
    """The idle tick at a hundredth, a tenth and all of the watchdogs, and the turn for so many that are due."""
    armed: dict[str, float] = {}
    due: dict[str, float] = {}
    for amount in (watchdogs // 100, watchdogs // 10, watchdogs):
        path = folder / f"{amount}.db"
        if amount < watchdogs:
            crowd(folder, path, amount)
        else:
            shutil.copy(folder / "street.db", path)
        store = SqliteStore(path)
        engine = Engine(store, open_crowd(folder).setup)
        armed[f"{amount:,}"] = idle_tick(engine, START)
        if amount == watchdogs:
            due = due_turns(engine, watchdogs, rounds)
        store.close()
    return {"armed": armed, "due": due}


def crowd(folder: Path, path: Path, watchdogs: int) -> None:
    """Fill a store with so many watchdogs, and a tenth as many open cases."""
    store = SqliteStore(path)
    fill(store, open_crowd(folder), watchdogs, watchdogs // 10)
    store.close()


def main() -> int:
    """Fill, measure, print, and fail when a goal is missed."""
    parser = options(__doc__)
    parser.add_argument("--watchdogs", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    given = parser.parse_args()
    watchdogs, rounds = (3_000, 1) if given.quick else (given.watchdogs, given.rounds)
    collect_rarely()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_folder(folder, watchdogs // SIGNALS)
        crowd(folder, folder / "street.db", watchdogs)
        starts = {name: [start(folder, absence) for _ in range(rounds)] for name, absence in ABSENCES.items()}
        ticked = ticks(folder, watchdogs, rounds)
    title = f"starting and ticking with {watchdogs:,} watchdogs and {watchdogs // 10:,} open cases (medians)"
    return finish(title, rows_of(starts, ticked), given.json, watchdogs=watchdogs, starts=starts, ticks=ticked)


def rows_of(starts: dict[str, list[tuple[float, float]]], ticked: dict[str, dict[str, float]]) -> list[Row]:
    """The starts, the ticks, and their ratios."""
    rows: list[Row] = []
    for name, rounds in starts.items():
        seconds = statistics.median(took for took, _ in rounds)
        rows.append(Row(f"start after {name}", seconds, "s", START_GOAL, at_least=False))
        rows.append(Row(f"start after {name}: memory at most", max(peak for _, peak in rounds), "MB"))
    rows += [Row(f"idle tick, {amount} armed", took, "µs") for amount, took in ticked["armed"].items()]
    rows += [Row(f"turn, {amount} due", took, "µs") for amount, took in ticked["due"].items()]
    armed, due = list(ticked["armed"].values()), list(ticked["due"].values())
    ratios = (armed[-1] / armed[0], (due[3] - due[0]) / (due[2] - due[0]) / 10)
    rows += [
        Row(name, ratio, "x", goal, at_least=False)
        for (name, goal), ratio in zip(RATIO_GOALS.items(), ratios, strict=True)
    ]
    return rows


if __name__ == "__main__":
    sys.exit(main())
