"""The tables of a store, in SQLAlchemy Core, and the texts that create them.

Times are whole microseconds since the epoch, in UTC. Every row that belongs to a place carries its ``partition``, so
that a table can later be split by it. Street-wide tables have none: ``rulebook`` is named by content and shared by all
partitions, ``token`` and ``access`` are about people and not places, ``turn``, ``purge`` and ``meta`` are about the
engine itself.
"""

from __future__ import annotations

from functools import cache
from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    and_,
    text,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

from ..model.chain import Severity
from .base import EventState, OutboxState

REVISION: Final = "0004"
"""The migration that leads to the tables below."""

VERSION_TABLE: Final = (
    "CREATE TABLE alembic_version ( version_num VARCHAR(32) NOT NULL,"
    " CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num) )"
)
"""Where Alembic keeps the revision, as Alembic would make it."""

DIALECT: Final = sqlite.dialect(paramstyle="qmark")

metadata: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _text(name: str) -> Column[str]:
    return Column(name, Text, nullable=False)


def _number(name: str, nullable: bool = False) -> Column[int]:
    return Column(name, BigInteger, nullable=nullable)


def _blob(name: str) -> Column[bytes]:
    return Column(name, LargeBinary, nullable=False)


def _row() -> Column[int]:
    # INTEGER and nothing else is the name under which SQLite's own row number can be addressed.
    return Column("row", Integer, primary_key=True)


event: Final = Table(
    "event",
    metadata,
    _row(),
    _text("id"),
    _text("source"),
    _text("partition"),
    _text("type"),
    _text("subject"),
    _number("at"),
    _number("received_at"),
    _text("place"),
    _text("state"),
    _blob("digest"),
    _blob("body"),
    _text("speaker"),
)
# The source stands first: what a gateway counts or sends at once is written to one page, not to one for every event.
Index("uq_event_source_id", event.c.source, event.c.id, unique=True)
# Accepted events are nearly all there are; an index on them would cost every insert and select nothing.
NOT_ACCEPTED: Final = event.c.state != text(f"'{EventState.ACCEPTED.value}'")
UNHEARD: Final = event.c.state == text(f"'{EventState.UNHEARD.value}'")
Index("ix_event_state", event.c.state, sqlite_where=NOT_ACCEPTED)
Index("ix_event_unheard_type", event.c.type, sqlite_where=UNHEARD)

quarantine: Final = Table(
    "quarantine",
    metadata,
    _row(),
    _text("id"),
    _text("source"),
    _text("scenario"),
    _text("partition"),
    _number("at"),
    _text("reason"),
    _text("why"),
    _text("trace"),
    UniqueConstraint("id", "source", "scenario"),
)

memo: Final = Table(
    "memo",
    metadata,
    Column("scenario", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    _text("partition"),
    _text("place"),
    _number("newest"),
    _blob("memory"),
    _text("expects"),
    _number("wake_at", nullable=True),
    sqlite_with_rowid=False,
)
Index("ix_memo_wake_at", memo.c.wake_at, sqlite_where=memo.c.wake_at.is_not(None))

rulebook: Final = Table("rulebook", metadata, Column("digest", Text, primary_key=True), _blob("body"))

case: Final = Table(
    "case",
    metadata,
    Column("id", Text, primary_key=True),
    _text("scenario"),
    _text("key"),
    _number("round"),
    _text("partition"),
    _text("place"),
    _text("severity"),
    _text("stage"),
    _number("opened_at"),
    _number("wake_at", nullable=True),
    _number("late_at", nullable=True),
    _number("closed_at", nullable=True),
    Column("rules", Text, ForeignKey("rulebook.digest"), nullable=False),
    _blob("body"),
    Column("parent", Text),
    UniqueConstraint("scenario", "key", "round"),
)
OPEN: Final = case.c.closed_at.is_(None)
# The second law, kept by the database as well: one open case per scenario and key.
Index("uq_case_open", case.c.scenario, case.c.key, unique=True, sqlite_where=OPEN)
Index("ix_case_wake_at", case.c.wake_at, case.c.id, sqlite_where=OPEN)
# The listings: what stands after the id is no order, but filters, so that no case is fetched only to be passed over.
Index(
    "ix_case_open_newest",
    *(case.c.opened_at, case.c.id, case.c.late_at, case.c.stage, case.c.scenario, case.c.place),
    sqlite_where=OPEN,
)
Index("ix_case_newest", case.c.opened_at, case.c.id, case.c.place)
Index("ix_case_place_newest", case.c.place, case.c.opened_at, case.c.id, case.c.scenario)
Index("ix_case_scenario_newest", case.c.scenario, case.c.opened_at, case.c.id, case.c.place)
# How retention finds what has been closed long enough.
Index("ix_case_closed_at", case.c.closed_at, case.c.id, sqlite_where=case.c.closed_at.is_not(None))
Index("ix_case_parent", case.c.parent, case.c.opened_at, case.c.id, sqlite_where=case.c.parent.is_not(None))

case_party: Final = Table(
    "case_party",
    metadata,
    Column("party", Text, primary_key=True),
    Column("opened_at", BigInteger, primary_key=True),
    Column("case", Text, ForeignKey("case.id", ondelete="CASCADE"), primary_key=True),
    _text("partition"),
    sqlite_with_rowid=False,
)
Index("ix_case_party_case", case_party.c.case)

brought: Final = Table(
    "brought",
    metadata,
    Column("hash", Text, primary_key=True),
    _text("case"),
    _text("event"),
    _number("at"),
    _text("partition"),
    sqlite_with_rowid=False,
)

conduct: Final = Table(
    "conduct",
    metadata,
    Column("place", Text, primary_key=True),
    Column("role", Text, primary_key=True),
    _text("partition"),
    _number("doubt"),
    sqlite_with_rowid=False,
)

journal: Final = Table(
    "journal",
    metadata,
    _row(),
    _number("v"),
    _text("partition"),
    _number("seq"),
    _number("at"),
    _text("case"),
    _text("ref"),
    _text("track"),
    _text("reason"),
    _text("step"),
    _text("loop"),
    _text("party"),
    _number("due", nullable=True),
    _text("by"),
    _text("event"),
    _blob("hash"),
    UniqueConstraint("case", "seq"),
    # An audit never gives the number of a line away twice, not even after its newest lines were taken out.
    sqlite_autoincrement=True,
)

outbox: Final = Table(
    "outbox",
    metadata,
    _row(),
    _text("key"),
    _text("channel"),
    _text("partition"),
    _text("order"),
    _text("person"),
    _text("severity"),
    _text("state"),
    _number("not_before", nullable=True),
    _number("next_at"),
    _number("attempts"),
    _number("created_at"),
    _number("delivered_at", nullable=True),
    _text("error"),
    _blob("body"),
    UniqueConstraint("key", "channel"),
)
PENDING: Final = outbox.c.state == text(f"'{OutboxState.PENDING.value}'")
DEAD: Final = outbox.c.state == text(f"'{OutboxState.DEAD.value}'")
# By channel first: what piles up for a channel that fails must not be walked through on behalf of the others.
Index("ix_outbox_pending", outbox.c.channel, outbox.c.next_at, sqlite_where=PENDING)
Index("ix_outbox_dead", outbox.c.created_at, sqlite_where=DEAD)
# A danger to life has a lane of its own: it is found however much else waits for its channel.
_P0: Final = text(f"'{Severity.P0.value}'")
URGENT: Final = and_(PENDING, outbox.c.severity == _P0)
ORDINARY: Final = and_(PENDING, outbox.c.severity != _P0)
Index("ix_outbox_urgent", outbox.c.channel, outbox.c.next_at, sqlite_where=URGENT)
# Pages that go out later unless their order is answered; few notices are, so the index costs the others nothing.
DELAYED: Final = and_(PENDING, outbox.c.not_before.is_not(None))
Index("ix_outbox_delayed", outbox.c.order, outbox.c.next_at, sqlite_where=DELAYED)

token: Final = Table(
    "token",
    metadata,
    Column("name", Text, primary_key=True),
    Column("hash", Text, nullable=False, unique=True),
    _text("scopes"),
    _text("organisation"),
    _text("roles"),
    _text("place"),
    _text("person"),
    _number("created_at"),
)

access: Final = Table("access", metadata, _row(), _number("at"), _text("reader"), _text("what"), _text("purpose"))

turn: Final = Table("turn", metadata, Column("seq", Integer, primary_key=True), _number("at"), _text("digest"))

purge: Final = Table(
    "purge",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("until", BigInteger, primary_key=True),
    _number("days"),
    _number("began_at"),
    _number("ended_at"),
    _number("rows"),
    sqlite_with_rowid=False,
)

meta: Final = Table("meta", metadata, Column("name", Text, primary_key=True), _number("value"))


@cache
def creation() -> tuple[str, ...]:
    """The statements that make a new database, its migration stamp included."""
    made: list[str] = []
    for table in metadata.sorted_tables:
        made.append(str(CreateTable(table).compile(dialect=DIALECT)))
        indexes = sorted(table.indexes, key=lambda index: str(index.name))
        made += [str(CreateIndex(index).compile(dialect=DIALECT)) for index in indexes]
    made.append(VERSION_TABLE)
    made.append(f"INSERT INTO alembic_version (version_num) VALUES ('{REVISION}')")
    return tuple(made)
