"""SOS, smoke and gas (P0): everybody who could be there first is asked at once, and the emergency line is opened.

Quiet hours, the away register and rate limits do not exist here, and no sensor ends what somebody was sent to. Fire and
gas go to everybody at once in every profile; only a call for help may ask the contact first.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Annotated, Literal, TypeVar

from pydantic import Field

from civicloop import (
    EVIDENCE,
    Cleared,
    Config,
    Context,
    Event,
    Finding,
    Memory,
    Outcome,
    Severity,
    Tally,
    minutes,
)

from .chains import (
    CONFIRM,
    CONTACT_FIRST,
    EMERGENCY_SERVICES,
    RESCUE,
    SOS_CONTACT_FIRST,
    VISITS,
    emergency_line,
    respond,
    take_command,
)
from .events import GasSensor, SmokeSensor, SosPress
from .home import HomeScenario, visit_record

E = TypeVar("E", bound=Event)
M = TypeVar("M", bound=Memory)


class AlarmConfig(Config):
    """Who may call 119 and 120."""

    emergency_calls: Literal["confirmed", "automatic"] = Field(
        default="confirmed",
        description="confirmed: a person at the call centre confirms within 60 seconds before 119 or 120 is called. "
        "automatic: they are asked at once, which needs the approval of the local fire and rescue services. "
        "Our assumption: without that approval a machine does not call them.",
    )

    @property
    def start(self) -> str:
        """The step at which the emergency line begins."""
        return EMERGENCY_SERVICES if self.emergency_calls == "automatic" else CONFIRM


class DetectorConfig(AlarmConfig):
    """What is said of tests before an alarm."""

    tests_within_minutes: Annotated[int, Field(ge=1, le=24 * 60)] = Field(
        default=60,
        description="Tests of a home's detector within this many minutes before a real alarm are named in its notices, "
        "which go out all the same. Our assumption: an hour of maintenance.",
    )


class Tests(Memory):
    """The tests of a home's detectors, counted; they send nobody anywhere."""

    tests: Tally = Tally()

    def before(self, at: datetime, within_minutes: int) -> int:
        """How many tests there were within a span before an alarm."""
        since = at - timedelta(minutes=within_minutes)
        return sum(since <= test <= at for test in self.tests.times)


class Alarm(HomeScenario[E, M]):
    """A danger to life."""

    severity = Severity.P0
    on_cleared = EVIDENCE
    evidence = (visit_record(),)

    def key(self, event: E, context: Context[M]) -> str | None:
        """The household; for an alarm outside any household, in a corridor for one, the place itself."""
        return super().key(event, context) or context.place.code


class Sos(Alarm[SosPress, Memory]):
    """Somebody calls for help."""

    name = "elderly_care.sos"
    evidence = (visit_record(*VISITS),)
    chain = (respond(), take_command("police"), RESCUE)
    chains = {CONTACT_FIRST: SOS_CONTACT_FIRST}
    tracks = (emergency_line("medical_rescue", "police"),)
    config: AlarmConfig

    def assess(self, event: SosPress, context: Context[Memory]) -> Iterable[Outcome]:
        """Every press counts."""
        yield Finding("sos_pressed", start=self.config.start, device=event.subject)


def detected(
    what: str, event: SmokeSensor | GasSensor, context: Context[Tests], config: DetectorConfig
) -> Iterable[Outcome]:
    """An alarm, its end, or a test of the device, which is counted and sends nobody anywhere."""
    tests = context.memory
    if event.test:
        tests.tests.add(event.at, minutes(config.tests_within_minutes))
    elif not event.alarm:
        yield Cleared()
    elif count := tests.before(event.at, config.tests_within_minutes):
        yield Finding(f"{what}_after_tests", start=config.start, device=event.subject, tests=count)
    else:
        yield Finding(what, start=config.start, device=event.subject)


class Smoke(Alarm[SmokeSensor, Tests]):
    """A smoke detector raises its alarm."""

    name = "elderly_care.smoke"
    chain = (respond(), take_command("fire_rescue", "police"), RESCUE)
    tracks = (emergency_line("fire_rescue"),)
    config: DetectorConfig

    def assess(self, event: SmokeSensor, context: Context[Tests]) -> Iterable[Outcome]:
        """Smoke, or what else the detector says."""
        yield from detected("smoke_alarm", event, context, self.config)


class Gas(Alarm[GasSensor, Tests]):
    """A gas detector raises its alarm; the gas company is asked with the others."""

    name = "elderly_care.gas"
    chain = (respond("gas_company"), take_command("fire_rescue", "police"), RESCUE)
    tracks = (emergency_line("fire_rescue"),)
    config: DetectorConfig

    def assess(self, event: GasSensor, context: Context[Tests]) -> Iterable[Outcome]:
        """Gas, or what else the detector says."""
        yield from detected("gas_alarm", event, context, self.config)
