"""Retention: what has been kept long enough goes, piece by piece, while the engine serves."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Final

import structlog

from ..stores.base import Store, StoreError
from ..stores.crash import CrashPoint, reached
from ..stores.keeper import Found, Kind, Place, Purge
from ..street.settings import Retention
from .clock import Clock

BEGIN_SECONDS: Final = 60.0
"""How long a new daemon leaves retention alone: what has passed meanwhile comes first."""

EVERY_SECONDS: Final = 3600.0
"""How often it looks for what has been kept long enough."""

PAUSE_SECONDS: Final = 0.05
"""What passes between two pieces at least, so that turns find the store free."""

DAY: Final = timedelta(days=1)
"""By how much retention's own time moves on at most from one sweep to the next: a clock may be wrong for a while."""

log = structlog.get_logger(__name__)


def purges_due(kept: Retention, now: datetime) -> list[Purge]:
    """What is to go at ``now``, in order: each class of data up to a midnight (UTC) so many days ago."""
    days = {
        Kind.QUARANTINE: kept.quarantine_days,
        Kind.MEDIA: kept.media_days,
        Kind.EVENTS: kept.events_days,
        Kind.TURNS: kept.events_days,
        Kind.NOTICES: kept.notices_days,
        Kind.MEMORIES: kept.memories_days,
        Kind.CLOSED_CASES: kept.closed_cases_days,
        Kind.EVIDENCE_HASHES: kept.closed_cases_days,
        Kind.JOURNALS: kept.journals_days,
        Kind.ACCESS: kept.access_days,
        Kind.PURGES: kept.journals_days,
    }
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    cases_since = today - kept.closed_cases_days * DAY
    return [Purge(kind, today - days[kind] * DAY, days[kind], cases_since, kept.media_fields) for kind in Kind]


def sweep(store: Store, purges: list[Purge], now: datetime) -> Iterator[tuple[Purge, int]]:
    """Do what is due, a short transaction at a time; yields after each what it was for, and how many rows are gone."""
    for purge in purges:
        after: Place | None = None
        is_last = False
        while not is_last:
            found = store.find_purgeable(purge, after)
            for rows, passed in found.pieces(purge.kind):
                yield purge, store.purge(purge, rows, passed, now)
                reached(CrashPoint.PIECE_PURGED)
            after, is_last = found.passed, found.is_last


class Sweeper:
    """Runs ``sweep`` beside a daemon's turns: it looks in a thread of its own, and drops between turns."""

    def __init__(self, store: Store, kept: Callable[[], Retention], clock: Clock) -> None:
        self._store = store
        self._kept = kept
        self._clock = clock
        self.trouble = ""

    async def run(self) -> None:
        """Sweep every hour until cancelled; a store that cannot do it now is asked again an hour later."""
        await asyncio.sleep(BEGIN_SECONDS)
        while True:
            await self.sweep_once()
            await asyncio.sleep(EVERY_SECONDS)

    async def sweep_once(self) -> None:
        """Do what is due now, with a pause after each piece."""
        now = self._clock.now()
        try:
            for purge in purges_due(self._kept(), self._store.advance(now, DAY)):
                gone = await self._do(purge, now)
                if gone:
                    log.info("purged", kind=purge.kind, rows=gone, until=purge.until.isoformat(), days=purge.days)
            self.trouble = ""
        except StoreError as error:
            self.trouble = str(error)
            log.error("retention_paused", error=self.trouble)
        except Exception as error:  # retention must never stop the daemon; what it could not do is said every hour
            self.trouble = f"{type(error).__name__}: {error}"
            log.exception("retention_failed")

    async def _do(self, purge: Purge, now: datetime) -> int:
        gone = 0
        after: Place | None = None
        is_last = False
        while not is_last:
            found: Found = await asyncio.to_thread(self._store.find_purgeable, purge, after)
            for rows, passed in found.pieces(purge.kind):
                gone += self._store.purge(purge, rows, passed, now)
                reached(CrashPoint.PIECE_PURGED)
                await asyncio.sleep(PAUSE_SECONDS)
            after, is_last = found.passed, found.is_last
        return gone
