"""The demonstration: a street's morning within a minute, its loops opening, climbing and closing before your eyes."""

from __future__ import annotations

import asyncio
import shlex
from collections import Counter
from pathlib import Path
from typing import Final

from rich.table import Table

from ..daemon import Daemon
from ..engine.opening import Opened
from ..model.case import Case
from ..model.chain import Loop
from ..stores.base import CaseQuery, Store
from ..street.sample import write_sample
from ..street.settings import Channel
from .running import PLAY_NOTICES, Play, fresh_play, read_play, serve, stop_at_once, with_channels
from .screen import screen, show_steps, table, tell
from .story import LiveTeller
from .street import MARK, read_street
from .trouble import Trouble
from .voice import Voice

FOLDER: Final = Path("civicloop-demo-street")
MORNING: Final = "morning.jsonl"
SECONDS: Final = 50.0
"""How long the morning takes."""

LOOK_SECONDS: Final = 0.1
PAGE: Final = 500
STILL_OPEN: Final = ""
NOTICES: Final = Channel.model_validate({"kind": "file_drop", "directory": PLAY_NOTICES})


def run_demo(voice: Voice, folder: Path, listen: str | None, speed: float | None, exits: bool) -> None:
    """Make the sample street where ``folder`` is missing, play its morning, and serve on until Ctrl-C."""
    stop_at_once()
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        write_sample(folder)
    opened = read_street(voice, folder)
    if not (folder / MORNING).is_file():
        raise Trouble(voice.say("demo_no_morning", folder=folder))
    play = read_play(voice, folder / MORNING, 1)
    span = (play.ends - play.begins).total_seconds()
    play = play._replace(speed=speed or max(1.0, span / SECONDS))
    path = fresh_play(voice, opened, listen)
    show = Show(voice, opened, play, path, exits)
    show.begin(span)
    serve(voice, with_channels(opened, NOTICES), path, listen, play, show.perform)


class Show:
    """One demonstration on the screen."""

    def __init__(self, voice: Voice, opened: Opened, play: Play, path: Path, exits: bool) -> None:
        self._voice = voice
        self._opened = opened
        self._play = play
        self._path = path
        self._exits = exits
        self._teller = LiveTeller(opened.setup, voice.language)
        self._screen = screen()
        self._row = 0

    def begin(self, span: float) -> None:
        """Say what is about to happen."""
        times = {"begins": f"{self._play.begins.astimezone(self._teller.zone):%H:%M}"}
        times["ends"] = f"{self._play.ends.astimezone(self._teller.zone):%H:%M}"
        count, seconds = len(self._play.timed), round(span / self._play.speed)
        tell(self._voice.say("demo_begins", folder=self._opened.folder.folder, count=count, seconds=seconds, **times))

    async def perform(self, daemon: Daemon, store: Store) -> None:
        """Run the daemon and show its journal as it grows; after the last event sum up."""
        serving = asyncio.create_task(daemon.run(tell, self._play.timed))
        played = asyncio.create_task(daemon.played.wait())
        following = asyncio.create_task(self._follow(store))
        try:
            await asyncio.wait({serving, played, following}, return_when=asyncio.FIRST_COMPLETED)
            if daemon.played.is_set():
                self._show_new(store)
                self._sum_up(daemon, store)
                if self._exits:
                    daemon.stop()
            await asyncio.wait({serving, following}, return_when=asyncio.FIRST_COMPLETED)
            if following.done():
                daemon.stop()
            await serving
        finally:
            played.cancel()
            following.cancel()
            await asyncio.wait({following, played})
        if not following.cancelled():
            following.result()

    async def _follow(self, store: Store) -> None:
        while True:
            self._show_new(store)
            await asyncio.sleep(LOOK_SECONDS)

    def _show_new(self, store: Store) -> None:
        while page := store.journal_after(self._row, PAGE):
            for self._row, entry in page:
                self._screen.print(self._teller.live_line(entry), soft_wrap=True)

    def _sum_up(self, daemon: Daemon, store: Store) -> None:
        cases = all_cases(store)
        tell("")
        tell(self._voice.say("demo_over" if cases else "demo_no_cases"))
        if cases:
            self._screen.print(results(self._voice, cases))
        tell(self._voice.say("demo_look"))
        show_steps(self._places_to_look(daemon, cases))
        if not self._exits:
            tell(self._voice.say("demo_serving"))

    def _places_to_look(self, daemon: Daemon, cases: list[Case]) -> list[tuple[str, str]]:
        say, folder = self._voice.say, shlex.quote(str(self._opened.folder.folder))
        store = f"--store {shlex.quote(str(self._path))}"
        found = [(say("look_cases"), f"civicloop cases list {folder} {store}")]
        if cases:
            liveliest = max(cases, key=lambda case: (not case.is_open, case.entries, case.id))
            ref = shlex.quote(liveliest.ref)
            found.append((say("look_story"), f"civicloop cases show {folder} {ref} {store}"))
        if not self._exits:
            found += [(say("look_web"), f"{daemon.url}/cases"), (say("look_metrics"), f"{daemon.url}/metrics")]
        notices = self._opened.folder.path(PLAY_NOTICES)
        found.append((say("look_notices", count=len(list(notices.glob("*.json")))), str(notices)))
        found.append((say("look_scenario"), str(self._opened.folder.path(MARK))))
        return found


def all_cases(store: Store) -> list[Case]:
    """Every case of a store."""
    found: list[Case] = []
    query = CaseQuery(most=200)
    while True:
        page, cursor = store.find_cases(query)
        found += page
        if cursor is None:
            return found
        query = query._replace(after=cursor)


def results(voice: Voice, cases: list[Case]) -> Table:
    """Cases by result, and by the loop that solved them; of open ones the loop that they have climbed to."""
    counts = Counter((case.result if not case.is_open else STILL_OPEN, loop_of(case)) for case in cases)
    rows: list[list[object]] = []
    for result in sorted({result for result, _ in counts}, key=lambda result: (result == STILL_OPEN, result)):
        by_loop = [counts[result, loop] for loop in Loop]
        rows.append([result or voice.say("still_open"), *by_loop, sum(by_loop)])
    loops = [voice.loop(loop.name.lower()) for loop in Loop]
    totals = [sum(counts[result, loop] for result, _ in {*counts} if _ is loop) for loop in Loop]
    rows.append([voice.say("total"), *totals, len(cases)])
    return table([voice.say("result"), *loops, voice.say("total")], rows)


def loop_of(case: Case) -> Loop:
    """The largest loop that a case has climbed to."""
    return max(track.loop for track in case.tracks)
