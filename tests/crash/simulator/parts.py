"""What a daemon is made of, wired as the daemon wires it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from civicloop.core.engine.engine import Engine
from civicloop.core.engine.setup import Setup
from civicloop.core.running.courier import Courier, tell_ops
from civicloop.core.running.letters import write_letter
from civicloop.core.running.retention import Sweeper
from civicloop.core.running.runner import Runner
from civicloop.core.stores.sqlite import SqliteStore

from .scenery import KEPT
from .virtual_time import SteppingClock
from .world import Wire

SEND_SECONDS_MAX = 0.5
ATTEMPTS_MAX = 8


class Parts:
    """The parts of one process; all of it is gone when that dies."""

    def __init__(self, path: Path, setup: Setup, clock: SteppingClock, wires: dict[str, Wire]) -> None:
        self.store = SqliteStore(path, busy_seconds=0)
        self.engine = Engine(self.store, setup)
        self.courier = Courier(
            self.store,
            wires,
            lambda notice: write_letter(self.engine.setup, notice),
            clock,
            ATTEMPTS_MAX,
            SEND_SECONDS_MAX,
            instead=lambda notice, now: tell_ops(self.engine.setup, notice, now),
        )
        self.runner = Runner(self.engine, clock, after_turn=self.courier.poke)
        self.sweeper = Sweeper(self.store, lambda: KEPT, clock)
        self.tasks: list[asyncio.Task[Any]] = []

    def run(self) -> None:
        """Take up work."""
        self.tasks = [asyncio.create_task(self.runner.run()), asyncio.create_task(self.courier.run())]

    def reload(self, setup: Setup, wires: dict[str, Wire]) -> None:
        """Go on with another configuration."""
        self.engine.setup = setup
        self.courier.use(wires)

    async def vanish(self) -> None:
        """Drop everything that was in memory; a transaction that was open is undone."""
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        await asyncio.sleep(0)
        self.store.close()

    async def stop(self) -> None:
        """Finish as on SIGTERM."""
        self.runner.stop()
        self.courier.stop()
        await asyncio.gather(*self.tasks)
        self.store.close()
