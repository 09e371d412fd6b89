"""Protection lost (P2): a device of the kit is broken, or has fallen silent.

Missing data is neither "no use" nor "all well" (water analytics practice: 24 hours without data are a device that is
offline, not zero use). Whether the person is well is the matter of ``no_sign_of_life``, whichever device is missing. A
gateway that falls silent takes all its devices with it: that is one case of ``gateway_lost`` and none here.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Annotated, Final

from pydantic import Field

from civicloop import (
    CLOSE,
    SMALL,
    Cleared,
    Config,
    Context,
    Expect,
    Finding,
    Memory,
    Outcome,
    Severity,
    Step,
    days,
    hours,
)

from .events import DeviceReport, GasSensor, Report, SmokeSensor, SosPress
from .home import GATEWAY, HomeScenario, gateway_doubt, gateway_lost_until
from .signs import latest

REPORT: Final = "report"
"""The watchdog of a device."""

OFFLINE: Final = "offline"
"""The watchdog of a device that was called offline while its gateway was lost."""

TROUBLES: Final = {"offline": "device_offline", "fault": "device_faulty", "low_battery": "device_low_battery"}
"""What to say about each status that is none of health."""


class ProtectionLostConfig(Config):
    """When a device that says nothing counts as lost."""

    silent_hours: Annotated[int, Field(ge=0, le=24 * 60)] = Field(
        default=24,
        description="Hours without any report of a device before it counts as lost. Practice: 24 h without data are a "
        "device that is offline. 0: silence is no loss, for kits that send no sign of their own when nothing happens.",
    )


class Health(Memory):
    """How a device is: its newest status and its newest report of any kind.

    ``lost_at`` is the fact or the silence for which a case may be open; only what is no older ends it. ``is_watched``
    once it has shown that it reports regularly: a detector that spoke only to raise its alarm need not.
    """

    device: str = ""
    status: str = "online"
    status_at: datetime | None = None
    seen_at: datetime | None = None
    is_watched: bool = False
    lost_at: datetime | None = None

    def take(self, event: Report) -> None:
        """Remember a report; of two statuses at one instant the same one stands, whichever came first."""
        self.device = event.subject
        self.seen_at = latest(self.seen_at, event.at)
        self.is_watched |= not isinstance(event, SmokeSensor | GasSensor | SosPress)
        if isinstance(event, DeviceReport):
            told = (event.at, event.status)
            self.status_at, self.status = max((self.status_at, self.status), told) if self.status_at else told

    @property
    def trouble(self) -> str:
        """What is wrong by its newest reports; a device that reports again after it was offline is online."""
        is_heard_again = self.status == "offline" and self.seen_at != self.status_at
        return "" if self.status == "online" or is_heard_again else self.status


class ProtectionLost(HomeScenario[Report, Health]):
    """A device does not protect its household any more until it reports again or was repaired."""

    name = "elderly_care.protection_lost"
    severity = Severity.P2
    on_cleared = CLOSE
    outcomes = {}
    chain = (
        Step("repair", ("device_vendor", "property_company"), accept=hours(4), finish=hours(24)),  # [A]
        Step("supervise", "ops_center", accept=hours(4), finish=days(3), loop=SMALL),  # [A]
    )
    config: ProtectionLostConfig

    def key(self, event: Report, context: Context[Health]) -> str | None:
        """The device, where it belongs to a household and is none that others report through."""
        is_gateway = context.device is not None and context.device.kind == GATEWAY
        return event.subject if context.household and event.subject and not is_gateway else None

    def assess(self, event: Report, context: Context[Health]) -> Iterable[Outcome]:
        """A status that is none of health, or a report that ends the trouble."""
        health = context.memory
        health.take(event)
        if event.at == health.seen_at:
            yield from self._judge(event, context)
        if self.config.silent_hours and health.is_watched and health.seen_at and context.device:
            yield Expect(REPORT, health.seen_at + timedelta(hours=self.config.silent_hours))

    def _judge(self, event: Report, context: Context[Health]) -> Iterable[Outcome]:
        health = context.memory
        if health.trouble == "offline" and (later := self._gateway_lost_until(event.at, context)):
            yield Expect(OFFLINE, later)
        elif health.trouble and (isinstance(event, DeviceReport) or not health.lost_at):
            health.lost_at = event.at
            yield Finding(TROUBLES[health.trouble], device=health.device)
        elif health.lost_at and event.at >= health.lost_at and not health.trouble:
            health.lost_at = None
            yield Cleared()

    def overdue(self, expectation: Expect, context: Context[Health]) -> Iterable[Outcome]:
        """The device is silent or offline, and its gateway is not to blame; one no longer registered may be."""
        health, by, hours_silent = context.memory, expectation.by, self.config.silent_hours
        device = context.find_device(health.device)
        if by is None or device is None or device.place != context.place.code:
            return
        if expectation.name == OFFLINE:
            yield from self._still_offline(by, context)
        elif not hours_silent:
            return
        elif later := gateway_doubt(device, context, by, timedelta(hours=hours_silent)):
            yield Expect(REPORT, later)
        else:
            health.lost_at = by
            yield Finding("device_silent", device=health.device, hours=hours_silent)
            yield Expect(REPORT, by + timedelta(hours=hours_silent))

    def _still_offline(self, by: datetime, context: Context[Health]) -> Iterable[Outcome]:
        health = context.memory
        if health.trouble != "offline":
            return
        if later := self._gateway_lost_until(by, context):
            yield Expect(OFFLINE, later)
        else:
            health.lost_at = by
            yield Finding(TROUBLES[health.trouble], device=health.device)

    def _gateway_lost_until(self, at: datetime, context: Context[Health]) -> datetime | None:
        device = context.find_device(context.memory.device)
        patience = timedelta(hours=self.config.silent_hours)
        return gateway_lost_until(device, context, at, patience) if device else None
