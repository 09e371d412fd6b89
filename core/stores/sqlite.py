"""The store on SQLite, in a file or in memory: the same code, so that the two cannot drift apart."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from threading import Timer
from typing import Final

from . import statements as sql
from .base import Inspection, StoreError
from .casebook import Casebook
from .chain import Chains
from .checkpoints import Checkpoints
from .codec import micros, moment
from .link import READER_CACHE_KIB, Link
from .purging import SqlitePurger
from .snapshot import Snapshot
from .sqlite_courier import SqliteCourier, SqliteDoors
from .sqlite_reader import SqliteReader
from .sqlite_turn import ALIVE_AT, SqliteTurn
from .versions import prepare
from .witness import Witness

BUSY_SECONDS: Final = 5.0


class SqliteStore(SqliteReader, SqliteCourier, SqliteDoors, SqlitePurger):
    """A store in the file ``path``, or in memory for ``None``.

    Several processes may use one file at once, and several threads one store: turns and other writes wait up to
    ``busy_seconds`` for each other, readers wait for nobody. Opening makes or migrates the tables, and raises
    ``StoreError`` where that is impossible.
    """

    def __init__(self, path: Path | None = None, *, busy_seconds: float = BUSY_SECONDS) -> None:
        self.path = path
        self._busy_seconds = busy_seconds
        self._casebook = Casebook()
        self._chains = Chains()
        self._witness = None if path is None else Witness(path)
        self._writes = Link(path, busy_seconds)
        self._checkpoints = None if path is None else Checkpoints(path, self._writes)
        if self._checkpoints:
            self._writes.after_commit = self._checkpoints.committed
        try:
            prepare(self._writes)
            # A database in memory belongs to its one connection. Nothing is written before a turn commits,
            # so its readers see no more than those of a file do.
            self._reads = self._writes if path is None else Link(path, busy_seconds, READER_CACHE_KIB)
        except BaseException:
            self._writes.close()
            raise

    @contextmanager
    def turn(self) -> Iterator[SqliteTurn]:
        """A write transaction, alone against every other process; left without commit it leaves no trace."""
        with self._writes.transaction(commits=False):
            yield SqliteTurn(self._writes, self._casebook, self._chains, self._saw)

    def next_due(self) -> datetime | None:
        """The earliest instant a case or a watchdog waits for, or ``None``: how long the engine may sleep."""
        due, wake_at, asleep = self._reads.row(sql.NEXT_DUE)
        times = [at for at in (due, None if wake_at is None else wake_at + asleep) if at is not None]
        return moment(min(times)) if times else None

    def last_turn(self) -> datetime | None:
        """When the last turn was committed, or ``heartbeat`` called; ``None`` for a new store."""
        row = self._reads.row(sql.META, name=ALIVE_AT)
        return moment(row[0]) if row else None

    def heartbeat(self, now: datetime) -> None:
        """Note that the engine was alive at ``now``; a clock that was set back does not take back a later note."""
        self._writes.write(sql.RAISE_META, [(ALIVE_AT, micros(now))])

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """Everything as it is now, however long the reading takes; the write-ahead log cannot shrink meanwhile."""
        if self.path is None:
            with self._reads.lock:
                yield Snapshot(self._reads)
            return
        link = Link(self.path, self._busy_seconds, READER_CACHE_KIB)
        try:
            with link.in_words():
                link.raw.execute("BEGIN")
            yield Snapshot(link)
        finally:
            link.close()

    def inspect(self, seconds_max: float) -> Inspection:
        """Look whether what was committed is there and whole, for at most ``seconds_max``.

        Raises ``StoreError`` for a damaged page. Turns that are missing, because the write-ahead log was damaged or the
        file replaced by an older one, are told once; the log is put aside before anything is written over it.
        """
        is_whole = self._look_through(seconds_max)
        if self._witness is None:
            return Inspection("", is_whole)
        (have,) = self._reads.row(sql.LAST_TURN)
        last = self._witness.last
        if have >= last:
            return Inspection("", is_whole)
        kept = self._witness.secure_log(have)
        self._witness.start_anew(have)
        copy = f"; {kept} is a copy of its write-ahead log" if kept else ""
        return Inspection(
            f"{self._reads.name} has lost turns {have + 1} to {last}, which were committed: its write-ahead log is "
            f"damaged, or the file was replaced by an older one{copy}. Have the senders repeat what they sent since "
            f"{self.last_turn() or 'the beginning'}, or restore a backup that has these turns",
            is_whole,
        )

    def _look_through(self, seconds_max: float) -> bool:
        """Whether all pages were looked at in time. Raises ``StoreError`` for a damaged one."""
        with self._reads.lock, self._reads.in_words():
            timer = Timer(seconds_max, self._reads.raw.interrupt)
            timer.start()
            try:
                (found,) = self._reads.raw.execute("PRAGMA quick_check(1)").fetchone()
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
                    raise
                return False
            finally:
                timer.cancel()
        if found != "ok":
            said = " ".join(found.split())
            raise StoreError(f"{self._reads.name} is damaged ({said}): stop, keep a copy, and restore the last backup")
        return True

    def _saw(self, turn: int) -> None:
        if self._witness is not None:
            self._witness.saw(turn)

    def close(self) -> None:
        """Let go of the database; safe to call twice."""
        if self._checkpoints:
            self._checkpoints.close()
        if self._witness is not None:
            self._witness.close()
        self._reads.close()
        self._writes.close()
