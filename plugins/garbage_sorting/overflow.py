"""Bins that are full (满溢)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from civicloop import VERIFY, Cleared, Config, Context, Finding, Outcome, Scenario, read_texts

from .chain import CHAIN, CHECK, OUTCOMES, QUIET
from .events import BinLevel


class OverflowConfig(Config):
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

    @field_validator("empty_at_percent")
    @classmethod
    def _keep_them_apart(cls, empty_at: float, given: ValidationInfo) -> float:
        full_at = given.data.get("full_at_percent", 100.0)
        if empty_at >= full_at:
            raise ValueError(
                f"{empty_at:g} must lie below full_at_percent = {full_at:g}, or a bin is full and empty at once"
            )
        return empty_at


class Overflow(Scenario[BinLevel]):
    """A bin is full until it has been emptied; one that settles a little is still full."""

    name = "garbage_sorting.overflow"
    chain = CHAIN
    on_cleared = VERIFY
    quiet = QUIET
    check = CHECK
    outcomes = OUTCOMES
    texts = read_texts(__file__)
    config: OverflowConfig

    def assess(self, event: BinLevel, context: Context) -> Iterable[Outcome]:
        """Full from one level on, emptied from another one down."""
        if event.fill_percent >= self.config.full_at_percent:
            yield Finding("bin_full", bin=event.subject, percent=round(event.fill_percent))
        elif event.fill_percent <= self.config.empty_at_percent:
            yield Cleared()
