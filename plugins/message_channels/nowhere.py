"""A channel that takes everything and passes nothing on: for benchmarks, and for parties that are not to be told."""

from __future__ import annotations

from pathlib import Path

from civicloop import ChannelConfig, Message


class Nowhere:
    """Takes every message."""

    class Config(ChannelConfig):
        """Nothing to set."""

    def __init__(self, config: Config, folder: Path) -> None:
        self.taken = 0

    async def send(self, message: Message) -> None:
        """Count the message."""
        self.taken += 1

    async def close(self) -> None:
        """Nothing to let go of."""
