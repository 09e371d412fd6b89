"""The servers that are measured, each in a process of its own.

``python -m lab.server KIND PORT PATH``: ``real`` is the gateway over SQLite with workload W, ``bare`` a handler that
only reads, ``archive`` the gateway over a store full of cases, ``daemon`` the whole daemon on a street's folder.
"""

from __future__ import annotations

import asyncio
import sys
from datetime import datetime, timedelta
from pathlib import Path

from aiohttp import web

from civicloop.core.daemon import Daemon
from civicloop.core.engine.engine import Engine
from civicloop.core.engine.opening import open_street
from civicloop.core.gateway.app import make_app
from civicloop.core.gateway.cloudevents_http import Limits
from civicloop.core.gateway.metrics import Numbers
from civicloop.core.gateway.office import Office
from civicloop.core.gateway.tokens import Gate
from civicloop.core.running.clock import Clock
from civicloop.core.running.courier import Courier
from civicloop.core.running.letters import write_letter
from civicloop.core.running.memory import collect_rarely
from civicloop.core.running.retention import Sweeper
from civicloop.core.running.runner import Runner
from civicloop.core.sdk.loader import Plugin
from civicloop.core.stores.sqlite import SqliteStore
from civicloop.core.street.settings import Retention
from civicloop.plugins.message_channels import Nowhere

from .archive import NOW, archive_street
from .workload import BINS, START, Overflow, street, tick_of

BODY_BYTES_MAX = 4 * 2**20


class WorkloadClock:
    """The workload's own time, which goes on with every event that is taken in, however fast they come."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._tick = tick_of(BINS)

    def now(self) -> datetime:
        """The time of the event that comes next."""
        return START + self._tick * sum(times for (kind, _), times in self._engine.counts.items() if kind == "event")

    def real_seconds(self, span: timedelta) -> float:
        """Nothing of the workload's time passes by itself; a wait is a short one, and then the clock is read again."""
        return min(span.total_seconds(), 1.0)


class StandingClock:
    """It is always the instant at which the archive was filled: no deadline passes while it is read."""

    def now(self) -> datetime:
        """That instant."""
        return NOW

    def real_seconds(self, span: timedelta) -> float:
        """The span itself."""
        return span.total_seconds()


async def real(port: int, path: Path) -> None:
    """The whole gateway with workload W, and a courier that delivers to nowhere."""
    engine = Engine(SqliteStore(path), street())
    await gateway(engine, WorkloadClock(engine), port)


async def archive(port: int, path: Path) -> None:
    """The gateway over a store that is full of cases. Nothing is judged: many a deadline of these has passed."""
    await gateway(Engine(SqliteStore(path), archive_street()), StandingClock(), port, takes_turns=False)


async def gateway(engine: Engine, clock: Clock, port: int, takes_turns: bool = True) -> None:
    """What the daemon runs, on an engine of our own."""
    nowhere = Nowhere(Nowhere.Config(), Path())
    courier = Courier(engine.store, {"null": nowhere}, lambda notice: write_letter(engine.setup, notice), clock)
    runner = Runner(engine, clock, after_turn=courier.poke)
    office = Office(engine, runner, clock, Limits(), Gate(engine.store), lambda: "", list)
    numbers = Numbers(engine, runner, courier, Sweeper(engine.store, Retention, clock))
    await serve(make_app(office, numbers, "bench", BODY_BYTES_MAX), port)
    await (asyncio.gather(runner.run(), courier.run()) if takes_turns else asyncio.Event().wait())


async def bare(port: int, _: Path) -> None:
    """A handler that reads the body and answers, nothing more; it stores nothing."""

    async def handler(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(status=202)

    app = web.Application()
    app.router.add_post("/events", handler)
    app.router.add_get("/healthz", handler)
    await serve(app, port)
    await asyncio.Event().wait()


async def serve(app: web.Application, port: int) -> None:
    """Listen on this machine."""
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()


async def daemon(port: int, path: Path) -> None:
    """The daemon as it is, on a folder, with a plugin of our own."""
    opened = open_street(path, [Plugin("bench", "", (Overflow,), {"null": Nowhere})])
    store = SqliteStore(opened.folder.path(opened.folder.settings.store.path))
    await Daemon(opened, store, listen=f"127.0.0.1:{port}").run(lambda _: None)


if __name__ == "__main__":
    kind, where, path = sys.argv[1:]
    collect_rarely()  # as the daemon does
    asyncio.run({"real": real, "archive": archive, "bare": bare, "daemon": daemon}[kind](int(where), Path(path)))
