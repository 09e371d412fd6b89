"""The first tables: events, memos, cases, journal, outbox, tokens.

What a released migration makes never changes; a later one alters it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    make_events()
    make_cases()
    make_records()
    make_journal_and_outbox()
    make_the_house()


def make_events() -> None:
    op.create_table(
        "event",
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("partition", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("speaker", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("row", name=op.f("pk_event")),
    )
    op.create_index("ix_event_state", "event", ["state"], unique=False, sqlite_where=sa.text("state != 'accepted'"))
    op.create_index("ix_event_unheard_type", "event", ["type"], unique=False, sqlite_where=sa.text("state = 'unheard'"))
    op.create_index("uq_event_id_source", "event", ["id", "source"], unique=True)
    op.create_table(
        "quarantine",
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("scenario", sa.Text(), nullable=False),
        sa.Column("partition", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("trace", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("row", name=op.f("pk_quarantine")),
        sa.UniqueConstraint("id", "source", "scenario", name=op.f("uq_quarantine_id_source_scenario")),
    )
    op.create_table(
        "memo",
        sa.Column("scenario", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("partition", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("newest", sa.BigInteger(), nullable=False),
        sa.Column("memory", sa.LargeBinary(), nullable=False),
        sa.Column("expects", sa.Text(), nullable=False),
        sa.Column("wake_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("scenario", "key", name=op.f("pk_memo")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_memo_wake_at", "memo", ["wake_at"], unique=False, sqlite_where=sa.text("wake_at IS NOT NULL"))


def make_cases() -> None:
    op.create_table(
        "rulebook",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_rulebook")),
    )
    op.create_table(
        "case",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("scenario", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("round", sa.BigInteger(), nullable=False),
        sa.Column("partition", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("wake_at", sa.BigInteger(), nullable=True),
        sa.Column("late_at", sa.BigInteger(), nullable=True),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.Column("rules", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("parent", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case")),
        sa.UniqueConstraint("scenario", "key", "round", name=op.f("uq_case_scenario_key_round")),
        sa.ForeignKeyConstraint(["rules"], ["rulebook.digest"], name=op.f("fk_case_rules")),
    )
    op.create_index("ix_case_newest", "case", ["opened_at", "id"], unique=False)
    op.create_index(
        "ix_case_open_newest", "case", ["opened_at", "id"], unique=False, sqlite_where=sa.text("closed_at IS NULL")
    )
    op.create_index("ix_case_place_newest", "case", ["place", "opened_at", "id"], unique=False)
    op.create_index(
        "ix_case_parent",
        "case",
        ["parent", "opened_at", "id"],
        unique=False,
        sqlite_where=sa.text("parent IS NOT NULL"),
    )
    op.create_index(
        "ix_case_wake_at", "case", ["wake_at", "id"], unique=False, sqlite_where=sa.text("closed_at IS NULL")
    )
    op.create_index("uq_case_open", "case", ["scenario", "key"], unique=True, sqlite_where=sa.text("closed_at IS NULL"))
    op.create_table(
        "case_party",
        sa.Column("party", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("case", sa.Text(), nullable=False),
        sa.Column("partition", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["case"], ["case.id"], name=op.f("fk_case_party_case"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("party", "opened_at", "case", name=op.f("pk_case_party")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_case_party_case", "case_party", ["case"], unique=False)


def make_records() -> None:
    op.create_table(
        "brought",
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("case", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("partition", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_brought")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "conduct",
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("partition", sa.Text(), nullable=False),
        sa.Column("doubt", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("place", "role", name=op.f("pk_conduct")),
        sqlite_with_rowid=False,
    )


def make_journal_and_outbox() -> None:
    op.create_table(
        "journal",
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("v", sa.BigInteger(), nullable=False),
        sa.Column("partition", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("case", sa.Text(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("track", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("loop", sa.Text(), nullable=False),
        sa.Column("party", sa.Text(), nullable=False),
        sa.Column("due", sa.BigInteger(), nullable=True),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("row", name=op.f("pk_journal")),
        sa.UniqueConstraint("case", "seq", name=op.f("uq_journal_case_seq")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "outbox",
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("partition", sa.Text(), nullable=False),
        sa.Column("order", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("not_before", sa.BigInteger(), nullable=True),
        sa.Column("next_at", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("delivered_at", sa.BigInteger(), nullable=True),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("row", name=op.f("pk_outbox")),
        sa.UniqueConstraint("key", "channel", name=op.f("uq_outbox_key_channel")),
    )
    op.create_index("ix_outbox_dead", "outbox", ["created_at"], unique=False, sqlite_where=sa.text("state = 'dead'"))
    for name, columns, pending in (
        ("ix_outbox_delayed", ["order", "next_at"], "state = 'pending' AND not_before IS NOT NULL"),
        ("ix_outbox_pending", ["channel", "next_at"], "state = 'pending'"),
        ("ix_outbox_urgent", ["channel", "next_at"], "state = 'pending' AND severity = 'P0'"),
    ):
        op.create_index(name, "outbox", columns, unique=False, sqlite_where=sa.text(pending))


def make_the_house() -> None:
    op.create_table(
        "token",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("roles", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_token")),
        sa.UniqueConstraint("hash", name=op.f("uq_token_hash")),
    )
    op.create_table(
        "access",
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("reader", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("row", name=op.f("pk_access")),
    )
    op.create_table(
        "turn",
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_turn")),
    )
    op.create_table(
        "meta",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_meta")),
    )
