"""The penalty (处罚), for a household that refused to correct."""

from __future__ import annotations

from collections.abc import Iterable

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
    Outcome,
    Proof,
    Scenario,
    Severity,
    Step,
    read_texts,
    work_days,
    work_hours,
)

from .correction import REFUSED, Correction
from .fines import INDIVIDUAL, Fine, fine_on


class PenaltyConfig(Config):
    """What may be fined."""

    fines: tuple[Fine, ...] = Field(
        default=INDIVIDUAL,
        min_length=1,
        description="Fines in yuan for individuals, each from its day on. Law: Shanghai Household Garbage Regulation, "
        "article 57.",
    )


class Penalty(Scenario[CaseClosed]):
    """Opened by nothing but an order to correct whose refusal was confirmed; decided by people, never by silence.

    The file is reviewed once more before enforcement is asked. A decision carries a number, that of no penalty too.
    """

    name = "garbage_sorting.penalty"
    severity = Severity.P3
    on_cleared = EVIDENCE
    chain = (
        Step("review", "ops_center", accept=work_hours(4), finish=work_days(1), loop=SMALL, review=True),  # [A]
        Step(
            "decide",
            "urban_enforcement",
            accept=work_days(1),  # [A]
            finish=work_days(15),  # [A]; room for notice and defence (Pudong rules, articles 11 and 12 [L])
            loop=MEDIUM,
            enforcement=True,
            inform="neighborhood_committee",
        ),
    )
    outcomes = {"fined": Effect.DONE, "not_fined": Effect.DONE}
    evidence = (Proof("decision", is_numbered=True),)
    check = Check(parties="ops_center", within=work_days(2))
    texts = read_texts(__file__)
    config: PenaltyConfig

    def key(self, event: CaseClosed, context: Context) -> str | None:
        """The drop point and the household of an order that was refused."""
        return event.key if event.scenario == Correction.name and event.result == REFUSED else None

    def assess(self, event: CaseClosed, context: Context) -> Iterable[Outcome]:
        """With the fine of that day; before the first row of the table begins there is nothing to fine."""
        if fine := fine_on(event.at, self.config.fines):
            yuan = f"{fine.yuan_min}-{fine.yuan_max}"
            yield Finding("refused_to_correct", parent=event.case, article=fine.article, yuan=yuan)
