"""Electric bicycles where they may not be: corridors, exits, lifts, dwellings, and chargers on a dropped wire."""

from __future__ import annotations

from typing import Any

from civicloop import Scenario, hookimpl

from .dwelling import Dwelling
from .lift import Lift
from .places import Corridor, CrowdedPlace, FireLane, FlyingWire

__all__ = ["Corridor", "CrowdedPlace", "Dwelling", "FireLane", "FlyingWire", "Lift", "civicloop_scenarios"]


@hookimpl
def civicloop_scenarios() -> list[type[Scenario[Any, Any]]]:
    """One scenario for each row of the routing table in ``routes.py``."""
    return [Corridor, FlyingWire, FireLane, CrowdedPlace, Dwelling, Lift]
