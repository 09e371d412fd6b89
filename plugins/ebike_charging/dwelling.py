"""Vehicles and batteries inside a dwelling, seen by a camera or recognised by the meter box."""

from __future__ import annotations

from civicloop import hours

from .chain import chain_to
from .events import EbikeGone, EbikeMeter, EbikeSeen
from .routes import DWELLING
from .violation import Violation


class Dwelling(Violation[EbikeSeen | EbikeGone | EbikeMeter]):
    """Brought into, parked or charging in a home (article 29, 2, four)."""

    name = "ebike_charging.dwelling"
    route = DWELLING
    chain = chain_to(DWELLING.authority, visit_within=hours(2))  # [A]
