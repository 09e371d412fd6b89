"""Notices on the daemon's own output, for trying out and for the night shift's screen."""

from __future__ import annotations

import asyncio
import re
import sys
from datetime import UTC
from pathlib import Path
from typing import Final, TextIO

from civicloop import ChannelConfig, Message

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
"""What could break a line in two, or steer the terminal that shows it."""


class Console:
    """One line a notice. Contacts are left out: what is on a screen is read by everybody in the room."""

    class Config(ChannelConfig):
        """Nothing to set."""

    def __init__(self, config: Config, folder: Path, out: TextIO | None = None) -> None:
        self._out = out

    async def send(self, message: Message) -> None:
        """Write the line. Raises ``OSError`` when the output is gone."""
        notice = message.notice
        line = f"{notice.at.astimezone(UTC):%H:%M:%SZ} -> {notice.party}: {message.title} {message.text}"
        await asyncio.to_thread(self._write, _CONTROL.sub(" ", line) + "\n")

    def _write(self, line: str) -> None:
        out = sys.stdout if self._out is None else self._out
        out.write(line)
        out.flush()

    async def close(self) -> None:
        """Nothing to let go of."""
