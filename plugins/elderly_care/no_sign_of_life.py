"""No sign of life (P1): neither door, nor movement, nor water for too long.

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
    Severity,
    Step,
    hours,
    minutes,
)

from .chains import CONTACT_FIRST, VISIT_CONTACT_FIRST
from .events import Away, Back, Door, Motion, Water
from .home import HomeScenario
from .signs import Fact, Signs, SilenceConfig

SILENCE: Final = "silence"
"""The watchdog of a household."""

VOICE: Final = "voice"
"""Kind of a device in the home that can be told to call out to the elder."""


class NoSignOfLife(HomeScenario[Door | Motion | Water | Away | Back, Signs]):
    """A household has been silent for longer than its profile allows."""

    name = "elderly_care.no_sign_of_life"
    severity = Severity.P1
    on_cleared = CLOSE_BEFORE_DISPATCH
    chain = (
        # Before anybody climbs stairs: any sensor, the away register, or a voice call may end it by itself [A].
        Step("check_first", finish=minutes(5)),
        Step(
            "visit",
            ("neighborhood_committee", "peer_volunteer"),
            accept=minutes(10),  # [A]
            finish=minutes(30),  # [A]; the reports say "at once"
            inform="family",
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
    config: SilenceConfig

    def assess(self, event: Fact, context: Context[Signs]) -> Iterable[Outcome]:
        """A sign of life ends an alarm, and the wait for the next one begins."""
        signs = context.memory
        if signs.take(event, self.config) and signs.is_alarming and signs.is_news(event.at):
            signs.is_alarming = False
            yield Cleared()
        yield Expect(SILENCE, signs.due(self.config))

    def overdue(self, expectation: Expect, context: Context[Signs]) -> Iterable[Outcome]:
        """Nothing was heard: an alarm, unless a fact that came late allows more time."""
        signs, by = context.memory, expectation.by
        due = signs.due(self.config)
        if by is None or due is None:
            return
        if due > by:
            yield Expect(SILENCE, due)
            return
        yield self._finding(signs, by)
        for device in context.devices_at(context.place.code):
            if device.kind == VOICE:
                yield Command(device.id, "are_you_well")
        signs.alarm_at, signs.is_alarming = by, True
        yield Expect(SILENCE, signs.due(self.config))

    def _finding(self, signs: Signs, by: datetime) -> Finding:
        """What is known, in one sentence, with the local time of the last sign."""
        since, end = signs.last, signs.away_end(self.config)
        if since is None or (end is not None and end > since):
            return Finding("not_back", until=self._clock(end or by))
        message = "silent_after_door" if signs.is_probably_out else "silent_inside"
        return Finding(message, since=self._clock(since), hours=int((by - since) / timedelta(hours=1)))

    def _clock(self, moment: datetime) -> str:
        return f"{moment.astimezone(self.config.tz):%m-%d %H:%M}"
