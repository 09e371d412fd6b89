"""How fast a crowded street starts, and what a turn costs in which little or nothing is due.

``python benchmarks/starting.py [--watchdogs N] [--rounds N] [--json FILE]`` fills a store with a million armed
watchdogs and a hundred thousand open cases, all of them due within a day, and measures in a process of its own each
time the way from opening the street's folder to the first turn with nothing left to do: after a restart of 30 seconds,
and after an outage of one hour. Then it measures the tick of an idle engine against how much is armed, and a turn
against how much is due. Filling is not measured. Figures are medians; the goals of the ticks are ratios of the same
run.
"""

from __future__ import annotations

import argparse
import json
import os
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
from rich.console import Console
from rich.table import Table

from civicloop.core.engine.engine import Engine
from civicloop.core.engine.memory import collect_rarely
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
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--watchdogs", type=int, default=1_000_000)
    options.add_argument("--rounds", type=int, default=ROUNDS)
    options.add_argument("--json", type=Path)
    given = options.parse_args()
    collect_rarely()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_folder(folder, given.watchdogs // SIGNALS)
        crowd(folder, folder / "street.db", given.watchdogs)
        starts = {name: [start(folder, absence) for _ in range(given.rounds)] for name, absence in ABSENCES.items()}
        ticked = ticks(folder, given.watchdogs, given.rounds)
    seconds = {name: statistics.median(took for took, _ in rounds) for name, rounds in starts.items()}
    memory = {name: max(peak for _, peak in rounds) for name, rounds in starts.items()}
    armed, due = list(ticked["armed"].values()), list(ticked["due"].values())
    ratios = {
        "armed: most / least": armed[-1] / armed[0],
        "each due: 1,000 / 100": (due[3] - due[0]) / (due[2] - due[0]) / 10,
    }
    show(seconds, memory, ticked, ratios)
    if given.json:
        kept = {"watchdogs": given.watchdogs, "starts": starts, "ticks": ticked, "ratios": ratios, "goals": RATIO_GOALS}
        given.json.write_text(json.dumps(kept, indent=2) + "\n")
    is_met = all(took < START_GOAL for took in seconds.values())
    return 0 if is_met and all(ratios[name] <= goal for name, goal in RATIO_GOALS.items()) else 1


def show(
    seconds: dict[str, float], memory: dict[str, float], ticked: dict[str, dict[str, float]], ratios: dict[str, float]
) -> None:
    """Print the table."""
    table = Table(title=f"starting and ticking (medians), {os.cpu_count()} cores")
    for column in ("what", "figure", "goal", ""):
        table.add_column(column, justify="left" if column == "what" else "right")
    for name, took in seconds.items():
        verdict = "ok" if took < START_GOAL else "missed"
        table.add_row(f"start after {name}", f"{took:.2f} s", f"{START_GOAL:.0f} s", verdict)
        table.add_row("  memory at most", f"{memory[name]:,.0f} MB", "", "")
    for amount, took in ticked["armed"].items():
        table.add_row(f"idle tick, {amount} armed", f"{took:,.0f} µs", "", "")
    for amount, took in ticked["due"].items():
        table.add_row(f"turn, {amount} due", f"{took:,.0f} µs", "", "")
    for name, ratio in ratios.items():
        goal = RATIO_GOALS[name]
        table.add_row(name, f"{ratio:.2f}", f"{goal:.1f}", "ok" if ratio <= goal else "missed")
    Console().print(table)


if __name__ == "__main__":
    sys.exit(main())
