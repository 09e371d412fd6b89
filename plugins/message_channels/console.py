"""Notices on the daemon's own output, for trying out and for the night shift's screen."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TextIO

from civicloop import ChannelConfig, Message


class Console:
    """One line a notice. Contacts are left out: what is on a screen is read by everybody in the room."""

    class Config(ChannelConfig):
        """Nothing to set."""

    def __init__(self, config: Config, folder: Path, out: TextIO | None = None) -> None:
        self._out = out

    async def send(self, message: Message) -> None:
        """Write the line. Raises ``OSError`` when the output is gone."""
        notice = message.notice
        line = f"{notice.at:%H:%M:%SZ} -> {notice.party}: {message.title} {message.text}\n"
        await asyncio.to_thread(self._write, line)

    def _write(self, line: str) -> None:
        out = self._out or sys.stdout
        out.write(line)
        out.flush()

    async def close(self) -> None:
        """Nothing to let go of."""
