"""What is done beside the turns now and then, each by whoever it falls to, until it is done."""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable, Mapping
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from civicloop.core.engine.receipt import Input, Speaker
from civicloop.core.gateway.cloudevents import read_json
from civicloop.core.stores.crash import CrashPoint
from civicloop.core.stores.keeping import copying

from .books import TABLES, Books
from .parts import Parts
from .stored_laws import must
from .world import DiedError

POINTS: Final[Mapping[str, tuple[CrashPoint, ...]]] = {
    "retry": (),
    "sweep": (CrashPoint.PIECE_PURGED,),
    "backup": (CrashPoint.STORE_COPIED, CrashPoint.COPY_CHECKED, CrashPoint.COPY_RENAMED),
    "checkpoint": (CrashPoint.CHECKPOINT_BEGUN, CrashPoint.CHECKPOINT_COPIED, CrashPoint.CHECKPOINT_DONE),
}
"""The errands, and the crash points that are reached on them alone."""

RETRIED_MAX: Final = 99

Content = dict[str, list[Any]]


class Errands:
    """Runs errands on the parts of the process that is up. Each raises ``DiedError`` where the process died on it."""

    def __init__(self, path: Path, books: Books) -> None:
        self._path = path
        self._copy = path.with_name("backup.db")
        self._copied: Content | None = None
        self._books = books
        self._doing: dict[str, Callable[[Parts, datetime], Awaitable[None]]] = {
            "retry": self._retry,
            "sweep": self._sweep,
            "backup": self._back_up,
            "checkpoint": self._checkpoint,
        }

    async def run(self, what: str, parts: Parts, now: datetime) -> None:
        """Do it once."""
        await self._doing[what](parts, now)

    async def _retry(self, parts: Parts, now: datetime) -> None:
        """Have all that is in quarantine judged again; ops who are cut off look whether that was written down."""
        rows = [
            (Input(read_json(row.body), Speaker.from_text(row.speaker)), one.scenario)
            for one in parts.store.quarantine(RETRIED_MAX)
            if (row := parts.store.event(one.source, one.id)) is not None
        ]
        before = self._books.retried()
        try:
            parts.engine.retry(rows, now)
        except DiedError:
            if self._books.retried() == before:
                raise
        parts.runner.poke()

    async def _sweep(self, parts: Parts, _now: datetime) -> None:
        """What was kept long enough goes."""
        await parts.sweeper.sweep_once()

    async def _checkpoint(self, parts: Parts, _now: datetime) -> None:
        """What stands in the log is moved into the database; the store's own thread has too little to do in a week."""
        assert parts.store._checkpoints is not None
        parts.store._checkpoints.run()

    async def _back_up(self, _parts: Parts, _now: datetime) -> None:
        """A copy is the store of one instant; whoever dies on the way leaves the last one, or this one."""
        fresh = None
        try:
            with copying(self._path, self._copy) as part:
                fresh = content(part)
                must(fresh == content(self._path), "a backup is the store", "it differs from what it was made from")
        except DiedError:
            self._keep(self._copied, fresh)
            raise
        self._keep(fresh)

    def _keep(self, *possible: Content | None) -> None:
        """What has the backup's name must be one of these, as a whole."""
        kept = content(self._copy) if self._copy.exists() else None
        must(kept in possible, "a backup is whole", "what has its name is neither the last one nor the new one")
        self._copied = kept


def content(path: Path) -> Content:
    """What the tables of a database hold, by a connection of its own."""
    with closing(sqlite3.connect(path)) as raw:
        return {name: raw.execute(text).fetchall() for name, text in TABLES.items()}
