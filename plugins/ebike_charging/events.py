"""What cameras, lift blockers, meters and charging piles report.

Members of the data that are not listed here are ignored by the scenarios and kept in the stored event.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from civicloop import Event, Privacy

Where = Literal["lobby", "corridor", "stairwell", "exit", "fire_lane", "crowded_indoor", "dwelling", "lift"]
Activity = Literal["parking", "charging", "flying_wire", "entering"]

Confidence = Annotated[float, Field(ge=0, le=1, strict=True)]
"""How sure a detector is, 0 to 1."""

Name = Annotated[str, Field(min_length=1, max_length=200)]


def _is_reference(image: str) -> str:
    if image[:5].lower() == "data:":
        raise ValueError("an image travels as a URL or a hash, never inline")
    return image


Reference = Annotated[str, Field(min_length=1, max_length=2048), AfterValidator(_is_reference)]
"""Where an image is kept, or its hash; the image itself never travels in an event."""


class _Sighting(Event):
    """What a camera says of one electric bicycle or battery.

    ``object`` is the camera's own name for it; ``household`` whose it is, where that is known; ``building`` which
    building it belongs to, where that is not where the camera hangs.
    """

    where: Where
    activity: Activity
    confidence: Confidence
    object: Name | None = None
    image: Annotated[Reference | None, Privacy.SENSITIVE] = None
    household: Annotated[Name | None, Privacy.PERSONAL] = None
    building: Name | None = None


class EbikeSeen(_Sighting, type="ebike.seen"):
    """A camera sees it. Subject: the camera."""


class EbikeGone(_Sighting, type="ebike.gone"):
    """The camera no longer sees what it had reported in the same words. Subject: the camera."""


class EbikeMeter(Event, type="ebike.meter"):
    """A meter box recognises that a battery is being charged behind it (within 30 s [P]). Subject: the meter."""

    charging: Annotated[bool, Field(strict=True)]
    household: Annotated[Name, Privacy.PERSONAL]


class EbikePile(Event, type="ebike.pile"):
    """A public charging pile reports its state. Subject: the pile."""

    status: Literal["ok", "overload", "overtemp", "offline"]
    amps: Annotated[float, Field(ge=0, le=1000, strict=True)] | None = None
    celsius: Annotated[float, Field(ge=-100, le=2000, strict=True)] | None = None
    smoke: Annotated[bool, Field(strict=True)] | None = None


class EbikeSmoke(Event, type="ebike.smoke"):
    """A camera or a detector sees smoke, fire or a battery in runaway, or no longer does. Subject: the camera.

    How sure it is does not count: whoever is sent looks. A ``test`` sends nobody.
    """

    alarm: Annotated[bool, Field(strict=True)] = True
    test: Annotated[bool, Field(strict=True)] = False
    image: Annotated[Reference | None, Privacy.SENSITIVE] = None


class EbikeVote(Event, type="ebike.vote", by_people=True):
    """Owners of a building have voted on a charging facility. Subject: the building.

    ``area`` is the floor area in square metres, of all owners, of those who voted, and of those in favour; ``owners``
    counts them. ``changes_use``: shared parts would be put to another use.
    """

    area: Annotated[Decimal, Field(gt=0)]
    area_voted: Annotated[Decimal, Field(ge=0)]
    area_for: Annotated[Decimal, Field(ge=0)]
    owners: Annotated[int, Field(gt=0)]
    owners_voted: Annotated[int, Field(ge=0)]
    owners_for: Annotated[int, Field(ge=0)]
    changes_use: bool = False

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        if not (self.area_for <= self.area_voted <= self.area and self.owners_for <= self.owners_voted <= self.owners):
            raise ValueError("more in favour than have voted, or more votes than owners")
        return self
