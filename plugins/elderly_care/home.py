"""What the scenarios of an elder's home share: one case a household, who calls back, and how a visit may end."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from civicloop import Check, Context, Device, Effect, Event, Memory, Proof, Scenario, hours, read_texts

E = TypeVar("E", bound=Event)
M = TypeVar("M", bound=Memory)

CALL_BACK: Final = Check(parties=("call_center", "ops_center", "neighborhood_committee"), within=hours(24))
"""Somebody else calls the elder or the family back: all of them [P] (Minhang), within 24 hours [A].

No sensor takes part: an elder who moves again may still have fallen.
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

VISIT_RECORD: Final = Proof(
    "visit_record",
    to_close=True,
    outcomes=("false_alarm", *(name for name, effect in OUTCOMES.items() if effect is not Effect.FAILED)),
)
"""Whoever was there says in the record what came of it (Putuo: visits are recorded and uploaded [P]).

It may follow the report, because help comes before paper, but nothing that people were sent to closes without it. A
visit at which nobody was met is no such record. A photo is never asked for: no indoor pictures of elders [A].
"""

GATEWAY: Final = "gateway"
"""Kind of a device through which others report; theirs name it as ``via``."""

GATEWAY_LOST: Final = "elderly_care.gateway_lost"

GATEWAY_QUIET: Final = timedelta(hours=2)
"""A gateway that has passed nothing on for so long may be the one that is silent [A]."""

AGAIN: Final = timedelta(hours=1)
"""A silence that may be the gateway's is looked at again after so long."""


class HomeScenario(Scenario[E, M]):
    """A rule about one household."""

    profile = "hongkou_parallel"
    check = CALL_BACK
    outcomes = OUTCOMES
    texts = read_texts(__file__)

    def key(self, event: E, context: Context[M]) -> str | None:
        """The household; what happened outside any household concerns nobody here."""
        return context.household.code if context.household else None


def gateway_lost_until(device: Device, context: Context[Any], by: datetime, patience: timedelta) -> datetime | None:
    """Until when the gateway of a device accounts for its silence at ``by``; ``None``: it does not.

    It does while that one's case is open, looked at again each hour; after its end the device has ``patience`` anew.
    """
    case = context.find_case(f"{GATEWAY_LOST}/{device.via}") if device.via else None
    if case is None:
        return None
    if case.closed_at is None:
        return by + AGAIN
    return case.closed_at + patience if case.closed_at + patience > by else None


def gateway_doubt(device: Device, context: Context[Any], by: datetime, patience: timedelta) -> datetime | None:
    """Until when the silence of a device at ``by`` may be that of its gateway; ``None``: it is the device's own.

    Besides a gateway that is known to be lost, one that has passed nothing on lately may be. It is looked at each hour,
    until it speaks or its own ``patience`` is over, and so cannot silence an alarm for ever.
    """
    lost = gateway_lost_until(device, context, by, patience)
    if lost is not None or not device.via:
        return lost
    heard = context.heard(f"{GATEWAY_LOST}/{device.via}")
    if heard is None or not GATEWAY_QUIET <= by - heard <= patience + AGAIN:
        return None
    return by + AGAIN
