"""A plugin that nobody wrote carefully: it raises on some of its events. Laid out as ``pip`` would install it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

CODE: Final = '''
from civicloop import Event, Finding, Scenario, Step, hookimpl, hours, minutes


class Reading(Event, type="stranger.reading"):
    """A number from a device that is often out of order."""

    value: int


class Alarm(Scenario[Reading]):
    """Opens a case on ten, raises on a hundred."""

    name = "stranger.alarm"
    chain = (Step("look", "property_company", accept=minutes(30), finish=hours(4)),)

    def assess(self, event, context):
        if event.value >= 100:
            raise ZeroDivisionError("the stranger cannot count that far")
        if event.value == 10:
            yield Finding("odd")


@hookimpl
def civicloop_scenarios():
    """What is brought."""
    return [Alarm]
'''


def install(folder: Path) -> Path:
    """Lay the plugin out in ``folder``, which then belongs on PYTHONPATH; returns it."""
    about = folder / "stranger-1.0.dist-info"
    about.mkdir(parents=True)
    (folder / "stranger.py").write_text(CODE, encoding="utf-8")
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: stranger\nVersion: 1.0\n", encoding="utf-8")
    (about / "entry_points.txt").write_text("[civicloop]\nstranger = stranger\n", encoding="utf-8")
    return folder
