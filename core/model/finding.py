"""What a scenario concludes from an event: needs hands, in order again, watch for silence, tell a device."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from .chain import Severity

Value = str | int | float
"""A named variable of a text."""


@dataclass(frozen=True, slots=True, init=False)
class Finding:
    """Something needs hands.

    ``message`` is the text's key in the plugin's catalogue, ``variables`` its named values. ``severity`` overrides the
    scenario's; ``start`` names the step at which a case opened by this finding begins, and with ``climb`` also the one
    to which an open case goes at once where it has not come so far; ``place`` is the code of the place it is about
    where that is not the event's own; ``parent`` the id of the case it is linked to.
    """

    message: str
    severity: Severity | None
    start: str | None
    climb: bool
    place: str | None
    parent: str | None
    variables: Mapping[str, Value]

    def __init__(
        self,
        message: str,
        *,
        severity: Severity | None = None,
        start: str | None = None,
        climb: bool = False,
        place: str | None = None,
        parent: str | None = None,
        **variables: Value,
    ) -> None:
        put = object.__setattr__
        put(self, "message", message)
        put(self, "severity", severity)
        put(self, "start", start)
        put(self, "climb", climb)
        put(self, "place", place)
        put(self, "parent", parent)
        put(self, "variables", variables)


@dataclass(frozen=True, slots=True)
class Cleared:
    """Sensors say that all is in order again."""


@dataclass(frozen=True, slots=True)
class Expect:
    """A watchdog for silence: unless something newer is heard of this key by then, the scenario is asked ``overdue``.

    ``by`` is in the time of the facts; ``None`` disarms the watchdog of that ``name``. One watchdog per name and key.
    """

    name: str
    by: datetime | None


@dataclass(frozen=True, slots=True)
class Command:
    """Tell a device something: a lift to hold its door, a bin room to speak. Delivered like a notice."""

    device: str
    action: str
    variables: Mapping[str, Value] = field(default_factory=dict)


Outcome = Finding | Cleared | Expect | Command
