"""Named points at which a test may have the process die; outside of tests they cost next to nothing.

A crash is interesting where something is done on one side of a boundary and not yet on the other: judged and not
written, written and not committed, committed and not answered, sent and not marked as sent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum


class CrashPoint(StrEnum):
    """Where a process may die, named by what it has just done."""

    MIGRATED = "migrated"
    OUTAGE_SHIFTED = "outage_shifted"
    TURN_BEGUN = "turn_begun"
    TURN_JUDGED = "turn_judged"
    TURN_WRITTEN = "turn_written"
    TURN_COMMITTED = "turn_committed"
    TURN_ANSWERED = "turn_answered"
    CHECKPOINT_BEGUN = "checkpoint_begun"
    CHECKPOINT_COPIED = "checkpoint_copied"
    CHECKPOINT_DONE = "checkpoint_done"
    NOTICES_TAKEN = "notices_taken"
    NOTICE_SENT = "notice_sent"
    NOTICES_MARKED = "notices_marked"
    NOTICE_PUT_OFF = "notice_put_off"
    NOTICE_BURIED = "notice_buried"
    STORE_COPIED = "store_copied"
    COPY_CHECKED = "copy_checked"
    COPY_RENAMED = "copy_renamed"
    PIECE_PURGED = "piece_purged"


_watchers: list[Callable[[CrashPoint], None]] = []


@contextmanager
def watching(dies: Callable[[CrashPoint], None]) -> Iterator[None]:
    """Have ``dies`` called at every point that this process reaches in between. For tests only."""
    _watchers.append(dies)
    try:
        yield
    finally:
        _watchers.remove(dies)


def reached(point: CrashPoint) -> None:
    """Say that the process has come this far."""
    for dies in _watchers:
        dies(point)
