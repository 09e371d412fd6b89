"""The plugins that are installed, what they bring, and what a street has enabled of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..sdk.binding import Fault
from ..sdk.loader import Plugin, find_plugins
from ..street.folder import load_street
from ..street.settings import Plugin as Switch
from .screen import put_json, show, tell
from .voice import Voice

Switches = Mapping[str, Switch] | None


def list_plugins(voice: Voice, folder: Path | None, as_json: bool) -> None:
    """Show every plugin with its scenarios, event types, channels and faults; with a street, what it enables."""
    switches: Switches = None
    if folder is not None:
        street = load_street(folder)
        voice.street = street.settings.street.language
        switches = street.plugins
    plugins, faults = find_plugins()
    if as_json:
        put_json(
            {"plugins": [_json(one, switches) for one in plugins.values()], "faults": [one._asdict() for one in faults]}
        )
        return
    _show(voice, list(plugins.values()), switches)
    _show_faults(voice, faults)


def _show(voice: Voice, plugins: list[Plugin], switches: Switches) -> None:
    if not plugins:
        tell(voice.say("no_plugins"))
        return
    names = ["plugin", "brings", "listens", *(["enabled"] if switches is not None else [])]
    show([voice.say(f"head_{name}") for name in names], [row for one in plugins for row in _rows(voice, one, switches)])


def _rows(voice: Voice, plugin: Plugin, switches: Switches) -> Iterator[list[object]]:
    for name, types in _scenarios(plugin):
        row: list[object] = [plugin.name, name, ", ".join(types)]
        yield row if switches is None else [*row, _yes(voice, _is_enabled(plugin.name, name, switches))]
    for kind in plugin.channels:
        row = [plugin.name, voice.say("channel_kind", kind=kind), ""]
        # Channels need no table of their own: they are there unless the street switches the plugin off.
        yield (
            row
            if switches is None
            else [*row, _yes(voice, plugin.name not in switches or switches[plugin.name].enabled)]
        )


def _yes(voice: Voice, enabled: bool) -> str:
    return voice.say("yes" if enabled else "no")


def _scenarios(plugin: Plugin) -> Iterator[tuple[str, list[str]]]:
    for scenario in plugin.scenarios:
        yield getattr(scenario, "name", scenario.__qualname__), [event.type for event in scenario.listens]


def _is_enabled(plugin: str, scenario: str, switches: Mapping[str, Switch]) -> bool:
    table = switches.get(plugin)
    if table is None or not table.enabled:
        return False
    own = table.scenarios.get(scenario.partition(".")[2], {})
    return bool(own.get("enabled", True))


def _json(plugin: Plugin, switches: Switches) -> dict[str, Any]:
    scenarios: list[dict[str, Any]] = []
    for name, types in _scenarios(plugin):
        shown: dict[str, Any] = {"name": name, "listens": types}
        if switches is not None:
            shown["enabled"] = _is_enabled(plugin.name, name, switches)
        scenarios.append(shown)
    return {"name": plugin.name, "origin": plugin.origin, "scenarios": scenarios, "channels": list(plugin.channels)}


def _show_faults(voice: Voice, faults: list[Fault]) -> None:
    if faults:
        tell(voice.say("broken_plugins"), stderr=True)
        for fault in faults:
            tell(f"  {fault}", stderr=True)
