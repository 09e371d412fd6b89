"""Workload W: level readings of many bins, of which one in ten opens a case, and what people answer.

Half of the cases are accepted in time and reported done; the other half climb once first, then whoever they climbed to
accepts and reports. So a closed loop is twelve events: ten readings, an acceptance and a report. Everything happens on
a clock of its own: a bin is read every ``TURN``, a case must be accepted within ``ACCEPT``, and one that climbs is
answered a whole ``TURN`` after it opened. The more events share a turn of the engine, the more bins there must be, so
that a turn is always shorter than a deadline.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count, islice
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

import orjson

from civicloop import CLOSE, SMALL, Check, Cleared, Context, Event, Finding, Outcome, Scenario, Step, hours, minutes
from civicloop.core.engine.setup import Setup
from civicloop.core.model.limit import Calendar
from civicloop.core.model.place import Device, Directory, Level, Party, Place
from civicloop.core.model.street import Street
from civicloop.core.sdk.loader import Plugin, assemble

START = datetime(2025, 9, 12, tzinfo=UTC)
BINS = 5_000
"""For turns of up to half as many events."""
OPENS_EVERY = 10
EVENTS_A_LOOP = OPENS_EVERY + 2
TURN = timedelta(seconds=120)
ACCEPT = minutes(1)
ESTATES_A_COMMITTEE = 10
SOON = 25
"""An answer follows what it answers after a 25th of a turn."""
SEED = 7


class BinLevel(Event, type="bench.level"):
    """How full a bin is."""

    fill_percent: int


class Overflow(Scenario[BinLevel]):
    """Full above 90, empty below 10."""

    name = "bench.overflow"
    on_cleared = CLOSE
    check = Check()
    chain = (
        Step("empty", "property_company", accept=ACCEPT, finish=hours(1)),
        Step("supervise", "ops_center", accept=minutes(30), finish=hours(4), loop=SMALL),
    )

    def assess(self, event: BinLevel, _: Context) -> Iterable[Outcome]:
        """Full or empty."""
        if event.fill_percent >= 90:
            yield Finding("bin_full", percent=event.fill_percent)
        elif event.fill_percent <= 10:
            yield Cleared()


def street(estates: int = 1, bins: int = BINS) -> Setup:
    """A street with its bins spread over its estates, each with a property company of its own."""
    setup = Setup(
        Street("street", directory(estates, bins), Calendar(ZoneInfo("UTC"))),
        assemble([Plugin("bench", "", (Overflow,))], {"bench": {}}),
        channels=("null",),
    )
    return replace(setup, ops_channels=("null",), command_channels=("null",))


def directory(estates: int, bins: int) -> Directory:
    """The places, bins and parties of a street."""
    committees = -(-estates // ESTATES_A_COMMITTEE)
    places = [Place("street", "Street", Level.STREET)]
    places += [Place(f"C{number}", f"Committee {number}", Level.COMMITTEE, "street") for number in range(committees)]
    places += [
        Place(f"E{number}", f"Estate {number}", Level.ESTATE, f"C{number // ESTATES_A_COMMITTEE}")
        for number in range(estates)
    ]
    devices = {f"B{number}": Device(f"B{number}", "bin", f"E{number % estates}") for number in range(bins)}
    parties = {(f"E{number}", "property_company"): f"Property {number} Ltd." for number in range(estates)}
    parties["street", "ops_center"] = "Street office"
    held = {seat: Party(*seat, organisation) for seat, organisation in parties.items()}
    return Directory("street", {place.code: place for place in places}, devices, held)


class Message(NamedTuple):
    """One event of the workload; ``opens`` is whether it opens a case, ``at`` when it happens."""

    at: datetime
    opens: bool
    event: dict[str, object]


def tick_of(bins: int) -> timedelta:
    """From one event to the next: a bin is read every ``TURN``."""
    return TURN / bins / (EVENTS_A_LOOP / OPENS_EVERY)


def stream(bins: int = BINS, at_random: bool = False) -> Iterator[Message]:
    """Workload W without end. Ids are sequential, or ``at_random`` as if each were a UUID."""
    chances = random.Random(SEED)
    tick = tick_of(bins)
    soon = bins // SOON
    number = 0
    for reading in count():
        due = [("reading", reading)]
        for lag in (soon, bins):
            for what, about in (("accept", reading - lag), ("report", reading - lag - soon)):
                if _answers(about, bins, climbed=lag == bins):
                    due.append((what, about))
        for what, about in due:
            at = START + tick * number
            name = f"{chances.getrandbits(128):032x}" if at_random else f"e{number:012d}"
            yield _message(what, about, bins, name, at)
            number += 1


def _is_full(reading: int, bins: int) -> bool:
    """A bin is found full at every second of its readings, or never: one reading in ten."""
    turn, number = divmod(reading, bins)
    return reading >= 0 and (number + turn * OPENS_EVERY // 2) % OPENS_EVERY == 0


def _answers(reading: int, bins: int, climbed: bool) -> bool:
    """Whether a reading opened a case that climbs, or one that does not."""
    return _is_full(reading, bins) and (reading % bins // OPENS_EVERY % 2 == 1) is climbed


def _message(what: str, about: int, bins: int, name: str, at: datetime) -> Message:
    number = about % bins
    full = what == "reading" and _is_full(about, bins)
    envelope = {"specversion": "1.0", "id": name, "source": "//bench/bins", "time": at.isoformat()}
    if what == "reading":
        said = {"type": "bench.level", "subject": f"B{number}", "data": {"fill_percent": 95 if full else 50}}
        return Message(at, full, envelope | said)
    data = {"party": "ops_center" if _answers(about, bins, climbed=True) else "property_company"}
    if what == "report":
        data["result"] = "done"
    return Message(at, False, envelope | {"type": f"loop.{what}", "subject": f"bench.overflow/B{number}", "data": data})


class Batch(NamedTuple):
    """Events as one JSON text, and the time of the last of them."""

    body: bytes
    at: datetime
    events: int


def batches(messages: Iterator[Message], events: int, size: int) -> list[Batch]:
    """The next ``events`` of a stream in JSON batches of ``size``."""
    made: list[Batch] = []
    for first in range(0, events, size):
        members = list(islice(messages, min(size, events - first)))
        made.append(Batch(orjson.dumps([member.event for member in members]), members[-1].at, len(members)))
    return made


def bins_for(batch: int) -> int:
    """How many bins turns of so many events need."""
    return max(BINS, 2 * batch)


def fresh(path: Path) -> Path:
    """The path with nothing left of an earlier run."""
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    return path
