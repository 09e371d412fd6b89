"""No sign of life (P1): neither door, nor movement, nor water, for longer than this household is ever silent.

How long that is follows from the household's own rhythm (``rhythm.py``); the fixed rules of practice hold until that is
known, and are never exceeded indoors. Whoever has probably gone out is telephoned first: ``away_call.py``.

Chain B2, profile ``hongkou_parallel``: the committee's cadre and the paired peer volunteer (老伙伴) are sent together
[P]; limits marked [A] are our own assumptions. A street that follows ``jingan_contact_first`` says so in ``profile``.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from civicloop import (
    CLOSE_BEFORE_DISPATCH,
    MEDIUM,
    SMALL,
    Cleared,
    Command,
    Context,
    Expect,
    Finding,
    Outcome,
    Reason,
    Severity,
    Step,
    hours,
    minutes,
)

from .chains import ASK_FAMILY, CONTACT_FIRST, SILENCE_VISITS, VISIT_CONTACT_FIRST
from .events import Away, Back, Door, Motion, Water
from .home import HomeScenario, home_back_at, home_lost_until, visit_record
from .limits import SignsConfig, SilenceConfig
from .signs import Fact, Signs, Whereabouts

SILENCE: Final = "silence"
"""The watchdog of a household."""

REVIEW: Final = timedelta(hours=1)
"""A silence that may be too long is looked at anew after this at the soonest, and each time it is half as long again.

A fact that comes late may show that there is less time than was thought. It changes the memory, but arms nothing;
without this, facts delivered in another order could hold an alarm off for a day. What no late fact can shorten
(``Watch.least``) is waited for in one go: a home that moves every hour is not looked at every hour.
"""

INSTANT: Final = timedelta(seconds=1)
"""A silence is not looked at again within less than this."""

BY_THE_DOOR: Final = {
    Whereabouts.OUT: "silent_after_door",
    Whereabouts.RETURNED: "silent_since_return",
    Whereabouts.UNSURE: "silent_unsure",
}
"""What to say of a silence where the resident is not surely at home."""

VOICE: Final = "voice"
"""Kind of a device in the home that can be told to call out to the elder."""


class Watch(HomeScenario[Door | Motion | Water | Away | Back, Signs]):
    """A household is watched for silence: a sign of life ends an alarm, and the wait for the next one begins."""

    config: SignsConfig

    @property
    def least(self) -> timedelta:
        """How long every silence may last after the last sign of life, whatever else is known or comes late."""
        raise NotImplementedError

    def due(self, context: Context[Signs], back_at: datetime | None = None) -> datetime | None:
        """Until when silence is no alarm; ``None`` while nothing is to be waited for.

        ``back_at``: since when the home can be heard again, after its gateway was lost.
        """
        raise NotImplementedError

    def alarm(self, by: datetime, context: Context[Signs]) -> Iterable[Outcome]:
        """What is done about a silence that has lasted until ``by``."""
        raise NotImplementedError

    def assess(self, event: Fact, context: Context[Signs]) -> Iterable[Outcome]:
        """A sign of life ends an alarm, and the wait for the next one begins."""
        signs = context.memory
        if signs.take(event, self.config, context.zone) and signs.is_alarming and signs.is_news(event.at):
            signs.is_alarming = False
            yield Cleared()
        yield Expect(SILENCE, self._first_look(event.at, context))

    def _first_look(self, at: datetime, context: Context[Signs]) -> datetime:
        last, review = context.memory.last, at + REVIEW
        if last is not None and last + self.least >= review:
            return last + self.least
        return earliest(self.due(context), review)

    def overdue(self, expectation: Expect, context: Context[Signs]) -> Iterable[Outcome]:
        """Nothing was heard: an alarm, unless a late fact, people, or a lost gateway have allowed more time."""
        signs, by = context.memory, expectation.by
        due = self.due(context)
        if by is None or due is None:
            return
        if due < by + INSTANT:
            due = self._unless_gateway_lost(due, by, context)
        if due < by + INSTANT:
            yield from self.alarm(by, context)
            signs.alarm_at, signs.is_alarming = by, True
            due = self.due(context)
        yield Expect(SILENCE, earliest(due, by + max(REVIEW, (by - (signs.newest or by)) / 2)))

    def _unless_gateway_lost(self, due: datetime, by: datetime, context: Context[Signs]) -> datetime:
        """Until when a lost gateway accounts for the silence, and the home has its time anew; never for ever."""
        signs = context.memory
        start, sensors = signs.start(self.config), (*signs.moves, *signs.doors)
        most = start + timedelta(hours=self.config.gateway_hours) if start else due
        if most < by + INSTANT:
            return due
        later = home_lost_until(sensors, context, by)
        if later is None and (back_at := home_back_at(sensors, context)):
            later = self.due(context, back_at)
        return max(due, min(later, most)) if later else due


def earliest(due: datetime | None, review: datetime) -> datetime:
    """When to look again."""
    return review if due is None else min(due, review)


def closed_by_people(context: Context[Signs]) -> datetime | None:
    """When people closed the latest case of this rule and elder; a sign of life that ended it is none of theirs."""
    # Only an alarm opens a case, and most homes never had one: for them the store need not be asked at each fact.
    case = context.case if context.memory.alarm_at else None
    if case is None or case.is_open or case.result == Reason.CLEARED:
        return None
    return case.closed_at


def silent(message: str, by: datetime, context: Context[Signs]) -> Finding:
    """Since when nothing was heard, on the local clock, and for how many hours."""
    since = context.memory.last or by
    return Finding(message, since=clock(since, context), hours=whole_hours(since, by))


def whole_hours(since: datetime, by: datetime) -> int:
    """How many hours have passed, begun ones left out."""
    return int((by - since) / timedelta(hours=1))


def clock(moment: datetime, context: Context[Signs]) -> str:
    """A moment as people of this street read it."""
    return f"{moment.astimezone(context.zone):%m-%d %H:%M}"


def not_back(by: datetime, config: SignsConfig, context: Context[Signs]) -> Finding | None:
    """What to say where a registered absence has ended and nothing was heard since."""
    since, end = context.memory.last, context.memory.away_end(config)
    if since is None or (end is not None and end > since):
        return Finding("not_back", until=clock(end or by, context))
    return None


class NoSignOfLife(Watch):
    """A household has been silent for longer than its rhythm, or its profile, allows."""

    name = "elderly_care.no_sign_of_life"
    severity = Severity.P1
    on_cleared = CLOSE_BEFORE_DISPATCH
    evidence = (visit_record(*SILENCE_VISITS),)
    chain = (
        # Before anybody climbs stairs: any sensor, the away register, or a voice call may end it by itself [A].
        Step("check_first", finish=minutes(5)),
        Step(
            "visit",
            ("neighborhood_committee", "peer_volunteer"),
            accept=minutes(10),  # [A]
            finish=minutes(30),  # [A]; the reports say "at once"
        ),
        Step(
            "neighbours_and_keys",
            ("party_secretary", "property_company"),
            accept=minutes(10),  # [A]
            finish=minutes(60),  # [A]
            from_opening=True,
        ),
        Step(
            "joint_visit",  # decides on opening the door
            ("ops_center", "police"),
            accept=minutes(10),  # [A]
            finish=minutes(90),  # [A]
            from_opening=True,
            loop=SMALL,
        ),
        # 110 and 120 are reached through the call centre, which reports to the duty leader [P].
        Step("rescue", "call_center", accept=minutes(3), finish=hours(1), loop=MEDIUM),
    )
    chains = {CONTACT_FIRST: VISIT_CONTACT_FIRST}
    tracks = (ASK_FAMILY,)
    config: SilenceConfig

    @property
    def least(self) -> timedelta:
        """Neither the learned rule nor the profile's alarms sooner, indoors or out."""
        return timedelta(hours=min(self.config.quiet_hours_min, self.config.silence_hours))

    def due(self, context: Context[Signs], back_at: datetime | None = None) -> datetime | None:
        """By the household's rhythm, or by the profile."""
        return context.memory.due(self.config, context.zone, closed_by_people(context), back_at)

    def alarm(self, by: datetime, context: Context[Signs]) -> Iterable[Outcome]:
        """Somebody has to look; a voice in the home, where there is one, asks first."""
        yield self._finding(by, context)
        for device in context.devices_at(context.place.code):
            if device.kind == VOICE:
                yield Command(device.id, "are_you_well")

    def _finding(self, by: datetime, context: Context[Signs]) -> Finding:
        """What is known, in one sentence, with the local time of the last sign and what is usual at that hour."""
        signs = context.memory
        if finding := not_back(by, self.config, context):
            return finding
        where = signs.whereabouts(self.config, context.zone)
        if where is not Whereabouts.INSIDE:
            return silent(BY_THE_DOOR[where], by, context)
        since = signs.last or by
        rhythm = signs.rhythm(since, self.config, context.zone)
        usual = rhythm and rhythm.tell(since, by, context.zone)
        if not usual:
            return silent("silent_inside", by, context)
        return Finding(
            "silent_unusually",
            since=clock(since, context),
            hours=whole_hours(since, by),
            span=f"{usual.hour:02}:00-{usual.hour + 1:02}:00",
            active=usual.active,
            days=usual.days,
        )
