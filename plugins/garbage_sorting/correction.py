"""The order to correct (责令改正), for a household that mixes again after it has been guided."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Annotated, Final

from pydantic import Field

from civicloop import (
    EVIDENCE,
    MEDIUM,
    SMALL,
    CaseClosed,
    Check,
    Config,
    Context,
    Effect,
    Finding,
    Memory,
    Outcome,
    Scenario,
    Severity,
    Step,
    Tally,
    days,
    read_texts,
    work_days,
    work_hours,
)

from .drop import drop_key
from .events import UnsortedDrop
from .fines import is_fined
from .unsorted_drop import Unsorted

REFUSED: Final = "refused"
NEVER_WAS: Final = ("false_alarm", "voided")
"""Results of rounds in which nobody was guided, because there was nothing to say."""


class CorrectionConfig(Config):
    """What counts as mixing again."""

    confidence_min: Annotated[float, Field(ge=0, le=1)] = Field(
        default=0.8,
        description="How sure, 0 to 1, a camera must be for a drop to count towards an order. Our assumption, above "
        "that of guidance.",
    )
    repeat_days: Annotated[int, Field(ge=1, le=365)] = Field(
        default=30,
        description="Days after a guidance within which a drop is a repeated one. Our assumption.",
    )


class Habit(Memory):
    """When a household was last guided, and its drops since. Personal data; forgotten with the span."""

    guided_at: datetime | None = None
    drops: Tally = Tally()


class Correction(Scenario[UnsortedDrop | CaseClosed, Habit]):
    """Guided, and again within 30 days: a person reviews the pictures, then the household is ordered to correct.

    Article 57 fines only after a refusal, and individuals only for the mixings it lists; the rest is never brought
    here. Minor and corrected promptly: no penalty (Pudong off-site enforcement rules, article 15). Whether the order
    was refused is confirmed by somebody else than whoever says so; only then ``Penalty`` opens.
    """

    name = "garbage_sorting.correction"
    severity = Severity.P3
    on_cleared = EVIDENCE
    chain = (
        Step("review", "ops_center", accept=work_hours(4), finish=work_days(1), loop=SMALL, review=True),  # [A]
        Step(
            "order",
            "urban_enforcement",
            accept=work_days(1),  # [A]
            finish=work_days(5),  # [A]; whoever reported it is answered within 5 working days [L]
            loop=MEDIUM,
            enforcement=True,
            inform="neighborhood_committee",
        ),
    )
    outcomes = {"corrected": Effect.DONE, REFUSED: Effect.DONE}
    check = Check(parties=("neighborhood_committee", "ops_center"), within=work_days(2))
    texts = read_texts(__file__)
    config: CorrectionConfig

    def key(self, event: UnsortedDrop | CaseClosed, context: Context[Habit]) -> str | None:
        """The drop point and the household, of drops that article 57 lists and of guidances that were closed."""
        if isinstance(event, CaseClosed):
            return event.key if event.scenario == Unsorted.name and event.result not in NEVER_WAS else None
        is_believed = event.household and event.confidence >= self.config.confidence_min
        return drop_key(event) if is_believed and is_fined(event.expected, event.found) else None

    def assess(self, event: UnsortedDrop | CaseClosed, context: Context[Habit]) -> Iterable[Outcome]:
        """A drop counts only after a guidance that was closed, and not long ago."""
        memory, within = context.memory, self.config.repeat_days
        if isinstance(event, CaseClosed):
            memory.guided_at = event.at
            return
        drops = memory.drops.add(event.at, days(within))
        guided_at = memory.guided_at
        if guided_at is not None and timedelta() < event.at - guided_at <= timedelta(days=within):
            parent = f"{Unsorted.name}/{context.key}"
            yield Finding("dropped_again", parent=parent, point=event.subject, drops=drops, days=within)
