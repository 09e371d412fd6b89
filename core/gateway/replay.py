"""Replay: recorded events and answers through the real engine, in simulated time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Final

from ..engine.answering import PREFIX
from ..engine.engine import Engine
from ..engine.receipt import Input, Receipt
from ..engine.simulate import Simulation
from ..model.case import Track, TrackState
from ..model.event import Envelope
from ..stores.base import CaseQuery, Store

BATCH_MAX: Final = 1000
RUN_ON_MAX: Final = timedelta(days=400)
"""How far the clock runs on past the last input at most: a suspension lasts a year, then the chain ends."""

CLIMBING: Final = frozenset({TrackState.WORKING, TrackState.DISPATCHING, TrackState.SUSPENDED})
"""States in which a track goes on by itself; the others only repeat, or wait for people to look."""

Timed = tuple[datetime, Envelope]
Progress = Callable[[datetime, Sequence[Receipt]], None]


def in_order(envelopes: Iterable[Envelope]) -> list[Timed]:
    """Events in the order of their times; at equal times facts, then answers; then source, sequence, id.

    One without a time takes that of the event before it.
    """
    timed = _timed(envelopes, lambda envelope: envelope.time)
    return sorted(timed, key=_order)


def _order(item: Timed) -> tuple[datetime, bool, str, str, str]:
    at, envelope = item
    return at, envelope.type.startswith(PREFIX), envelope.source, envelope.sequence, envelope.id


def as_delivered(envelopes: Iterable[Envelope]) -> list[Timed]:
    """Events in the order of the file, each at its ``received`` time (else its own), never going back."""
    timed = _timed(envelopes, lambda envelope: envelope.received or envelope.time)
    latest = timed[0][0] if timed else None
    ordered: list[Timed] = []
    for at, envelope in timed:
        latest = at if latest is None else max(at, latest)
        ordered.append((latest, envelope))
    return ordered


def _timed(envelopes: Iterable[Envelope], time_of: Callable[[Envelope], datetime | None]) -> list[Timed]:
    """Each event with its time; one without takes that of the event before it, or of the first that has one."""
    known = [(time_of(envelope), envelope) for envelope in envelopes]
    last = next((at for at, _ in known if at is not None), None)
    if last is None:
        if known:
            raise ValueError("no event says when it happened; give at least one of them a time")
        return []
    timed: list[Timed] = []
    for at, envelope in known:
        last = at or last
        timed.append((last, envelope))
    return timed


def replay(engine: Engine, timed: Sequence[Timed], until: datetime | None, progress: Progress) -> Counter[str]:
    """Feed timed events and fire every deadline between them; returns how many ended in which status.

    After the last input the clock runs on to ``until``; without it, until every open case waits only for its daily
    repetition or for a check by people.
    """
    statuses: Counter[str] = Counter()
    if not timed:
        return statuses
    # A store that holds an earlier part goes on where that ended, so that nothing in between lapses late.
    time = Simulation(engine, min(timed[0][0], engine.store.last_turn() or timed[0][0]))
    for at, group in groupby(timed, key=lambda item: item[0]):
        if until is not None and at > until:
            break
        inputs = [Input(envelope) for _, envelope in group]
        for start in range(0, len(inputs), BATCH_MAX):
            receipts = time.feed(inputs[start : start + BATCH_MAX], at)
            statuses.update(receipt.status for receipt in receipts)
            progress(at, receipts)
    if until is not None:
        time.advance(until)
    else:
        _run_on(engine, time)
    return statuses


def _run_on(engine: Engine, time: Simulation) -> None:
    last = time.now + RUN_ON_MAX
    while (due := _next_climb(engine.store)) is not None and due <= last:
        time.advance(due)


def _next_climb(store: Store) -> datetime | None:
    """The earliest deadline of a track that has not come to its end yet."""
    dues: list[datetime] = []
    cursor: str | None = None
    while True:
        page, cursor = store.find_cases(CaseQuery(is_open=True, after=cursor, most=200))
        dues += [track.due for case in page for track in case.tracks if _is_climbing(track) and track.due]
        if cursor is None:
            return min(dues, default=None)


def _is_climbing(track: Track) -> bool:
    return track.state in CLIMBING or track.quiet_until is not None
