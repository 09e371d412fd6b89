"""What bins, bin-room cameras, vehicles and weighing stations report.

Members of the data that are not listed here are ignored by the scenarios and kept in the stored event.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from civicloop import Event, Privacy

Category = Literal["dry", "wet", "recyclable", "hazardous"]
"""The four categories of the Shanghai Household Garbage Regulation, article 4."""

Percent = Annotated[float, Field(ge=0, le=100, strict=True)]
Confidence = Annotated[float, Field(ge=0, le=1, strict=True)]
"""How sure a detector is, 0 to 1."""

Kilograms = Annotated[float, Field(ge=0, le=100_000, strict=True)]


def _is_reference(image: str) -> str:
    if image[:5].lower() == "data:":
        raise ValueError("an image travels as a URL or a hash, never inline")
    return image


Reference = Annotated[str, Field(min_length=1, max_length=2048), AfterValidator(_is_reference)]
"""Where an image is kept, or its hash; the image itself never travels in an event."""

Image = Annotated[Reference | None, Privacy.SENSITIVE]
"""Faces may be in it (PIPL article 28)."""

Household = Annotated[str | None, Field(max_length=200), Privacy.PERSONAL]


class BinLevel(Event, type="waste.bin.level"):
    """How full a bin is. Subject: the bin."""

    fill_percent: Percent
    category: Category | None = None


class LitterSeen(Event, type="waste.litter.seen"):
    """A camera sees bags on the ground (小包垃圾). Subject: the drop point."""

    confidence: Confidence
    image: Image = None
    bags: Annotated[int, Field(ge=0, le=10_000, strict=True)] | None = None


class LitterGone(Event, type="waste.litter.gone"):
    """The camera sees that nothing lies there any more. Subject: the drop point."""

    confidence: Confidence
    image: Image = None
    bags: Annotated[int, Field(ge=0, le=10_000, strict=True)] | None = None


class UnsortedDrop(Event, type="waste.drop.unsorted"):
    """Somebody dropped unsorted garbage (混投). Subject: the drop point."""

    confidence: Confidence
    image: Image = None
    household: Household = None
    expected: Category | None = None
    found: Category | None = None


class OffWindowDrop(Event, type="waste.drop.off_window"):
    """Somebody dropped garbage outside the point's opening hours (误时投放). Subject: the drop point."""

    confidence: Confidence
    image: Image = None
    household: Household = None
    expected: Category | None = None
    found: Category | None = None


class HaulWeighed(Event, type="waste.haul.weighed"):
    """A vehicle weighed what it collected. Subject: the vehicle; ``origin`` is the data's ``from``."""

    category: Category
    kg: Kilograms
    kind: Literal["point", "compaction", "transfer", "terminal"]
    origin: Annotated[str, Field(max_length=200)] | None = Field(default=None, alias="from")


class NodeWeighed(Event, type="waste.node.weighed"):
    """A compaction station, transfer station or terminal weighed what came in. Subject: the station."""

    category: Category
    kg: Kilograms
    kind: Literal["point", "compaction", "transfer", "terminal"]
    origin: Annotated[str, Field(max_length=200)] | None = Field(default=None, alias="from")


class HaulLeak(Event, type="waste.haul.leak"):
    """A vehicle leaks or spills on the road (跑冒滴漏). Subject: the vehicle."""

    image: Image = None


class HaulMissed(Event, type="waste.haul.missed", by_people=True):
    """A pickup did not come, as people at the drop point report. Subject: the drop point."""

    category: Category


class HaulRefused(Event, type="waste.haul.refused", by_people=True):
    """The hauler refused unsorted garbage (不分类、不收运) and left a notice. Subject: the drop point."""

    notice: Literal["yellow", "red"]
    holder: Literal["unit", "residential"]
