"""Retention: what has been kept long enough goes, piece by piece, while the engine serves."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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

ALL: Final = "all"
"""The name of all classes of data together: a sweep that could not begin."""

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
    """Runs ``sweep`` beside a daemon's turns: it looks in a thread of its own, and drops between turns.

    ``tell`` owes ops a word about a class of data that could not be dropped: its name, and why with what helps.
    """

    def __init__(
        self,
        store: Store,
        kept: Callable[[], Retention],
        clock: Clock,
        tell: Callable[[str, str], None] = lambda _culprit, _why: None,
    ) -> None:
        self._store = store
        self._kept = kept
        self._clock = clock
        self._tell = tell
        self.troubles: dict[str, str] = {}
        """Why a class of data could not be dropped the last time, and what helps, by its name."""
        self.counts: Counter[tuple[str, str]] = Counter()
        """How often each class of data was looked through, by its name and ``done`` or ``failed``; ``all``: sweeps."""

    async def run(self) -> None:
        """Sweep every hour until cancelled; what cannot be dropped now is tried again an hour later."""
        await asyncio.sleep(BEGIN_SECONDS)
        while True:
            await self.sweep_once()
            await asyncio.sleep(EVERY_SECONDS)

    async def sweep_once(self) -> None:
        """Do what is due now, with a pause after each piece; a class that fails keeps no other one from its turn."""
        now = self._clock.now()
        due: list[Purge] = []
        with self._trying(ALL):
            due = purges_due(self._kept(), self._store.advance(now, DAY))
        for purge in due:
            with self._trying(purge.kind.value):
                gone = await self._do(purge, now)
                if gone:
                    log.info("purged", kind=purge.kind, rows=gone, until=purge.until.isoformat(), days=purge.days)
        self._tell_troubles()

    @contextmanager
    def _trying(self, kind: str) -> Iterator[None]:
        """Count and log what fails and keep it to tell, in words that anybody may read; the daemon goes on."""
        try:
            yield
        except StoreError as error:
            why = str(error)
            log.error("retention_failed", kind=kind, why=why)
        except Exception as error:  # retention must never stop the daemon, nor one class of data the others
            why = f"of a fault of the daemon, {type(error).__name__}; report it with the log"
            log.exception("retention_failed", kind=kind)
        else:
            self.counts[kind, "done"] += 1
            self.troubles.pop(kind, None)
            return
        self.counts[kind, "failed"] += 1
        self.troubles[kind] = f"retention of {kind}: what was kept long enough stays for another hour, because {why}"

    def _tell_troubles(self) -> None:
        try:
            for kind, why in self.troubles.items():
                self._tell(kind, why)
        except StoreError as error:
            log.error("ops_not_told", about="retention", why=str(error))

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
