"""How fast cases are read where there are a million of them.

``python benchmarks/reading.py [--quick] [--cases N] [--asks N] [--json FILE]`` fills a store with cases, one in ten of
them open, and asks the gateway over one connection for pages of 50 by every filter, for later pages by their cursors,
for single cases by id and by reference, and for what monitoring asks. Filling is not measured. The goal is a 99th
percentile under 50 milliseconds for each; beside it stands the processor time of the server for one request, which a
busy machine does not change.
"""

from __future__ import annotations

import asyncio
import random
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import orjson
from lab.archive import NOW, YEARS, archive_street, fill_archive, scenario_of
from lab.load import Line, Server, busy_seconds, connect, get, running
from lab.report import Row, finish, options, percentile
from lab.workload import SEED

from civicloop.core.running.memory import collect_rarely
from civicloop.core.stores.codec import micros
from civicloop.core.stores.sqlite import SqliteStore

GOAL = 50.0
"""Milliseconds, of the 99th percentile."""
PAGES = 40
FILTERS = {
    "first page": "",
    "open": "open=true",
    "closed": "open=false",
    "overdue": "overdue=true",
    "stage": "stage=disposal",
    "stage, closed": "stage=closing",
    "scenario": "scenario=bench.litter",
    "rare scenario": "scenario=bench.leak",
    "rare scenario, open": "scenario=bench.leak&open=true",
    "no such scenario": "scenario=bench.none",
    "party": "party=property_company",
    "party, open": "party=property_company&open=true",
    "party who is never asked": "party=police",
    "committee": "place=C7",
    "committee, open": "place=C7&open=true",
    "estate, overdue": "place=E77&overdue=true",
    "estate, rare scenario, open": "place=E77&scenario=bench.leak&open=true",
    "street": "place=street",
}


class Taken(NamedTuple):
    """Milliseconds of each request, and of the server's processor for each on average."""

    each: list[float]
    busy: float


class Reader:
    """Asks one question after the other."""

    def __init__(self, line: Line, pid: int) -> None:
        self._line, self._pid = line, pid

    async def ask(self, target: str) -> Any:
        """The answer, read."""
        return orjson.loads(await self._line.ask(get(target)))

    async def timed(self, targets: Iterable[str]) -> Taken:
        """How long each of these takes."""
        took: list[float] = []
        busy = busy_seconds(self._pid)
        for target in targets:
            began = time.perf_counter()
            await self._line.ask(get(target))
            took.append((time.perf_counter() - began) * 1e3)
        return Taken(took, (busy_seconds(self._pid) - busy) * 1e3 / max(1, len(took)))

    async def cursors(self, query: str) -> list[str]:
        """The pages after the first, by their cursors."""
        found: list[str] = []
        target = f"/cases?{query}"
        while len(found) < PAGES and (cursor := (await self.ask(target))["next"]):
            target = f"/cases?{query}&cursor={cursor}"
            found.append(target)
        return found


async def measure(started: Server, cases: int, asks: int) -> dict[str, Taken]:
    """How long everything takes that is asked, by what it is."""
    line = await connect(started.port)
    reader = Reader(line, started.pid)
    chances = random.Random(SEED)
    found: dict[str, Taken] = {}
    for name, query in FILTERS.items():
        found[f"list: {name}"] = await reader.timed([f"/cases?{query}"] * asks)
    for name in ("first page", "committee", "party, open", "scenario"):
        if targets := await reader.cursors(FILTERS[name]):
            found[f"later pages: {name}"] = await reader.timed(targets)
    middle = f"/cases?limit=200&cursor={micros(NOW - YEARS / 2)}.x"
    found["list: 200 in the middle of the past"] = await reader.timed([middle] * asks)
    refs = [_ref(chances.randrange(cases)) for _ in range(asks)]
    found["one case by reference"] = await reader.timed(refs)
    found["one case by id"] = await reader.timed([f"/cases/{(await reader.ask(ref))['id']}" for ref in refs])
    # The first count of a store that has just been opened is waited for; later ones are made beside the work.
    await line.ask(get("/metrics"))
    for name in ("/metrics", "/healthz", "/readyz"):
        found[name] = await reader.timed([name] * asks)
    line.close()
    return found


def _ref(number: int) -> str:
    return f"/cases/{scenario_of(number).name}/B{number}"


def rows_of(found: dict[str, Taken]) -> list[Row]:
    """The processor time and the 99th percentile of each; the latter is judged."""
    rows: list[Row] = []
    for name, took in found.items():
        rows.append(Row(f"{name}, processor", took.busy, "ms"))
        rows.append(Row(f"{name}, p99", percentile(took.each, 0.99), "ms", GOAL, at_least=False))
    return rows


def main() -> int:
    """Fill, measure, print, and fail when the goal is missed."""
    parser = options(__doc__)
    parser.add_argument("--cases", type=int, default=1_000_000)
    parser.add_argument("--asks", type=int, default=200)
    parser.add_argument("--store", type=Path, help="a store that was filled with so many cases before; made if missing")
    given = parser.parse_args()
    cases, asks = (2_000, 5) if given.quick else (given.cases, given.asks)
    collect_rarely()
    with tempfile.TemporaryDirectory() as folder:
        path = given.store or Path(folder) / "archive.db"
        if not path.exists():
            store = SqliteStore(path)
            fill_archive(store, archive_street(), cases)
            store.close()
        with running("archive", path) as started:
            found = asyncio.run(measure(started, cases, asks))
    return finish(f"reading with {cases:,} cases", rows_of(found), given.json, cases=cases, asks=asks)


if __name__ == "__main__":
    sys.exit(main())
