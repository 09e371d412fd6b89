"""Bringing a database to the tables of this version: made at once when new, migrated by Alembic when older."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Final

from .base import StoreError
from .crash import CrashPoint, reached
from .link import Link
from .schema import REVISION, creation, metadata

MIGRATIONS: Final = Path(__file__).parent / "migrations"


def prepare(link: Link) -> None:
    """Make or migrate the tables. Raises ``StoreError`` for a database of a newer version or of somebody else."""
    with link.in_words():
        if revision_of(link) == REVISION:
            return
    with link.transaction() as raw:
        # Asked again under the lock: another process may have done it while this one waited.
        with link.in_words():
            revision = revision_of(link)
            if revision == REVISION:
                return
            if revision is None and _is_empty(raw):
                for statement in creation():
                    raw.execute(statement)
                return
        if revision is None:
            raise StoreError(f"{link.name} is a database of something else; name another file for the store")
    migrate(link)


def migrate(link: Link) -> None:
    """Run the migrations that the database does not have yet, all of them in one transaction or none."""
    # Alembic takes longer to import than a store to open, and nearly every store is new or up to date.
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError
    from sqlalchemy import create_engine
    from sqlalchemy.exc import DBAPIError
    from sqlalchemy.pool import StaticPool

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    engine = create_engine("sqlite://", creator=lambda: link.raw, poolclass=StaticPool)
    with link.lock, link.in_words(), engine.connect() as connection:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        config.attributes.update(connection=connection, metadata=metadata)
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise StoreError(
                f"{link.name} was written by a newer civicloop (revision {revision_of(link)}, this one knows up to"
                f" {REVISION}): install that version again, or name another file"
            ) from error
        except DBAPIError as error:
            raise error.orig or error from error
        reached(CrashPoint.MIGRATED)
        connection.commit()


def revision_of(link: Link) -> str | None:
    """The migration the database stands at: empty before the first, ``None`` for one that Alembic never saw."""
    if link.raw.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone() is None:
        return None
    row = link.raw.execute("SELECT version_num FROM alembic_version").fetchone()
    return str(row[0]) if row else ""


def _is_empty(raw: sqlite3.Connection) -> bool:
    return raw.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone() is None
