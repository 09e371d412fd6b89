"""Writing the sample street, and checking a street's folder."""

from __future__ import annotations

import shlex
from pathlib import Path

from ..engine.opening import Opened
from ..running.clock import SystemClock
from ..street.complaint import StreetError
from ..street.sample import write_sample
from .calendar import calendar_warnings
from .duty import gap_of_ops
from .screen import put_json, show_steps, tell
from .street import read_street
from .trouble import Trouble
from .voice import Voice


def init_street(voice: Voice, folder: Path) -> None:
    """Write the sample street and say what to do next. Raises ``Trouble`` where something lies there already."""
    try:
        written = write_sample(folder)
    except FileExistsError as error:
        raise Trouble(str(error)) from error
    tell(voice.say("written", folder=folder, count=len(written)))
    there = shlex.quote(str(folder))
    morning = shlex.quote(str(folder / "morning.jsonl"))
    show_steps(
        [
            (voice.say("next_check"), f"civicloop check {there}"),
            (voice.say("next_demo"), f"civicloop demo {there}"),
            (voice.say("next_replay"), f"civicloop replay {there} {morning}"),
            (voice.say("next_run"), f"civicloop run {there}"),
        ]
    )


def check_street(voice: Voice, folder: Path, as_json: bool) -> None:
    """Say everything that is wrong with a street, or count what is in it. Raises ``StreetError``."""
    try:
        opened = read_street(voice, folder)
    except StreetError as error:
        if as_json:
            put_json({"complaints": [one._asdict() for one in error.complaints], "warnings": []})
        raise
    counts = count(opened)
    now = SystemClock().now()
    gap = gap_of_ops(opened, now)
    warnings = [*opened.warnings, *calendar_warnings(opened, now), *([gap] if gap else [])]
    if as_json:
        put_json({"complaints": [], "warnings": [one._asdict() for one in warnings], "counts": counts})
        return
    for warning in warnings:
        tell(voice.say("warning", complaint=warning), stderr=True)
    tell(voice.say("in_order", folder=folder, **counts))


def count(opened: Opened) -> dict[str, int]:
    """How much a street has of what."""
    directory = opened.setup.street.directory
    return {
        "places": len(directory.places),
        "devices": len(directory.devices),
        "parties": len(directory.parties),
        "scenarios": len(opened.setup.registry.bindings),
        "channels": len(opened.folder.settings.channels),
    }
