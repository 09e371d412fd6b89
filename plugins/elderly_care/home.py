"""What the scenarios of an elder's home share: one case a household, who calls back, and how a visit may end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeVar

from civicloop import Check, Context, Effect, Event, Memory, Scenario, hours, read_texts

E = TypeVar("E", bound=Event)
M = TypeVar("M", bound=Memory)

CALL_BACK: Final = Check(parties=("call_center", "ops_center", "neighborhood_committee"), within=hours(24))
"""Somebody else calls the elder or the family back: all of them [P] (Minhang), within 24 hours [A].

No sensor takes part: an elder who moves again may still have fallen. No indoor photo is asked for.
"""

OUTCOMES: Final[Mapping[str, Effect]] = {
    "safe_at_home": Effect.DONE,
    "away_ok": Effect.DONE,
    "helped": Effect.DONE,
    "hospitalised": Effect.DONE,
    "deceased": Effect.DONE,
    "device_fault": Effect.FALSE_ALARM,
    "not_reachable": Effect.FAILED,
}
"""How a visit may end, socially and medically, besides ``done`` and ``false_alarm``.

Whom nobody could reach may lie behind the door: ``not_reachable`` closes nothing, it climbs.
"""


class HomeScenario(Scenario[E, M]):
    """A rule about one household."""

    check = CALL_BACK
    outcomes = OUTCOMES
    texts = read_texts(__file__)

    def key(self, event: E, context: Context[M]) -> str | None:
        """The household; what happened outside any household concerns nobody here."""
        return context.household.code if context.household else None
