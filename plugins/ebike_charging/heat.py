"""When a battery or a pile is past repair: smoke, or heat that only a runaway makes."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final

from pydantic import Field

from civicloop import Config, Memory

from .events import EbikePile

RISE_SECONDS_MIN: Final = 3
RISE_SECONDS_MAX: Final = 120
"""Between readings closer together a rise may be noise, and further apart it is not the rise of one moment [A]."""


class HeatConfig(Config):
    """From when on heat is a danger to life. Keep the tables of ``pile`` and ``thermal`` alike."""

    runaway_celsius_min: Annotated[float, Field(ge=40, le=1000)] = Field(
        default=90,
        description="Degrees Celsius from which a pile counts as burning. Our assumption: hotter than anything that "
        "only charges; have the maker of the piles confirm it.",
    )
    runaway_celsius_per_second: Annotated[float, Field(gt=0, le=100)] = Field(
        default=1.0,
        description="A rise of so many degrees Celsius a second, over 3 seconds or more, is a runaway. Our "
        "assumption; have the maker of the piles confirm it.",
    )


class Heat(Memory):
    """The latest reading of a pile."""

    at: datetime | None = None
    celsius: float = 0

    def rise(self, event: EbikePile) -> float:
        """Degrees a second since the reading before; 0 where there is none to compare with. Takes the new one."""
        if event.celsius is None or (self.at is not None and event.at <= self.at):
            return 0
        before, self.at = self.at, event.at
        degrees, self.celsius = event.celsius - self.celsius, event.celsius
        seconds = (event.at - before).total_seconds() if before else 0
        return degrees / seconds if RISE_SECONDS_MIN <= seconds <= RISE_SECONDS_MAX else 0


def is_runaway(event: EbikePile, rise: float, config: HeatConfig) -> bool:
    """Whether a pile's report is one of fire, whatever status it names."""
    is_hot = event.celsius is not None and event.celsius >= config.runaway_celsius_min
    return bool(event.smoke) or is_hot or rise >= config.runaway_celsius_per_second
