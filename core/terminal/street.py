"""The street a command works on: its folder, and the database that belongs to it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple

import click

from ..engine.engine import Engine
from ..engine.guard import UNGUARDED, Guard
from ..engine.opening import Opened, open_street
from ..running.clock import SystemClock
from ..running.flight import FlightRecord
from ..running.watch import Watch
from ..stores.base import Store
from ..stores.sqlite import SqliteStore
from .trouble import Trouble
from .voice import Voice

MARK: Final = "civicloop.toml"


def street_here(voice: Voice) -> Path:
    """The current directory, where a street lies in it. Raises ``Trouble`` elsewhere."""
    if Path(MARK).is_file():
        return Path()
    raise Trouble(voice.say("no_street_here", mark=MARK))


def split_words(voice: Voice, words: Sequence[str], names: Sequence[str]) -> tuple[Path, list[str]]:
    """A street's folder and the words named ``names``; inside a street the folder may be left out.

    Raises ``click.UsageError`` for too few or too many words.
    """
    if len(words) == len(names):
        return street_here(voice), list(words)
    if len(words) == len(names) + 1:
        return Path(words[0]), list(words[1:])
    wanted = " ".join(("[DIR]", *names))
    raise click.UsageError(voice.say("wrong_words", wanted=wanted, got=len(words)))


def split_folder(voice: Voice, words: Sequence[str]) -> tuple[Path, list[str]]:
    """A street's folder, where the first word is a folder, and the other words."""
    if words and Path(words[0]).is_dir():
        return Path(words[0]), list(words[1:])
    return street_here(voice), list(words)


def read_street(voice: Voice, folder: Path) -> Opened:
    """The street in ``folder``, whose language the voice takes up. Raises ``StreetError``."""
    opened = open_street(folder)
    voice.street = opened.setup.language
    return opened


@contextmanager
def open_store(path: Path | None) -> Iterator[Store]:
    """The database in the file ``path``, made with its folder where it is missing, or one in memory.

    Raises ``StoreError`` or ``OSError``.
    """
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
    store = SqliteStore(path)
    try:
        yield store
    finally:
        store.close()


def store_path(opened: Opened) -> Path:
    """Where the street's own database lies."""
    return opened.folder.path(opened.folder.settings.store.path)


class Desk(NamedTuple):
    """A street with its database, as a command works on it; ``now`` is when the command began."""

    voice: Voice
    opened: Opened
    store: Store
    now: datetime
    watch: Guard = UNGUARDED

    def engine(self) -> Engine:
        """An engine that may take a turn beside the daemon's, or without one.

        Starting it books an absence of the daemon as ours, so that nobody is called because nobody listened.
        """
        engine = Engine(self.store, self.opened.setup, self.watch)
        engine.start(self.now)
        return engine


@contextmanager
def desk(
    voice: Voice, folder: Path, path: Path | None = None, makes: bool = False, record: FlightRecord | None = None
) -> Iterator[Desk]:
    """The street in ``folder`` with its own database, or the one named ``path``.

    A street that has never run has no database: it is made only when the command ``makes`` something to keep. With a
    ``record`` this process has a parent that ends it in a call which cannot be interrupted.
    """
    opened = read_street(voice, folder)
    if path is not None and not path.is_file():
        raise Trouble(voice.say("no_store", path=path))
    own = path or store_path(opened)
    with open_store(own if makes or own.exists() else None) as store:
        # A turn of ours holds up the daemon's: what a plugin does in it must come to an end here as well.
        watch = Watch(opened.folder.settings.limits.assess_seconds_max, record)
        with watch.started():
            yield Desk(voice, opened, store, SystemClock().now(), watch)
