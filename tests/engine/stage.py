"""A street, a few small plugins, and an engine to give facts and answers to, on a clock of the test's own."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from civicloop import (
    CLOSE,
    Cleared,
    Event,
    Expect,
    Finding,
    Level,
    Memory,
    Place,
    Reason,
    Scenario,
    Step,
    hours,
    minutes,
)
from civicloop.core.engine.engine import Engine
from civicloop.core.engine.receipt import Input, Receipt, Speaker
from civicloop.core.engine.setup import Setup
from civicloop.core.engine.simulate import Simulation
from civicloop.core.model.event import Envelope
from civicloop.core.model.place import Device, Directory, Party
from civicloop.core.model.street import Street
from civicloop.core.sdk.loader import Plugin, Registry, assemble
from civicloop.core.stores.base import CaseQuery, Store
from civicloop.core.stores.sqlite import SqliteStore

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
PLACES = (
    Place("s1", "Street", Level.STREET),
    Place("c1", "Committee", Level.COMMITTEE, "s1"),
    Place("e1", "Estate", Level.ESTATE, "c1"),
)
ROLES = ("cleaner", "ops_center", "neighborhood_committee")
CHAIN = (Step("empty", "cleaner", accept=minutes(10), finish=hours(1)), Step("supervise", "ops_center", minutes(30)))


class Fill(Event, type="bin.level"):
    percent: int


class Beat(Event, type="bin.beat"):
    pass


class Seen(Memory):
    count: int = 0
    last: int = 0


class Full(Scenario[Fill, Seen]):
    """A bin that is full needs emptying; remembers how often it was heard."""

    name = "bins.full"
    on_cleared = CLOSE
    chain = CHAIN

    def assess(self, event, context):
        context.memory.count += 1
        context.memory.last = event.percent
        if event.percent >= 80:
            yield Finding("bin_full", percent=event.percent, count=context.memory.count)
        elif event.percent <= 10:
            yield Cleared()


class Silent(Scenario[Beat, Seen]):
    """A bin that sends nothing for an hour has a broken sensor; its next beat ends that."""

    name = "bins.silent"
    on_cleared = CLOSE
    chain = CHAIN

    def assess(self, event, context):
        context.memory.count += 1
        yield Cleared()
        yield Expect("beat", event.at + timedelta(hours=1))

    def overdue(self, expectation, context):
        yield Finding("silent", since=f"{expectation.by:%H:%M}")


def registry(*scenarios: type[Scenario[Any, Any]], config: Mapping[str, Any] | None = None) -> Registry:
    groups: dict[str, list[type[Scenario[Any, Any]]]] = {}
    for scenario in scenarios:
        groups.setdefault(scenario.name.partition(".")[0], []).append(scenario)
    tables = {
        name: {one.short_name(): (config or {}).get(one.name, {}) for one in group} for name, group in groups.items()
    }
    return assemble([Plugin(name, "", tuple(group)) for name, group in groups.items()], tables)


def street() -> Street:
    devices = {f"B{number}": Device(f"B{number}", "bin", "e1") for number in range(10)}
    parties = {("s1", role): Party("s1", role, f"{role} Ltd.", ("13800138000",)) for role in ROLES}
    return Street("s1", Directory("s1", {place.code: place for place in PLACES}, devices, parties))


def fact(
    type: str = "bin.level",
    subject: str | None = "B1",
    minute: float | None = 0,
    id: str = "1",
    place: str | None = None,
    source: str = "/gw",
    **data: Any,
) -> Envelope:
    """A fact at so many minutes after noon; ``None``: the sender did not say when."""
    time = None if minute is None else NOON + timedelta(minutes=minute)
    attributes = {"specversion": "1.0", "id": id, "source": source, "type": type, "subject": subject, "data": data}
    attributes |= {"time": time.isoformat()} if time else {}
    return Envelope(id, source, type, subject, time, data, place, "", None, orjson.dumps(attributes))


def fill(percent: int, minute: float | None = 0, id: str = "1", **more: Any) -> Envelope:
    return fact(minute=minute, id=id, percent=percent, **more)


def beat(minute: float, id: str | None = None, **more: Any) -> Envelope:
    return fact("bin.beat", minute=minute, id=id or f"beat {minute}", **more)


def answer(verb: str, ref: str, party: str, minute: float = 0, id: str = "a1", **data: Any) -> Envelope:
    return fact(f"loop.{verb}", ref, minute, id, source="/people", party=party, **data)


class Stage:
    """An engine over a store, with what the tests look at."""

    def __init__(
        self,
        *scenarios: type[Scenario[Any, Any]],
        store: Store | None = None,
        lateness: timedelta = timedelta(),
        config: Mapping[str, Any] | None = None,
    ) -> None:
        self.store = store or SqliteStore(None)
        self.engine = Engine(self.store, Setup(street(), registry(*scenarios, config=config), lateness=lateness))
        self.time = Simulation(self.engine, NOON)

    def hear(self, *envelopes: Envelope, minute: float = 0, speaker: Speaker | None = None) -> list[Receipt]:
        """One turn at so many minutes after noon; every deadline before is met at its own instant."""
        inputs = [Input(envelope, speaker if envelope.type.startswith("loop.") else None) for envelope in envelopes]
        return self.time.feed(inputs, NOON + timedelta(minutes=minute))

    def wait(self, minute: float) -> None:
        self.time.advance(NOON + timedelta(minutes=minute))

    def restart(self, minute: float) -> timedelta:
        """The engine was away since its last turn, and comes back."""
        self.engine = Engine(self.store, self.engine.setup)
        before = self.store.last_turn()
        self.time = Simulation(self.engine, NOON + timedelta(minutes=minute))
        return NOON + timedelta(minutes=minute) - before if before else timedelta()

    def use(self, *scenarios: type[Scenario[Any, Any]]) -> None:
        """Other plugins from now on, as after a reload."""
        self.engine.setup = replace(self.engine.setup, registry=registry(*scenarios))

    def journal(self) -> list[tuple[str, str, Reason, str]]:
        return [(entry.case, entry.ref, entry.reason, entry.party) for _, entry in self.store.journal_after(0, 10_000)]

    def story(self, ref: str) -> list[Reason]:
        return [entry.reason for _, entry in self.store.journal_after(0, 10_000) if entry.ref == ref]

    def refs(self) -> list[tuple[str, int]]:
        """Every case by reference and round."""
        page, _ = self.store.find_cases(CaseQuery(most=10_000))
        return sorted((case.ref, case.round) for case in page)

    def case(self, ref: str):
        scenario, _, key = ref.partition("/")
        return self.store.round(scenario, key)

    def memory(self, scenario: str = "bins.full", key: str = "B1") -> dict[str, Any]:
        with self.store.turn() as turn:
            memo = turn.memos([(scenario, key)]).get((scenario, key))
        return orjson.loads(memo.memory) if memo else {}

    def ops(self) -> list[str]:
        """The keys of messages that ops were told outside cases."""
        owed = self.store.owed("console", NOON + timedelta(days=400), 10_000)
        return [one.notice.message for one in owed if not one.notice.ref]

    def notices(self) -> list[tuple[str, str]]:
        owed = self.store.owed("console", NOON + timedelta(days=400), 10_000)
        return [(one.notice.kind.value, one.notice.party) for one in owed]
