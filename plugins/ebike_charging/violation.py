"""What all scenarios here share: what a sighting is about, when it is a new alarm, and when a repeated one."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Annotated, ClassVar, Final, TypeVar

from pydantic import Field

from civicloop import (
    VERIFY,
    Check,
    Cleared,
    Config,
    Context,
    Finding,
    Limit,
    Memory,
    Outcome,
    Scenario,
    hours,
    read_texts,
)

from .chain import ENFORCE
from .events import EbikeGone, EbikeMeter, EbikeSeen
from .routes import Penalty, Route, fine_on

Sighting = EbikeSeen | EbikeGone | EbikeMeter
E = TypeVar("E", bound=Sighting)

QUIET: Final[Limit] = hours(2)
"""Nothing seen at the spot for two hours counts as solved [A]."""

OCCASIONS_MAX: Final = 100
"""How many alarms are remembered of one key; the count in a notice stops there."""


class ViolationConfig(Config):
    """When a camera is believed, and what makes an alarm a repeated one."""

    confidence_min: Annotated[float, Field(ge=0, le=1)] = Field(
        default=0.6,
        description="How sure, 0 to 1, a camera must be for what it says to be believed. Our assumption.",
    )
    unseen_minutes: Annotated[int, Field(ge=1, le=10_080)] = Field(
        default=120,
        description="After so many minutes without a sighting the next one is a new alarm. Our assumption: the quiet "
        "span after which a spot counts as cleared.",
    )
    gone_minutes: Annotated[int, Field(ge=0, le=10_080)] = Field(
        default=10,
        description="So many minutes after the camera called it gone the next sighting is a new alarm; sooner, "
        "somebody had only walked through the picture. Our assumption.",
    )
    repeat_memory_days: Annotated[int, Field(ge=1, le=366)] = Field(
        default=90,
        description="How many days an alarm of a household is remembered. Our assumption; the rule itself is practice "
        "at Yanchang estate and Xinhua Road.",
    )
    repeat_at: Annotated[int, Field(ge=2, le=100)] = Field(
        default=2,
        description="From which alarm of the same household on dissuasion is skipped. Practice: the second.",
    )
    penalties: tuple[Penalty, ...] = Field(
        default=(),
        description="Fines in yuan, each from its day on, in place of those of the routing table in routes.py.",
    )


class Habit(Memory):
    """When alarms of this key began, when it was last seen, and when it was first called gone after that.

    This is personal data where the key is a household. An alarm older than the memory span is forgotten with the next
    one.
    """

    occasions: list[datetime] = []
    seen_at: datetime | None = None
    gone_at: datetime | None = None

    def see(self, at: datetime, unseen: timedelta, gone: timedelta, memory: timedelta) -> int:
        """Take note of a sighting; returns how many alarms there have been within ``memory``, this one included."""
        if self.is_new(at, unseen, gone):
            kept = [began for began in self.occasions if at - began < memory]
            self.occasions = [*kept, at][-OCCASIONS_MAX:]
        self.seen_at = max(at, self.seen_at or at)
        return len(self.occasions)

    def is_new(self, at: datetime, unseen: timedelta, gone: timedelta) -> bool:
        """Whether a sighting begins a new alarm instead of being the next picture of the one before.

        One that arrives late belongs to what is known already.
        """
        if self.seen_at is None:
            return True
        was_called_gone = self.gone_at is not None and self.gone_at >= self.seen_at
        return at - self.seen_at > unseen or (was_called_gone and at - (self.gone_at or at) >= gone)

    def lose(self, at: datetime) -> None:
        """Take note that it was called gone, of the first time since it was last seen."""
        if self.gone_at is None or self.gone_at < (self.seen_at or self.gone_at):
            self.gone_at = at


class Violation(Scenario[E, Habit]):
    """A breach at one place: a street's people dissuade first, and a household's second alarm goes to enforcement.

    A scenario of this plugin names its ``route`` and its ``chain``.
    """

    route: ClassVar[Route]
    on_cleared = VERIFY
    quiet = QUIET
    check = Check(quiet=QUIET, parties=("ops_center", "neighborhood_committee"), within=hours(24))
    texts = read_texts(__file__)
    config: ViolationConfig

    def key(self, event: E, context: Context[Habit]) -> str | None:
        """The household, else camera and object, else camera and where; nothing for what another row covers."""
        if isinstance(event, EbikeMeter):
            return event.household
        if event.confidence < self.config.confidence_min or not self.route.covers(event.where, event.activity):
            return None
        return event.household or f"{event.subject}:{event.object or event.where}"

    def assess(self, event: E, context: Context[Habit]) -> Iterable[Outcome]:
        """Seen or charging is a breach, gone or no longer charging is none."""
        if isinstance(event, EbikeGone) or (isinstance(event, EbikeMeter) and not event.charging):
            context.memory.lose(event.at)
            yield Cleared()
        else:
            yield self._finding(event, context)

    def _finding(self, event: E, context: Context[Habit]) -> Finding:
        config = self.config
        alarms = context.memory.see(
            event.at,
            timedelta(minutes=config.unseen_minutes),
            timedelta(minutes=config.gone_minutes),
            timedelta(days=config.repeat_memory_days),
        )
        is_household = self.key(event, context) == event.household
        return Finding(
            message_of(event),
            start=ENFORCE if is_household and alarms >= config.repeat_at else None,
            place=_place_of(event, context),
            device=event.subject,
            alarms=alarms,
            days=config.repeat_memory_days,
            fine=fine_on(event.at, config.penalties or self.route.penalties),
        )


def message_of(event: Sighting) -> str:
    """The text for what was seen: the same words as the event's own."""
    if isinstance(event, EbikeMeter):
        return "meter_charging"
    return "wire_seen" if event.activity == "flying_wire" else f"{event.where}_{event.activity}"


def _place_of(event: Sighting, context: Context[Habit]) -> str | None:
    """The household or building the event names, where the street knows it; else the event's own place."""
    named = (event.household, None if isinstance(event, EbikeMeter) else event.building)
    return next((code for code in named if code and context.find_place(code)), None)
