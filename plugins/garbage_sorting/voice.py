"""The bin room speaks (语音提示): remote supervision, intercom and voice prompts of Hongkou practice [P]."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from civicloop import Command, Context

SPEAKER: Final = "speaker"
"""The kind of the devices in ``devices.csv`` that can speak."""


def speak(context: Context[Any], action: str) -> Iterator[Command]:
    """Have every speaker at the place of the event say ``action``, a text of the catalogue."""
    for device in context.devices_at(context.place.code):
        if device.kind == SPEAKER:
            yield Command(device.id, action)
