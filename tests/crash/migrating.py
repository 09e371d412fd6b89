"""Migrations that are killed: ``migrating.py OLD FOLDER`` kills one with -9 before each of its SQL statements in turn.

Started as a script in a process of its own, which is forked for each death: what a migration needs is imported once.
Leaves one database for each death in FOLDER, named by the number of the statement that never ran, and one that was
killed when all was done.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from itertools import count
from pathlib import Path

from alembic import command, config  # noqa: F401  # so that not every fork has to import them

from civicloop.core.stores.link import Link
from civicloop.core.stores.versions import prepare


def die() -> None:
    """kill -9 by its own hand; what SQLite holds in memory is gone, what it has written stays."""
    os.kill(os.getpid(), signal.SIGKILL)


def migrate(path: Path, statements: int) -> None:
    """Migrate as the daemon does, for so many statements, and leave a mark where there were no more of them."""
    left = statements

    def traced(_statement: str) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            die()

    link = Link(path, 1)
    # What a migration of a large store has not committed is in the log already; here as much of it as can be.
    link.raw.execute("PRAGMA cache_size = 1")
    link.raw.set_trace_callback(traced)
    prepare(link)
    link.raw.set_trace_callback(None)
    path.with_suffix(".done").touch()
    die()


def run(old: Path, folder: Path) -> None:
    """A death before each statement, and one after the last."""
    for statements in count():
        path = folder / f"{statements:04}.db"
        shutil.copy(old, path)
        child = os.fork()
        if not child:
            migrate(path, statements)
        _, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status), status
        assert os.WTERMSIG(status) == signal.SIGKILL, status
        if path.with_suffix(".done").exists():
            return


if __name__ == "__main__":
    run(Path(sys.argv[1]), Path(sys.argv[2]))
