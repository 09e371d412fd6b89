"""The store on SQLite, in a file or in memory: the same code, so that the two cannot drift apart."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final

from . import statements as sql
from .casebook import Casebook
from .codec import decode_expects, encode_expects, micros, moment
from .link import Link
from .sqlite_courier import SqliteCourier, SqliteDoors
from .sqlite_reader import SqliteReader
from .sqlite_turn import ALIVE_AT, SqliteTurn
from .versions import prepare

BUSY_SECONDS: Final = 5.0
REARMED_AT_ONCE: Final = 5000


class SqliteStore(SqliteReader, SqliteCourier, SqliteDoors):
    """A store in the file ``path``, or in memory for ``None``.

    Several processes may use one file at once, and several threads one store: turns and other writes wait up to
    ``busy_seconds`` for each other, readers wait for nobody. Opening makes or migrates the tables, and raises
    ``StoreError`` where that is impossible.
    """

    def __init__(self, path: Path | None = None, *, busy_seconds: float = BUSY_SECONDS) -> None:
        self.path = path
        self._casebook = Casebook()
        self._writes = Link(path, busy_seconds)
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
            yield SqliteTurn(self._writes, self._casebook)

    def next_due(self) -> datetime | None:
        """The earliest instant a case or a watchdog waits for, or ``None``: how long the engine may sleep."""
        times = [at for at in self._reads.row(sql.NEXT_DUE) if at is not None]
        return moment(min(times)) if times else None

    def last_turn(self) -> datetime | None:
        """When the last turn was committed, or ``heartbeat`` called; ``None`` for a new store."""
        row = self._reads.row(sql.META, name=ALIVE_AT)
        return moment(row[0]) if row else None

    def heartbeat(self, now: datetime) -> None:
        """Note that the engine was alive at ``now``."""
        self._writes.write(sql.PUT_META, [(ALIVE_AT, micros(now))])

    def shift_watchdogs(self, silent_from: datetime, silent_until: datetime) -> int:
        """Move every watchdog armed for later than ``silent_from`` by the outage's length; returns how many.

        A memo is looked at as long after its earliest watchdog as before. The end of the outage is noted as a
        heartbeat in the same transaction: whoever is killed here does not count the outage a second time.
        """
        outage = silent_until - silent_from
        moved = 0
        last = ("", "")
        with self._writes.transaction() as raw:
            while rows := self._writes.rows(sql.ARMED_AFTER, scenario=last[0], key=last[1], most=REARMED_AT_ONCE):
                rearmed = []
                for scenario, key, text, wake_at in rows:
                    last = scenario, key
                    armed = decode_expects(text)
                    later = tuple((name, by + outage if by > silent_from else by) for name, by in armed)
                    if later == armed:
                        continue
                    moved += sum(by > silent_from for _, by in armed)
                    allowance = moment(wake_at) - min(by for _, by in armed)
                    wake = min(by for _, by in later) + allowance
                    rearmed.append((encode_expects(later), micros(wake), scenario, key))
                with self._writes.in_words():
                    raw.executemany(sql.REARM.text, rearmed)
            with self._writes.in_words():
                raw.execute(sql.PUT_META.text, (ALIVE_AT, micros(silent_until)))
        return moved

    def close(self) -> None:
        """Let go of the database; safe to call twice."""
        self._reads.close()
        self._writes.close()
