"""Law 10: what the store has recorded of a week is enough to decide it all again, with the same journal."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import orjson

from civicloop.core.engine.chronicle import AWAY, RETRIED, SOURCE
from civicloop.core.engine.closings import SOURCE as LOOP_SOURCE
from civicloop.core.engine.engine import Engine
from civicloop.core.engine.receipt import Input, Speaker
from civicloop.core.gateway.cloudevents import read_json
from civicloop.core.stores.base import EventRow
from civicloop.core.stores.codec import moment
from civicloop.core.stores.sqlite import SqliteStore

from .happenings import Happening, SetClock
from .scenery import Scene
from .stored_laws import must

LAW_10 = "law 10: decided again"
MOST = 1_000_000
"""More rows than a week has."""


def must_decide_the_same_again(scene: Scene, history: list[Happening], path: Path, taken: list[int]) -> None:
    """Raises ``LawBrokenError`` where a journal differs. ``taken``: the row of the newest event after each turn.

    A daemon's turns are told apart by their times, since its clock goes on while one is committed. The leaping clock
    does not, so which turn of an instant took what in is known to the week alone, which has seen every commit.

    Where the clock was set wrong, facts were judged by how far it was behind, which is not recorded; such a week is
    left out.
    """
    if any(isinstance(one, SetClock) for one in history):
        return
    recorded, again = SqliteStore(path), SqliteStore(None)
    try:
        _decide_again(recorded, again, scene, taken)
        one, other = _journal(recorded), _journal(again)
        for before, after in zip(one, other, strict=False):
            must(before == after, LAW_10, f"\n  recorded {before}\n  again    {after}")
        must(len(one) == len(other), LAW_10, f"{len(one)} lines, and {len(other)} again")
    finally:
        recorded.close()
        again.close()


def _journal(store: SqliteStore) -> list[Any]:
    return [entry for _, entry in store.journal_after(0, MOST)]


def _decide_again(recorded: SqliteStore, again: SqliteStore, scene: Scene, taken: list[int]) -> None:
    rows = recorded.events(None, 0, MOST)
    turns = recorded._reads.raw.execute("SELECT at, digest FROM turn ORDER BY seq").fetchall()
    must(len(turns) == len(taken), LAW_10, f"{len(turns)} turns are recorded, and {len(taken)} were committed")
    engine = Engine(again, scene.setups[0])
    for (at, digest), (before, newest) in zip(turns, pairwise([0, *taken]), strict=True):
        engine.setup = scene.setup(digest)
        _turn_again(recorded, engine, [row for number, row in rows if before < number <= newest], moment(at))


def _turn_again(recorded: SqliteStore, engine: Engine, batch: list[EventRow], at: datetime) -> None:
    """One turn, which says by what it wrote of itself what it was: a return, a retry, or neither."""
    own = [orjson.loads(row.body) for row in batch if row.source == SOURCE]
    told = {one["type"] for one in own}
    if AWAY in told:
        engine.store.heartbeat(datetime.fromisoformat(own[0]["data"]["since"]))
        engine.start(at)
    elif RETRIED in told:
        named = [one["data"] for one in own]
        events = [(recorded.event(one["source"], one["id"]), one["scenario"]) for one in named]
        engine.retry([(_input(row), scenario) for row, scenario in events if row], at)
    else:
        engine.turn([_input(row) for row in batch if row.source != LOOP_SOURCE], at)


def _input(row: EventRow) -> Input:
    return Input(read_json(row.body), Speaker.from_text(row.speaker))
