"""The laws of the loop, looked at from outside once everything has happened: one line for each breach."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from civicloop.core.gateway.indicators import Record
from civicloop.core.loop.ledger import ledger
from civicloop.core.model.case import Reason
from civicloop.core.stores.base import Store

LET_PASS = frozenset({Reason.UNVERIFIED, Reason.VOIDED, Reason.FORCED_CLOSED, Reason.TRACK_LAPSED})
"""Closings without verification that the rules know, each of them named in the journal."""


def breaches(records: Sequence[Record], store: Store, now: datetime) -> Iterator[str]:
    """All that is not as it must be."""
    for record in records:
        yield from _of_case(record, now)
    counted = Counter(record.case.ref for record in records if record.case.is_open)
    yield from (f"{ref}: {count} rounds are open" for ref, count in counted.items() if count > 1)
    yield from _of_notices(store)
    quarantined = store.quarantine(5)
    yield from (f"{one.id} is quarantined: {one.why}" for one in quarantined)


def _of_case(record: Record, now: datetime) -> Iterator[str]:
    case, journal = record.case, record.journal
    ref = f"{case.ref} round {case.round}"
    if case.is_open and (case.next_at is None or case.next_at < now):
        yield f"{ref}: it is open and nothing will happen next ({case.next_at})"
    if not case.is_open and case.next_at is not None:
        yield f"{ref}: it is closed and still waits"
    if [entry.seq for entry in journal] != list(range(1, case.entries + 1)):
        yield f"{ref}: its journal has a gap"
    if any(after.at < before.at for before, after in pairwise(journal)):
        yield f"{ref}: its journal goes back in time"
    booked = ledger(journal, now)
    if not any(entry.reason is Reason.REOPENED for entry in journal):
        age = (case.closed_at or now) - case.opened_at
        if sum((booking.span for booking in booked), timedelta()) != age:
            yield f"{ref}: its ledger does not add up to its age of {age}"
    is_known = any(entry.reason in LET_PASS for entry in journal)
    if not case.is_open and not record.is_verified and not is_known:
        yield f"{ref}: it was closed as {case.result} and nobody verified it"


def _of_notices(store: Store) -> Iterator[str]:
    seen: Counter[tuple[str, str]] = Counter()
    never = datetime(9999, 1, 1, tzinfo=UTC)
    for channel in store.channels_owed():
        seen.update((one.notice.key, channel) for one in store.owed(channel, never, 10_000_000))
    yield from (f"notice {key} is there {count} times" for (key, _), count in seen.items() if count > 1)
