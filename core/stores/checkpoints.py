"""Moving what was committed from the write-ahead log into the database, beside the turns and not within them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from threading import Event, Thread
from typing import Final

import structlog

from .base import StoreError
from .crash import CrashPoint, reached
from .link import Link

STEP_ROWS: Final = 2_000
"""After how many changed rows a checkpoint is made: the fewer, the shorter the disk is busy with each of them."""

STEP_BYTES: Final = 8 * 1024 * 1024
"""By how much the log's file may grow before one is made all the same: a row may be large."""

PAGES_ANEW: Final = 4_000
"""From how many pages in the log on it begins anew, 16 MB: half of what its file keeps."""

PAGES_MAX: Final = 16_000
"""From how many on it must, for which the next turn may wait for readers."""

READERS_MS_MAX: Final = 100
"""How long it waits for them."""

log = structlog.get_logger(__name__)


class Checkpoints:
    """Checkpoints of one database file, in a thread and on a connection of their own.

    Done by the turn that happens to fill the log, a checkpoint would keep its senders waiting for tens of milliseconds.
    Here it is copied beside the turns. Now and then they wait until what they committed meanwhile is copied as well,
    and the log begins anew within its file, which is not cut: writing over it costs the disk half as much as making it
    longer, and cutting off many megabytes can take as long as forty commits. A reader of another process that never
    ends its transaction keeps the log growing, which is logged.
    """

    def __init__(
        self,
        path: Path,
        link: Link,
        step_rows: int = STEP_ROWS,
        step_bytes: int = STEP_BYTES,
        pages_anew: int = PAGES_ANEW,
        pages_max: int = PAGES_MAX,
    ) -> None:
        self._path = path
        self._log = path.with_name(f"{path.name}-wal")
        self._link = link
        self._step_rows = step_rows
        self._step_bytes = step_bytes
        self._pages_anew = pages_anew
        self._pages_max = pages_max
        self._next_rows = step_rows
        self._next_bytes = step_bytes
        self._due = Event()
        self._stopping = False
        self._thread: Thread | None = None
        self._said = ""

    def committed(self) -> None:
        """Something was committed: have a checkpoint made if enough has changed since the last. Returns at once."""
        rows, size = self._link.raw.total_changes, self._size()
        if self._stopping or (rows < self._next_rows and size < self._next_bytes):
            return
        self._next_rows, self._next_bytes = rows + self._step_rows, size + self._step_bytes
        # Made when first needed: most commands open a store, write a little and end.
        if self._thread is None or not self._thread.is_alive():
            self._thread = Thread(target=self._serve, name="checkpoints", daemon=True)
            self._thread.start()
        self._due.set()

    def _size(self) -> int:
        try:
            return self._log.stat().st_size
        except OSError:  # no log: nothing to copy. Whatever else is wrong with the file, its next commit says.
            return 0

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
        reached(CrashPoint.CHECKPOINT_BEGUN)
        try:
            self._copy()
        except (OSError, StoreError) as error:
            self._say("checkpoint_failed", str(error))
            return
        reached(CrashPoint.CHECKPOINT_DONE)

    def _copy(self) -> None:
        with (
            self._link.in_words(),
            closing(sqlite3.connect(self._path, timeout=0, isolation_level=None)) as raw,
        ):
            raw.execute("PRAGMA synchronous=FULL")
            (_, pages, _) = raw.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
            reached(CrashPoint.CHECKPOINT_COPIED)
            must_begin_anew = pages >= self._pages_max
            if must_begin_anew:
                raw.execute(f"PRAGMA busy_timeout={READERS_MS_MAX}")
            is_too_long = pages >= self._pages_anew and not self._begin_anew(raw)
        if is_too_long and must_begin_anew:
            why = "another process reads or writes the database all the while; end it, or the log grows further"
            self._say("log_not_begun_anew", why)
        elif not is_too_long:
            self._said = ""

    def _begin_anew(self, raw: sqlite3.Connection) -> bool:
        """Have the next commit stand first in the log again, unless somebody still reads what stands in it."""
        with self._link.lock:
            (is_busy, _, _) = raw.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()
        return not is_busy

    def _say(self, what: str, why: str) -> None:
        if why != self._said:
            log.error(what, why=why, log=str(self._log))
        self._said = why
