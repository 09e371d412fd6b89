"""Law 10: what the store has recorded of a week is enough to decide it all again, with the same journal."""

from __future__ import annotations

from datetime import datetime
from itertools import groupby, repeat
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


def must_decide_the_same_again(scene: Scene, history: list[Happening], path: Path) -> None:
    """Raises ``LawBrokenError`` where a journal differs.

    Where the clock was set back many turns have one time, and which of them took what in is not recorded; such a
    week is left out.
    """
    if any(isinstance(one, SetClock) for one in history):
        return
    recorded, again = SqliteStore(path), SqliteStore(None)
    try:
        _decide_again(recorded, again, scene)
        one, other = _journal(recorded), _journal(again)
        for before, after in zip(one, other, strict=False):
            must(before == after, LAW_10, f"\n  recorded {before}\n  again    {after}")
        must(len(one) == len(other), LAW_10, f"{len(one)} lines, and {len(other)} again")
    finally:
        recorded.close()
        again.close()


def _journal(store: SqliteStore) -> list[Any]:
    return [entry for _, entry in store.journal_after(0, 1_000_000)]


def _decide_again(recorded: SqliteStore, again: SqliteStore, scene: Scene) -> None:
    rows = [row for _, row in recorded.events(None, 0, 1_000_000)]
    batches = {at: list(group) for at, group in groupby(rows, key=lambda row: row.received_at)}
    engine = Engine(again, scene.setup)
    times = [moment(at) for (at,) in recorded._reads.raw.execute("SELECT at FROM turn ORDER BY seq")]
    for at, rows_of_turns in groupby(times):
        batch = batches.get(at, [])
        engine, own = _own_part(recorded, again, engine, batch, at)
        # One that died as soon as it was back has written its absence down, and has not looked at anything else.
        left = len(list(rows_of_turns)) - own
        for taken in [*_turns(batch), *repeat([], left)][:left]:
            engine.turn([_input(row) for row in taken], at)


def _turns(batch: list[EventRow]) -> list[list[EventRow]]:
    """What each turn of one instant took in; the leaping clock lets turns share one, as after a restart.

    How its cases fared is what a turn writes last, so whatever came from outside behind that came in a later turn.
    Turns that wrote nothing of the kind in between are decided as one.
    """
    turns: list[list[EventRow]] = [[]]
    is_over = False
    for row in batch:
        if row.source == LOOP_SOURCE:
            is_over = True
        elif row.source != SOURCE:
            if is_over:
                turns.append([])
                is_over = False
            turns[-1].append(row)
    return turns


def _own_part(
    recorded: SqliteStore, again: SqliteStore, engine: Engine, batch: list[EventRow], at: datetime
) -> tuple[Engine, int]:
    """What the engine itself recorded: that it came back from an absence, and what ops had retried.

    Returns the engine that goes on, and how many turns that took.
    """
    own = [orjson.loads(row.body) for row in batch if row.source == SOURCE]
    for one in own:
        if one["type"] == AWAY:
            again.heartbeat(datetime.fromisoformat(one["data"]["since"]))
            engine = Engine(again, engine.setup)
            engine.start(at)
    named = [one["data"] for one in own if one["type"] == RETRIED]
    events = [(recorded.event(one["source"], one["id"]), one["scenario"]) for one in named]
    if events:
        engine.retry([(_input(row), scenario) for row, scenario in events if row], at)
    return engine, sum(one["type"] == AWAY for one in own) + bool(events)


def _input(row: EventRow) -> Input:
    return Input(read_json(row.body), Speaker.from_text(row.speaker))
