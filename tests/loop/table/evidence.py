"""Rows: what an answer must bring, and what a closing waits for."""

from .row import Row

# fmt: off
ROWS: tuple[Row, ...] = (
)
# fmt: on
