"""Charging piles: overloaded, too hot, offline, or silent. A pile that burns is the matter of ``thermal``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Annotated, Final

from pydantic import Field

from civicloop import (
    SMALL,
    VERIFY,
    Check,
    Cleared,
    Command,
    Context,
    Expect,
    Finding,
    Outcome,
    Scenario,
    Severity,
    Step,
    days,
    hours,
    minutes,
    read_texts,
)

from .events import EbikePile
from .heat import Heat, HeatConfig, is_runaway

REPORT: Final = "report"
"""The watchdog of a pile."""


class PileConfig(HeatConfig):
    """When a pile is in trouble, besides what it says itself."""

    amps_max: Annotated[float, Field(ge=0, le=1000)] = Field(
        default=0,
        description="Amperes from which a pile is overloaded. 0: only its own status counts, for what a pile may carry "
        "differs. Our assumption.",
    )
    celsius_max: Annotated[float, Field(ge=40, le=1000)] = Field(
        default=75, description="Degrees Celsius from which a pile is too hot. Our assumption."
    )
    silent_hours: Annotated[int, Field(ge=0, le=720)] = Field(
        default=24,
        description="Hours without any report after which a pile counts as offline; 0: silence means nothing. "
        "Practice of water analytics, where 24 h without data are a device that is offline; for piles our assumption.",
    )


class Pile(Scenario[EbikePile, Heat]):
    """A pile that is in trouble, until it says for ten minutes that it is not."""

    name = "ebike_charging.pile"
    on_cleared = VERIFY
    quiet = minutes(10)
    chain = (
        Step("inspect", "property_company", accept=minutes(5), finish=minutes(30)),  # [A]
        # What is offline begins here: nothing burns, and nobody can be protected by it.
        Step("repair", ("device_vendor", "property_manager"), accept=hours(1), finish=hours(24)),  # [A]
        # Component class 0154: a damaged pile is put right within 5 days [P].
        Step("supervise", "ops_center", accept=minutes(30), finish=days(5), loop=SMALL),
    )
    check = Check(quiet=minutes(10), parties=("ops_center", "neighborhood_committee"), within=hours(24))
    texts = read_texts(__file__)
    config: PileConfig

    def assess(self, event: EbikePile, context: Context[Heat]) -> Iterable[Outcome]:
        """By its status, its current and its heat; and when it must be heard of next."""
        heat = context.memory
        if not is_runaway(event, heat.rise(event), self.config):
            yield from self._judge(event)
        if self.config.silent_hours and context.device:
            yield Expect(REPORT, event.at + timedelta(hours=self.config.silent_hours))

    def _judge(self, event: EbikePile) -> Iterator[Outcome]:
        amps, celsius = _shown(event.amps), _shown(event.celsius)
        if event.status == "overtemp" or (event.celsius or 0) >= self.config.celsius_max:
            yield Finding("pile_overtemp", severity=Severity.P1, device=event.subject, celsius=celsius)
            yield Command(event.subject, "cut_power")
        elif event.status == "overload" or (self.config.amps_max and (event.amps or 0) >= self.config.amps_max):
            yield Finding("pile_overload", device=event.subject, amps=amps)
            yield Command(event.subject, "limit_power")
        elif event.status == "offline":
            yield Finding("pile_offline", severity=Severity.P3, start="repair", device=event.subject)
        else:
            yield Cleared()

    def overdue(self, expectation: Expect, context: Context[Heat]) -> Iterable[Outcome]:
        """It has said nothing at all for too long; one that is no longer registered need not."""
        is_registered = any(device.id == context.key for device in context.devices_at(context.place.code))
        if expectation.by is None or not is_registered or not self.config.silent_hours:
            return
        hours_silent = self.config.silent_hours
        yield Finding("pile_silent", severity=Severity.P3, start="repair", device=context.key, hours=hours_silent)
        yield Expect(REPORT, expectation.by + timedelta(hours=hours_silent))


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:g}"
