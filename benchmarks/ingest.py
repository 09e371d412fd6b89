"""How fast events become durable, beside the raw limits taken in the same run.

``python benchmarks/ingest.py [--quick] [--events N] [--rounds N] [--json FILE]`` measures workload W in process
with synchronous FULL and NORMAL, in turns of 1 to 10,000 and with random ids, then over HTTP in batches and one by one
from 64 connections. The limits are a bare replay of the very same SQL statements, and an aiohttp handler that does
nothing. Each figure is the median of the rounds, each ratio the median of the rounds' own ratios. The goals are ratios,
because machines are noisy.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
from itertools import islice
from pathlib import Path

import orjson
from lab.load import BATCHED, STRUCTURED, load, request, server
from lab.recorder import record, replay_bare
from lab.report import Row, finish, options
from lab.stores import FULL, NORMAL, ingest, open_store
from lab.workload import EVENTS_A_LOOP, batches, bins_for, fresh, stream, street

from civicloop.core.running.memory import collect_rarely

TURN = 1_000
TURNS = {1: 0.05, 10: 0.2, 100: 1.0, 10_000: 1.0}
"""Events a turn, and which share of the events so small turns are measured with."""
HTTP_BATCHES = (10, 100, 1_000)
CONNECTIONS = 64
BATCH_CONNECTIONS_MIN = 4
"""So many batches of 1,000 one sender may have waiting."""
GOALS = {
    "in process / bare statements": 0.45,
    "in process, NORMAL / bare statements, NORMAL": None,
    "random ids / in process": 0.5,
    "HTTP batches of 100 / in process": 0.75,
    "HTTP single / bare handler": 0.55,
}


def in_process(path: Path, events: int, synchronous: str) -> tuple[float, float]:
    """Events per second from JSON text to durable commit; and of the same SQL statements replayed bare."""
    bodies = batches(stream(), events, TURN)
    seconds = ingest(open_store(fresh(path), synchronous), street(), bodies)
    store = open_store(fresh(path), synchronous)
    recorder = record(store)
    ingest(store, street(), bodies)
    store.close()
    bare = replay_bare(open_store(fresh(path), synchronous), recorder.statements)
    return events / seconds, events / bare


def in_turns(path: Path, events: int, size: int, at_random: bool = False) -> float:
    """Events per second in turns of ``size``, each with its own wait for the disk."""
    bins = bins_for(size)
    store = open_store(fresh(path))
    seconds = ingest(store, street(bins=bins), batches(stream(bins, at_random), events, size))
    store.close()
    return events / seconds


def over_http(path: Path, kind: str, requests: list[bytes], connections: int, core: int) -> float:
    """Requests per second that a server bound to ``core`` answers to this process."""
    with server(kind, fresh(path), core) as port:
        load(port, requests[:connections], connections)
        return (len(requests) - connections) / load(port, requests[connections:], connections)


def batch_connections(size: int) -> int:
    """So many as fill a turn together, which is then as large as in process; not more than send single events."""
    return min(CONNECTIONS, max(BATCH_CONNECTIONS_MIN, TURN // size))


def measure(path: Path, events: int) -> dict[str, float]:
    """One round of everything, on one core: what is measured, its limit, and whoever sends."""
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[0]})
    figures: dict[str, float] = {}
    for synchronous, suffix in ((FULL, ""), (NORMAL, ", NORMAL")):
        process, bare = in_process(path, events, synchronous)
        figures |= {f"in process{suffix}": process, f"bare statements{suffix}": bare}
    figures["random ids"] = in_turns(path, events, TURN, at_random=True)
    for size, share in TURNS.items():
        figures[f"in turns of {size:,}"] = in_turns(path, max(size, int(events * share)), size)
    for size in HTTP_BATCHES:
        posts = [request(batch.body, BATCHED) for batch in batches(stream(), max(events, 20 * size), size)]
        connections = batch_connections(size)
        figures[f"HTTP batches of {size:,}"] = size * over_http(path, "real", posts, connections, cores[0])
    singles = [request(orjson.dumps(one.event), STRUCTURED) for one in islice(stream(), events // 3)]
    for kind, name in (("real", "HTTP single"), ("bare", "bare handler")):
        figures[name] = over_http(path, kind, singles, CONNECTIONS, cores[0])
        if len(cores) > 1:
            figures[f"{name}, senders on another core"] = over_http(path, kind, singles, CONNECTIONS, cores[-1])
    os.sched_setaffinity(0, set(cores))
    return figures


def rows_of(rounds: list[dict[str, float]]) -> list[Row]:
    """The medians, and the ratios of the same round."""
    medians = {name: statistics.median(one[name] for one in rounds) for name in rounds[0]}
    rows = [Row(name, figure, "events/s") for name, figure in medians.items()]
    rows.append(Row("closed loops, in process", medians["in process"] / EVENTS_A_LOOP, "loops/s"))
    for name, goal in GOALS.items():
        above, below = name.split(" / ")
        rows.append(Row(name, statistics.median(one[above] / one[below] for one in rounds), "%", goal))
    return rows


def main() -> int:
    """Measure, print, and fail when a goal is missed."""
    parser = options(__doc__)
    parser.add_argument("--events", type=int, default=60_000)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    events, rounds = (1_000, 1) if given.quick else (given.events, given.rounds)
    collect_rarely()  # as the daemon does
    with tempfile.TemporaryDirectory() as folder:
        found = [measure(Path(folder) / "bench.db", events) for _ in range(rounds)]
    return finish("ingest (medians of the rounds)", rows_of(found), given.json, events=events, rounds=found)


if __name__ == "__main__":
    sys.exit(main())
