"""A witness beside the database: the number of the last turn that was committed, so that a missing one is noticed.

SQLite reads its write-ahead log up to the first frame that is damaged and takes no notice of what comes after, as if
it had never been committed. The witness is written after each commit and never before, so whatever crash there may be,
it never names a turn that the database did not have.
"""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Final

BYTES: Final = 8


class Witness:
    """The file ``NAME.witness`` of a database. It is not synced: after a power cut it may name an earlier turn."""

    def __init__(self, database: Path) -> None:
        self._path = database.with_name(f"{database.name}.witness")
        self._log = database.with_name(f"{database.name}-wal")
        self._handle: int | None = None
        self._last = self._read()

    @property
    def last(self) -> int:
        """The last turn that was seen; 0 where there is no witness."""
        return self._last

    def saw(self, turn: int) -> None:
        """A turn was committed. What cannot be written down is left: the turn itself is safe, and must be answered.

        A turn before the last one is written down only once somebody has been told that those between are missing.
        """
        if turn > self._last:
            self._write(turn)

    def start_anew(self, turn: int) -> None:
        """Go on from ``turn``, though later ones were seen."""
        self._write(turn)

    def _write(self, turn: int) -> None:
        self._last = turn
        with suppress(OSError):
            if self._handle is None:
                self._handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
            os.pwrite(self._handle, turn.to_bytes(BYTES, "big"), 0)

    def _read(self) -> int:
        with suppress(OSError):
            return int.from_bytes(self._path.read_bytes()[:BYTES], "big")
        return 0

    def secure_log(self, turn: int) -> Path | None:
        """Put a copy of the write-ahead log aside before anything overwrites it; ``None`` where that is impossible."""
        kept = self._log.with_name(f"{self._log.name}.after-turn-{turn}")
        with suppress(OSError):
            if self._log.stat().st_size:
                return Path(shutil.copyfile(self._log, kept))
        return None

    def close(self) -> None:
        """Let go of the file; safe to call twice."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None
