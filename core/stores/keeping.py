"""Copies of a store's file: made while others write, and put in the place of a store that was lost."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from hashlib import blake2b, file_digest
from pathlib import Path
from typing import Final, NamedTuple

from sqlalchemy import select

from .base import StoreError
from .codec import moment
from .crash import CrashPoint, reached
from .link import Link
from .schema import REVISION, turn
from .sqlite import BUSY_SECONDS
from .sqlite_turn import ALIVE_AT
from .statements import META, sql
from .versions import revision_of

BESIDE: Final = ("-wal", "-shm", ".witness")
"""What lies beside a database: changes that are not in it yet, who reads, and the number of its last turn."""

_LAST_DIGEST: Final = sql(select(turn.c.digest).order_by(turn.c.seq.desc()))


class Origin(NamedTuple):
    """What a store's file is: until when its engine was alive, and the configuration of its last turn."""

    alive_at: datetime | None
    digest: str


def origin(path: Path) -> Origin:
    """Where the store in this file comes from. Raises ``StoreError`` where it cannot be read, or has other tables."""
    link = Link(path, BUSY_SECONDS)
    try:
        with link.in_words():
            revision = revision_of(link)
        if revision != REVISION:
            raise StoreError(
                f"{path} has the tables of another version of civicloop (revision {revision or 'unknown'}, this one has"
                f" {REVISION}): use the version that wrote it, or run this one on the street once"
            )
        alive, last = link.row(META, name=ALIVE_AT), link.row(_LAST_DIGEST)
        return Origin(moment(alive[0]) if alive else None, last[0] if last else "")
    finally:
        link.close()


@contextmanager
def copying(source: Path, target: Path) -> Iterator[Path]:
    """A copy of the store in ``source`` as it is now, to be looked at; becomes ``target`` when the caller is content.

    Whoever writes to the store goes on meanwhile: the copy is one read transaction. What retention has erased is not in
    the copy, not even in unused pages. Whoever dies on the way leaves an earlier ``target`` as it was, and beside it a
    file that the next copy takes over. Raises ``StoreError`` and ``OSError``.
    """
    part = target.with_name(f".{target.name}.part")
    with _held(part):
        link = Link(source, BUSY_SECONDS)
        try:
            with link.in_words():
                link.raw.execute("VACUUM INTO ?", (str(part),))
        finally:
            link.close()
        reached(CrashPoint.STORE_COPIED)
        with _becoming(part, target):
            yield part
        reached(CrashPoint.COPY_RENAMED)


@contextmanager
def replacing(store: Path, copy: Path, aside: Path) -> Iterator[Path]:
    """A second copy of ``copy`` to be looked at; takes the place of ``store`` when the caller is content.

    The old store is kept as ``aside``. Whoever dies on the way leaves the old store or the new one, never a mixture,
    and nothing of the old one's write-ahead log beside the new one. Nobody may have the store open. Raises ``OSError``.
    """
    part = store.with_name(f".{store.name}.part")
    with _held(part):
        shutil.copyfile(copy, part)
        with _becoming(part, store, before=lambda: _keep(store, aside)):
            yield part
        reached(CrashPoint.COPY_RENAMED)


@contextmanager
def _held(part: Path) -> Iterator[None]:
    """An empty file that is nobody else's; raises ``StoreError`` while somebody else holds it."""
    descriptor = os.open(part, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StoreError(f"{part} is being written by another process; wait for it, or end it") from None
        os.ftruncate(descriptor, 0)
        _drop(part, *BESIDE)
        try:
            yield
        finally:
            _drop(part, "", *BESIDE)
    finally:
        os.close(descriptor)


@contextmanager
def _becoming(part: Path, target: Path, before: Callable[[], None] = lambda: None) -> Iterator[None]:
    yield
    log = part.with_name(part.name + BESIDE[0])
    if log.exists() and log.stat().st_size:
        raise StoreError(f"{part} is still open somewhere, so it is not whole; close it, then try again")
    _drop(part, *BESIDE)
    sync(part)
    before()
    reached(CrashPoint.COPY_CHECKED)
    part.replace(target)
    sync(target.parent)


def _keep(store: Path, aside: Path) -> None:
    """Keep a store under another name, and fold its write-ahead log away first, so that a new store never meets it."""
    if not store.exists():
        _drop(store, *BESIDE)
        return
    log, kept = (one.with_name(one.name + BESIDE[0]) for one in (store, aside))
    if log.exists():
        # SQLite throws away a log that it cannot read, and that may be all that is left of the last turns.
        shutil.copyfile(log, kept)
    if _fold(store):
        kept.unlink(missing_ok=True)
    os.link(store, aside)
    sync(aside.parent)
    _drop(store, *BESIDE)


def _fold(store: Path) -> bool:
    """Take the write-ahead log into the store; whether that went well, as it does not with one that is damaged."""
    try:
        link = Link(store, BUSY_SECONDS)
        try:
            with link.in_words():
                link.raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            link.close()
    except StoreError:
        return False
    return True


def _drop(path: Path, *endings: str) -> None:
    for ending in endings:
        path.with_name(path.name + ending).unlink(missing_ok=True)


def sync(path: Path) -> None:
    """Have the disk keep what was written to a file or a folder."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def hash_of(path: Path) -> str:
    """The file's BLAKE2b hash, in 64 hexadecimal digits, as ``b2sum --length 256`` prints it."""
    with path.open("rb") as file:
        return file_digest(file, lambda: blake2b(digest_size=32)).hexdigest()
