"""Leak (P2): water that never stops, or far too much of it in a day.

Flow in every half hour of 24 hours is a leak (Shenzhen Longgang [P]); more than 2 cubic metres a day as well (Jing'an,
Zhenhai [P]). Both go to the property company. A meter that says nothing is not dry: only a report after a whole half
hour without flow ends it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Final

from pydantic import Field

from civicloop import (
    CLOSE,
    SMALL,
    Check,
    Cleared,
    Config,
    Context,
    Finding,
    Memory,
    Outcome,
    Severity,
    Step,
    days,
    hours,
    minutes,
)

from .events import DeviceReport, Water
from .home import HomeScenario
from .water import Flow

WATER_METERS: Final = frozenset({"water", "water_guard"})
"""Kinds of devices whose own sign of life says that the meter works."""


class LeakConfig(Config):
    """How much water, and for how long, is a leak."""

    unbroken_hours: Annotated[int, Field(ge=2, le=48)] = Field(
        default=24,
        description="Hours in which water flowed in every half hour. Practice: 24 h (Shenzhen Longgang). Meters that "
        "report less often than every half hour never reach it.",
    )
    litres_a_day_max: Annotated[int, Field(ge=100, le=100_000)] = Field(
        default=2000,
        description="More litres than this within 24 h. Practice: 2 cubic metres a day (Jing'an and the Shanghai water "
        "company; Zhenhai).",
    )


class Pipes(Memory):
    """What flowed, until when it was counted in an alarm, and whether that alarm stands.

    Only the newest fact is judged, because what an older one would say is not heard any more.
    """

    flow: Flow = Flow()
    newest: datetime | None = None
    counted_until: datetime | None = None
    is_leaking: bool = False


class Leak(HomeScenario[Water | DeviceReport, Pipes]):
    """Water runs where nobody draws it."""

    name = "elderly_care.leak"
    severity = Severity.P2
    on_cleared = CLOSE
    # The meter says that the tap is shut and keeps to it; where it says nothing, somebody looks.
    check = Check(clear=minutes(30), parties=("neighborhood_committee", "ops_center"), within=hours(24))
    outcomes = {}
    chain = (
        Step("stop_leak", "property_company", accept=hours(4), finish=hours(24), inform="family"),  # [A]
        Step("supervise", "ops_center", accept=hours(4), finish=days(3), loop=SMALL),  # [A]
    )
    config: LeakConfig

    def key(self, event: Water | DeviceReport, context: Context[Pipes]) -> str | None:
        """The household; of devices' own reports only those of a water meter that is well."""
        if isinstance(event, DeviceReport):
            is_meter = context.device is not None and context.device.kind in WATER_METERS
            if not is_meter or event.status != "online":
                return None
        return super().key(event, context)

    def assess(self, event: Water | DeviceReport, context: Context[Pipes]) -> Iterable[Outcome]:
        """Water flowed, or the meter says that it did not."""
        pipes = context.memory
        is_dry = pipes.flow.is_dry(event.at)
        if isinstance(event, Water) and event.litres != 0:
            pipes.flow.add(event.at, event.litres)
        if pipes.newest is not None and event.at < pipes.newest:
            return
        pipes.newest = event.at
        if pipes.is_leaking and is_dry:
            pipes.is_leaking, pipes.counted_until = False, event.at
            yield Cleared()
        yield from self._leaks(event.at, pipes)

    def _leaks(self, at: datetime, pipes: Pipes) -> Iterable[Outcome]:
        half_hours = pipes.flow.unbroken(at)
        litres = round(pipes.flow.total(at, since=pipes.counted_until))
        if half_hours >= 2 * self.config.unbroken_hours:
            finding = Finding("flow_never_stops", hours=half_hours // 2)
        elif litres > self.config.litres_a_day_max:
            finding = Finding("too_much_water", litres=litres)
        else:
            return
        if not pipes.is_leaking:
            pipes.is_leaking = True
            yield finding
