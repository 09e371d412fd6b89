"""Who may punish what, and with how much: the routing table of the Shanghai Non-motor Vehicle Safety Regulation.

In force since 2024-06-01; article 29 forbids, article 44 names authority and fine [L]. The table is data: a street
changes an authority with ``chain.enforce.parties`` and a fine with ``penalties``, each with the day it begins.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from pydantic import Field

from civicloop import Config

from .events import Activity, Where

REGULATION: Final = date(2024, 6, 1)
"""The day the regulation came into force."""


class Penalty(Config):
    """The fine for an individual (for the venue, in crowded places), in yuan, from the day ``since`` (article 44)."""

    since: date
    yuan_min: int = Field(ge=0)
    yuan_max: int = Field(ge=0)


@dataclass(frozen=True)
class Route:
    """One row of the table: which acts at which places ``article`` forbids, and the authorities, the lead first."""

    article: str
    places: frozenset[Where]
    activities: frozenset[Activity]
    authority: tuple[str, ...]
    penalties: tuple[Penalty, ...]

    def covers(self, where: Where, activity: Activity) -> bool:
        """Whether this act at this place belongs to this row."""
        return where in self.places and activity in self.activities


SHANGHAI: Final = ZoneInfo("Asia/Shanghai")
"""The days of a Shanghai regulation begin at midnight there, whatever clock the camera keeps."""


def fine_on(at: datetime, penalties: Iterable[Penalty]) -> str:
    """The fine in force at ``at`` as ``"50-200"``; ``"-"`` before the first penalty begins."""
    day = at.astimezone(SHANGHAI).date()
    begun = [penalty for penalty in penalties if penalty.since <= day]
    if not begun:
        return "-"
    newest = max(begun, key=lambda penalty: penalty.since)
    return f"{newest.yuan_min}-{newest.yuan_max}"


INDOORS: Final[frozenset[Where]] = frozenset({"lobby", "corridor", "stairwell"})
ANYWHERE: Final[frozenset[Where]] = INDOORS | {"exit", "fire_lane", "crowded_indoor", "dwelling", "lift"}
STANDING: Final[frozenset[Activity]] = frozenset({"parking", "charging"})
PRESENT: Final[frozenset[Activity]] = STANDING | {"entering"}
"""In a lift or a dwelling the vehicle or battery must not be at all; elsewhere it may pass, but not stay."""

FLYING_WIRE: Final = Route(
    article="29(1)",
    places=ANYWHERE,
    activities=frozenset({"flying_wire"}),
    authority=("urban_enforcement",),
    penalties=(Penalty(since=REGULATION, yuan_min=50, yuan_max=200),),
)
CORRIDOR: Final = Route(
    article="29(2)(1)",
    # Article 44 refers to the Residential Property Rules, whose article 85 names the district housing bureau: a
    # conflict of wording. Practice goes to enforcement; a street that sees it otherwise names its bureau instead.
    places=INDOORS,
    activities=STANDING,
    authority=("urban_enforcement",),
    penalties=(Penalty(since=REGULATION, yuan_min=1_000, yuan_max=10_000),),
)
FIRE_LANE: Final = Route(
    article="29(2)(2)",
    # Fire Law, article 60: an individual is warned or pays up to 500; a unit pays 5,000 to 50,000.
    places=frozenset({"exit", "fire_lane"}),
    activities=STANDING,
    authority=("fire_rescue",),
    penalties=(Penalty(since=REGULATION, yuan_min=0, yuan_max=500),),
)
CROWDED_PLACE: Final = Route(
    article="29(2)(3)",
    places=frozenset({"crowded_indoor"}),
    activities=STANDING,
    authority=("fire_rescue",),
    penalties=(Penalty(since=REGULATION, yuan_min=1_000, yuan_max=10_000),),
)
DWELLING: Final = Route(
    article="29(2)(4)",
    places=frozenset({"dwelling"}),
    activities=PRESENT,
    authority=("urban_enforcement",),
    penalties=(Penalty(since=REGULATION, yuan_min=200, yuan_max=500),),
)
LIFT: Final = Route(
    article="29(3)",
    # "Enforcement or fire rescue by duty": both are asked, and the one on duty takes it.
    places=frozenset({"lift"}),
    activities=PRESENT,
    authority=("urban_enforcement", "fire_rescue"),
    penalties=(Penalty(since=REGULATION, yuan_min=200, yuan_max=500),),
)
