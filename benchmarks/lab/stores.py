"""Stores as the lab opens them, and an engine run over one."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path

from civicloop.core.engine.engine import Engine
from civicloop.core.engine.receipt import Input, Status
from civicloop.core.engine.setup import Setup
from civicloop.core.gateway.cloudevents import read_batch
from civicloop.core.model.event import Envelope
from civicloop.core.stores.sqlite import SqliteStore

from .workload import Batch

MEMBERS_MAX = 10_000
FULL, NORMAL = "FULL", "NORMAL"


def open_store(path: Path, synchronous: str = FULL) -> SqliteStore:
    """A store in a file. What waits for the disk at each commit is the lab's to choose; civicloop itself has FULL."""
    store = SqliteStore(path)
    store._writes.raw.execute(f"PRAGMA synchronous={synchronous}")
    return store


def ingest(store: SqliteStore, setup: Setup, batches: Iterable[Batch]) -> float:
    """Seconds from JSON text to durable commit, one turn a batch. Raises where an event is not accepted."""
    engine = Engine(store, setup)
    began = time.perf_counter()
    for body, at, _ in batches:
        members = [Input(member) for member in read_batch(body, MEMBERS_MAX) if isinstance(member, Envelope)]
        engine.turn(members, at)
    seconds = time.perf_counter() - began
    require_accepted(engine)
    return seconds


def require_accepted(engine: Engine) -> None:
    """A workload of which something is refused measures something else."""
    others = {word: times for (kind, word), times in engine.counts.items() if kind == "event"}
    others.pop(Status.ACCEPTED, None)
    if others:
        raise RuntimeError(f"not every event was accepted: {others}")
