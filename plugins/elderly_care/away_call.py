"""The door, then silence (P2): the resident has probably gone out, perhaps fallen behind the closed door.

So it is too where the door told of a return that nothing inside confirms, or where little moved after it had told of
leaving: a door misses passages, and a sensor fires for the sun or a visitor.

Nobody is sent at once: somebody telephones after a limit of its own, and whoever does not answer is looked for, first
by asking the family and the committee, then at the door. An answer "away" belongs into the away register
(``care.away``). All limits are our own assumptions [A].
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from civicloop import CLOSE, SMALL, Check, Context, Expect, Outcome, Severity, Step, hours, minutes

from .home import home_lost_until
from .limits import CallConfig
from .no_sign_of_life import BY_THE_DOOR, INSTANT, SILENCE, Watch, closed_by_people, not_back, silent
from .signs import Signs, Whereabouts


class AwayCall(Watch):
    """By the door the resident may be out, and the last sign is longer ago than an outing takes."""

    name = "elderly_care.away_call"
    severity = Severity.P2
    on_cleared = CLOSE
    chain = (
        Step("call_elder", "call_center", accept=minutes(10), finish=minutes(30), inform="family"),
        Step("ask_around", ("family", "neighborhood_committee"), accept=minutes(15), finish=hours(1)),
        Step("visit", ("neighborhood_committee", "peer_volunteer"), accept=minutes(10), finish=minutes(30)),
        Step("neighbours_and_keys", ("party_secretary", "property_company"), accept=minutes(10), finish=hours(1)),
        Step("joint_visit", ("ops_center", "police"), accept=minutes(10), finish=minutes(90), loop=SMALL),
    )
    check = Check(parties=("call_center", "ops_center", "neighborhood_committee"), within=hours(24), sample=20)
    config: CallConfig

    @property
    def least(self) -> timedelta:
        """Nobody is telephoned sooner, wherever they are."""
        return timedelta(hours=self.config.call_hours)

    def due(self, context: Context[Signs], back_at: datetime | None = None) -> datetime | None:
        """Only while the resident is not surely at home."""
        return context.memory.call_due(self.config, context.zone, closed_by_people(context), back_at)

    def overdue(self, expectation: Expect, context: Context[Signs]) -> Iterable[Outcome]:
        """Who is at home is left to ``no_sign_of_life``, unless a lost gateway holds that back."""
        is_inside = context.memory.whereabouts(self.config, context.zone) is Whereabouts.INSIDE
        yield from self._unheard(expectation, context) if is_inside else super().overdue(expectation, context)

    def _unheard(self, expectation: Expect, context: Context[Signs]) -> Iterable[Outcome]:
        signs, by, start = context.memory, expectation.by, context.memory.start(self.config)
        if by is None or start is None:
            return
        patience = timedelta(hours=self.config.gateway_hours)
        due = start + patience
        if closed_at := closed_by_people(context):
            due = max(due, closed_at + timedelta(hours=self.config.again_hours))
        if due < by + INSTANT:
            if home_lost_until((*signs.moves, *signs.doors), context, by):
                signs.alarm_at, signs.is_alarming = by, True
                yield silent("unheard", by, context)
            due = by + patience
        yield Expect(SILENCE, due)

    def alarm(self, by: datetime, context: Context[Signs]) -> Iterable[Outcome]:
        """Somebody has to telephone."""
        where = context.memory.whereabouts(self.config, context.zone)
        yield not_back(by, self.config, context) or silent(BY_THE_DOOR[where], by, context)
