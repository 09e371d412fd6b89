"""One connection to a SQLite database: its settings, its errors in words, its transactions."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import Any, Final

from .base import StoreError
from .statements import Sql

CACHE_KIB: Final = 32 * 1024
"""For the connection that writes."""

READER_CACHE_KIB: Final = 4 * 1024
"""For one that reads: all it holds is stale as soon as another connection has committed."""

WAL_BYTES_KEPT: Final = 32 * 1024 * 1024
"""To what size the log's file is cut when it begins anew; see ``checkpoints.py``."""

# What SQLite cannot do now, by its primary result code: what is wrong, and what helps.
_TROUBLES: Final = {
    sqlite3.SQLITE_FULL: ("has no room left to grow", "free some space on its disk; the store goes on by itself"),
    sqlite3.SQLITE_BUSY: ("is locked by another process", "end or finish what else writes to it, then try again"),
    sqlite3.SQLITE_LOCKED: ("is locked by another reader", "end or finish what else uses it, then try again"),
    sqlite3.SQLITE_IOERR: ("cannot be read or written", "look at the disk and its messages; nothing was changed"),
    sqlite3.SQLITE_READONLY: ("may not be written", "give this process the right to write it and its folder"),
    sqlite3.SQLITE_PERM: ("may not be opened", "give this process the right to read and write it"),
    sqlite3.SQLITE_CANTOPEN: ("cannot be opened", "make its folder, or give this process the right to write there"),
    sqlite3.SQLITE_CORRUPT: ("is damaged", "stop, keep a copy of it, and restore the last backup"),
    sqlite3.SQLITE_NOTADB: ("is no database, or its head is damaged", "name another file, or restore the last backup"),
    sqlite3.SQLITE_NOMEM: ("needs more memory than there is", "give this process more memory"),
    sqlite3.SQLITE_PROTOCOL: ("cannot be locked", "keep it on a local disk"),
    sqlite3.SQLITE_TOOBIG: ("was given a value too big for it", "send it in smaller pieces"),
}


def _nothing() -> None:
    """What is done after a commit, unless somebody else says."""


class _InWords:
    """Names the culprit and the remedy. A turn enters it a dozen times, so it is one object and no generator."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if error is None:
            return
        if isinstance(error, MemoryError):  # how Python's module tells of SQLITE_NOMEM
            what, remedy = _TROUBLES[sqlite3.SQLITE_NOMEM]
            raise StoreError(f"{self._name} {what}: {remedy}") from error
        trouble = _TROUBLES.get(getattr(error, "sqlite_errorcode", 0) & 0xFF)
        if trouble is not None:
            what, remedy = trouble
            raise StoreError(f"{self._name} {what} ({error}): {remedy}") from error


class Link:
    """A connection that several threads may share, one statement or one transaction at a time."""

    def __init__(self, path: Path | None, busy_seconds: float, cache_kib: int = CACHE_KIB) -> None:
        self.name = "the database in memory" if path is None else str(path)
        self.lock = RLock()
        self._in_words = _InWords(self.name)
        self.after_commit: Callable[[], None] = _nothing
        with self.in_words():
            self.raw = sqlite3.connect(
                ":memory:" if path is None else path,
                timeout=busy_seconds,
                isolation_level=None,
                check_same_thread=False,
                cached_statements=256,
            )
        try:
            self._settle(path is None, cache_kib)
        except BaseException:
            self.raw.close()
            raise

    def _settle(self, in_memory: bool, cache_kib: int) -> None:
        with self.in_words():
            (mode,) = self.raw.execute("PRAGMA journal_mode=WAL").fetchone()
            if mode != "wal" and not in_memory:
                raise StoreError(f"{self.name} cannot keep a write-ahead log there; keep it on a local disk")
            for setting in (
                "synchronous=FULL",
                "foreign_keys=ON",
                "temp_store=MEMORY",
                f"cache_size=-{cache_kib}",
                f"journal_size_limit={WAL_BYTES_KEPT}",
                "wal_autocheckpoint=0",  # see checkpoints.py
            ):
                self.raw.execute(f"PRAGMA {setting}")

    def rows(self, statement: Sql, **given: Any) -> list[Any]:
        """All rows of a statement."""
        with self.lock, self.in_words():
            return self.raw.execute(statement.text, statement.values(given)).fetchall()

    def row(self, statement: Sql, **given: Any) -> Any:
        """The first row of a statement, or ``None``."""
        with self.lock, self.in_words():
            return self.raw.execute(statement.text, statement.values(given)).fetchone()

    def write(self, statement: Sql, rows: Sequence[tuple[Any, ...]]) -> int:
        """Run a statement for every row in one transaction; how many rows it changed."""
        with self.transaction() as raw, self.in_words():
            return raw.executemany(statement.text, rows).rowcount

    @contextmanager
    def transaction(self, commits: bool = True) -> Iterator[sqlite3.Connection]:
        """A write transaction, alone against every other process, undone by any error.

        Its end commits it, unless the caller ``commits`` for itself.
        """
        with self.lock:
            if self.raw.in_transaction:
                raise RuntimeError("a turn of this store is open in this thread; commit or leave it first")
            with self.in_words():
                self.raw.execute("BEGIN IMMEDIATE")
            try:
                yield self.raw
                if commits:
                    self.commit()
            finally:
                self.roll_back()

    def commit(self) -> None:
        """Make the open transaction durable, if one is open."""
        if self.raw.in_transaction:
            with self.in_words():
                self.raw.execute("COMMIT")
            self.after_commit()

    def roll_back(self) -> None:
        """Undo the open transaction; SQLite has undone it already after some errors."""
        if self.raw.in_transaction:
            with self.in_words():
                self.raw.execute("ROLLBACK")

    def in_words(self) -> _InWords:
        """Turn what SQLite cannot do now into ``StoreError``; faults of our own, such as a broken key, pass."""
        return self._in_words

    def close(self) -> None:
        """Let go of the file; safe to call twice."""
        with self.lock:
            self.raw.close()
