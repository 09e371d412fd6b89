"""A crowded street: very many open cases and armed watchdogs, spread evenly over a day, and its folder."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from civicloop import Context, Event, Expect, Finding, Outcome, Scenario, Step, days, hours
from civicloop.core.engine.opening import Opened, open_street
from civicloop.core.loop.decide import decide
from civicloop.core.model.given import Found
from civicloop.core.sdk.loader import Plugin
from civicloop.core.stores.base import Memo, Writes
from civicloop.core.stores.sqlite import SqliteStore
from civicloop.plugins.message_channels import Nowhere

from .folder import ESTATES_A_COMMITTEE, write_street

START = datetime(2026, 5, 1, 12, tzinfo=UTC)
"""When the street was last alive. Its watchdogs wake, and its deadlines pass, spread evenly over the day after."""
DAY = timedelta(days=1)
LATENESS = timedelta(minutes=10)
ESTATES = 100
SIGNALS = 10
"""How many signals of one device are watched, each with a key and a watchdog of its own."""
CHUNK = 50_000
SEED = 7


class Signal(Event, type="crowd.signal"):
    """A device is alive."""


class Silent(Scenario[Signal]):
    """A device must be heard of every day."""

    name = "crowd.silent"
    chain = (
        Step("look", "property_company", accept=days(1), finish=days(2)),
        Step("supervise", "ops_center", accept=hours(8), finish=days(2)),
    )

    def assess(self, event: Signal, _: Context) -> Iterable[Outcome]:
        """Watch for the next one."""
        yield Expect("signal", event.at + DAY)

    def overdue(self, expectation: Expect, _: Context) -> Iterable[Outcome]:
        """Look again tomorrow: what is measured is the watchdog, not what becomes of its finding."""
        assert expectation.by is not None
        yield Expect("signal", expectation.by + DAY)


def write_folder(folder: Path, devices: int) -> None:
    """A street's folder with so many devices in a hundred estates."""
    write_street(folder, "crowd", ESTATES, ((f"D{number}", f"E{number % ESTATES}") for number in range(devices)))


def open_crowd(folder: Path) -> Opened:
    """The folder, opened as the daemon opens it, with a plugin of our own."""
    return open_street(folder, [Plugin("crowd", "", (Silent,), {"null": Nowhere})])


def fill(store: SqliteStore, opened: Opened, watchdogs: int, cases: int) -> None:
    """Commit the cases and watchdogs as turns of the engine would have, in a few big ones."""
    for chunk in _chunks(_memos(watchdogs)):
        _commit(store, Writes(START, memos=chunk))
    setup = opened.setup
    rules = setup.registry.bindings[Silent.name].rules
    chances = random.Random(SEED)
    for first in range(0, cases, CHUNK):
        writes = Writes(START)
        for number in range(first, min(first + CHUNK, cases)):
            at = START - DAY * chances.random()
            place = f"E{number % ESTATES}"
            partition = setup.street.directory.partition(place)
            found = Found(
                Silent.name, f"case{number}", Finding("silent"), rules, place, partition, at, f"//crowd#{number}"
            )
            decision = decide(None, found, at, setup.street)
            assert decision.case is not None
            writes.cases.append(decision.case)
            writes.entries.extend(decision.entries)
        _commit(store, writes)


def _memos(watchdogs: int) -> Iterator[Memo]:
    order = list(range(watchdogs))
    random.Random(SEED).shuffle(order)
    for number, slot in enumerate(order):
        device, signal = divmod(number, SIGNALS)
        by = START - LATENESS + DAY * ((slot + 1) / watchdogs)
        yield Memo(
            Silent.name,
            f"D{device}/{signal}",
            f"C{device % ESTATES // ESTATES_A_COMMITTEE}",
            f"E{device % ESTATES}",
            by - DAY,
            b"{}",
            (("signal", by),),
            by + LATENESS,
        )


def _chunks(memos: Iterator[Memo]) -> Iterator[list[Memo]]:
    while chunk := [memo for _, memo in zip(range(CHUNK), memos, strict=False)]:
        yield chunk


def _commit(store: SqliteStore, writes: Writes) -> None:
    with store.turn() as turn:
        turn.commit(writes)
