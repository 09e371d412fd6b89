"""What unsorted and off-window drops share: guidance first, and a visit for whoever does it again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Annotated, Final, TypeVar

from pydantic import Field

from civicloop import (
    EVIDENCE,
    SMALL,
    Check,
    Config,
    Context,
    Effect,
    Finding,
    Memory,
    Outcome,
    Recurrence,
    Scenario,
    Severity,
    Step,
    days,
    hours,
    read_texts,
    work_days,
    work_hours,
)

from .events import OffWindowDrop, UnsortedDrop
from .voice import speak

E = TypeVar("E", bound=UnsortedDrop | OffWindowDrop)

GUIDANCE: Final = (
    # In working time: nobody is woken because a neighbour mixed up two bins.
    # The committee organises, mobilises and guides (article 41); a street adds the role of its sorting volunteers.
    Step("guide", ("neighborhood_committee", "block_cadre"), accept=work_hours(4), finish=work_days(2)),  # [A]
    # The company guides and asks to correct (article 27); whoever does it again is visited at once.
    Step("visit", ("party_secretary", "property_manager"), accept=work_hours(4), finish=work_days(3)),  # [A]
    Step("street", "ops_center", accept=work_hours(4), finish=work_days(5), loop=SMALL),  # [A]
)


class DropConfig(Config):
    """When a camera is believed, and how often the bin room speaks."""

    confidence_min: Annotated[float, Field(ge=0, le=1)] = Field(
        default=0.6,
        description="How sure, 0 to 1, a camera must be for what it says to be believed. Our assumption.",
    )
    voice_minutes: Annotated[int, Field(ge=1, le=1440)] = Field(
        default=10,
        description="The bin room speaks to the same household or point at most once in so many minutes. Our "
        "assumption; the voice prompt itself is practice in Hongkou.",
    )


class Prompted(Memory):
    """When the bin room last spoke."""

    spoke_at: datetime | None = None


class Drop(Scenario[E, Prompted]):
    """Somebody is guided, never punished here; what follows a repeated drop is a case of its own (``Correction``)."""

    severity = Severity.P3
    on_cleared = EVIDENCE
    chain = GUIDANCE
    recurrence = Recurrence(within=days(30), start="visit")  # [A]
    check = Check(parties=("ops_center", "neighborhood_committee"), within=hours(24), sample=20)  # [A]
    outcomes = {"guided": Effect.DONE, "corrected": Effect.DONE}
    texts = read_texts(__file__)
    config: DropConfig

    def key(self, event: E, context: Context[Prompted]) -> str | None:
        """The drop point and the household where it is known; nothing when the camera is not sure enough."""
        return drop_key(event) if event.confidence >= self.config.confidence_min else None

    def guide(self, event: E, context: Context[Prompted], prompt: str, finding: Finding) -> Iterator[Outcome]:
        """The finding, and a word from the bin room unless it has just spoken."""
        spoke_at = context.memory.spoke_at
        if spoke_at is None or event.at - spoke_at >= timedelta(minutes=self.config.voice_minutes):
            context.memory.spoke_at = event.at
            yield from speak(context, prompt)
        yield finding


def drop_key(event: UnsortedDrop | OffWindowDrop) -> str:
    """The drop point and the household, else the drop point."""
    return f"{event.subject}:{event.household}" if event.household else event.subject
