"""Bags left beside the bins (小包垃圾)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from pydantic import Field

from civicloop import Cleared, Context, Finding, Memory, Outcome

from .events import LitterGone, LitterSeen
from .lying import Lying, LyingConfig


class BaggedLitterConfig(LyingConfig):
    """How sure a camera must be to be believed."""

    confidence_min: Annotated[float, Field(ge=0, le=1)] = Field(
        default=0.6,
        description="How sure, 0 to 1, a camera must be for what it says to be believed. Our assumption.",
    )


class BaggedLitter(Lying[LitterSeen | LitterGone, Memory]):
    """Bags lie at a drop point until the camera sees that they are gone."""

    name = "garbage_sorting.bagged_litter"
    config: BaggedLitterConfig

    def key(self, event: LitterSeen | LitterGone, context: Context) -> str | None:
        """The drop point; nothing when the camera is not sure enough."""
        return event.subject if event.confidence >= self.config.confidence_min else None

    def assess(self, event: LitterSeen | LitterGone, context: Context) -> Iterable[Outcome]:
        """Seen is litter, gone is none."""
        if isinstance(event, LitterGone):
            yield Cleared()
        elif event.bags:
            found = Finding("bags_counted", point=event.subject, bags=event.bags)
            yield from self.lies(event, context, "voice_litter", found)
        else:
            yield from self.lies(event, context, "voice_litter", Finding("bags_seen", point=event.subject))
