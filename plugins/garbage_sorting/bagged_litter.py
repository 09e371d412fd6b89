"""Bags left beside the bins (小包垃圾)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from pydantic import Field

from civicloop import VERIFY, Cleared, Config, Context, Finding, Outcome, Scenario, read_texts

from .chain import CHAIN, CHECK, OUTCOMES, QUIET
from .events import LitterGone, LitterSeen


class BaggedLitterConfig(Config):
    """How sure a camera must be to be believed."""

    confidence_min: Annotated[float, Field(ge=0, le=1)] = Field(
        default=0.6,
        description="How sure, 0 to 1, a camera must be for what it says to be believed. Our assumption.",
    )


class BaggedLitter(Scenario[LitterSeen | LitterGone]):
    """Bags lie at a drop point until the camera sees that they are gone."""

    name = "garbage_sorting.bagged_litter"
    chain = CHAIN
    on_cleared = VERIFY
    quiet = QUIET
    check = CHECK
    outcomes = OUTCOMES
    texts = read_texts(__file__)
    config: BaggedLitterConfig

    def key(self, event: LitterSeen | LitterGone, context: Context) -> str | None:
        """The drop point; nothing when the camera is not sure enough."""
        return event.subject if event.confidence >= self.config.confidence_min else None

    def assess(self, event: LitterSeen | LitterGone, context: Context) -> Iterable[Outcome]:
        """Seen is litter, gone is none."""
        if isinstance(event, LitterGone):
            yield Cleared()
        elif event.bags:
            yield Finding("bags_counted", point=event.subject, bags=event.bags)
        else:
            yield Finding("bags_seen", point=event.subject)
