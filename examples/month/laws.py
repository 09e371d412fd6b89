"""The laws of the loop, looked at from outside once everything has happened: one line for each breach.

Each rule names the law of the loop (docs/architecture.md) that it is the trace of in what is stored.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from civicloop.core.gateway.indicators import Record
from civicloop.core.loop.checks import SENSOR
from civicloop.core.loop.ledger import ledger
from civicloop.core.model.case import Entry, Reason, Track, TrackState
from civicloop.core.stores.base import Store

LET_PASS = frozenset({Reason.UNVERIFIED, Reason.VOIDED, Reason.FORCED_CLOSED, Reason.TRACK_LAPSED})
"""Closings without verification that the rules know, each of them named in the journal."""

ASKED = frozenset({Reason.ASKED, Reason.ESCALATED, Reason.REASSIGNED})
DAY = timedelta(hours=24)
NEVER = datetime(9999, 1, 1, tzinfo=UTC)
OUTBOX_MAX = 10_000_000

Told = Counter[tuple[str, str, datetime]]
"""How many notices there are about a case, to a party, of an instant."""


def breaches(records: Sequence[Record], store: Store, now: datetime) -> Iterator[str]:
    """All that is not as it must be."""
    told, twice = _notices(store)
    yield from (f"notice {key} is there more than once" for key in twice)
    for record in records:
        ref = f"{record.case.ref} round {record.case.round}"
        yield from (f"{ref}: {what}" for what in _of_case(record, now))
        yield from (f"{ref}: {what}" for what in _of_journal(record, now))
        yield from (f"{ref}: {what}" for what in _of_parties(record, told))
    counted = Counter(record.case.ref for record in records if record.case.is_open)
    yield from (f"{ref}: {count} rounds are open" for ref, count in counted.items() if count > 1)
    yield from (f"{one.id} is quarantined: {one.why}" for one in store.quarantine(5))


def _of_case(record: Record, now: datetime) -> Iterator[str]:
    """Laws 1, 3 and 5: nothing is forgotten, nothing that is over still waits, what nobody solves is repeated daily."""
    case = record.case
    for track in case.tracks:
        if case.is_open and track.is_open and track.required and (track.next_at is None or track.next_at < now):
            yield f"it is open and nothing will happen next on {track.name} ({track.next_at})"
        if not track.is_open and track.next_at is not None:
            yield f"{track.name} is closed and still waits"
        if track.state is TrackState.SUPERVISED and track.due is not None and track.due > now + DAY:
            yield f"{track.name} is pressed less often than every day"
    if case.is_open and case.next_at is None:
        yield "it is open and nothing will happen next"
    if not case.is_open and case.next_at is not None:
        yield "it is closed and still waits"


def _of_journal(record: Record, now: datetime) -> Iterator[str]:
    """Laws 6 and 11, and a journal without a gap: it is whole, it adds up, and closings were verified."""
    case, journal = record.case, record.journal
    if [entry.seq for entry in journal] != list(range(1, case.entries + 1)):
        yield "its journal has a gap"
    if any(after.at < before.at for before, after in pairwise(journal)):
        yield "its journal goes back in time"
    if not any(entry.reason is Reason.REOPENED for entry in journal):
        age = (case.closed_at or now) - case.opened_at
        if sum((booking.span for booking in ledger(journal, now)), timedelta()) != age:
            yield f"its ledger does not add up to its age of {age}"
    is_known = any(entry.reason in LET_PASS for entry in journal)
    if not case.is_open and not record.is_verified and not is_known:
        yield f"it was closed as {case.result} and nobody verified it"


def _of_parties(record: Record, told: Told) -> Iterator[str]:
    """Laws 6, 7 and 8: nobody verifies their own work, nobody punishes unreviewed, whoever is asked has a notice."""
    case = record.case
    for track in case.tracks:
        yield from _of_track(track, [entry for entry in record.journal if entry.track == track.name], record)
    for entry in record.journal:
        if entry.reason in ASKED and not all(told[case.id, party, entry.at] for party in entry.party.split("+")):
            yield f"{entry.party} was asked at {entry.at} and no notice says so"


def _of_track(track: Track, journal: Sequence[Entry], record: Record) -> Iterator[str]:
    punishing = {step.name for step in record.case.rules.chain(track.name) if step.enforcement}
    is_reviewed, reporter = False, ""
    for entry in journal:
        match entry.reason:
            case Reason.REVIEWED:
                is_reviewed = True
            case Reason.REPORTED:
                reporter = entry.party
            case Reason.VERIFIED if entry.party not in ("", SENSOR) and entry.party == reporter:
                yield f"{reporter} verified its own work on {track.name}"
            case reason if reason in ASKED and entry.step in punishing and not is_reviewed:
                yield f"{entry.party} was asked to punish before anybody had reviewed it"
            case _:
                pass


def _notices(store: Store) -> tuple[Told, list[str]]:
    """Law 8: who was told what, and the keys of notices that are there more than once on a channel."""
    told: Told = Counter()
    keys: Counter[tuple[str, str]] = Counter()
    for channel in store.channels_owed():
        for one in store.owed(channel, NEVER, OUTBOX_MAX):
            keys[one.notice.key, channel] += 1
            told[one.notice.case, one.notice.party, one.notice.at] += 1
    return told, [key for (key, _), count in keys.items() if count > 1]
