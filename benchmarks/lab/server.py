"""The servers that are measured, each in a process of its own: the real gateway, and a handler that only reads.

``python -m lab.server real|bare PORT DATABASE``
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from aiohttp import web

from civicloop.core.engine.clock import SystemClock
from civicloop.core.engine.courier import Courier
from civicloop.core.engine.engine import Engine
from civicloop.core.engine.letters import write_letter
from civicloop.core.engine.memory import collect_rarely
from civicloop.core.engine.runner import Runner
from civicloop.core.gateway.app import make_app
from civicloop.core.gateway.cloudevents_http import Limits
from civicloop.core.gateway.metrics import Numbers
from civicloop.core.gateway.office import Office
from civicloop.core.gateway.tokens import Gate
from civicloop.core.stores.sqlite import SqliteStore
from civicloop.plugins.message_channels.nowhere import Nowhere

from .workload import street


async def real(port: int, database: Path) -> None:
    """The whole gateway over SQLite, with a courier that delivers to nowhere."""
    collect_rarely()
    store, clock, setup = SqliteStore(database), SystemClock(), street()
    engine = Engine(store, setup)
    nowhere = Nowhere(Nowhere.Config(), database.parent)
    courier = Courier(store, {"null": nowhere}, lambda notice: write_letter(setup, notice), clock)
    runner = Runner(engine, clock, after_turn=courier.poke)
    office = Office(engine, runner, clock, Limits(), Gate(store), lambda: "")
    app = make_app(office, Numbers(engine, runner, courier), "bench", 4 * 2**20)
    await serve(app, port)
    await asyncio.gather(runner.run(), courier.run())


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


if __name__ == "__main__":
    kind, where, path = sys.argv[1:]
    asyncio.run({"real": real, "bare": bare}[kind](int(where), Path(path)))
