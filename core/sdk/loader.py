"""Finding plugins through entry points, calling each by itself, and binding what the street has enabled."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import pluggy

from ..model.event import Event
from .binding import Binding, Fault, PluginError, bind
from .channel import ChannelType
from .hooks import GROUP, Hooks
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


def find_plugins(found: Iterable[EntryPoint] | None = None) -> tuple[dict[str, Plugin], list[Fault]]:
    """All installed plugins by name, and the faults of those that cannot be loaded; one failing stops no other."""
    plugins: dict[str, Plugin] = {}
    faults: list[Fault] = []
    for entry in entry_points(group=GROUP) if found is None else found:
        try:
            plugins[entry.name] = read_plugin(entry.name, entry.load(), entry.value)
        except PluginError as error:
            faults.extend(error.faults)
        except Exception as error:  # a stranger's import may raise anything; it must not stop the other plugins
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
    scenarios = [scenario for brought in manager.hook.civicloop_scenarios() for scenario in brought]
    channels = {kind: channel for brought in manager.hook.civicloop_channels() for kind, channel in brought.items()}
    wrong = [item for item in scenarios if not (isinstance(item, type) and issubclass(item, Scenario))]
    if wrong:
        complaint = f"civicloop_scenarios returned {wrong[0]!r}"
        raise PluginError([Fault(f"plugin {name}", complaint, "return a list of Scenario classes")])
    return Plugin(name, origin, tuple(scenarios), channels)


def assemble(plugins: Iterable[Plugin], tables: Mapping[str, Mapping[str, Any]]) -> Registry:
    """Bind every enabled scenario of these plugins to a street's settings.

    ``tables`` are the street's ``[plugins.NAME]`` tables; a plugin without a table, or with ``enabled = false``, is left
    out. Raises ``PluginError`` naming every fault of every plugin.
    """
    faults: list[Fault] = []
    known = {plugin.name: plugin for plugin in plugins}
    bindings: dict[str, Binding] = {}
    for name, table in tables.items():
        plugin = known.get(name)
        if plugin is None:
            have = ", ".join(sorted(known)) or "none"
            faults.append(Fault(f"[plugins.{name}]", "is not installed", f"install it or remove the table; there are: {have}"))
        elif table.get("enabled", True):
            faults += _bind_all(plugin, table, bindings)
    listening = _listeners(bindings.values(), faults)
    channels = {
        kind: channel
        for name, plugin in known.items()
        if tables.get(name, {}).get("enabled", True)
        for kind, channel in plugin.channels.items()
    }
    if faults:
        raise PluginError(faults)
    return Registry(bindings, listening, channels)


def _bind_all(plugin: Plugin, table: Mapping[str, Any], bindings: dict[str, Binding]) -> list[Fault]:
    names = {scenario.name.partition(".")[2]: scenario for scenario in plugin.scenarios if hasattr(scenario, "name")}
    faults = [
        Fault(f"[plugins.{plugin.name}] {key}", "is not a scenario", f"the scenarios are: {', '.join(names)}")
        for key in table
        if key != "enabled" and key not in names
    ]
    for scenario in plugin.scenarios:
        settings = table.get(getattr(scenario, "name", "").partition(".")[2], {})
        if not settings.get("enabled", True):
            continue
        try:
            binding = bind(scenario, settings)
        except PluginError as error:
            faults += error.faults
            continue
        if binding.name in bindings:
            faults.append(Fault(f"plugin {plugin.name}", f"{binding.name} exists twice", "rename one of them"))
        bindings[binding.name] = binding
    return faults


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
