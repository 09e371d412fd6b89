"""Vehicles and batteries in lift cars."""

from __future__ import annotations

from collections.abc import Iterator

from civicloop import Check, Command, Context, hours, minutes

from .chain import chain_to
from .commands import tell
from .events import EbikeGone, EbikeSeen
from .habit import Habit
from .routes import LIFT
from .settings import LiftConfig
from .violation import Violation


class Lift(Violation[EbikeSeen | EbikeGone]):
    """In a lift car, in whatever way (article 29, 3). The key is the camera: there is one lift to be held.

    A camera is nobody's household, so the repeat rule does not apply: two neighbours in one lift are not one habit.
    Neither does the camera's record: a lift that waits for somebody to confirm has arrived by then. Machines hold it
    and speak, people dissuade as ever; that its camera is noisy is still said.
    """

    name = "ebike_charging.lift"
    route = LIFT
    chain = chain_to(LIFT.authority, visit_within=hours(2))  # [A]
    quiet = minutes(10)
    recurrence = None  # the next one in it is another neighbour
    check = Check(quiet=minutes(10), parties=("ops_center", "neighborhood_committee"), within=hours(24))
    config: LiftConfig
    heeds_precision = False

    def key(self, event: EbikeSeen | EbikeGone, context: Context[Habit]) -> str | None:
        """The camera of the lift."""
        return event.subject if super().key(event, context) is not None else None

    def _commands(self, context: Context[Habit]) -> Iterator[Command]:
        """The lift's door is held open, whoever is on the way."""
        yield from tell(context, self.config.blocker_kinds, "hold_door")
        yield from super()._commands(context)
