"""Garbage dropped while the point is closed (误时投放)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from pydantic import Field

from civicloop import Context, Finding, Outcome

from .drop import Drop, DropConfig, Prompted, drop_key
from .events import OffWindowDrop
from .windows import DatedWindows, Window, is_within, windows_on


class OffWindowDropConfig(DropConfig):
    """When which drop point is open."""

    windows: tuple[Window, ...] = Field(
        default=("06:30-08:30", "17:30-20:30"),
        description="Local times at which points are open. Practice: 3 to 4 hours a day, morning and evening.",
    )
    points: dict[str, tuple[Window, ...]] = Field(
        default={},
        description="Points with windows of their own, by the id of the drop point. Practice: windows are per point; a "
        "late-drop point has longer ones.",
    )
    exceptions: tuple[DatedWindows, ...] = Field(
        default=(),
        description="Dated exceptions: first, last, points, windows; the last one that holds counts. Practice: open "
        "all day on holidays (trial of May 2025), longer in summer.",
    )
    grace_minutes: Annotated[int, Field(ge=0, le=120)] = Field(
        default=10,
        description="Minutes before opening and after closing in which nobody is reproached. Our assumption.",
    )


class OffWindow(Drop[OffWindowDrop]):
    """Guidance and nothing more: dropping at the wrong time alone is not in article 57, so nobody is fined for it."""

    name = "garbage_sorting.off_window_drop"
    config: OffWindowDropConfig

    def key(self, event: OffWindowDrop, context: Context[Prompted]) -> str | None:
        """As for every drop; nothing where the point is open, which the camera may not know."""
        config, local = self.config, event.at.astimezone(context.zone)
        windows = windows_on(event.subject, local.date(), config.windows, config.points, config.exceptions)
        is_believed = event.confidence >= config.confidence_min and not is_within(windows, local, config.grace_minutes)
        return drop_key(event) if is_believed else None

    def assess(self, event: OffWindowDrop, context: Context[Prompted]) -> Iterable[Outcome]:
        """Said with the time on the point's own clock."""
        time = f"{event.at.astimezone(context.zone):%H:%M}"
        found = Finding("off_window_drop_seen", point=event.subject, time=time)
        yield from self.guide(event, context, "voice_off_window", found)
