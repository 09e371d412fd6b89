"""All of Pudong's estates: 2,662 of them with 1,000 devices each, and an event from every device in ten minutes.

``python benchmarks/pudong.py [--quick] [--seconds N] [--estates N] [--devices N] [--batch N] [--json FILE]`` writes a
street's folder with 2.66 million devices, starts the daemon on it, and offers 4,400 events a second over HTTP, as the
estates' gateways would: each keeps a connection of its own and sends what it has gathered, 20 events at a time, at
instants that do not depend on the answers. One event in ten opens a case; its deadline passes a minute later, and it
climbs. An event's latency is counted from the instant at which its batch was due, until it is answered, which is after
the commit. The daemon and the senders share the machine; two cores are meant.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import orjson
from lab.folder import write_street
from lab.load import BATCHED, Line, Server, TurnedAway, busy_seconds, connect, request, running
from lab.offer import offer
from lab.report import Row, finish, options, percentile
from lab.workload import OPENS_EVERY

from civicloop.core.running.clock import SystemClock
from civicloop.core.running.memory import collect_rarely

ESTATES = 2_662
DEVICES = 1_000
EVERY_SECONDS = 600.0
"""One event per device in ten minutes."""
BATCH = 20
GOAL = 100.0
"""Milliseconds, of the 99th percentile."""
SUSTAINED = 0.99
START_SECONDS_MAX = 600.0
CONNECTING_AT_ONCE = 200
RETRY_SECONDS = 1.0
"""As the daemon's Retry-After says."""


class Gateway:
    """One estate's gateway: its connection, and which of its devices speaks next."""

    def __init__(self, estate: int, line: Line, devices: int) -> None:
        self._estate, self._line, self._devices = estate, line, devices
        self._said = 0
        self.turned_away = 0
        self._alone = asyncio.Lock()
        self._clock = SystemClock()

    async def send(self, events: int) -> None:
        """Send the next events as one batch. Raises ``RuntimeError`` where one of them is not accepted."""
        async with self._alone:
            numbers = range(self._said, self._said + events)
            self._said += events
            now = self._clock.now().isoformat()
            body = orjson.dumps([self._event(number, now) for number in numbers])
            answer = await self._insist(request(body, BATCHED))
        if answer.count(b'"accepted"') != events:
            raise RuntimeError(f"not every event was accepted: {answer[:500].decode()}")

    async def _insist(self, text: bytes) -> bytes:
        """Send until it is taken, as a gateway does: what is turned away stays in its buffer for a second."""
        while True:
            try:
                return await self._line.ask(text)
            except TurnedAway:
                self.turned_away += 1
                await asyncio.sleep(RETRY_SECONDS)

    def _event(self, number: int, now: str) -> dict[str, object]:
        return {
            "specversion": "1.0",
            "id": f"{number:08d}",
            "source": f"//pudong/gateways/{self._estate}",
            "type": "bench.level",
            "subject": device_id(self._estate, number % self._devices),
            "time": now,
            "data": {"fill_percent": 95 if (number + self._estate) % OPENS_EVERY == 0 else 50},
        }

    def close(self) -> None:
        """Hang up."""
        self._line.close()


def device_id(estate: int, number: int) -> str:
    """What a device is called."""
    return f"E{estate}-{number}"


class Driven(NamedTuple):
    """What ``offer`` found, and how many batches were turned away and sent again."""

    latencies: list[float]
    answered_per_second: float
    turned_away: int


async def drive(port: int, estates: int, devices: int, rate: float, batch: int, seconds: float) -> Driven:
    """Offer so many events a second for so long."""
    gateways: list[Gateway] = []
    for first in range(0, estates, CONNECTING_AT_ONCE):
        numbers = range(first, min(first + CONNECTING_AT_ONCE, estates))
        lines = await asyncio.gather(*(connect(port) for _ in numbers))
        gateways += [Gateway(number, line, devices) for number, line in zip(numbers, lines, strict=True)]
    requests = int(rate * seconds / batch)
    found = await offer(requests, rate / batch, lambda number: gateways[number % estates].send(batch))
    for gateway in gateways:
        gateway.close()
    return Driven(*found, sum(gateway.turned_away for gateway in gateways))


def resident(started: Server) -> float:
    """What the daemon holds in memory now, in MB."""
    status = Path(f"/proc/{started.pid}/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) / 1024


def main() -> int:
    """Write, start, offer, print, and fail when a goal is missed."""
    parser = options(__doc__)
    parser.add_argument("--seconds", type=float, default=EVERY_SECONDS)
    parser.add_argument("--estates", type=int, default=ESTATES)
    parser.add_argument("--devices", type=int, default=DEVICES, help="of each estate")
    parser.add_argument("--batch", type=int, default=BATCH, help="events that a gateway sends at once")
    parser.add_argument("--rate", type=float, help="events a second of all; one per device in ten minutes unless given")
    given = parser.parse_args()
    estates, devices, seconds, rate = given.estates, given.devices, given.seconds, given.rate
    if given.quick:
        estates, devices, seconds, rate = 20, 100, 1.0, 200.0
    rate = rate or estates * devices / EVERY_SECONDS
    collect_rarely()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pairs = ((device_id(estate, one), f"E{estate}") for estate in range(estates) for one in range(devices))
        write_street(folder, "bench", estates, pairs)
        with running("daemon", folder, start_seconds_max=START_SECONDS_MAX) as started:
            memory, busy = resident(started), busy_seconds(started.pid)
            found = asyncio.run(drive(started.port, estates, devices, rate, given.batch, seconds))
            rows = [
                Row("devices in the directory", estates * devices),
                Row("start of the daemon", started.start_seconds, "s"),
                Row("memory after the start", memory, "MB"),
                Row("memory at the end", resident(started), "MB"),
                Row("offered", rate, "events/s"),
                Row("answered", found.answered_per_second * given.batch, "events/s", rate * SUSTAINED),
                Row("batches turned away and sent again", found.turned_away),
                Row("processor of the daemon", (busy_seconds(started.pid) - busy) / seconds, "cores"),
                Row("event -> committed, p50", percentile(found.latencies, 0.5), "ms"),
                Row("event -> committed, p99", percentile(found.latencies, 0.99), "ms", GOAL, at_least=False),
                Row("event -> committed, slowest", max(found.latencies), "ms"),
            ]
            rows.append(Row("store", sum(file.stat().st_size for file in folder.glob("*.db*")) / 2**20, "MB"))
    shares = [percentile(found.latencies, share / 1000) for share in range(1001)]
    return finish("Pudong", rows, given.json, seconds=seconds, batch=given.batch, per_mille=shares)


if __name__ == "__main__":
    sys.exit(main())
