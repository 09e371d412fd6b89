"""Electric bicycles where they may not be: corridors, exits, lifts, dwellings, and chargers on a dropped wire."""

from __future__ import annotations

from typing import Any, Final

from civicloop import Scenario, hookimpl

from .dwelling import Dwelling
from .lift import Lift
from .pile import Pile
from .places import Corridor, CrowdedPlace, FireLane, FlyingWire
from .precision import CameraPrecision
from .thermal import Thermal
from .three_meetings import ThreeMeetings

__all__ = [
    "BREACHES",
    "CameraPrecision",
    "Corridor",
    "CrowdedPlace",
    "Dwelling",
    "FireLane",
    "FlyingWire",
    "Lift",
    "Pile",
    "Thermal",
    "ThreeMeetings",
    "civicloop_scenarios",
]

BREACHES: Final = (Corridor, FlyingWire, FireLane, CrowdedPlace, Dwelling, Lift)
"""One scenario for each row of the routing table in ``routes.py``."""


@hookimpl
def civicloop_scenarios() -> list[type[Scenario[Any, Any]]]:
    """The breaches, what burns or breaks, and what follows from many of them."""
    return [*BREACHES, Thermal, Pile, CameraPrecision, ThreeMeetings]
