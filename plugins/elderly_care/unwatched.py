"""Nobody would notice (P1): the only sensor of an elder is silent.

A silent device is a matter for the vendor. Where it is the only one, its silence is also that of the home, so that
somebody goes and looks, as if the elder had been silent [A]. The vendor is asked beside it, by ``protection_lost``.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Annotated, Final

from pydantic import Field

from civicloop import (
    CLOSE_BEFORE_DISPATCH,
    Cleared,
    Config,
    Context,
    Device,
    Expect,
    Finding,
    Memory,
    Outcome,
    Severity,
)

from .chains import ASK_FAMILY, CONTACT_FIRST, SILENCE_VISITS, VISIT_CONTACT_FIRST
from .events import Away, Back, DeviceReport, Report
from .home import GATEWAY, HomeScenario, gateway_doubt, visit_record
from .no_sign_of_life import NoSignOfLife
from .signs import latest

REPORT: Final = "report"
"""The watchdog of a home with one sensor."""

NO_SENSORS: Final = frozenset({GATEWAY, "voice"})
"""Kinds of devices in a home that sense nothing."""


class UnwatchedConfig(Config):
    """When the silence of an only sensor is looked into, and how long an absence is believed."""

    silent_hours: Annotated[int, Field(ge=0, le=24 * 14)] = Field(
        default=24,
        description="Hours of silence of a home's only sensor after which somebody visits. Our assumption, from the 24 "
        "h without movement of Changning and 24 h without data of water analytics. 0: nobody does.",
    )
    away_days: Annotated[int, Field(ge=1, le=366)] = Field(
        default=7, description="How long an absence without an end is believed, in days. Our assumption: a week's stay."
    )
    away_days_max: Annotated[int, Field(ge=1, le=366)] = Field(
        default=90, description="No absence is believed for longer than this, in days. Our assumption."
    )


class OnlySensor(Memory):
    """When the home was last heard of, and until when nobody is expected there.

    ``alarm_at`` is the silence for which a case may be open; only what is no older ends it.
    """

    seen_at: datetime | None = None
    away_until: datetime | None = None
    alarm_at: datetime | None = None


class Unwatched(HomeScenario[Report | Away | Back, OnlySensor]):
    """The only sensor of a home has been silent for too long."""

    name = "elderly_care.unwatched"
    severity = Severity.P1
    on_cleared = CLOSE_BEFORE_DISPATCH
    evidence = (visit_record(*SILENCE_VISITS),)
    chain = NoSignOfLife.chain
    chains = {CONTACT_FIRST: VISIT_CONTACT_FIRST}
    tracks = (ASK_FAMILY,)
    config: UnwatchedConfig

    def assess(self, event: Report | Away | Back, context: Context[OnlySensor]) -> Iterable[Outcome]:
        """The home is heard of, or nobody will be there for a while."""
        home = context.memory
        if isinstance(event, Away):
            home.away_until = self._believed(event)
        elif not (isinstance(event, DeviceReport) and event.status == "offline"):
            home.seen_at = latest(home.seen_at, event.at)
            if isinstance(event, Back) or (home.away_until and event.at > home.away_until):
                home.away_until = None
            if home.alarm_at and event.at == home.seen_at and event.at >= home.alarm_at:
                home.alarm_at = None
                yield Cleared()
        yield Expect(REPORT, self._due(home) if self._only_sensor(context) else None)

    def overdue(self, expectation: Expect, context: Context[OnlySensor]) -> Iterable[Outcome]:
        """A visit, unless the home has more sensors now, its gateway is silent, or people are looking after it."""
        home, by, sensor = context.memory, expectation.by, self._only_sensor(context)
        due = self._due(home)
        if by is None or due is None or sensor is None:
            return
        if due <= by:
            due = self._doubt(sensor, home, context, by)
        if due is not None and due > by:
            yield Expect(REPORT, due)
            return
        home.alarm_at = by
        yield Finding("only_sensor_silent", device=sensor.id, hours=self.config.silent_hours)
        yield Expect(REPORT, by + self._span)

    @property
    def _span(self) -> timedelta:
        return timedelta(hours=self.config.silent_hours)

    def _due(self, home: OnlySensor) -> datetime | None:
        since = latest(home.seen_at, home.away_until)
        return since + self._span if since and home.seen_at and self.config.silent_hours else None

    def _believed(self, away: Away) -> datetime:
        end = away.until or away.at + timedelta(days=self.config.away_days)
        return min(end, away.at + timedelta(days=self.config.away_days_max))

    def _only_sensor(self, context: Context[OnlySensor]) -> Device | None:
        sensors = [device for device in context.devices_at(context.key) if device.kind not in NO_SENSORS]
        return sensors[0] if len(sensors) == 1 else None

    def _doubt(self, sensor: Device, home: OnlySensor, context: Context[OnlySensor], by: datetime) -> datetime | None:
        """Until when somebody else accounts for the silence; ``None``: nobody does.

        A gateway that passed on nothing after this very sensor is no excuse: it may be well, and the elder not.
        """
        visit = context.find_case(f"{NoSignOfLife.name}/{context.key}")
        if visit is not None and visit.is_open:
            return by + timedelta(hours=1)
        if visit is not None and visit.closed_at is not None and visit.closed_at + self._span > by:
            return visit.closed_at + self._span
        heard = context.heard(f"elderly_care.gateway_lost/{sensor.via}")
        is_its_own = heard is None or home.seen_at is None or heard <= home.seen_at
        return None if is_its_own else gateway_doubt(sensor, context, by, self._span)
