"""Rows: tracks that open, join and lapse, and things that come back."""

from .row import Row

# fmt: off
ROWS: tuple[Row, ...] = (
)
# fmt: on
