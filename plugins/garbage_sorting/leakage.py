"""Vehicles that leak or spill on the road (跑冒滴漏)."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import Field

from civicloop import (
    EVIDENCE,
    MEDIUM,
    SMALL,
    Check,
    Config,
    Context,
    Finding,
    Outcome,
    Scenario,
    Severity,
    Step,
    hours,
    minutes,
    read_texts,
    work_days,
)

from .chain import PHOTO
from .events import HaulLeak
from .fines import HAULER, Fine, fine_on


class LeakageConfig(Config):
    """What a hauler may be fined that does not correct it."""

    fines: tuple[Fine, ...] = Field(
        default=HAULER,
        min_length=1,
        description="Fines in yuan for haulers, each from its day on. Law: Shanghai Household Garbage Regulation, "
        "article 60 (sealed vehicles), after failing to correct.",
    )


class Leakage(Scenario[HaulLeak]):
    """The hauler's control room stops and cleans up; what it leaves goes to the street, the bureau, and a penalty.

    The bureau looks at the pictures and says whether it becomes a matter of enforcement: it approves or denies.
    """

    name = "garbage_sorting.leakage"
    severity = Severity.P2
    on_cleared = EVIDENCE
    chain = (
        Step("control_room", "hauler", accept=minutes(10), finish=hours(4)),  # [A]; [P] event class 0114
        Step("street", ("ops_center", "sanitation_station"), accept=minutes(30), finish=hours(8), loop=SMALL),  # [A]
        Step(
            "bureau",
            "greening_sanitation_bureau",
            accept=hours(2),  # [A]
            finish=work_days(1),  # [A]
            loop=MEDIUM,
            review=True,
        ),
        Step(
            "decide",
            "urban_enforcement",
            accept=work_days(1),  # [A]
            finish=work_days(15),  # [A]
            loop=MEDIUM,
            enforcement=True,
            inform=("hauler", "ops_center"),
        ),
    )
    evidence = (PHOTO,)
    check = Check(parties=("sanitation_station", "ops_center"), within=hours(24))
    texts = read_texts(__file__)
    config: LeakageConfig

    def assess(self, event: HaulLeak, context: Context) -> Iterable[Outcome]:
        """Every sighting speaks for the vehicle's one case."""
        fine = fine_on(event.at, self.config.fines)
        yuan = f"{fine.yuan_min}-{fine.yuan_max}" if fine else "-"
        yield Finding("vehicle_leaks", vehicle=event.subject, article=fine.article if fine else "-", yuan=yuan)
