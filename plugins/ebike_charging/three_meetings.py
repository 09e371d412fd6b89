"""The three meetings (三会) on a place to charge: beside the enforcement, never before it, and closed by themselves.

Hearing, coordination and review are called by the residents' committee, which publishes their results and what becomes
of them (Shanghai Residents' Committee Work Regulation, articles 16, 17, 23 [L]). Owners vote by ``vote.py``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Annotated, Final

from pydantic import Field

from civicloop import (
    EVIDENCE,
    LARGE,
    MEDIUM,
    CaseClosed,
    CaseReached,
    Check,
    Config,
    Context,
    Effect,
    Finding,
    Memory,
    Outcome,
    Proof,
    Scenario,
    Severity,
    Step,
    days,
    read_texts,
    work_days,
)

from .events import EbikeVote
from .habit import NEVER_WAS
from .precision import JUDGED
from .vote import result_of

EVENTS_MAX: Final = 100
"""How many cases of a building are remembered."""


class MeetingsConfig(Config):
    """From when on a building has a problem that no fine will solve."""

    events_min: Annotated[int, Field(ge=2, le=EVENTS_MAX)] = Field(
        default=3, description="So many cases in one building open the meetings. Our assumption."
    )
    events_days: Annotated[int, Field(ge=1, le=366)] = Field(
        default=30, description="Days within which these cases count together. Our assumption."
    )
    rest_days: Annotated[int, Field(ge=0, le=3660)] = Field(
        default=90,
        description="For so many days after the meetings of a building have ended none are opened there. Our "
        "assumption: the memory of a household.",
    )


class Building(Memory):
    """When cases of this building were opened, by id; those that were denied, or are too old, are not among them."""

    opened: dict[str, datetime] = {}

    def add(self, case: str, at: datetime, within: timedelta) -> int:
        """Count one more; how many there are now in the span up to the newest."""
        known = {**self.opened, case: at}
        newest = max(known.values())
        kept = sorted((when, name) for name, when in known.items() if newest - when <= within)
        self.opened = {name: when for when, name in kept[-EVENTS_MAX:]}
        return len(self.opened)


class ThreeMeetings(Scenario[CaseReached | CaseClosed | EbikeVote, Building]):
    """Hearing, coordination, vote, building, review, each leading on to the next once it is done.

    One that is overdue is pressed every day, and the street's operations centre with it: nothing is coordinated before
    it was heard, and nothing is built before the owners have voted for it (Property Rules, article 18).
    """

    name = "ebike_charging.three_meetings"
    severity = Severity.P3
    on_cleared = EVIDENCE
    chain = (
        Step("hearing", "neighborhood_committee", None, days(15), inform="ops_center", goes_on=True),  # [A]
        Step("coordination", "neighborhood_committee", None, days(30), inform="ops_center", goes_on=True),  # [A]
        Step(
            "vote",
            ("owners_committee", "neighborhood_committee"),
            finish=days(60),  # [A]
            inform="ops_center",
            goes_on=True,
        ),
        Step(
            "build",
            ("property_company", "owners_committee", "housing_bureau", "ops_center"),
            finish=days(90),  # [A]
            loop=LARGE,
            goes_on=True,
        ),
        Step("evaluation", "neighborhood_committee", None, days(30), loop=LARGE, inform="ops_center"),  # [A]
    )
    # Without a quorum, or with a no, nothing is left to do here; three new cases would open another round.
    outcomes = {"passed": Effect.DONE, "rejected": Effect.FALSE_ALARM, "no_quorum": Effect.FALSE_ALARM}
    evidence = (
        Proof("minutes", is_numbered=True, steps=("hearing", "coordination")),
        Proof("vote_result", is_numbered=True, outcomes=("passed", "rejected", "no_quorum"), steps=("vote",)),
        Proof("publication", steps=("hearing", "coordination", "vote", "evaluation")),
    )
    check = Check(parties=("ops_center", "property_company"), within=work_days(5))
    remind_percent = 50
    texts = read_texts(__file__)
    config: MeetingsConfig

    def key(self, event: CaseReached | CaseClosed | EbikeVote, context: Context[Building]) -> str | None:
        """The building in which a breach has its place; outside any building there are no owners to meet."""
        if isinstance(event, EbikeVote):
            return event.subject
        if event.scenario == self.name:
            return event.key
        return context.building.code if context.building and event.scenario in JUDGED else None

    def assess(self, event: CaseReached | CaseClosed | EbikeVote, context: Context[Building]) -> Iterable[Outcome]:
        """Three cases in a month, or one that went to the authorities; of a vote, what it comes to."""
        if isinstance(event, EbikeVote):
            yield from self._count(event, context)
        elif event.scenario == self.name:
            context.memory.opened = {} if isinstance(event, CaseClosed) else context.memory.opened
        elif isinstance(event, CaseClosed):
            if event.result in NEVER_WAS:
                context.memory.opened.pop(event.case, None)
        else:
            yield from self._follow(event, context)

    def _follow(self, event: CaseReached, context: Context[Building]) -> Iterator[Finding]:
        memory, config = context.memory, self.config
        events = memory.add(event.case, event.opened_at, timedelta(days=config.events_days))
        if self._rests(context):
            return
        if event.loop >= MEDIUM:
            yield Finding("gone_to_authority", place=context.key, parent=event.case)
        elif event.is_new and events >= config.events_min:
            yield Finding(
                "often_in_building", place=context.key, parent=event.case, events=events, days=config.events_days
            )

    def _rests(self, context: Context[Building]) -> bool:
        case = context.case
        if case is None or case.closed_at is None:
            return False
        return context.now < case.closed_at + timedelta(days=self.config.rest_days)

    def _count(self, event: EbikeVote, context: Context[Building]) -> Iterator[Finding]:
        """The count is evidence for the meetings that are on; the committee still reports it, with its document."""
        if context.case is not None and context.case.is_open:
            yield Finding(f"vote_{result_of(event)}", owners=event.owners_for, voted=event.owners_voted)
