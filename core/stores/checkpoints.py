"""Moving what was committed from the write-ahead log into the database, beside the turns and not within them."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from threading import Event, Thread
from typing import Final

import structlog

from .base import StoreError
from .crash import CrashPoint, reached
from .link import Link

STEP_BYTES: Final = 8 * 1024 * 1024
"""By how much the log grows between two checkpoints: the more, the more often a page changes before it is copied."""

LOG_BYTES_MAX: Final = 64 * 1024 * 1024
"""From this size on the log is emptied, for which the next turn waits a few milliseconds."""

READERS_SECONDS_MAX: Final = 0.1
"""How long emptying the log waits for readers of it, with the next turn behind it."""

log = structlog.get_logger(__name__)


class Checkpoints:
    """Checkpoints of one database file, in a thread and on a connection of their own.

    Done by the turn that happens to fill the log, a checkpoint would keep its senders waiting for tens of milliseconds.
    Usually one goes on beside the turns and blocks nobody. Turns that never pause leave it no moment at which
    everything is copied and the log can begin anew; so once the log has reached ``LOG_BYTES_MAX`` it is emptied between
    two turns. A reader of another process that never ends its transaction prevents that, which is logged.
    """

    def __init__(
        self, path: Path, link: Link, step_bytes: int = STEP_BYTES, log_bytes_max: int = LOG_BYTES_MAX
    ) -> None:
        self._path = path
        self._log = path.with_name(f"{path.name}-wal")
        self._link = link
        self._step_bytes = step_bytes
        self._log_bytes_max = log_bytes_max
        self._next_bytes = step_bytes
        self._due = Event()
        self._stopping = False
        self._thread: Thread | None = None
        self._failed = ""

    def committed(self) -> None:
        """Something was committed: have a checkpoint made if the log has grown enough. Returns at once."""
        try:
            size = self._log.stat().st_size
        except OSError:  # no log: nothing to copy. Whatever else is wrong with the file, its next commit says.
            return
        if size < self._next_bytes or self._stopping:
            return
        # Made when first needed: most commands open a store, write a little and end.
        if self._thread is None or not self._thread.is_alive():
            self._thread = Thread(target=self._serve, name="checkpoints", daemon=True)
            self._thread.start()
        self._due.set()

    def close(self) -> None:
        """Finish the checkpoint at hand and make no more; safe to call twice."""
        self._stopping = True
        self._due.set()
        if self._thread is not None:
            self._thread.join()

    def _serve(self) -> None:
        while not self._stopping:
            self._due.wait()
            self._due.clear()
            if not self._stopping:
                self.run()

    def run(self) -> None:
        """One checkpoint, now. What keeps it from being made is logged, once until one succeeds; the log keeps all."""
        try:
            size = self._log.stat().st_size
            self._next_bytes = size + self._step_bytes
            reached(CrashPoint.CHECKPOINT_BEGUN)
            self._copy(size)
            reached(CrashPoint.CHECKPOINT_DONE)
        except (OSError, StoreError) as error:
            if str(error) != self._failed:
                log.error("checkpoint_failed", error=str(error), log=str(self._log))
            self._failed = str(error)
            return
        self._failed = ""

    def _copy(self, size: int) -> None:
        with self._link.in_words():
            raw = sqlite3.connect(self._path, timeout=READERS_SECONDS_MAX, isolation_level=None)
            try:
                raw.execute("PRAGMA synchronous=FULL")
                raw.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
                if size >= self._log_bytes_max:
                    self._empty(raw, size)
            finally:
                raw.close()

    def _empty(self, raw: sqlite3.Connection, size: int) -> None:
        """Copy what little was committed meanwhile, and let the log begin anew; no turn of ours goes on meanwhile."""
        with self._link.lock:
            (is_busy, _, _) = raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if is_busy:
            why = "another process reads or writes the database all the while; end it, or the log grows further"
            log.warning("log_not_emptied", log=str(self._log), bytes=size, why=why)
        else:
            self._next_bytes = self._step_bytes
