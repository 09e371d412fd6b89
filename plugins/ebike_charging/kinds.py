"""What a report is called in the district's list of event types (domain reference, 10.5)."""

from __future__ import annotations

from typing import Literal

from .events import EbikeGone, EbikeMeter, EbikeSeen

Kind = Literal[
    "corridor_charging",
    "corridor_parking",
    "flying_wire",
    "in_flat_charging",
    "lift_entry",
    "fire_lane_blocked",
    "crowded_place",
    "pile_overload",
    "pile_overtemp",
    "pile_offline",
    "battery_smoke",
]
"""``crowded_place`` is ours: article 29 names such places, the district's list does not."""


def kind_of(event: EbikeSeen | EbikeGone | EbikeMeter) -> Kind:
    """The type of a breach. Whatever is kept in a home is there to be charged, so it counts as that."""
    if isinstance(event, EbikeMeter) or (event.where == "dwelling" and event.activity != "flying_wire"):
        return "in_flat_charging"
    if event.activity == "flying_wire":
        return "flying_wire"
    match event.where:
        case "lift":
            return "lift_entry"
        case "exit" | "fire_lane":
            return "fire_lane_blocked"
        case "crowded_indoor":
            return "crowded_place"
        case _:
            return "corridor_charging" if event.activity == "charging" else "corridor_parking"
