"""Recording the SQL statements of a run, and replaying them bare: what the database alone would cost."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable
from typing import Any

from civicloop.core.stores.sqlite import SqliteStore

Statement = tuple[str, str, Any]


class Recorder:
    """Stands before a connection and writes down what passes."""

    def __init__(self, raw: sqlite3.Connection) -> None:
        self._raw = raw
        self.statements: list[Statement] = []

    @property
    def in_transaction(self) -> bool:
        """As the connection says."""
        return self._raw.in_transaction

    @property
    def total_changes(self) -> int:
        """As the connection says."""
        return self._raw.total_changes

    def execute(self, text: str, values: Iterable[Any] = ()) -> sqlite3.Cursor:
        """Run and write down."""
        kept = tuple(values)
        self.statements.append(("execute", text, kept))
        return self._raw.execute(text, kept)

    def executemany(self, text: str, rows: Iterable[Any]) -> sqlite3.Cursor:
        """Run and write down."""
        kept = list(rows)
        self.statements.append(("executemany", text, kept))
        return self._raw.executemany(text, kept)

    def close(self) -> None:
        """As the connection does."""
        self._raw.close()


def record(store: SqliteStore) -> Recorder:
    """Have everything that a store's writing connection runs written down."""
    link = store._writes
    recorder = Recorder(link.raw)
    link.raw = recorder  # type: ignore[assignment]  # a stand-in with the methods the store uses
    return recorder


def replay_bare(store: SqliteStore, statements: list[Statement]) -> float:
    """Seconds that the same statements take on a fresh store of the same settings, with nothing else around them.

    SQLite makes its checkpoints by itself, every 1,000 pages as usual: without any the disk would have less to do.
    """
    raw = store._writes.raw
    raw.execute("PRAGMA wal_autocheckpoint=1000")
    began = time.perf_counter()
    for kind, text, values in statements:
        if kind == "executemany":
            raw.executemany(text, values)
        else:
            raw.execute(text, values).fetchall()
    seconds = time.perf_counter() - began
    store.close()
    return seconds
