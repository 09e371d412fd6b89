"""No sorting, no pickup (不分类、不收运): yellow notice, time to correct, red notice, mediation."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Annotated, Final

from pydantic import Field

from civicloop import (
    EVIDENCE,
    SMALL,
    Check,
    Config,
    Context,
    Effect,
    Expect,
    Finding,
    Outcome,
    Scenario,
    Severity,
    Step,
    days,
    hours,
    read_texts,
    work_days,
    work_hours,
)

from .chain import DISTRICT, JOINT_MEETING
from .events import HaulRefused

CORRECT, MEDIATE = "correct", "mediate"
CORRECTION: Final = "correction"
"""The watchdog of the time to correct."""

Days = Annotated[int, Field(ge=1, le=7)]


class RefusalConfig(Config):
    """How long there is to correct after the yellow notice. The chain's own limit, 7 days, is the longest."""

    unit_days: Days = Field(
        default=3,
        description="Days a unit has to correct. Practice: Shanghai rule of June 2019, at most 3.",
    )
    residential_days: Days = Field(
        default=7,
        description="Days a residential estate has to correct. Practice: Shanghai rule of June 2019, at most 7.",
    )


class Refusal(Scenario[HaulRefused]):
    """The hauler refuses what is not sorted, after asking, and tells the street (article 29).

    Meanwhile wet and dry are both hauled as dry, and recyclables and hazardous stay. Whoever says that it is sorted now
    is checked by the hauler; collected on the spot is said by the hauler and checked by the street. Pickups resume.
    """

    name = "garbage_sorting.refusal"
    severity = Severity.P3
    on_cleared = EVIDENCE
    chain = (
        # No acceptance: the time to correct is theirs, and the hauler may collect on the spot at any moment of it.
        Step(CORRECT, ("property_company", "hauler"), finish=days(7)),  # [P]
        Step(
            MEDIATE,
            "ops_center",
            accept=work_hours(4),  # [A]
            finish=work_days(3),  # [A]
            loop=SMALL,
            inform=("property_company", "neighborhood_committee", "hauler"),
        ),
        DISTRICT,
        JOINT_MEETING,
    )
    outcomes = {"sorted_now": Effect.DONE, "collected": Effect.DONE}
    check = Check(parties=("hauler", "ops_center"), within=hours(24))
    texts = read_texts(__file__)
    config: RefusalConfig

    def assess(self, event: HaulRefused, context: Context) -> Iterable[Outcome]:
        """Yellow gives time to correct, once a round; red ends it."""
        if event.notice == "red":
            yield Expect(CORRECTION, by=None)
            yield Finding("red_notice", start=MEDIATE, climb=True, point=event.subject)
            return
        span = self.config.unit_days if event.holder == "unit" else self.config.residential_days
        if context.case is None or not context.case.is_open:
            yield Expect(CORRECTION, by=event.at + timedelta(days=span))
        yield Finding(f"yellow_{event.holder}", start=CORRECT, point=event.subject, days=span)

    def overdue(self, expectation: Expect, context: Context) -> Iterable[Outcome]:
        """The time to correct is over: the street mediates, whether or not the red notice has been entered."""
        if context.case is not None and context.case.is_open:
            yield Finding("correction_overdue", start=MEDIATE, climb=True)
