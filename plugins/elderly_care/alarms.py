"""SOS, smoke and gas (P0): everybody who could be there first is asked at once.

The Xuhui plan of 2023/24 and Hongkou's kit alert them together [P]. Emergency numbers (119, 120) are not dialled by
machine, which needs a local approval: somebody at the call centre confirms the alarm first, within 60 seconds [A].
Quiet hours, the away register and rate limits do not exist here, and no sensor ends what somebody was sent to.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, TypeVar

from civicloop import (
    EVIDENCE,
    MEDIUM,
    SMALL,
    Cleared,
    Context,
    Event,
    Finding,
    Memory,
    Outcome,
    Severity,
    Step,
    hours,
    minutes,
)

from .events import GasSensor, SmokeSensor, SosPress
from .home import HomeScenario

E = TypeVar("E", bound=Event)

ACCEPT: Final = minutes(3)
"""Nobody has taken the alarm on for so long: the street's duty and the emergency services are asked [A]."""


def respond(*others: str) -> Step:
    """Everybody nearby, and ``others``, in parallel; the first to accept stops the climb, all may go."""
    return Step(
        "respond",
        ("call_center", "property_company", "micro_fire_station", "neighborhood_committee", *others),
        accept=ACCEPT,
        finish=minutes(30),  # [P] on site in less than 30 minutes (Yangpu)
        inform="family",
    )


def take_command(*services: str) -> Step:
    """The street's duty takes over, together with the emergency services of this danger."""
    return Step("take_command", ("ops_center", *services), accept=ACCEPT, finish=hours(1), loop=SMALL)


# The call centre presses its line to 110, 119 and 120 until somebody is there, and reports to the duty leader [P].
RESCUE: Final = Step("rescue", "call_center", accept=ACCEPT, finish=hours(1), loop=MEDIUM)


class Alarm(HomeScenario[E, Memory]):
    """A danger to life."""

    severity = Severity.P0
    on_cleared = EVIDENCE

    def key(self, event: E, context: Context[Memory]) -> str | None:
        """The household; for an alarm outside any household, in a corridor for one, the place itself."""
        return super().key(event, context) or context.place.code


class Sos(Alarm[SosPress]):
    """Somebody calls for help."""

    name = "elderly_care.sos"
    chain = (respond(), take_command("police"), RESCUE)

    def assess(self, event: SosPress, context: Context[Memory]) -> Iterable[Outcome]:
        """Every press counts."""
        yield Finding("sos_pressed", device=event.subject)


class Smoke(Alarm[SmokeSensor]):
    """A smoke detector raises its alarm."""

    name = "elderly_care.smoke"
    chain = (respond(), take_command("fire_rescue", "police"), RESCUE)

    def assess(self, event: SmokeSensor, context: Context[Memory]) -> Iterable[Outcome]:
        """An alarm, its end, or a test of the device, which sends nobody anywhere."""
        if not event.test:
            yield Finding("smoke_alarm", device=event.subject) if event.alarm else Cleared()


class Gas(Alarm[GasSensor]):
    """A gas detector raises its alarm; the gas company is asked with the others."""

    name = "elderly_care.gas"
    chain = (respond("gas_company"), take_command("fire_rescue", "police"), RESCUE)

    def assess(self, event: GasSensor, context: Context[Memory]) -> Iterable[Outcome]:
        """An alarm, its end, or a test of the device, which sends nobody anywhere."""
        if not event.test:
            yield Finding("gas_alarm", device=event.subject) if event.alarm else Cleared()
