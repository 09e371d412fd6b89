"""A street with a long past: very many cases, most of them closed, written in bulk through the store's own codec."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from civicloop import Finding
from civicloop.core.engine.setup import Setup
from civicloop.core.loop.decide import decide
from civicloop.core.model.case import Case, Entry
from civicloop.core.model.given import AllClear, Answer, Found, Verb
from civicloop.core.sdk.loader import Plugin, assemble
from civicloop.core.stores.base import Writes
from civicloop.core.stores.sqlite import SqliteStore

from .workload import SEED, Overflow, street

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
YEARS = timedelta(days=3 * 365)
ESTATES = 2_000
CHUNK = 20_000
OPEN_SHARE = 0.1
RARE_EVERY = 10_000


class Litter(Overflow):
    """As frequent as the other."""

    name = "bench.litter"


class Leak(Overflow):
    """One case in very many."""

    name = "bench.leak"


def archive_street() -> Setup:
    """Two thousand estates and three scenarios, one of them rare."""
    setup = street(ESTATES, ESTATES)
    return replace(setup, registry=assemble([Plugin("bench", "", (Overflow, Litter, Leak))], {"bench": {}}))


def fill_archive(store: SqliteStore, setup: Setup, cases: int) -> None:
    """Commit so many cases, opened evenly over three years; one in ten is still open, half of these accepted."""
    chances = random.Random(SEED)
    for first in range(0, cases, CHUNK):
        writes = Writes(NOW)
        for number in range(first, min(first + CHUNK, cases)):
            at = NOW - YEARS * (1 - number / cases)
            life = list(_life(setup, number, at, chances))
            writes.entries.extend(entry for _, entries in life for entry in entries)
            writes.cases.append(life[-1][0])
        with store.turn() as turn:
            turn.commit(writes)


def scenario_of(number: int) -> type[Overflow]:
    """Which scenario case number so-and-so belongs to."""
    return Leak if number % RARE_EVERY == RARE_EVERY // 2 else (Overflow, Litter)[number % 2]


def _life(setup: Setup, number: int, at: datetime, chances: random.Random) -> Iterator[tuple[Case, tuple[Entry, ...]]]:
    """The case as it is after each thing that happens to it."""
    scenario = scenario_of(number)
    rules = setup.registry.bindings[scenario.name].rules
    place = f"E{chances.randrange(ESTATES)}"
    partition = setup.street.directory.partition(place)
    finding = Finding("bin_full", percent=95)
    given = Found(scenario.name, f"B{number}", finding, rules, place, partition, at, f"//bench/bins#{number}")
    opened = decide(None, given, at, setup.street)
    assert opened.case is not None
    yield opened.case, opened.entries
    draw = chances.random()
    if draw < OPEN_SHARE / 2:
        return
    later = at + timedelta(seconds=40)
    answer = Answer(Verb.ACCEPT, "property_company", f"//bench/people#a{number}", by="p1")
    accepted = decide(opened.case, answer, later, setup.street)
    assert accepted.case is not None
    yield accepted.case, accepted.entries
    if draw < OPEN_SHARE:
        return
    clear = AllClear(at + timedelta(minutes=20), f"//bench/bins#c{number}")
    closed = decide(accepted.case, clear, clear.at, setup.street)
    assert closed.case is not None
    yield closed.case, closed.entries
