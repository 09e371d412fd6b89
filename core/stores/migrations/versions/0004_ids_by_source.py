"""Puts the known ids of a source side by side, so that what a gateway sends at once stands on one page of the index."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("uq_event_source_id", "event", ["source", "id"], unique=True)
    op.drop_index("uq_event_id_source", "event")
