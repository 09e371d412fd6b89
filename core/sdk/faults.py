"""What can be wrong with a scenario class itself, whatever the street; and how a fault is told."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import NoneType
from typing import Any, Final, NamedTuple

from pydantic import ValidationError

from ..model.chain import Check, OnCleared, Proof, Recurrence, Severity, Silence, Step, TrackRule
from ..model.event import Event
from ..model.limit import Limit
from .scenario import API_VERSION, Config, Memory, Scenario
from .texts import faults as text_faults

_PROFILE: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,63}\.[a-z][a-z0-9_]{0,63}")
RESERVED: Final = (
    "arbiter",
    "chain",
    "check",
    "enabled",
    "profile",
    "quiet",
    "recurrence",
    "remind_percent",
    "returns_max",
    "severity",
)
"""Keys of a scenario's table that are not its own settings."""

ANSWERS: Final = "loop."
"""Event types that begin like this are answers of people; no scenario hears them."""


_ATTRIBUTES: Final[Mapping[str, tuple[tuple[type, ...], str]]] = {
    "on_cleared": ((OnCleared,), f"write on_cleared = one of {', '.join(one.name for one in OnCleared)}"),
    "severity": ((Severity,), "write severity = Severity.P2"),
    "check": ((Check,), 'write check = Check(parties="ops_center")'),
    "quiet": ((Limit, NoneType), "write quiet = minutes(10), or None"),
    "recurrence": ((Recurrence, NoneType), 'write recurrence = Recurrence(within=days(30), start="review")'),
    "join": ((int,), "write join = 0, or how many required tracks must be closed"),
    "remind_percent": ((int,), "write remind_percent = 75, or 0 for never"),
    "returns_max": ((int,), "write returns_max = 3"),
    "arbiter": ((str,), 'write arbiter = "ops_center"'),
}
"""What further attributes of a scenario must be, and how to write them."""


class Fault(NamedTuple):
    """What is wrong with a plugin: who, what, and the line to paste that puts it right."""

    culprit: str
    complaint: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.culprit}: {self.complaint}; {self.remedy}"


class PluginError(Exception):
    """Plugins that cannot be used, all faults at once."""

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(map(str, faults)))


def first_sentence(error: Exception) -> str:
    """What is wrong, in one sentence without the value that was given: it may be a secret."""
    if isinstance(error, ValidationError):
        detail = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(map(str, detail["loc"]))
        return f"{where}: {detail['msg']}" if where else detail["msg"]
    return str(error) or type(error).__name__


def class_faults(scenario: type[Scenario[Any, Any]]) -> Iterator[Fault]:
    """What is wrong with a scenario class itself, whatever the street."""
    culprit = f"{scenario.__module__}.{scenario.__qualname__}"
    name = getattr(scenario, "name", "")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        yield Fault(culprit, f"{name!r} is not a scenario name", 'write name = "plugin.scenario"')
        name = ""
    yield from _event_faults(scenario, culprit)
    if scenario.assess is Scenario.assess:
        yield Fault(culprit, "never says what an event means", "write def assess(self, event, context): ...")
    if scenario.api != API_VERSION:
        yield Fault(culprit, f"was written for API {scenario.api}", f"port it and write api = {API_VERSION}")
    shapes = list(_shape_faults(scenario, culprit))
    yield from shapes
    yield from _config_faults(scenario, culprit)
    yield from _memory_faults(scenario, culprit)
    if not shapes:
        tracks = (step for track in scenario.tracks for step in track.chain)
        mains = (step for chain in scenario.profiles().values() for step in chain)
        keys = [name.partition(".")[2], *(step.name for step in (*mains, *tracks))]
        for complaint in text_faults(scenario.texts, filter(None, dict.fromkeys(keys))):
            yield Fault(culprit, complaint, "see the catalogue beside the plugin, texts.toml")


def _event_faults(scenario: type[Scenario[Any, Any]], culprit: str) -> Iterator[Fault]:
    listens: tuple[type, ...] = scenario.listens
    events = [event for event in listens if issubclass(event, Event)]
    if not events or not all(event.type for event in events) or len(events) < len(listens):
        yield Fault(culprit, "listens to no event type", 'write class X(Scenario[MyEvent]), MyEvent(Event, type="...")')
    for event in events:
        if event.type.startswith(ANSWERS):
            yield Fault(culprit, f"listens to {event.type}, which is an answer", "give the event a type of your own")


def _shape_faults(scenario: type[Scenario[Any, Any]], culprit: str) -> Iterator[Fault]:
    """Class attributes that are something else than what they are declared as; most often a forgotten comma."""
    if not getattr(scenario, "chain", ()):
        yield Fault(culprit, "has no chain", 'write chain = (Step("visit", "property_company", accept=minutes(10)),)')
    elif not _is_tuple_of(scenario.chain, Step):
        yield Fault(
            culprit, "its chain is no tuple of steps", "write chain = (Step(...),) with a comma after each step"
        )
    yield from _profile_faults(scenario, culprit)
    if not _is_tuple_of(scenario.tracks, TrackRule):
        yield Fault(culprit, "its tracks are no tuple of them", 'write tracks = (TrackRule("name", (Step(...),)),)')
    elif not all(_is_tuple_of(track.chain, Step) for track in scenario.tracks):
        yield Fault(culprit, "the chain of a track is no tuple of steps", 'write TrackRule("name", (Step(...),))')
    else:
        for track in scenario.tracks:
            silence: object = track.silence
            if not isinstance(silence, Silence):
                complaint = f"silence of track {track.name} is {silence!r}"
                yield Fault(culprit, complaint, "write silence = Silence.REPEAT or Silence.END")
    if not _is_tuple_of(scenario.evidence, (str, Proof)):
        complaint = "its evidence is no tuple of kinds and proofs"
        yield Fault(culprit, complaint, 'write evidence = ("photo_after",) with a comma after each, or Proof(...)')
    for name, (kind, remedy) in _ATTRIBUTES.items():
        value = getattr(scenario, name)
        if not isinstance(value, kind) or isinstance(value, bool):
            yield Fault(culprit, f"{name} is {value!r}", remedy)


def _profile_faults(scenario: type[Scenario[Any, Any]], culprit: str) -> Iterator[Fault]:
    chains: object = scenario.chains
    if not isinstance(chains, Mapping) or not all(isinstance(chain, tuple) for chain in chains.values()):
        yield Fault(culprit, "its chains are no tuples by name", 'write chains = {"night": (Step(...),)}')
        return
    for name, chain in chains.items():
        if not isinstance(name, str) or not _PROFILE.fullmatch(name) or name == scenario.profile:
            yield Fault(culprit, f"{name!r} is no name for another chain", "write a lower_snake word of its own")
        if not chain or not _is_tuple_of(chain, Step):
            yield Fault(culprit, f"its chain {name} is no tuple of steps", "write (Step(...),) with a comma after each")
    if chains and not _PROFILE.fullmatch(str(scenario.profile)):
        yield Fault(culprit, "has several chains, but no name for its own", 'write profile = "in_parallel"')


def _is_tuple_of(value: object, kind: type | tuple[type, ...]) -> bool:
    return isinstance(value, tuple) and all(isinstance(item, kind) for item in value)


def _config_faults(scenario: type[Scenario[Any, Any]], culprit: str) -> Iterator[Fault]:
    try:
        hint = scenario.config_hint()
    except Exception as error:  # noqa: BLE001  # an annotation is a stranger's code
        yield Fault(culprit, f"its annotations cannot be read ({error})", "import what they name, at module level")
        return
    if not (isinstance(hint, type) and issubclass(hint, Config)):
        yield Fault(
            culprit, f"config is annotated as {hint!r}", "write class MyConfig(Config): ... and config: MyConfig"
        )
        return
    for name in sorted(set(hint.model_fields) & set(RESERVED)):
        yield Fault(
            culprit, f"its Config has a field {name!r}, which streets use otherwise", "give the field another name"
        )
    try:
        hint()
    except Exception as error:  # noqa: BLE001  # a validator is a stranger's code
        complaint = f"its Config has no complete defaults ({first_sentence(error)})"
        yield Fault(culprit, complaint, "give every field a default")


def _memory_faults(scenario: type[Scenario[Any, Any]], culprit: str) -> Iterator[Fault]:
    kind: type = scenario.memory_type
    if not issubclass(kind, Memory):
        complaint = f"its memory is a {kind.__name__}"
        yield Fault(culprit, complaint, "write class MyMemory(Memory): ... and Scenario[MyEvent, MyMemory]")
        return
    try:
        kind()
    except Exception as error:  # noqa: BLE001  # a validator is a stranger's code
        complaint = f"its Memory has no complete defaults ({first_sentence(error)})"
        yield Fault(culprit, complaint, "give every field a default")
