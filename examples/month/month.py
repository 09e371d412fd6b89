"""A month of a synthetic street through the real engine, with all laws checked and the closing split printed.

    python examples/month/month.py                      a month of 60 estates
    python examples/month/month.py --days 3 --estates 8 --seed 7
    python examples/month/month.py --keep FOLDER        the street, its events and its database are kept there

Same seed, same month, to the last journal entry. The README beside this file says what is assumed.
"""

from __future__ import annotations

import heapq
import sys
import tempfile
from collections import Counter
from datetime import datetime, timedelta
from hashlib import blake2b
from pathlib import Path
from typing import BinaryIO, Final
from zoneinfo import ZoneInfo

import click
import orjson
from laws import breaches
from life import Life
from people import People
from street import write_street

from civicloop.core.engine.engine import Engine
from civicloop.core.engine.opening import Opened, open_street
from civicloop.core.engine.receipt import Input
from civicloop.core.engine.simulate import Simulation
from civicloop.core.gateway.indicators import Period
from civicloop.core.model.event import Envelope
from civicloop.core.running.memory import collect_rarely
from civicloop.core.stores.base import CaseQuery
from civicloop.core.stores.sqlite import SqliteStore
from civicloop.core.terminal.books import Span
from civicloop.core.terminal.evaluating import records, show_indicators
from civicloop.core.terminal.street import Desk
from civicloop.core.terminal.voice import Voice

START: Final = datetime(2025, 9, 1, tzinfo=ZoneInfo("Asia/Shanghai"))


@click.command()
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--days", type=click.IntRange(1, 366), default=30, show_default=True)
@click.option("--estates", type=click.IntRange(1, 99), default=60, show_default=True)
@click.option("--keep", type=click.Path(path_type=Path), help="New folder for the street, its events and its database.")
@click.option("--language", type=click.Choice(["zh", "en"]), default="en", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="The indicators as JSON.")
def main(seed: int, days: int, estates: int, keep: Path | None, language: str, as_json: bool) -> None:
    """Live through a month, check the laws, print the indicators; the exit code is 1 where a law was broken."""
    collect_rarely()  # as the daemon does
    with tempfile.TemporaryDirectory() as temporary:
        folder = keep or Path(temporary) / "street"
        made = write_street(folder, estates)
        opened = open_street(folder)
        store = SqliteStore(folder / "month.db" if keep else None)
        life = Life(made, seed)
        with (folder / "month.jsonl").open("wb") as file:
            month = Month(opened, store, life, seed, file)
            month.live(days)
        broken = month.settle(language, as_json)
        store.close()
    sys.exit(1 if broken else 0)


class Month:
    """A street that lives: facts come in, people answer, time passes."""

    def __init__(self, opened: Opened, store: SqliteStore, life: Life, seed: int, file: BinaryIO) -> None:
        self._opened = opened
        self._store = store
        self._life = life
        self._file = file
        self._engine = Engine(store, opened.setup)
        self._time = Simulation(self._engine, START)
        self._people = People(self._engine, life, seed)
        self._counts: Counter[str] = Counter()
        self._refused: Counter[str] = Counter()

    def live(self, days: int) -> None:
        """Day after day; what is due comes in between, each at its own instant."""
        for day in range(days):
            midnight = START + timedelta(days=day)
            self._life.day(midnight)
            self._until(midnight + timedelta(days=1))

    def _until(self, end: datetime) -> None:
        queue = self._life.queue
        while True:
            coming = min(end, queue[0][0]) if queue else end
            due = self._engine.next_due()
            if due is not None and due < coming:
                self._time.advance(due)
            elif coming >= end:
                return self._time.advance(end)
            else:
                self._feed(coming)
            self._people.listen()

    def _feed(self, now: datetime) -> None:
        """Take in all that is heard now."""
        batch: list[Envelope] = []
        queue = self._life.queue
        while queue and queue[0][0] <= now:
            envelope = heapq.heappop(queue)[2]
            said = self._said(envelope, now) if envelope.type.startswith("loop.") else envelope
            if said is not None:
                batch.append(said)
        for envelope, receipt in zip(batch, self._time.feed([Input(one) for one in batch], now), strict=True):
            self._file.write(envelope.body + b"\n")
            self._counts[receipt.status] += 1
            if receipt.status in ("refused", "rejected", "quarantined", "unheard"):
                self._refused[f"{envelope.type} {receipt.status}: {receipt.reason}"] += 1

    def _said(self, envelope: Envelope, now: datetime) -> Envelope | None:
        """An answer as it is given now, by somebody who sees how the case stands."""
        assert isinstance(envelope.data, dict), "answers have members"
        case = self._store.case(envelope.subject or "")
        data = dict(envelope.data)
        if not self._people.is_said(case, envelope.type.removeprefix("loop."), data, now):
            return None
        told = orjson.loads(envelope.body) | {"data": data}
        return envelope._replace(data=data, body=orjson.dumps(told))

    def settle(self, language: str, as_json: bool) -> list[str]:
        """Check the laws and print what came of the month; returns the breaches."""
        now, period = self._time.now, Period(None, self._time.now)
        found = list(records(self._store, CaseQuery(most=200), period, self._opened.setup.registry))
        broken = list(breaches(found, self._store, now))
        digest = blake2b(digest_size=8)
        for record in sorted(found, key=lambda one: one.case.id):
            digest.update(orjson.dumps([entry.as_json() for entry in record.journal]))
        desk = Desk(Voice(language), self._opened, self._store, now)
        show_indicators(desk, Span(None, None), None, as_json)
        told = ", ".join(f"{count} {status}" for status, count in sorted(self._counts.items()))
        click.echo(f"events: {told}; journal {digest.hexdigest()}", err=as_json)
        for why, count in self._refused.most_common(8):
            click.echo(f"  {count} x {why}", err=as_json)
        for line in broken[:20]:
            click.echo(f"  BROKEN {line}", err=as_json)
        click.echo(f"laws: {len(found)} cases checked, {len(broken)} breaches", err=as_json)
        return broken


if __name__ == "__main__":
    main()
