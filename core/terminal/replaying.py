"""Replay on the command line: the journal to standard output, everything else to standard error."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

import orjson
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ..engine.engine import Engine
from ..engine.opening import Opened
from ..engine.receipt import Receipt, Status
from ..gateway.files import BadLine, read_lines
from ..gateway.replay import Timed, as_delivered, in_order, replay
from ..gateway.viewer import Viewer
from ..model.event import Envelope
from ..running.clock import SystemClock
from ..stores.base import Store
from .screen import in_zone, screen, table, tell
from .street import open_store, read_street, store_path
from .trouble import Trouble
from .voice import Voice

BAD_LINES_SHOWN: Final = 1000
DRAINED_AFTER: Final = 500
"""How many events are replayed before their journal entries are written out."""

PAGE: Final = 1000
REASONS_SHOWN: Final = 50
QUARANTINE_MAX: Final = 1_000_000


class Order(NamedTuple):
    """How to replay: until when at most, in the file's own order or by time, into which database."""

    until: datetime | None
    as_delivered: bool
    store: Path | None


def replay_files(voice: Voice, folder: Path, files: Sequence[Path], order: Order) -> None:
    """Feed files through the engine in simulated time. Raises ``Trouble`` at the end when lines were unreadable."""
    opened = read_street(voice, folder)
    own = store_path(opened)
    if order.store is not None and own.exists() and order.store.resolve() == own.resolve():
        raise Trouble(voice.say("live_store", path=order.store))
    reader = Reader(voice)
    timed = reader.timed(files, order.as_delivered)
    with open_store(order.store) as store:
        run = Run(voice, opened, store, sys.stdout.buffer)
        run.replay(timed, in_zone(order.until, opened.setup.street.calendar.zone) if order.until else None)
        run.summarise()
    if reader.bad:
        raise Trouble(voice.say("bad_lines", count=reader.bad))


class Reader:
    """Reads events from files; lines that hold none are named on standard error and counted."""

    def __init__(self, voice: Voice) -> None:
        self._voice = voice
        self.bad = 0

    def timed(self, files: Sequence[Path], delivered: bool = False) -> list[Timed]:
        """All events, with their times, in the order in which they are to be fed."""
        try:
            return (as_delivered if delivered else in_order)(self._events(files))
        except ValueError as error:
            raise Trouble(self._voice.say("no_time_at_all")) from error

    def _events(self, files: Sequence[Path]) -> Iterator[Envelope]:
        for file in files:
            for line in read_lines(file):
                if isinstance(line, BadLine):
                    self._complain(line)
                else:
                    # The body as it was written occupies a page of memory, however short; a copy only its length.
                    yield line._replace(body=bytes(memoryview(line.body)))

    def _complain(self, line: BadLine) -> None:
        self.bad += 1
        if self.bad <= BAD_LINES_SHOWN:
            tell(str(line), stderr=True)


class Run:
    """One replay: writes the journal as it grows, and keeps count."""

    def __init__(self, voice: Voice, opened: Opened, store: Store, out: BinaryIO) -> None:
        self._voice = voice
        self._store = store
        self._out = out
        self._zone = opened.setup.street.calendar.zone
        self._engine = Engine(store, opened.setup)
        self._viewer = Viewer(opened.setup, SystemClock().now(), sees_all=False)
        self._row = self._last_row()
        self._cases_before = store.counts()["cases"]
        self._undrained = 0
        self._entries = 0
        self._counts: Counter[str] = Counter()
        self._refusals: Counter[str] = Counter()

    def replay(self, timed: Sequence[Timed], until: datetime | None) -> None:
        """Feed all events, with a bar on standard error where that is a terminal."""
        err = screen(stderr=True)
        bar = Progress(
            TextColumn(self._voice.say("replaying")),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[at]}"),
            TimeRemainingColumn(),
            console=err,
            transient=True,
            disable=not err.is_terminal,
        )
        with bar:
            task = bar.add_task("", total=len(timed), at="")

            def progress(at: datetime, receipts: Sequence[Receipt]) -> None:
                self._note(receipts)
                if not bar.disable:
                    bar.update(task, advance=len(receipts), at=f"{at.astimezone(self._zone):%Y-%m-%d %H:%M}")

            self._counts = replay(self._engine, timed, until, progress)
        self._drain()
        self._out.flush()

    def summarise(self) -> None:
        """Say on standard error what became of the events."""
        err = screen(stderr=True)
        say = self._voice.say
        err.print(table([say("status"), say("events")], self._counts.most_common()))
        quarantine = Counter(f"{one.reason}: {one.why}" for one in self._store.quarantine(QUARANTINE_MAX))
        for title, counts in (
            ("not_taken", self._refusals),
            ("unheard_types", Counter(self._store.unheard_types())),
            ("quarantine", quarantine),
        ):
            if counts:
                tell(say(title), stderr=True)
                err.print(table([say("why"), say("events")], counts.most_common(REASONS_SHOWN)))
        counted = self._store.counts()
        tell(
            say(
                "replayed",
                events=sum(self._counts.values()),
                cases=counted["cases"] - self._cases_before,
                open=counted["open_cases"],
                entries=self._entries,
            ),
            stderr=True,
        )

    def _note(self, receipts: Sequence[Receipt]) -> None:
        for receipt in receipts:
            if receipt.status in (Status.REFUSED, Status.REJECTED) or receipt.reason == "conflict":
                self._refusals[f"{receipt.status} ({receipt.reason}): {receipt.detail}"] += 1
        self._undrained += len(receipts)
        if self._undrained >= DRAINED_AFTER:
            self._undrained = 0
            self._drain()

    def _drain(self) -> None:
        """Write out what the journal has gained."""
        while page := self._store.journal_after(self._row, PAGE):
            self._row = page[-1][0]
            self._entries += len(page)
            shown = (self._viewer.entry(entry).model_dump(mode="json") for _, entry in page)
            self._out.write(b"".join(orjson.dumps(one, option=orjson.OPT_APPEND_NEWLINE) for one in shown))

    def _last_row(self) -> int:
        """Where the journal of a database that has one already ends."""
        row = 0
        while page := self._store.journal_after(row, PAGE):
            row = page[-1][0]
        return row
