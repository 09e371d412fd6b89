"""A gateway is lost (P2): everything behind it is silent, and that is one case, not one for each device.

Its key is the gateway, a device like others, of kind ``gateway``. Whatever a device behind it reports shows that it
works; its own platform may also say how it is. One that falls silent without a word is told from elders who are silent
by its own last week: it is lost after twice its longest usual pause (``traffic.py``). While its case is open no device
behind it is called silent, and no elder's silence is blamed on the elder, who is telephoned after a day.
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

from .events import DeviceReport, Report
from .home import GATEWAY, GATEWAY_LOST, GATEWAY_QUIET, HomeScenario
from .traffic import SLOT, Days, note, usual_pause

REPORT: Final = "report"
"""The watchdog of a gateway."""

TROUBLES: Final = {"offline": "gateway_offline", "fault": "gateway_faulty", "low_battery": "gateway_low_battery"}


class GatewayConfig(Config):
    """When a gateway that passes nothing on counts as lost."""

    silent_hours: Annotated[int, Field(ge=0, le=24 * 60)] = Field(
        default=24,
        description="Hours in which nothing came through a gateway before it counts as lost. Practice: 24 h without "
        "data are a device that is offline (water analytics). Sooner where its own last week tells; see pause_times. "
        "0: silence is no loss.",
    )
    pause_times: Annotated[int, Field(ge=0, le=24)] = Field(
        default=2,
        description="A gateway that has been heard of for three days counts as lost already after so many times its "
        "longest usual pause of the last week, but not within two hours: with heartbeats, or with several homes behind "
        "it, long before any of these is visited for its silence. Our assumption. 0: only silent_hours.",
    )


class Link(Memory):
    """What is known of a gateway: when something last came through, and the trouble it told of itself.

    ``lost_at`` is the fact or the silence for which a case may be open; only what is no older ends it. ``traffic`` is
    when something came through in the last week, ``pause`` the longest usual pause by it, in half-hours.
    """

    traffic: Days = {}
    pause: int = 0
    seen_at: datetime | None = None
    told_at: datetime | None = None
    trouble: str = ""
    lost_at: datetime | None = None


class GatewayLost(HomeScenario[Report, Link]):
    """Nothing comes through a gateway any more, or it says that something is wrong with it."""

    name = GATEWAY_LOST
    severity = Severity.P2
    on_cleared = CLOSE
    outcomes = {}
    chain = (
        # The committee hears that the homes behind it are not watched.
        Step(
            "repair_gateway",
            ("device_vendor", "property_company"),
            accept=hours(4),
            finish=hours(24),
            inform="neighborhood_committee",
        ),  # [A]
        Step("supervise", "ops_center", accept=hours(4), finish=days(3), loop=SMALL),  # [A]
    )
    config: GatewayConfig

    def key(self, event: Report, context: Context[Link]) -> str | None:
        """The gateway; that a platform calls one device offline proves nothing about its gateway."""
        device = context.device
        if device is None:
            return None
        if device.kind == GATEWAY:
            return device.id
        is_dead = isinstance(event, DeviceReport) and event.status == "offline"
        return None if is_dead else device.via or None

    def assess(self, event: Report, context: Context[Link]) -> Iterable[Outcome]:
        """Something came through, or the gateway told how it is."""
        link, is_own = context.memory, event.subject == context.key
        if isinstance(event, DeviceReport) and is_own and (link.told_at is None or event.at >= link.told_at):
            link.told_at, link.trouble = event.at, "" if event.status == "online" else event.status
        elif link.trouble == "offline" and not is_own and (link.told_at is None or event.at > link.told_at):
            link.trouble = ""
        link.seen_at = max(link.seen_at or event.at, event.at)
        if note(link.traffic, event.at):
            link.pause = usual_pause(link.traffic)
        if event.at == link.seen_at:
            yield from self._judge(event.at, is_own, context)
        yield from self._watch(link.seen_at, self._patience(link))

    def _patience(self, link: Link) -> timedelta:
        most = timedelta(hours=self.config.silent_hours)
        if not link.pause or not self.config.pause_times:
            return most
        return min(max(link.pause * self.config.pause_times * SLOT, GATEWAY_QUIET), most)

    def _judge(self, at: datetime, is_own: bool, context: Context[Link]) -> Iterable[Outcome]:
        link = context.memory
        if link.trouble and (is_own or not link.lost_at):
            link.lost_at = at
            yield Finding(TROUBLES[link.trouble], place=self._place(context), gateway=context.key)
        elif link.lost_at and at >= link.lost_at and not link.trouble:
            link.lost_at = None
            yield Cleared()

    def overdue(self, expectation: Expect, context: Context[Link]) -> Iterable[Outcome]:
        """Nothing has come through for too long."""
        if expectation.by is None or not self.config.silent_hours:
            return
        link = context.memory
        silent = int((expectation.by - (link.seen_at or expectation.by)) / timedelta(hours=1))
        link.lost_at = expectation.by
        yield Finding("gateway_silent", place=self._place(context), gateway=context.key, hours=silent)
        yield from self._watch(expectation.by, timedelta(hours=self.config.silent_hours))

    def _watch(self, since: datetime | None, patience: timedelta) -> Iterable[Outcome]:
        if self.config.silent_hours and since is not None:
            yield Expect(REPORT, since + patience)

    def _place(self, context: Context[Link]) -> str | None:
        """The gateway's own place; where it is not registered, that is where something last came through."""
        gateway = context.find_device(context.key)
        return gateway.place if gateway else None
