"""Gives each listing of cases an index that holds what it filters by, so that a million cases list as fast as few."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

LISTINGS = {
    "ix_case_newest": ["opened_at", "id", "place"],
    "ix_case_place_newest": ["place", "opened_at", "id", "scenario"],
    "ix_case_scenario_newest": ["scenario", "opened_at", "id", "place"],
}
OPEN = ["opened_at", "id", "late_at", "stage", "scenario", "place"]


def upgrade() -> None:
    for name in ("ix_case_newest", "ix_case_place_newest", "ix_case_open_newest"):
        op.drop_index(name, "case")
    for name, columns in LISTINGS.items():
        op.create_index(name, "case", columns, unique=False)
    op.create_index("ix_case_open_newest", "case", OPEN, unique=False, sqlite_where=sa.text("closed_at IS NULL"))
