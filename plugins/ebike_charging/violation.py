"""What all breaches share: what a sighting is about, whether it is believed, and at which step its case begins."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import ClassVar, Final, TypeVar

from civicloop import (
    VERIFY,
    Check,
    Cleared,
    Command,
    Context,
    Finding,
    Limit,
    Outcome,
    Recurrence,
    Scenario,
    hours,
    read_texts,
)

from .chain import CONFIRM, DECISIONS, DISSUADE, ENFORCE, EVIDENCE, STATUTORY_REPORT, VISIT
from .commands import tell
from .events import EbikeGone, EbikeMeter, EbikeSeen
from .habit import Habit, was_denied
from .kinds import kind_of
from .precision import CameraPrecision
from .routes import Route, in_force
from .settings import ViolationConfig

Sighting = EbikeSeen | EbikeGone | EbikeMeter
E = TypeVar("E", bound=Sighting)

QUIET: Final[Limit] = hours(2)
"""Nothing seen at the spot for two hours counts as solved [A]."""

BACK_WITHIN_A_DAY: Final = Recurrence(within=hours(24), start=VISIT)
"""And nothing seen there again within 24 hours [A]: what is back by then was dissuaded in vain.

The next round is linked to the one that did not last, and goes on with the joint visit, beside which the company owes
its report (Residential Property Rules, article 59). A doubtful picture is still confirmed by a person first.
"""


class Violation(Scenario[E, Habit]):
    """A breach at one place: a street's people dissuade first, and a household's second alarm goes to enforcement.

    A scenario of this plugin names its ``route`` and its ``chain``. ``heeds_precision``: a device that has often been
    wrong is confirmed by a person first.
    """

    route: ClassVar[Route]
    heeds_precision: ClassVar[bool] = True
    tracks = (STATUTORY_REPORT,)
    on_cleared = VERIFY
    quiet = QUIET
    recurrence: ClassVar[Recurrence | None] = BACK_WITHIN_A_DAY
    check = Check(quiet=QUIET, parties=("ops_center", "neighborhood_committee"), within=hours(24))
    outcomes = DECISIONS
    evidence = EVIDENCE
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
        """Seen or charging is a breach, gone or no longer charging is none; what was denied is not said again."""
        context.memory.settle(context.case)
        if isinstance(event, EbikeGone) or (isinstance(event, EbikeMeter) and not event.charging):
            if self._is_sure(event):
                context.memory.lose(event.at)
                yield Cleared()
        elif not self._is_denied(event, context):
            yield from self._seen(event, context)

    def _seen(self, event: E, context: Context[Habit]) -> Iterator[Outcome]:
        config, habit = self.config, context.memory
        unseen, gone = timedelta(minutes=config.unseen_minutes), timedelta(minutes=config.gone_minutes)
        is_open = context.case is not None and context.case.is_open
        is_new = habit.is_new(event.at, unseen, gone)
        alarms = habit.see(event.at, unseen, gone, timedelta(days=config.repeat_memory_days))
        penalty = in_force(event.at, config.penalties or self.route.rows)
        yield Finding(
            message_of(event),
            start=None if is_open else self._start(event, context, alarms),
            place=_place_of(event, context),
            device=event.subject,
            kind=kind_of(event),
            alarms=alarms,
            days=config.repeat_memory_days,
            article=self.route.article,
            fine=penalty.yuan if penalty else "-",
            law=penalty.law if penalty else "-",
        )
        if is_new and self._is_sure(event):
            yield from self._commands(context)

    def _start(self, event: E, context: Context[Habit], alarms: int) -> str:
        """A repeated alarm goes to the review, where a person looks anyway; a doubtful one to a person first."""
        is_household = self.key(event, context) == event.household
        if is_household and alarms >= self.config.repeat_at:
            return ENFORCE
        is_noisy = self.heeds_precision and CameraPrecision.is_noisy(event.subject, context)
        return DISSUADE if self._is_sure(event) and not is_noisy else CONFIRM

    def _is_sure(self, event: E) -> bool:
        return isinstance(event, EbikeMeter) or event.confidence >= self.config.confirm_below

    def _is_denied(self, event: E, context: Context[Habit]) -> bool:
        """Whether somebody has just denied this very claim of this very device, and it has not been gone since."""
        case, habit, config = context.case, context.memory, self.config
        if case is None or case.closed_at is None or not was_denied(case):
            return False
        if habit.gone_at is not None and event.at - habit.gone_at >= timedelta(minutes=config.gone_minutes):
            return False
        if (case.variables.get("device"), case.message) != (event.subject, message_of(event)):
            return False
        habit.gone_at = None
        return event.at < case.closed_at + timedelta(hours=config.denied_hours)

    def _commands(self, context: Context[Habit]) -> Iterator[Command]:
        """What machines on the spot do meanwhile."""
        yield from tell(context, self.config.voice_kinds, "voice_prompt")


def message_of(event: Sighting) -> str:
    """The text for what was seen: the same words as the event's own."""
    if isinstance(event, EbikeMeter):
        return "meter_charging"
    return "wire_seen" if event.activity == "flying_wire" else f"{event.where}_{event.activity}"


def _place_of(event: Sighting, context: Context[Habit]) -> str | None:
    """The household or building the event names, where the street knows it; else the event's own place."""
    named = (event.household, None if isinstance(event, EbikeMeter) else event.building)
    return next((code for code in named if code and context.find_place(code)), None)
