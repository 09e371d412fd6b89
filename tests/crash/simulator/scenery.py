"""The street of a seed: places, parties, rosters and calendars, devices, and the scenarios that run in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from civicloop import (
    CaseClosed,
    CaseReached,
    Cleared,
    Command,
    Event,
    Expect,
    Finding,
    Memory,
    Scenario,
    Severity,
    hours,
)
from civicloop.core.engine.opening import open_street
from civicloop.core.engine.setup import Setup
from civicloop.core.model.chain import Rules
from civicloop.core.model.place import Device, Level, Place
from civicloop.core.model.street import Street
from civicloop.core.sdk.loader import Plugin, assemble
from civicloop.core.street.sample import write_sample
from civicloop.core.street.settings import Retention

from ...loop.random_rules import rules_that_load
from ...loop.random_streets import streets
from ...loop.town import OPENING
from .sensors import KINDS

START: datetime = OPENING
BYTES = 4096
"""How much chance one drawing is given; what does not suffice is drawn again."""

Maker = Callable[[str, Rules, Random], type[Scenario[Any, Any]]]

BUNDLED = (6, 7)
CHANNELS = ("console", "app", "sms", "voice")
MORE_PLACES = (
    Place("C2", "Other committee", Level.COMMITTEE, "S"),
    Place("E2", "Other estate", Level.ESTATE, "C2"),
    Place("E3", "Third estate", Level.ESTATE, "C1"),
    Place("U1", "Household", Level.UNIT, "B1"),
)
SITES = ("E1", "E1", "B1", "U1", "E3", "E2", "S")


KEPT = Retention(media_days=1, media_fields=("image",), quarantine_days=2)
"""How long things are kept, as short as a street may say, so that a week has something to drop."""


class Reading(Event, type="sim.reading"):
    value: int


class Beat(Event, type="sim.beat"):
    load: int = 0


class Seen(Memory):
    count: int = 0
    last: int = 0


@dataclass(frozen=True)
class Scene:
    """What a seed plays in: its configuration, the one after a reload, and the channels that are configured."""

    setups: tuple[Setup, Setup]
    channels: tuple[str, ...]
    devices: Mapping[str, str]
    """What may be heard of: its name, and its kind."""

    def setup(self, digest: str) -> Setup:
        """The configuration of this digest."""
        (found,) = [setup for setup in self.setups if setup.digest == digest]
        return found


def drawn(strategy: st.SearchStrategy[Any], chance: Random) -> Any:
    """What a strategy makes of a seed's chance; the laws' own generators, outside of hypothesis' search."""
    found: list[Any] = []

    @given(strategy)
    def take(value: Any) -> None:
        found.append(value)

    while not found:
        take.hypothesis.fuzz_one_input(chance.randbytes(BYTES))
    return found[0]


def make_scene(seed: int) -> Scene:
    """The street of a seed; of eight seeds two play in the sample street, with the bundled plugins."""
    return sample_scene(seed) if seed % 8 in BUNDLED else random_scene(seed)


def random_scene(seed: int) -> Scene:
    """A street and scenarios that no one has thought of."""
    chance = Random(f"scene {seed}")
    street: Street = drawn(streets(), chance)
    devices = {name: Device(name, "sensor", chance.choice(SITES)) for name in (f"d{n}" for n in range(1, 7))}
    others: tuple[Maker, ...] = (heartbeat, moody, follower)
    makers: list[Maker] = [threshold, *(maker for maker in others if chance.random() < 0.6)]
    setup = _random_setup(street, devices, list(enumerate(makers)), chance, f"seed {seed}")
    channels = CHANNELS if chance.random() < 0.8 else CHANNELS[:3]
    return Scene((setup, _reloaded(devices, makers, chance, seed)), channels, dict.fromkeys(devices, "sensor"))


def _random_setup(
    street: Street, devices: dict[str, Device], makers: list[tuple[int, Maker]], chance: Random, digest: str
) -> Setup:
    places = {**street.directory.places, **{place.code: place for place in MORE_PLACES}}
    directory = replace(street.directory, places=places, devices=devices)
    scenarios = [maker(f"sim.s{number}", drawn(rules_that_load, chance), chance) for number, maker in makers]
    registry = assemble(
        [Plugin("sim", "", tuple(scenarios))], {"sim": {one.name.partition(".")[2]: {} for one in scenarios}}
    )
    # Repeated every three hours, a week of open cases would be little else.
    repeat_after = hours(24) if chance.random() < 0.8 else hours(9)
    return Setup(
        replace(street, directory=directory, repeat_after=repeat_after),
        registry,
        lateness=timedelta(minutes=chance.choice([0, 10, 10, 60])),
        digest=digest,
    )


def _reloaded(devices: dict[str, Device], makers: list[Maker], chance: Random, seed: int) -> Setup:
    """Other parties, rosters, calendars and rules; one device is somewhere else, and a scenario may be gone."""
    street: Street = drawn(streets(), chance)
    moved = {**devices, "d1": Device("d1", "sensor", chance.choice(SITES))}
    kept = list(enumerate(makers))
    if len(kept) > 1 and chance.random() < 0.3:
        kept.pop(chance.randrange(len(kept)))
    return _random_setup(street, moved, kept, chance, f"seed {seed}, reloaded")


@cache
def _sample_setup() -> Setup:
    with TemporaryDirectory() as folder:
        street = Path(folder) / "street"
        write_sample(street)
        return replace(open_street(street).setup, salt=b"simulated", digest="sample street")


def sample_scene(seed: int) -> Scene:
    """The sample street with everything that it enables, and a few of its devices."""
    chance = Random(f"scene {seed}")
    setup = _sample_setup()
    later = replace(setup, street=replace(setup.street, repeat_after=hours(10)), digest="sample street, reloaded")
    known = sorted(one.id for one in setup.street.directory.devices.values() if one.kind in KINDS)
    devices = setup.street.directory.devices
    return Scene((setup, later), ("console",), {name: devices[name].kind for name in chance.sample(known, 14)})


def made(name: str, rules: Rules, base: Any, **body: Any) -> type[Scenario[Any, Any]]:
    """A scenario class with these rules."""
    main, *tracks = rules.tracks
    declared = {
        "name": name,
        "chain": main.chain,
        "tracks": tuple(tracks),
        "severity": rules.severity,
        "on_cleared": rules.on_cleared,
        "quiet": rules.quiet,
        "check": rules.check,
        "outcomes": dict(rules.outcomes),
        "evidence": rules.proofs,
        "join": rules.join,
        "recurrence": rules.recurrence,
        "remind_percent": rules.remind_percent,
        "returns_max": rules.returns_max,
        "arbiter": rules.arbiter,
        "__module__": __name__,
    }
    return type(name.title().replace(".", ""), (base,), {**declared, **body})


class _OfReadings(Scenario[Reading, Seen]):
    name = "sim.of_readings"


class _OfBeats(Scenario[Beat, Seen]):
    name = "sim.of_beats"


class _OfBoth(Scenario[Reading | Beat, Seen]):
    name = "sim.of_both"


class _OfCases(Scenario[CaseReached | CaseClosed, Seen]):
    name = "sim.of_cases"


def threshold(name: str, rules: Rules, chance: Random) -> type[Scenario[Any, Any]]:
    """Finds what is high, clears what is low, graver or further up the chain where it is very high."""
    steps = [step.name for step in rules.tracks[0].chain]
    start, climbs, by_building, commands = chance.choice(steps), *(chance.random() < 0.3 for _ in range(3))

    def key(self: Any, event: Any, context: Any) -> Any:
        return context.place.code if by_building else event.subject

    def assess(self: Any, event: Any, context: Any) -> Iterable[Any]:
        context.memory.count += 1
        context.memory.last = event.value
        if event.value >= 97:
            yield Finding("high", severity=Severity.P1, start=start, climb=climbs, value=event.value)
        elif event.value >= 70:
            yield Finding("high", value=event.value, count=context.memory.count)
        elif event.value <= 25:
            yield Cleared()
        if commands and event.value >= 90:
            yield Command(event.subject, "speak", {"value": event.value})

    return made(name, rules, _OfReadings, key=key, assess=assess)


def heartbeat(name: str, rules: Rules, chance: Random) -> type[Scenario[Any, Any]]:
    """Minds silence; some mind it again and again."""
    span = timedelta(minutes=chance.choice([30, 240, 1500]))
    again = chance.random() < 0.5

    def assess(self: Any, event: Any, context: Any) -> Iterable[Any]:
        context.memory.count += 1
        yield Cleared()
        yield Expect("beat", event.at + span)
        if event.load > 90:
            yield Finding("loaded", load=event.load)

    def overdue(self: Any, expectation: Any, context: Any) -> Iterable[Any]:
        context.memory.last += 1
        yield Finding("silent", since=expectation.by.isoformat())
        if again and context.memory.last % 5:
            yield Expect("beat", expectation.by + span)

    return made(name, rules, _OfBeats, assess=assess, overdue=overdue)


def moody(name: str, rules: Rules, chance: Random) -> type[Scenario[Any, Any]]:
    """Raises over some events and some silences, and remembers none of it."""
    bad = chance.randrange(2, 9)

    def assess(self: Any, event: Any, context: Any) -> Iterable[Any]:
        context.memory.count += 1
        value = getattr(event, "value", None) or getattr(event, "load", 0)
        if value % bad == 1:
            raise RuntimeError(f"cannot stand {value}")
        if value > 60:
            yield Finding("moody", value=value)
            yield Expect("calm", event.at + timedelta(hours=bad))
        elif value < 20:
            yield Cleared()

    def overdue(self: Any, expectation: Any, context: Any) -> Iterable[Any]:
        if context.now.hour % bad == 1:
            raise RuntimeError("not at this hour")
        yield Finding("still_moody")

    return made(name, rules, _OfBoth, assess=assess, overdue=overdue)


def follower(name: str, rules: Rules, chance: Random) -> type[Scenario[Any, Any]]:
    """Hears how the cases of others fare, and links cases of its own to them."""
    every = chance.randrange(2, 5)

    def key(self: Any, event: Any, context: Any) -> Any:
        return context.place.code if event.scenario != name else None

    def assess(self: Any, event: Any, context: Any) -> Iterable[Any]:
        context.memory.count += 1
        if isinstance(event, CaseClosed) and event.result == "voided":
            yield Cleared()
        elif context.memory.count % every == 0:
            yield Finding("again", parent=event.case, times=context.memory.count)

    return made(name, rules, _OfCases, key=key, assess=assess)
