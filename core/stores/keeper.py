"""What retention asks of a store: classes of data, what of them is to go, and how it goes in pieces."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, NamedTuple, Protocol

from .purging_sql import CURSORS

PIECE_MAX: Final = 200
"""Rows that one transaction drops: a few milliseconds, and one wait for the disk."""

PIECE_CASES_MAX: Final = 20
"""Cases that one transaction drops or reduces, each with its lines, notices and events."""


class Kind(StrEnum):
    """A class of data with a time of its own to be kept, in the order in which they are dropped."""

    QUARANTINE = "quarantine"
    MEDIA = "media"
    EVENTS = "events"
    TURNS = "turns"
    NOTICES = "notices"
    MEMORIES = "memories"
    CLOSED_CASES = "closed_cases"
    EVIDENCE_HASHES = "evidence_hashes"
    JOURNALS = "journals"
    ACCESS = "access"
    PURGES = "purges"


class Purge(NamedTuple):
    """What is to go: everything of a kind from before ``until``, because it is kept for so many ``days``.

    Cases closed before ``cases_since`` are reduced, and keep no event. ``media`` names the members of events' data
    that refer to pictures and recordings.
    """

    kind: Kind
    until: datetime
    days: int
    cases_since: datetime
    media: tuple[str, ...] = ()


Row = dict[str, Any]
"""One row that may go, as the values of the statements that drop it."""

Place = tuple[Any, ...]
"""Where the looking has come to."""


class Found(NamedTuple):
    """Some of what is to go, and how far the looking has come; ``is_last``: there is nothing more."""

    rows: tuple[Row, ...]
    passed: Place | None
    is_last: bool

    def pieces(self, kind: Kind) -> Iterator[tuple[tuple[Row, ...], Place | None]]:
        """What one transaction each may drop; with the last one, which may be empty, how far the looking has come."""
        if not self.rows and (self.passed is None or kind not in CURSORS):
            return
        most = PIECE_CASES_MAX if kind in (Kind.CLOSED_CASES, Kind.JOURNALS) else PIECE_MAX
        for start in range(0, max(1, len(self.rows)), most):
            yield self.rows[start : start + most], self.passed if start + most >= len(self.rows) else None


class Purged(NamedTuple):
    """What one purge has taken: how many rows from before ``until``, kept for ``days``, and when."""

    kind: str
    until: datetime
    days: int
    began_at: datetime
    ended_at: datetime
    rows: int


class Keeper(Protocol):
    """Retention's side of a store."""

    def find_purgeable(self, purge: Purge, after: Place | None = None) -> Found:
        """The next rows that a purge may drop; holds nobody up, and may run in another thread."""
        ...

    def purge(self, purge: Purge, rows: Sequence[Row], passed: Place | None, now: datetime) -> int:
        """Drop a piece of what was found in a short transaction, and log it; returns how many rows are gone."""
        ...

    def advance(self, now: datetime, most: timedelta) -> datetime:
        """Retention's own time: ``now``, but at most so much later than it was the last time."""
        ...

    def count_purgeable(self, purge: Purge) -> int:
        """How many rows are old enough for a purge, up to a bound; those that cases need are among them."""
        ...

    def purges(self, most: int) -> list[Purged]:
        """What was purged, the latest first."""
        ...
