"""Workload W: bin levels over many bins; one event in ten opens a case, and each case is soon cleared again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import orjson

from civicloop import CLOSE, SMALL, Cleared, Context, Event, Finding, Outcome, Scenario, Step, hours, minutes
from civicloop.core.engine.setup import Setup
from civicloop.core.model.limit import Calendar
from civicloop.core.model.place import Device, Directory, Level, Party, Place
from civicloop.core.model.street import Street
from civicloop.core.sdk.loader import Plugin, assemble

START = datetime(2025, 9, 12, tzinfo=UTC)
BINS = 5_000
OPENS_EVERY = 10


class BinLevel(Event, type="bench.level"):
    """How full a bin is."""

    fill_percent: int


class Overflow(Scenario[BinLevel]):
    """Full above 90, empty below 10."""

    name = "bench.overflow"
    on_cleared = CLOSE
    chain = (
        Step("empty", "property_company", accept=minutes(10), finish=hours(1)),
        Step("supervise", "ops_center", accept=minutes(30), finish=hours(4), loop=SMALL),
    )

    def assess(self, event: BinLevel, _: Context) -> Iterable[Outcome]:
        """Full or empty."""
        if event.fill_percent >= 90:
            yield Finding("bin_full", percent=event.fill_percent)
        elif event.fill_percent <= 10:
            yield Cleared()


def street() -> Setup:
    """A street with its bins, where every role of the chain is held."""
    places = (
        Place("street", "Street", Level.STREET),
        Place("committee", "Committee", Level.COMMITTEE, "street"),
        Place("estate", "Estate", Level.ESTATE, "committee"),
    )
    devices = {f"B{number}": Device(f"B{number}", "bin", "estate") for number in range(BINS)}
    parties = {("street", role): Party("street", role, f"{role} Ltd.") for role in ("property_company", "ops_center")}
    directory = Directory("street", {place.code: place for place in places}, devices, parties)
    registry = assemble([Plugin("bench", "", (Overflow,))], {"bench": {}})
    setup = Setup(Street("street", directory, Calendar(ZoneInfo("UTC"))), registry, channels=("null",))
    return replace(setup, ops_channels=("null",), command_channels=("null",))


def levels(start: int, amount: int) -> Iterator[dict[str, object]]:
    """Events number ``start`` onwards, as CloudEvents.

    Number n speaks of bin n; a full bin is empty the next time round.
    """
    for number in range(start, start + amount):
        turn, bin_number = divmod(number, BINS)
        full = (bin_number + turn * 5) % OPENS_EVERY == 0
        was_full = turn > 0 and (bin_number + (turn - 1) * 5) % OPENS_EVERY == 0
        yield {
            "specversion": "1.0",
            "id": f"e{number}",
            "source": "//bench/bins",
            "type": "bench.level",
            "subject": f"B{bin_number}",
            "time": (START + timedelta(milliseconds=number)).isoformat(),
            "data": {"fill_percent": 95 if full else 5 if was_full else 50},
        }


def batches(events: int, size: int, first: int = 0) -> list[bytes]:
    """``events`` events in JSON batches of ``size``."""
    return [orjson.dumps(list(levels(start, size))) for start in range(first, first + events, size)]


def fresh(path: Path) -> Path:
    """The path with nothing left of an earlier run."""
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    return path
