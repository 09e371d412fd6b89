"""Chains the journal of each case by hashes, gives retention its log, and an index to what was closed long ago.

What a released migration makes never changes; a later one alters it. So the chain is computed here by this file's own
rule, whatever becomes of the one that new lines follow.
"""

from collections.abc import Iterator, Sequence
from hashlib import blake2b
from itertools import islice
from typing import Any

import orjson
import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

PIECE = 1000
"""Lines that are in memory at once."""

LINE = ("v", "partition", "seq", "at", "case", "ref", "track", "reason", "step", "loop", "party", "due", "by", "event")
CASE = LINE.index("case")


def upgrade() -> None:
    op.rename_table("journal", "journal_unchained")
    make_journal()
    chain_journal()
    op.drop_table("journal_unchained")
    op.create_index(
        "ix_case_closed_at", "case", ["closed_at", "id"], unique=False, sqlite_where=sa.text("closed_at IS NOT NULL")
    )
    op.create_table(
        "purge",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("days", sa.BigInteger(), nullable=False),
        sa.Column("began_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "until", name=op.f("pk_purge")),
        sqlite_with_rowid=False,
    )


def make_journal() -> None:
    numbers = {"v", "seq", "at", "due"}
    op.create_table(
        "journal",
        sa.Column("row", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.BigInteger() if name in numbers else sa.Text(), nullable=name == "due") for name in LINE),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("row", name=op.f("pk_journal")),
        sa.UniqueConstraint("case", "seq", name=op.f("uq_journal_case_seq")),
        sqlite_autoincrement=True,
    )


def chain_journal() -> None:
    """Case by case in the order of its lines, so that one hash is all that must be remembered."""
    # Alembic's connection has nothing that would stream; the one beneath it is in the same transaction.
    raw = op.get_bind().connection.driver_connection
    assert raw is not None
    columns = ", ".join(f'"{name}"' for name in LINE)
    lines = raw.execute(f'SELECT "row", {columns} FROM journal_unchained ORDER BY "case", seq')
    insert = f'INSERT INTO journal ("row", {columns}, hash) VALUES ({", ".join("?" * (len(LINE) + 2))})'
    chained = chain(lines)
    while piece := list(islice(chained, PIECE)):
        raw.executemany(insert, piece)
    # The number of a line that was taken out must not be given away again.
    raw.execute("DELETE FROM sqlite_sequence WHERE name = 'journal'")
    raw.execute("UPDATE sqlite_sequence SET name = 'journal' WHERE name = 'journal_unchained'")


def chain(lines: Iterator[Sequence[Any]]) -> Iterator[tuple[Any, ...]]:
    case, head = "", b""
    for number, *line in lines:
        if line[CASE] != case:
            case, head = line[CASE], line[CASE].encode()
        head = blake2b(head + orjson.dumps(line), digest_size=16).digest()
        yield number, *line, head
