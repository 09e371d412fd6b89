"""How fast events become durable, beside the raw limits taken in the same run.

``python benchmarks/ingest.py [--events N] [--rounds N] [--json FILE]`` measures workload W (one event in ten
opens a case, every notice written, SQLite with synchronous=FULL) in process, over HTTP in batches of 100, and over HTTP
one by one from 64 connections. Each figure is the median of the rounds, each ratio the median of the rounds' own
ratios. The goals are ratios, because machines are noisy.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import orjson
from lab.load import BATCHED, STRUCTURED, load, request, server
from lab.recorder import record, replay_bare
from lab.workload import START, batches, fresh, levels, street
from rich.console import Console
from rich.table import Table

from civicloop.core.engine.engine import Engine
from civicloop.core.engine.memory import collect_rarely
from civicloop.core.engine.receipt import Input
from civicloop.core.gateway.cloudevents import read_batch
from civicloop.core.model.event import Envelope
from civicloop.core.stores.sqlite import SqliteStore

ROUNDS = 5
BATCH = 1_000
HTTP_BATCH = 100
CONNECTIONS = 64
BATCH_CONNECTIONS = 8
GOALS = {"in process / bare statements": 0.30, "HTTP batches / in process": 2 / 3, "HTTP single / bare handler": 0.35}


def in_process(path: Path, events: int) -> tuple[float, float]:
    """Events per second from JSON text to durable commit; and of the same SQL statements replayed bare."""
    bodies = batches(events, BATCH)
    seconds = _ingest(SqliteStore(fresh(path)), bodies)
    store = SqliteStore(fresh(path))
    recorder = record(store)
    _ingest(store, bodies)
    bare = replay_bare(fresh(path), recorder.statements)
    return events / seconds, events / bare


def _ingest(store: SqliteStore, bodies: list[bytes]) -> float:
    engine = Engine(store, street())
    clock = _clock()
    began = time.perf_counter()
    for body in bodies:
        members = [member for member in read_batch(body, BATCH) if isinstance(member, Envelope)]
        engine.turn([Input(member) for member in members], next(clock))
    seconds = time.perf_counter() - began
    store.close()
    return seconds


def _clock() -> Iterator[datetime]:
    number = 0
    while True:
        number += 1
        yield START + timedelta(seconds=number)


def over_http(path: Path, kind: str, requests: list[bytes], connections: int, core: int) -> float:
    """Requests per second that a server bound to ``core`` answers to this process."""
    with server(kind, fresh(path), core) as port:
        load(port, requests[:connections], connections)
        return (len(requests) - connections) / load(port, requests[connections:], connections)


def measure(path: Path, events: int) -> dict[str, float]:
    """One round of everything, on one core: what is measured, its limit, and whoever sends."""
    cores = sorted(os.sched_getaffinity(0))
    first, last = cores[0], cores[-1]
    os.sched_setaffinity(0, {first})
    process, bare = in_process(path, events)
    batched = [request(body, BATCHED) for body in batches(events, HTTP_BATCH)]
    single = [request(orjson.dumps(event), STRUCTURED) for event in levels(0, events // 3)]
    figures = {
        "in process": process,
        "bare statements": bare,
        "HTTP batches": HTTP_BATCH * over_http(path, "real", batched, BATCH_CONNECTIONS, first),
        "HTTP single": over_http(path, "real", single, CONNECTIONS, first),
        "bare handler": over_http(path, "bare", single, CONNECTIONS, first),
    }
    if last != first:
        figures["HTTP single, senders on another core"] = over_http(path, "real", single, CONNECTIONS, last)
        figures["bare handler, senders on another core"] = over_http(path, "bare", single, CONNECTIONS, last)
    os.sched_setaffinity(0, set(cores))
    return figures


def main() -> int:
    """Measure, print, and fail when a goal is missed."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--events", type=int, default=60_000)
    options.add_argument("--rounds", type=int, default=ROUNDS)
    options.add_argument("--json", type=Path)
    given = options.parse_args()
    collect_rarely()  # as the daemon does
    with tempfile.TemporaryDirectory() as folder:
        rounds = [measure(Path(folder) / "bench.db", given.events) for _ in range(given.rounds)]
    figures = {name: statistics.median(one[name] for one in rounds) for name in rounds[0]}
    ratios = {
        name: statistics.median(one[name.split(" / ")[0]] / one[name.split(" / ")[1]] for one in rounds)
        for name in GOALS
    }
    show(figures, ratios)
    if given.json:
        medians = {name: round(figure) for name, figure in figures.items()}
        kept = {"events": given.events, "medians": medians, "ratios": ratios, "goals": GOALS, "rounds": rounds}
        given.json.write_text(json.dumps(kept, indent=2) + "\n")
    return 0 if all(ratios[name] >= goal for name, goal in GOALS.items()) else 1


def show(figures: dict[str, float], ratios: dict[str, float]) -> None:
    """Print the table."""
    table = Table(title="ingest, events per second (median of the rounds)")
    for column in ("what", "figure", "goal", ""):
        table.add_column(column, justify="left" if column == "what" else "right")
    for name, figure in figures.items():
        table.add_row(name, f"{figure:,.0f}", "", "")
    for name, ratio in ratios.items():
        table.add_row(name, f"{ratio:.0%}", f"{GOALS[name]:.0%}", "ok" if ratio >= GOALS[name] else "missed")
    Console().print(table)


if __name__ == "__main__":
    sys.exit(main())
