"""Breaches that cameras see in shared space, one scenario for each authority.

A chain belongs to a scenario, so each row of the routing table that leads to another authority or fine is a scenario
of its own.
"""

from __future__ import annotations

from civicloop import hours

from .chain import chain_to
from .events import EbikeGone, EbikeSeen
from .routes import CORRIDOR, CROWDED_PLACE, FIRE_LANE, FLYING_WIRE
from .violation import Violation


class Corridor(Violation[EbikeSeen | EbikeGone]):
    """Parked or charging in a lobby, a shared corridor or a stairwell (article 29, 2, one)."""

    name = "ebike_charging.corridor"
    route = CORRIDOR
    chain = chain_to(CORRIDOR.authority, visit_within=hours(2))  # [A]


class FlyingWire(Violation[EbikeSeen | EbikeGone]):
    """Charging from a wire dropped out of a window (飞线; article 29, 1), wherever it hangs."""

    name = "ebike_charging.flying_wire"
    route = FLYING_WIRE
    chain = chain_to(FLYING_WIRE.authority, visit_within=hours(4))  # [P] event class 0108


class FireLane(Violation[EbikeSeen | EbikeGone]):
    """Parked or charging in an evacuation passage, at an exit or on a fire lane (article 29, 2, two)."""

    name = "ebike_charging.fire_lane"
    route = FIRE_LANE
    chain = chain_to(FIRE_LANE.authority, visit_within=hours(2))  # [P] event class 0496


class CrowdedPlace(Violation[EbikeSeen | EbikeGone]):
    """Parked or charging inside a crowded place such as a mall or a hospital (article 29, 2, three)."""

    name = "ebike_charging.crowded_place"
    route = CROWDED_PLACE
    chain = chain_to(CROWDED_PLACE.authority, visit_within=hours(2))  # [A]
