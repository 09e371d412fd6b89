"""Who may punish what, and with how much: the routing table of the Shanghai Non-motor Vehicle Safety Regulation.

In force since 2024-06-01; article 29 forbids, article 44 names authority and fine [L]. The table is ``routes.toml``: a
street changes an authority with ``chain.enforce.parties`` and a fine with ``penalties``, each with law and first day.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Final, Self
from zoneinfo import ZoneInfo

from pydantic import Field, TypeAdapter, model_validator

from civicloop import Config

from .events import Activity, Where


class Penalty(Config):
    """The fine of an individual (of the venue, in crowded places) in yuan, by a law, from the day ``since``."""

    since: date
    law: str = Field(min_length=1, max_length=200)
    yuan_min: int = Field(ge=0)
    yuan_max: int = Field(ge=0)
    serious_yuan_max: int | None = Field(default=None, ge=0)
    unit_yuan_min: int | None = Field(default=None, ge=0)
    unit_yuan_max: int | None = Field(default=None, ge=0)

    @property
    def yuan(self) -> str:
        """The usual fine of a person, as ``"50-200"``; serious cases and units are for the authority to say."""
        return f"{self.yuan_min}-{self.yuan_max}"


class Row(Penalty):
    """A row of ``routes.toml``: a fine, and the roles that may impose it, the lead first."""

    authority: tuple[str, ...] = Field(min_length=1)


class Table(Config):
    """What ``routes.toml`` says of one route."""

    forbidden_by: str
    rows: tuple[Row, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _one_authority(self) -> Self:
        # A case's chain is fixed when the street is opened, not on the day of an alarm.
        if len({row.authority for row in self.rows}) > 1:
            raise ValueError("the authority of a route changes on the day a street names it in chain.enforce.parties")
        return self


@dataclass(frozen=True)
class Route:
    """One route: which acts at which places ``article`` forbids, and the rows that say what follows."""

    article: str
    places: frozenset[Where]
    activities: frozenset[Activity]
    rows: tuple[Row, ...]

    @property
    def authority(self) -> tuple[str, ...]:
        """The roles that may punish it."""
        return self.rows[0].authority

    def covers(self, where: Where, activity: Activity) -> bool:
        """Whether this act at this place belongs to this route."""
        return where in self.places and activity in self.activities


SHANGHAI: Final = ZoneInfo("Asia/Shanghai")
"""The days of a Shanghai regulation begin at midnight there, whatever clock the camera keeps."""


def in_force(at: datetime, rows: Sequence[Penalty]) -> Penalty | None:
    """The row in force at ``at``; ``None`` before the first one begins."""
    day = at.astimezone(SHANGHAI).date()
    return max((row for row in rows if row.since <= day), key=lambda row: row.since, default=None)


INDOORS: Final[frozenset[Where]] = frozenset({"lobby", "corridor", "stairwell"})
ANYWHERE: Final[frozenset[Where]] = INDOORS | {"exit", "fire_lane", "crowded_indoor", "dwelling", "lift"}
STANDING: Final[frozenset[Activity]] = frozenset({"parking", "charging"})
PRESENT: Final[frozenset[Activity]] = STANDING | {"entering"}
"""In a lift or a dwelling the vehicle or battery must not be at all; elsewhere it may pass, but not stay."""


def _read(name: str, places: frozenset[Where], activities: frozenset[Activity]) -> Route:
    table = TABLE[name]
    return Route(table.forbidden_by, places, activities, table.rows)


def _table() -> dict[str, Table]:
    with Path(__file__).with_name("routes.toml").open("rb") as file:
        return TypeAdapter(dict[str, Table]).validate_python(tomllib.load(file))


TABLE: Final = _table()

FLYING_WIRE: Final = _read("flying_wire", ANYWHERE, frozenset({"flying_wire"}))
CORRIDOR: Final = _read("corridor", INDOORS, STANDING)
FIRE_LANE: Final = _read("fire_lane", frozenset({"exit", "fire_lane"}), STANDING)
CROWDED_PLACE: Final = _read("crowded_place", frozenset({"crowded_indoor"}), STANDING)
DWELLING: Final = _read("dwelling", frozenset({"dwelling"}), PRESENT)
LIFT: Final = _read("lift", frozenset({"lift"}), PRESENT)
