"""What the scenarios of an elder's home share: one case a household, who calls back, and how a visit may end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from civicloop import Case, Check, Context, Device, Effect, Event, Memory, Proof, Scenario, hours, read_texts

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


def visit_record(*steps: str) -> Proof:
    """Whoever was there says in the record what came of it (Putuo: visits are recorded and uploaded [P]).

    It may follow the report, because help comes before paper, but what people were sent to at one of ``steps`` (none
    named: at any) does not close without it: a contact who knows by telephone that all is well writes none. A visit at
    which nobody was met is no such record. A photo is never asked for: no indoor pictures of elders [A].
    """
    met = ("done", "false_alarm", *(name for name, effect in OUTCOMES.items() if effect is not Effect.FAILED))
    return Proof("visit_record", to_close=True, outcomes=met, steps=steps)


GATEWAY: Final = "gateway"
"""Kind of a device through which others report; theirs name it as ``via``."""

GATEWAY_LOST: Final = "elderly_care.gateway_lost"

GATEWAY_QUIET: Final = timedelta(hours=2)
"""A gateway that has passed nothing on for so long may be the one that is silent [A]."""

SILENCES: Final = frozenset({"gateway_silent", "gateway_offline"})
"""What is said of a gateway that passes nothing on."""

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

    It does while that one's case is open, looked at again each hour; after its end the device has ``patience`` anew. A
    gateway that is only faulty, or low on battery, accounts for nothing while it still passes on what others say.
    """
    case = _case_of_gateway(device, context)
    if case is None:
        return None
    if case.closed_at is None:
        heard = context.heard(case.ref)
        is_passing = not SILENCES.intersection(told(case)) and heard is not None and by - heard < GATEWAY_QUIET
        return None if is_passing else by + AGAIN
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


def home_lost_until(sensors: Iterable[str], context: Context[Any], by: datetime) -> datetime | None:
    """Until when lost gateways account for the silence of a home; ``None``: a sensor of it would have been heard."""
    held = [device and gateway_lost_until(device, context, by, timedelta()) for device in _behind(sensors, context)]
    return min((until for until in held if until), default=None) if all(held) else None


def home_back_at(sensors: Iterable[str], context: Context[Any]) -> datetime | None:
    """Since when a home is heard of again after its gateways were lost for hours; ``None``: they were not."""
    back = [device and _back_at(device, context) for device in _behind(sensors, context)]
    return min((at for at in back if at), default=None) if all(back) else None


def told(case: Case) -> frozenset[str]:
    """What was said in the course of a case."""
    return frozenset(one.kind for one in case.evidence)


def _behind(sensors: Iterable[str], context: Context[Any]) -> list[Device | None]:
    """The sensors of this home, ``None`` for each that no gateway excuses.

    A gateway inside the home that is merely silent is no excuse, nor is one that no other home reports through: nobody
    else would have been heard through it.
    """
    devices = [device for name in sensors if (device := context.find_device(name)) and device.place == context.key]
    return [None if _is_its_own(device, context) else device for device in devices]


def _is_its_own(device: Device, context: Context[Any]) -> bool:
    gateway, case = context.find_device(device.via), _case_of_gateway(device, context)
    if not device.via:
        return True
    homes = {one.place for one in context.devices_behind(device.via)}
    if len(homes) > 1 and (gateway is None or gateway.place != context.key):
        return False
    return case is None or "gateway_offline" not in told(case)


def _back_at(device: Device, context: Context[Any]) -> datetime | None:
    case = _case_of_gateway(device, context)
    if case is None or case.closed_at is None:
        return None
    was_long = case.closed_at - case.opened_at >= GATEWAY_QUIET or "gateway_silent" in told(case)
    return case.closed_at if was_long else None


def _case_of_gateway(device: Device, context: Context[Any]) -> Case | None:
    return context.find_case(f"{GATEWAY_LOST}/{device.via}") if device.via else None
