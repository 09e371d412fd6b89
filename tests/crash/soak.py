"""The soak: ``python -m tests.crash.soak [--seconds 3600] [--rate 500] [--note]``.

A daemon under a steady load for an hour, with a plugin that raises, senders that reconnect and vanish half-way, reloads
of good and bad configurations, answers that come in between, and old rows for the retention to purge meanwhile. Once a
minute it is looked at: memory, open files, threads, latency of a batch from the moment it was due to be sent, size of
the write-ahead log. Memory and latency must be flat and files bounded: the last quarter is held against the second
one, since the first fills the caches. Ends with 1 where they are not; ``--note`` adds a line to docs/reliability.md.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sqlite3
import statistics
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any, Final, NamedTuple

import aiohttp
import orjson
from click import echo

from civicloop.core.running.clock import monotonic
from civicloop.core.stores.sqlite import SqliteStore
from civicloop.core.street.sample import write_sample

from .record import note
from .stranger import install
from .street import Victim, row

SECTION: Final = "## Soak"
BATCH: Final = 25
DEVICES: Final = 2_000
LIFE_BATCHES: Final = 400
"""After so many batches a sender hangs up and comes again."""

RELOAD_SECONDS: Final = 20.0
MEMORY_GROWTH_MAX: Final = 1.05
LATENCY_GROWTH_MAX: Final = 1.5
OLD_EVENTS: Final = 100_000
LONG_AGO: Final = 1_700_000_000_000_000
"""In November 2023, in microseconds since the epoch."""

WAL_BYTES_MAX: Final = 256 * 2**20
BATCH_TYPE: Final = {"Content-Type": "application/cloudevents-batch+json"}

SETTINGS: Final = """
[channels.nobody]
kind = "null"

[delivery]
default = ["nobody"]

[plugins.garbage_sorting]
[plugins.elderly_care]
[plugins.stranger]
"""


MODULE: Final = '''
from civicloop import Event, Finding, Scenario, Step, hookimpl, hours, minutes


class Reading(Event, type="stranger.reading"):
    """A number from a device that is often out of order."""

    value: int


class Alarm(Scenario[Reading]):
    """Opens a case on ten, raises on a hundred."""

    name = "stranger.alarm"
    chain = (Step("look", "property_company", accept=minutes(30), finish=hours(4)),)

    def assess(self, event, context):
        if event.value >= 100:
            raise ZeroDivisionError("the stranger cannot count that far")
        if event.value == 10:
            yield Finding("odd")


@hookimpl
def civicloop_scenarios():
    """What is brought."""
    return [Alarm]
'''


class Look(NamedTuple):
    """The daemon at one moment, and how it did since the last."""

    rss_bytes: int
    files: int
    threads: int
    p50_ms: float
    p99_ms: float
    wal_bytes: int
    store_bytes: int


def make_street(folder: Path) -> Path:
    """The sample street with many bins and strangers' devices, and notices that nobody waits for."""
    write_sample(folder)
    devices = folder / "devices.csv"
    text = devices.read_text(encoding="utf-8")
    head = text.splitlines()[0].split(",")
    more = [row(head, id=f"{kind}-{n}", kind=kind) for kind in ("bin", "odd") for n in range(DEVICES)]
    devices.write_text(text.rstrip("\n") + "\n" + "\n".join(more) + "\n", encoding="utf-8")
    settings = folder / "civicloop.toml"
    kept = settings.read_text(encoding="utf-8")
    settings.write_text(kept[: kept.index("[channels.console]")] + SETTINGS, encoding="utf-8")
    for name in ("parties.csv", "people.csv"):
        people = folder / name
        told = people.read_text(encoding="utf-8").replace("console;console+10@P1", "nobody")
        people.write_text(told.replace("console", "nobody"), encoding="utf-8")
    return folder


def events() -> Iterator[dict[str, Any]]:
    """The load: bins that fill and are emptied, answers, movement at home, odd readings, what nobody listens to."""
    for n in count():
        kind, device = n % 10, n // 10 % DEVICES
        name = {"specversion": "1.0", "source": "//soak", "id": f"{n}"}
        if kind < 3:
            full = (n // 10 // DEVICES) % 2 == 0 and device % 20 == 0
            level = 95 if full else 5
            yield name | {"type": "waste.bin.level", "subject": f"bin-{device}", "data": {"fill_percent": level}}
        elif kind == 3 and device % 20 == 0:
            ref = f"garbage_sorting.overflow/bin-{device}"
            yield name | {"type": "loop.accept", "subject": ref, "data": {"party": "property_company"}}
        elif kind < 6:
            yield name | {"type": "care.motion", "subject": "pir-willow-garden-1-101", "data": {}}
        elif kind < 8:
            value = 100 if n % 500 == 6 else n // 10 % 7
            yield name | {"type": "stranger.reading", "subject": f"odd-{device}", "data": {"value": value}}
        else:
            yield name | {"type": "nobody.listens", "subject": f"bin-{device}", "data": {"n": n}}


def age(store: Path, events: int = OLD_EVENTS) -> None:
    """Have the store hold what came in more than a year ago, for the retention to take."""
    SqliteStore(store).close()
    with sqlite3.connect(store) as raw:
        raw.executemany(
            "INSERT INTO event"
            " (id, source, partition, type, subject, at, received_at, place, state, digest, body, speaker)"
            " VALUES (?, '//old', '', 'nobody.listens', 'x', ?, ?, '', 'unheard', x'00', x'7b7d', '')",
            ((f"old-{n}", LONG_AGO + n, LONG_AGO + n) for n in range(events)),
        )
    raw.close()


def left_of(store: Path) -> int:
    """How much of it is left."""
    with sqlite3.connect(store) as raw:
        (left,) = raw.execute("SELECT count(*) FROM event WHERE source = '//old'").fetchone()
    raw.close()
    return int(left)


class Load:
    """Sends batches at their due times and keeps how late each was answered."""

    def __init__(self, url: str, rate: float) -> None:
        self._url = f"{url}/events"
        self._every = BATCH / rate
        self._events = events()
        self.latencies_ms: list[float] = []
        self.results: Counter[str] = Counter()

    async def run(self, until: float) -> None:
        """Send until that moment of the event loop's clock; each batch when it is due, however slow others were."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        under_way: set[asyncio.Task[None]] = set()
        while due < until:
            async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60)) as session:
                for _ in range(LIFE_BATCHES):
                    await asyncio.sleep(max(0.0, due - loop.time()))
                    task = asyncio.create_task(self._send(session, due))
                    under_way.add(task)
                    task.add_done_callback(under_way.discard)
                    due += self._every
                await asyncio.gather(*under_way)
            await self._vanish()

    async def _send(self, session: aiohttp.ClientSession, due: float) -> None:
        body = orjson.dumps([next(self._events) for _ in range(BATCH)])
        while True:
            async with session.post(self._url, data=body, headers=BATCH_TYPE) as answer:
                told = orjson.loads(await answer.read())
                if answer.status == 429:
                    self.results["put_off"] += 1
                    await asyncio.sleep(float(answer.headers["Retry-After"]))
                    continue
                answer.raise_for_status()
            break
        self.latencies_ms.append(1000 * (asyncio.get_running_loop().time() - due))
        self.results.update(one["status"] for one in told["results"])

    async def _vanish(self) -> None:
        """Begin a request and hang up in the middle of its body."""
        address = self._url.removeprefix("http://").partition("/")[0].partition(":")
        _, writer = await asyncio.open_connection(address[0], int(address[2]))
        writer.write(b"POST /events HTTP/1.1\r\nHost: soak\r\nContent-Length: 100000\r\n\r\n[{")
        await writer.drain()
        writer.close()
        self.results["vanished"] += 1


def look(victim: Victim, latencies_ms: list[float]) -> Look:
    """The process as the kernel shows it, and the latencies since the last look, which this uses up."""
    proc = Path(f"/proc/{victim.serving[0]}")
    fields = dict(line.split(":", 1) for line in (proc / "status").read_text().splitlines())
    store = victim.folder / "var/civicloop.db"
    wal = store.with_name(store.name + "-wal")
    told = sorted(latencies_ms) or [0.0]
    latencies_ms.clear()
    return Look(
        int(fields["VmRSS"].split()[0]) * 1024,
        len(list((proc / "fd").iterdir())),
        int(fields["Threads"]),
        statistics.median(told),
        told[min(len(told) - 1, len(told) * 99 // 100)],
        wal.stat().st_size if wal.exists() else 0,
        store.stat().st_size,
    )


async def soak(victim: Victim, seconds: float, rate: float, every: float) -> tuple[list[Look], Counter[str]]:
    """Load, reload and look, all at once, for so many seconds."""
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    load = Load(f"http://127.0.0.1:{victim.port}", rate)
    looks: list[Look] = []

    async def reload() -> None:
        settings = victim.folder / "civicloop.toml"
        good = settings.read_text(encoding="utf-8")
        for number in count():
            await asyncio.sleep(RELOAD_SECONDS)
            settings.write_text(good + ("\n[nonsense]\nx = 1\n" if number % 3 == 2 else ""), encoding="utf-8")
            os.kill(victim.pid, signal.SIGHUP)
            await asyncio.sleep(RELOAD_SECONDS)
            settings.write_text(good, encoding="utf-8")

    async def watch() -> None:
        while True:
            await asyncio.sleep(every)
            looks.append(look(victim, load.latencies_ms))
            echo(tell(len(looks), looks[-1]))

    others = [asyncio.create_task(reload()), asyncio.create_task(watch())]
    try:
        await load.run(until)
    finally:
        for task in others:
            task.cancel()
    return looks, load.results


def tell(number: int, one: Look) -> str:
    """One look in a line."""
    return (
        f"{number:3}: {one.rss_bytes / 2**20:.0f} MiB, {one.files} files, {one.threads} threads,"
        f" p50 {one.p50_ms:.1f} ms, p99 {one.p99_ms:.1f} ms, log {one.wal_bytes / 2**20:.0f} MiB,"
        f" store {one.store_bytes / 2**20:.0f} MiB"
    )


def faults(looks: list[Look]) -> list[str]:
    """What was not flat: the medians of the last quarter against those of the second."""
    quarter = len(looks) // 4
    if quarter == 0:
        return ["too short to say anything: four looks are the least"]
    before, after = looks[quarter : 2 * quarter], looks[-quarter:]

    def grew(name: str) -> float:
        return statistics.median(getattr(one, name) for one in after) / max(
            1e-9, statistics.median(getattr(one, name) for one in before)
        )

    found = [f"{name} grew by {grew(name):.2f}" for name in ("rss_bytes",) if grew(name) > MEMORY_GROWTH_MAX]
    found += [f"{name} grew by {grew(name):.2f}" for name in ("p50_ms", "p99_ms") if grew(name) > LATENCY_GROWTH_MAX]
    found += [f"{name} grew by {grew(name):.2f}" for name in ("files", "threads") if grew(name) > 1.2]
    highest = max(one.wal_bytes for one in looks)
    return found + ([f"the write-ahead log reached {highest} bytes"] if highest > WAL_BYTES_MAX else [])


def main() -> int:
    """Run the soak; the exit code."""
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--seconds", type=float, default=3600)
    ask.add_argument("--rate", type=float, default=500)
    ask.add_argument("--note", action="store_true")
    asked = ask.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        os.environ["PYTHONPATH"] = os.pathsep.join(
            filter(None, [str(install(folder / "site", MODULE)), os.environ.get("PYTHONPATH")])
        )
        victim = Victim(make_street(folder / "street"))
        store = victim.folder / "var/civicloop.db"
        store.parent.mkdir(exist_ok=True)
        age(store)
        victim.start()
        began = monotonic()
        try:
            looks, results = asyncio.run(soak(victim, asked.seconds, asked.rate, min(60.0, asked.seconds / 20)))
        finally:
            code = victim.stop()
        took = monotonic() - began
        old = left_of(store)
        own = (victim.folder / "daemon.log").read_text(encoding="utf-8").count("internal_error")
    found = faults(looks) + ([] if code == 0 else [f"the daemon ended with {code}"])
    found += [f"the daemon's log tells of {own} internal errors"] if own else []
    found += [f"{old} events of {OLD_EVENTS} are left that retention should have taken"] if old else []
    echo(f"{dict(results)} in {took:.0f} s")
    for fault in found:
        echo(fault)
    if asked.note:
        first, last = looks[len(looks) // 4], looks[-1]
        told = [
            f"{took / 60:.0f} min",
            f"{results.total()}",
            f"{first.rss_bytes / 2**20:.0f} -> {last.rss_bytes / 2**20:.0f}",
            f"{first.p50_ms:.1f} / {first.p99_ms:.1f} -> {last.p50_ms:.1f} / {last.p99_ms:.1f}",
            f"{max(one.wal_bytes for one in looks) / 2**20:.0f}",
            "; ".join(found) or "flat",
        ]
        note(SECTION, " | ".join(told))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
