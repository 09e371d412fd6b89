"""Vehicles and batteries in lift cars."""

from __future__ import annotations

from pydantic import Field

from civicloop import Check, Context, hours, minutes

from .chain import chain_to
from .events import EbikeGone, EbikeSeen
from .routes import LIFT
from .violation import Habit, Violation, ViolationConfig


class LiftConfig(ViolationConfig):
    """A lift is empty again within minutes, so the next sighting is a new alarm sooner than elsewhere."""

    unseen_minutes: int = Field(
        default=10,
        ge=1,
        le=10_080,
        description="After so many minutes without a sighting the next one is a new alarm. Our assumption: the quiet "
        "span after which a lift counts as cleared.",
    )
    gone_minutes: int = Field(
        default=1,
        ge=0,
        le=10_080,
        description="So many minutes after the camera called it gone the next sighting is a new alarm. Our assumption.",
    )


class Lift(Violation[EbikeSeen | EbikeGone]):
    """In a lift car, in whatever way (article 29, 3). The key is the camera: there is one lift to be held.

    A camera is nobody's household, so the repeat rule does not apply: two neighbours in one lift are not one habit.
    """

    name = "ebike_charging.lift"
    route = LIFT
    chain = chain_to(LIFT.authority, visit_within=hours(2))  # [A]
    quiet = minutes(10)
    check = Check(quiet=minutes(10), parties=("ops_center", "neighborhood_committee"), within=hours(24))
    config: LiftConfig

    def key(self, event: EbikeSeen | EbikeGone, context: Context[Habit]) -> str | None:
        """The camera of the lift."""
        return event.subject if super().key(event, context) is not None else None
