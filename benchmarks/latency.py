"""How long it takes from an event to its dispatch, committed, at a load that is offered whatever comes of it.

``python benchmarks/latency.py [--quick] [--seconds N] [--json FILE]`` offers workload W at 500 and at 2,000 events a
second, over HTTP one by one to a server on a core of its own, and in process to the same turn loop. An event's latency
runs from the instant at which it was due to be sent until it is answered, which is after the commit that holds its
case, work order and notices; that of the events which open a case is judged. The raw limit is an aiohttp handler that
does nothing, asked in the same way.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from itertools import islice
from pathlib import Path

import orjson
from lab.load import STRUCTURED, request, server
from lab.offer import Lines, Offered, offer
from lab.report import Row, finish, options, percentile
from lab.server import WorkloadClock
from lab.stores import open_store, require_accepted
from lab.workload import Message, fresh, stream, street

from civicloop.core.engine.engine import Engine
from civicloop.core.engine.receipt import Input
from civicloop.core.gateway.cloudevents import read_json
from civicloop.core.running.memory import collect_rarely
from civicloop.core.running.runner import Runner

RATES = (500, 2_000)
CONNECTIONS = 64
GOAL = 30.0
"""Milliseconds, of the 99th percentile at 2,000 events a second."""


async def over_http(port: int, messages: list[Message], rate: float) -> Offered:
    """Every event a request of its own."""
    requests = [request(orjson.dumps(one.event), STRUCTURED) for one in messages]
    lines = await Lines.open(port, CONNECTIONS)

    async def send(number: int) -> None:
        await lines.ask(requests[number])

    found = await offer(len(messages), rate, send)
    lines.close()
    return found


async def in_process(path: Path, messages: list[Message], rate: float) -> Offered:
    """From JSON text through the turn loop, which shares the processor with whoever offers."""
    bodies = [orjson.dumps(one.event) for one in messages]
    engine = Engine(open_store(fresh(path)), street())
    runner = Runner(engine, WorkloadClock(engine))

    async def send(number: int) -> None:
        await runner.submit([Input(read_json(bodies[number]))])

    turns = asyncio.create_task(runner.run())
    found = await offer(len(messages), rate, send)
    runner.stop()
    await turns
    require_accepted(engine)
    engine.store.close()
    return found


def measure(path: Path, rate: int, seconds: float) -> dict[str, Offered]:
    """All ways in at one rate. Bound to cores where there are two: the server to one, whoever sends to the other."""
    cores = sorted(os.sched_getaffinity(0))
    messages = list(islice(stream(), int(rate * seconds)))
    found: dict[str, Offered] = {}
    os.sched_setaffinity(0, {cores[-1]})
    for kind, name in (("real", "HTTP"), ("bare", "bare handler")):
        with server(kind, fresh(path), cores[0]) as port:
            found[name] = asyncio.run(over_http(port, messages, rate))
    found["in process"] = asyncio.run(in_process(path, messages, rate))
    os.sched_setaffinity(0, set(cores))
    return found


def rows_of(rate: int, found: dict[str, Offered], messages: list[Message]) -> list[Row]:
    """Median and 99th percentile of the events that open a case, and of all."""
    rows: list[Row] = []
    for name, offered in found.items():
        opening = [took for took, one in zip(offered.latencies, messages, strict=True) if one.opens]
        start = f"{name}, {rate:,} events/s offered"
        goal = GOAL if name != "bare handler" and rate == max(RATES) else None
        rows += [
            Row(f"{start}: answered", offered.answered_per_second, "events/s"),
            Row(f"{start}: dispatch committed, p50", percentile(opening, 0.5), "ms"),
            Row(f"{start}: dispatch committed, p99", percentile(opening, 0.99), "ms", goal, at_least=False),
            Row(f"{start}: all events, p99", percentile(offered.latencies, 0.99), "ms"),
        ]
    return rows


def main() -> int:
    """Measure, print, and fail when the goal is missed."""
    parser = options(__doc__)
    parser.add_argument("--seconds", type=float, default=30.0)
    given = parser.parse_args()
    seconds = 0.5 if given.quick else given.seconds
    collect_rarely()  # as the daemon does
    rows: list[Row] = []
    latencies: dict[str, dict[str, list[float]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for rate in RATES:
            found = measure(Path(folder) / "bench.db", rate, seconds)
            rows += rows_of(rate, found, list(islice(stream(), int(rate * seconds))))
            latencies[str(rate)] = {
                name: [percentile(one.latencies, share / 100) for share in range(101)] for name, one in found.items()
            }
    return finish("event -> dispatch committed", rows, given.json, seconds=seconds, percentiles=latencies)


if __name__ == "__main__":
    sys.exit(main())
