"""Bins that are full (满溢)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Annotated, Final

from pydantic import Field, ValidationInfo, field_validator

from civicloop import Cleared, Context, Finding, Memory, Outcome

from .events import BinLevel, Category, HaulMissed
from .lying import Lying, LyingConfig
from .missed_pickup import MissedPickup

BIN: Final = "bin"
"""The kind of bins in ``devices.csv``."""


class OverflowConfig(LyingConfig):
    """At which fill levels a bin counts as full and as emptied. In between nothing changes."""

    full_at_percent: Annotated[float, Field(gt=0, le=100)] = Field(
        default=90,
        description="Fill level, in percent, from which a bin is full. Our assumption: room for one last bag.",
    )
    empty_at_percent: Annotated[float, Field(ge=0, lt=100)] = Field(
        default=50,
        validate_default=True,
        description="Fill level, in percent, down to which a bin counts as emptied. Our assumption: garbage that "
        "settles or is trodden down stays above it.",
    )
    missed_hours: Annotated[int, Field(ge=0, le=168)] = Field(
        default=24,
        description="Hours after a pickup that did not come within which an overflow is put down to it. Our "
        "assumption: the next round of the hauler.",
    )

    @field_validator("empty_at_percent")
    @classmethod
    def _keep_them_apart(cls, empty_at: float, given: ValidationInfo) -> float:
        full_at = given.data.get("full_at_percent", 100.0)
        if empty_at >= full_at:
            raise ValueError(
                f"{empty_at:g} must lie below full_at_percent = {full_at:g}, or a bin is full and empty at once"
            )
        return empty_at


class Missed(Memory):
    """When a pickup of a category last did not come, and at which drop point."""

    pickups: dict[Category, tuple[datetime, str]] = {}


class Overflow(Lying[BinLevel | HaulMissed, Missed]):
    """A bin is full until it has been emptied; one that settles a little is still full.

    One that fills after a pickup did not come is linked to the case of that pickup.
    """

    name = "garbage_sorting.overflow"
    config: OverflowConfig

    def key(self, event: BinLevel | HaulMissed, context: Context[Missed]) -> str | Iterable[str]:
        """The bin; a pickup that did not come concerns every bin that is registered at the drop point's place."""
        if isinstance(event, BinLevel):
            return event.subject
        return [device.id for device in context.devices_at(context.place.code) if device.kind == BIN][:64]

    def assess(self, event: BinLevel | HaulMissed, context: Context[Missed]) -> Iterable[Outcome]:
        """Full from one level on, emptied from another one down."""
        if isinstance(event, HaulMissed):
            context.memory.pickups[event.category] = (event.at, event.subject)
        elif event.fill_percent >= self.config.full_at_percent:
            percent = round(event.fill_percent)
            found = Finding("bin_full", parent=self._cause(event, context), bin=event.subject, percent=percent)
            yield from self.lies(event, context, "voice_full", found)
        elif event.fill_percent <= self.config.empty_at_percent:
            context.memory.pickups.clear()
            yield Cleared()

    def _cause(self, event: BinLevel, context: Context[Missed]) -> str | None:
        """The missed pickup of the bin's category, or the latest of any where the bin does not say its own."""
        pickups = context.memory.pickups
        fitting = [(at, point, name) for name, (at, point) in pickups.items() if event.category in (None, name)]
        since = event.at - timedelta(hours=self.config.missed_hours)
        at, point, category = max(fitting, default=(since, "", ""))
        return f"{MissedPickup.name}/{point}:{category}" if since < at <= event.at else None
