"""Notices as files in a directory, for a gateway between separated networks (网闸) to carry on."""

from __future__ import annotations

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from civicloop import ChannelConfig, Message, Severity

from .letter import as_json

THREADS_MAX: Final = 4
"""How many files are written at once for each lane; a disk gains nothing from more."""


class FileDrop:
    """One JSON file a notice, named by its key: written whole or not at all, and the same one again when repeated."""

    class Config(ChannelConfig):
        """``directory``: where the files go, relative to the street's folder."""

        directory: Path

    def __init__(self, config: Config, folder: Path) -> None:
        self._directory = folder / config.directory
        # Threads of its own: a disk that hangs keeps these few, and neither other work nor a danger to life waits.
        self._usual = ThreadPoolExecutor(THREADS_MAX, thread_name_prefix="file_drop")
        self._urgent = ThreadPoolExecutor(THREADS_MAX, thread_name_prefix="file_drop_urgent")

    async def send(self, message: Message) -> None:
        """Write the file and make it durable. Raises ``OSError`` when the directory cannot be written."""
        threads = self._urgent if message.notice.severity is Severity.P0 else self._usual
        await asyncio.get_running_loop().run_in_executor(threads, self._write, message)

    def _write(self, message: Message) -> None:
        self._directory.mkdir(parents=True, exist_ok=True)
        final = self._directory / f"{message.key}.json"
        half = self._directory / f".{message.key}.part"
        with half.open("wb") as file:
            file.write(as_json(message))
            file.flush()
            os.fsync(file.fileno())
        half.replace(final)
        self._sync_directory()

    def _sync_directory(self) -> None:
        """Without this a power cut could take back the name of a file that was reported as delivered."""
        handle = os.open(self._directory, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    async def close(self) -> None:
        """Let go of the threads; what has not begun is left for the next start."""
        for threads in (self._usual, self._urgent):
            threads.shutdown(wait=False, cancel_futures=True)
