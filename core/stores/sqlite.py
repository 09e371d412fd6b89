"""The store on SQLite, in a file or in memory: the same code, so that the two cannot drift apart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import orjson

from . import statements as sql
from .casebook import Casebook
from .chain import Chains
from .checkpoints import Checkpoints
from .codec import micros, moment
from .link import Link
from .purging import SqlitePurger
from .snapshot import Snapshot
from .sqlite_courier import SqliteCourier, SqliteDoors
from .sqlite_reader import SqliteReader
from .sqlite_turn import ALIVE_AT, ASLEEP, SqliteTurn
from .versions import prepare

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
        self._writes = Link(path, busy_seconds)
        self._checkpoints = None if path is None else Checkpoints(path, self._writes)
        if self._checkpoints:
            self._writes.after_commit = self._checkpoints.committed
        try:
            prepare(self._writes)
            # A database in memory belongs to its one connection. Nothing is written before a turn commits,
            # so its readers see no more than those of a file do.
            self._reads = self._writes if path is None else Link(path, busy_seconds)
        except BaseException:
            self._writes.close()
            raise

    @contextmanager
    def turn(self) -> Iterator[SqliteTurn]:
        """A write transaction, alone against every other process; left without commit it leaves no trace."""
        with self._writes.transaction(commits=False):
            yield SqliteTurn(self._writes, self._casebook, self._chains)

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
        """Note that the engine was alive at ``now``."""
        self._writes.write(sql.PUT_META, [(ALIVE_AT, micros(now))])

    def shift_watchdogs(self, silent_from: datetime, silent_until: datetime) -> None:
        """Move every watchdog armed for later than ``silent_from`` by the outage's length, however many are armed.

        One number moves them all: how long the engine was away in all. Only memos of which a watchdog had run out by
        then are written anew, to stay where they are.
        """
        outage = micros(silent_until) - micros(silent_from)
        with self._writes.transaction() as raw:
            asleep, alive_at, wait_max = self._writes.row(sql.SLEEP)
            ran_out = max(micros(silent_from), alive_at) + wait_max - asleep
            with self._writes.in_words():
                armed = raw.execute(sql.ARMED_BY.text, (ran_out,))
                raw.executemany(sql.REARM.text, list(_kept(armed, micros(silent_from) - asleep, outage)))
                raw.execute(sql.PUT_META.text, (ASLEEP, asleep + outage))
                raw.execute(sql.PUT_META.text, (ALIVE_AT, micros(silent_until)))

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """Everything as it is now, however long the reading takes; the write-ahead log cannot shrink meanwhile."""
        if self.path is None:
            with self._reads.lock:
                yield Snapshot(self._reads)
            return
        link = Link(self.path, self._busy_seconds)
        try:
            with link.in_words():
                link.raw.execute("BEGIN")
            yield Snapshot(link)
        finally:
            link.close()

    def close(self) -> None:
        """Let go of the database; safe to call twice."""
        if self._checkpoints:
            self._checkpoints.close()
        self._reads.close()
        self._writes.close()


def _kept(armed: Iterable[Any], silent_from: int, outage: int) -> Iterator[tuple[str, int, str, str]]:
    """Memos of which some watchdogs had run out, as they are written anew so that those do not move."""
    for scenario, key, text, wake_at in armed:
        expects = orjson.loads(text)
        if any(by <= silent_from for _, by in expects):
            kept = [(name, by if by > silent_from else by - outage) for name, by in expects]
            yield orjson.dumps(kept).decode(), wake_at - outage, scenario, key
