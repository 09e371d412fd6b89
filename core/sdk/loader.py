"""Finding plugins through entry points, calling each by itself, and binding what the street has enabled."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import pluggy

from ..model.event import Event
from .binding import Binding, bind
from .channel import ChannelType, config_type
from .faults import Fault, PluginError
from .hooks import GROUP, Hooks
from .patience import USUAL, Patience
from .scenario import Scenario
from .texts import Texts


@dataclass(frozen=True)
class Listening:
    """An event type with the class that reads its data and the scenarios that listen to it."""

    event: type[Event]
    bindings: tuple[Binding, ...]


@dataclass(frozen=True)
class Registry:
    """Everything a street's plugins brought: scenarios by name, listeners by event type, channels by kind, texts."""

    bindings: Mapping[str, Binding] = field(default_factory=dict)
    listening: Mapping[str, Listening] = field(default_factory=dict)
    channels: Mapping[str, ChannelType] = field(default_factory=dict)

    def texts(self, scenario: str) -> Texts:
        """The catalogue of a scenario; empty for one that is not enabled any more."""
        binding = self.bindings.get(scenario)
        return binding.scenario.texts if binding else {}


@dataclass(frozen=True)
class Plugin:
    """One plugin as it was found: what it brings, before any street enables it."""

    name: str
    origin: str
    scenarios: tuple[type[Scenario[Any, Any]], ...] = ()
    channels: Mapping[str, ChannelType] = field(default_factory=dict)


def find_plugins(
    found: Iterable[EntryPoint] | None = None, patience: Patience = USUAL
) -> tuple[dict[str, Plugin], list[Fault]]:
    """All installed plugins by name, and the faults of those that cannot be loaded; one failing stops no other."""
    plugins: dict[str, Plugin] = {}
    faults: list[Fault] = []
    for entry in entry_points(group=GROUP) if found is None else found:
        if entry.name in plugins:
            complaint = f"is brought twice: by {plugins[entry.name].origin} and by {entry.value}"
            faults.append(Fault(f"plugin {entry.name}", complaint, "uninstall one of the two packages"))
            continue
        try:
            with patience.over(f"plugin {entry.name}"):
                plugins[entry.name] = read_plugin(entry.name, entry.load(), entry.value)
        except PluginError as error:
            faults.extend(error.faults)
        except Exception as error:  # noqa: BLE001  # a stranger's import may raise anything; the others must load
            complaint = f"cannot be loaded: {type(error).__name__}: {error}"
            faults.append(Fault(f"plugin {entry.name}", complaint, f"try: python -c 'import {entry.module}'"))
    return plugins, faults


def read_plugin(name: str, module: object, origin: str = "") -> Plugin:
    """Ask one plugin, by itself, what it brings. Raises ``PluginError`` when it answers nonsense."""
    manager = pluggy.PluginManager(GROUP)
    manager.add_hookspecs(Hooks)
    try:
        manager.register(module, name)
        manager.check_pending()
    except (pluggy.PluginValidationError, ValueError) as error:
        raise PluginError([Fault(f"plugin {name}", str(error), "see the hook list in docs/hooks.md")]) from error
    found: list[Fault] = []
    scenarios = [one for brought in _ask(manager, "civicloop_scenarios", name, list, found) for one in brought]
    channels = {
        kind: channel
        for brought in _ask(manager, "civicloop_channels", name, Mapping, found)
        for kind, channel in brought.items()
    }
    found += _answer_faults(name, scenarios, channels)
    if found:
        raise PluginError(found)
    return Plugin(name, origin, tuple(scenarios), channels)


def _ask(manager: pluggy.PluginManager, hook: str, name: str, kind: type, found: list[Fault]) -> list[Any]:
    """What one hook of the plugin returns; one that raises or returns something else is a fault."""
    try:
        answers = getattr(manager.hook, hook)()
    except Exception as error:  # noqa: BLE001  # a stranger's code may raise anything
        complaint = f"{hook} raised {type(error).__name__}: {error}"
        found.append(Fault(f"plugin {name}", complaint, f"let {hook} only name what the plugin brings"))
        return []
    kinds = (list, tuple) if kind is list else kind
    for answer in answers:
        if not isinstance(answer, kinds):
            what = "a list of Scenario classes" if kind is list else "a mapping of kinds to channel classes"
            found.append(Fault(f"plugin {name}", f"{hook} returned {answer!r}", f"return {what}"))
    return [answer for answer in answers if isinstance(answer, kinds)]


def _answer_faults(name: str, scenarios: list[Any], channels: Mapping[Any, Any]) -> Iterator[Fault]:
    culprit = f"plugin {name}"
    for item in scenarios:
        if not (isinstance(item, type) and issubclass(item, Scenario)):
            yield Fault(culprit, f"civicloop_scenarios returned {item!r}", "return a list of Scenario classes")
    for kind, channel in channels.items():
        if not isinstance(kind, str) or not kind:
            yield Fault(
                culprit, f"{kind!r} is not a kind of channel", 'name it by a word: a street writes kind = "..."'
            )
        try:
            config_type(channel)
        except TypeError as error:
            yield Fault(culprit, f"channel {kind!r}: {error}", "see the contract of a channel in docs/hooks.md")


def assemble(plugins: Iterable[Plugin], tables: Mapping[str, Mapping[str, Any]]) -> Registry:
    """Bind every enabled scenario of these plugins to a street's settings.

    ``tables`` are the street's ``[plugins.NAME]`` tables. The scenarios of a plugin without a table, or with
    ``enabled = false``, are left out; channels only by the latter. Raises ``PluginError`` naming every fault of every
    plugin.
    """
    faults: list[Fault] = []
    known = {plugin.name: plugin for plugin in plugins}
    bindings: dict[str, Binding] = {}
    for name, table in tables.items():
        plugin = known.get(name)
        if plugin is None:
            have = ", ".join(sorted(known)) or "none"
            faults.append(
                Fault(f"[plugins.{name}]", "is not installed", f"install it or remove the table; there are: {have}")
            )
        elif table.get("enabled", True):
            faults += _bind_all(plugin, table, bindings)
    listening = _listeners(bindings.values(), faults)
    kept = [plugin for name, plugin in known.items() if tables.get(name, {}).get("enabled", True)]
    channels = _channels(kept, faults)
    if faults:
        raise PluginError(faults)
    return Registry(bindings, listening, channels)


def _channels(plugins: Iterable[Plugin], faults: list[Fault]) -> dict[str, ChannelType]:
    channels: dict[str, ChannelType] = {}
    brought: dict[str, str] = {}
    for plugin in plugins:
        for kind, channel in plugin.channels.items():
            if kind in brought:
                complaint = f"brings the channel kind {kind!r}, and so does {brought[kind]}"
                faults.append(
                    Fault(f"plugin {plugin.name}", complaint, f"disable one: [plugins.{plugin.name}] enabled = false")
                )
            channels[kind], brought[kind] = channel, plugin.name
    return channels


def _bind_all(plugin: Plugin, table: Mapping[str, Any], bindings: dict[str, Binding]) -> list[Fault]:
    names = [_short_name(scenario) for scenario in plugin.scenarios]
    known = ", ".join(filter(None, names)) or "none (is @hookimpl missing?)"
    where = f"[plugins.{plugin.name}]"
    faults = [
        Fault(f"{where} {key}", "is not a scenario", f"the scenarios are: {known}")
        for key in table
        if key != "enabled" and key not in names
    ]
    for scenario, name in zip(plugin.scenarios, names, strict=True):
        settings = table.get(name, {})
        if not isinstance(settings, Mapping):
            faults.append(Fault(f"{where} {name}", "is not a table", f"write [plugins.{plugin.name}.{name}]"))
        elif settings.get("enabled", True):
            faults += _bind_one(plugin, scenario, settings, bindings)
    return faults


def _short_name(scenario: type[Scenario[Any, Any]]) -> str:
    name = getattr(scenario, "name", "")
    return name.partition(".")[2] if isinstance(name, str) else ""


def _bind_one(
    plugin: Plugin, scenario: type[Scenario[Any, Any]], settings: Mapping[str, Any], bindings: dict[str, Binding]
) -> list[Fault]:
    culprit = f"plugin {plugin.name}"
    try:
        binding = bind(scenario, settings)
    except PluginError as error:
        return list(error.faults)
    except Exception as error:  # noqa: BLE001  # a stranger's class may be wrong in any way; the others must bind
        return [
            Fault(culprit, f"{scenario.__qualname__} cannot be bound: {type(error).__name__}: {error}", "repair it")
        ]
    if binding.name in bindings:
        return [Fault(culprit, f"{binding.name} exists twice", "rename one of them")]
    if binding.name.partition(".")[0] != plugin.name:
        remedy = f'write name = "{plugin.name}.{_short_name(scenario)}", or rename the entry point'
        return [Fault(culprit, f"{binding.name} is not named after its plugin", remedy)]
    bindings[binding.name] = binding
    return []


def _listeners(bindings: Iterable[Binding], faults: list[Fault]) -> dict[str, Listening]:
    listening: dict[str, Listening] = {}
    for binding in bindings:
        for event in binding.scenario.listens:
            have = listening.get(event.type)
            if have is not None and have.event is not event:
                complaint = f"event type {event.type} is declared by {have.event.__module__} and by {event.__module__}"
                faults.append(Fault(binding.name, complaint, f"import {event.__name__} from {have.event.__module__}"))
                continue
            listening[event.type] = Listening(event, (*(have.bindings if have else ()), binding))
    return listening
