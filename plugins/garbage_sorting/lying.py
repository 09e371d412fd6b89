"""What overflow and bagged litter share: a case that grows graver while it lies (落地 -> 滞留 -> 超滞留)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Annotated, Any, Final, Generic, TypeVar

from pydantic import Field, ValidationInfo, field_validator

from civicloop import (
    VERIFY,
    Config,
    Context,
    Event,
    Expect,
    Finding,
    Memory,
    Outcome,
    Scenario,
    Severity,
    read_texts,
)

from .buckets import STRANDED, STRANDED_MINUTES, SUPER_STRANDED, SUPER_STRANDED_MINUTES
from .chain import CHAIN, CHECK, OUTCOMES, PHOTO, QUIET
from .voice import speak

E = TypeVar("E", bound=Event)
M = TypeVar("M", bound=Memory)

Minutes = Annotated[int, Field(ge=1, le=7 * 24 * 60)]

AGAIN: Final = QUIET.span
"""When a level is looked at again that came up while the result was being checked."""


class LyingConfig(Config):
    """After how long something that lies is stranded, and super-stranded."""

    stranded_minutes: Minutes = Field(
        default=STRANDED_MINUTES,
        description="Minutes from opening after which it is stranded. The level is practice (Shanghai garbage "
        "product), the minutes our assumption: the first closing bucket of Tianmu West Road.",
    )
    super_stranded_minutes: Minutes = Field(
        default=SUPER_STRANDED_MINUTES,
        validate_default=True,
        description="Minutes from opening after which it is super-stranded. The level is practice (Shanghai garbage "
        "product), the minutes our assumption: the second bucket, and the 4 hours of event classes 0110 and 0192.",
    )

    @field_validator("super_stranded_minutes")
    @classmethod
    def _keep_the_order(cls, later: int, given: ValidationInfo) -> int:
        sooner = given.data.get("stranded_minutes", 0)
        if later <= sooner:
            raise ValueError(f"{later} must be more than stranded_minutes = {sooner}; what lies is stranded first")
        return later


class Lying(Scenario[E, M], Generic[E, M]):
    """Something lies where it must not; the estate is asked, and the longer it lies the graver it is.

    Stranded makes the case P2. Super-stranded makes it the street's, however long the chain would leave it to the
    estate; only an extension that was granted holds it there.
    """

    severity = Severity.P3
    chain = CHAIN
    on_cleared = VERIFY
    quiet = QUIET
    check = CHECK
    outcomes = OUTCOMES
    evidence = (PHOTO,)
    texts = read_texts(__file__)
    config: LyingConfig

    def lies(self, event: E, context: Context[Any], prompt: str, finding: Finding) -> Iterator[Outcome]:
        """The finding; the first of a round also has the bin room speak and sets the clocks of the levels."""
        if context.case is None or not context.case.is_open:
            yield Expect(STRANDED, by=event.at + timedelta(minutes=self.config.stranded_minutes))
            yield Expect(SUPER_STRANDED, by=event.at + timedelta(minutes=self.config.super_stranded_minutes))
            yield from speak(context, prompt)
        yield finding

    def overdue(self, expectation: Expect, context: Context[M]) -> Iterable[Outcome]:
        """It still lies: the next level. Whatever is being checked is looked at once the check is over."""
        case = context.case
        if case is None or not case.is_open:
            return
        main = case.tracks[0]
        if main.state == "verifying":
            yield Expect(expectation.name, by=expectation.by + AGAIN if expectation.by else None)
        elif expectation.name == STRANDED or main.extensions:
            yield Finding(expectation.name, severity=Severity.P2)
        else:
            yield Finding(expectation.name, severity=Severity.P2, start="street", climb=True)
