"""Smoke or a battery in runaway (P0): 119, the micro fire station and the evacuation at once, and no dissuasion.

No setting of confidence and no record of a camera stands in the way, and no sensor ends it once somebody was sent.
Emergency numbers are not dialled by machine, which needs a local approval: the call centre and the fire service are
both told at once, and one of them takes it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pydantic import Field

from civicloop import (
    EVIDENCE,
    MEDIUM,
    SMALL,
    Check,
    Cleared,
    Command,
    Context,
    Effect,
    Finding,
    Outcome,
    Scenario,
    Severity,
    Step,
    TrackRule,
    hours,
    minutes,
    read_texts,
)

from .commands import tell
from .events import EbikePile, EbikeSmoke
from .heat import Heat, HeatConfig, is_runaway


class ThermalConfig(HeatConfig):
    """When a reading is a danger to life, and what speaks to those who are in it."""

    voice_kinds: tuple[str, ...] = Field(
        default=("speaker",),
        description="Kinds of devices, registered where the alarm is, that call people out. Our assumption.",
    )


class Thermal(Scenario[EbikePile | EbikeSmoke, Heat]):
    """Three lines of work at once; the case ends when the fire is out, and somebody else has looked."""

    name = "ebike_charging.thermal"
    severity = Severity.P0
    on_cleared = EVIDENCE
    chain = (
        # A micro fire station is said to be on site within 3 minutes [P?]; that report was not checked.
        Step("fight", "micro_fire_station", accept=minutes(1), finish=minutes(30)),  # [A]
        Step("take_command", ("ops_center", "police"), accept=minutes(3), finish=hours(1), loop=SMALL),  # [A]
        Step("rescue", "fire_rescue", accept=minutes(3), finish=hours(1), loop=MEDIUM),  # [A]
    )
    tracks = (
        TrackRule(
            "call_119",
            (
                Step("call_119", ("fire_rescue", "call_center"), accept=minutes(1), finish=minutes(10)),  # [A]
                Step("press_119", ("ops_center", "police"), accept=minutes(1), finish=minutes(10), loop=SMALL),  # [A]
            ),
            required=False,
            check=Check(),
        ),
        TrackRule(
            "evacuate",
            (
                Step("evacuate", ("property_company", "neighborhood_committee"), accept=minutes(1), finish=minutes(10)),
                Step(  # [A], as are the limits of the step before
                    "evacuate_again",
                    ("party_secretary", "block_cadre", "ops_center"),
                    accept=minutes(3),
                    finish=minutes(30),
                    loop=SMALL,
                ),
            ),
            required=False,
            check=Check(),
        ),
    )
    # Whether the fire is out, somebody else looks; that 119 was called and everybody is out, nobody stops to verify.
    check = Check(parties=("fire_rescue", "ops_center", "neighborhood_committee"), within=hours(1))
    outcomes = {"put_out": Effect.DONE, "no_fire": Effect.FALSE_ALARM}
    texts = read_texts(__file__)
    config: ThermalConfig

    def assess(self, event: EbikePile | EbikeSmoke, context: Context[Heat]) -> Iterable[Outcome]:
        """Smoke, or heat that only a runaway makes; a test sends nobody."""
        if isinstance(event, EbikeSmoke):
            if not event.test:
                yield from self._alarm(Finding("smoke_seen", device=event.subject), context) if event.alarm else _over()
        elif is_runaway(event, context.memory.rise(event), self.config):
            degrees = "-" if event.celsius is None else str(round(event.celsius))
            message = "battery_smoke" if event.smoke else "thermal_runaway"
            yield from self._alarm(Finding(message, device=event.subject, celsius=degrees), context)
            yield Command(event.subject, "cut_power")
        else:
            yield from _over()

    def _alarm(self, finding: Finding, context: Context[Heat]) -> Iterator[Outcome]:
        yield finding
        if context.case is None or not context.case.is_open:
            yield from tell(context, self.config.voice_kinds, "evacuate")


def _over() -> Iterator[Outcome]:
    """Evidence that it is over; whoever was sent says so."""
    yield Cleared()
