"""The daemon: wiring and life cycle, nothing else."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import structlog
from aiohttp import web

from .engine.clock import Clock, SystemClock
from .engine.courier import Courier
from .engine.engine import Engine
from .engine.letters import write_letter
from .engine.opening import Opened, make_channels, open_street
from .engine.receipt import Input
from .engine.runner import Runner, Unavailable
from .gateway.app import make_app
from .gateway.cloudevents_http import Limits
from .gateway.metrics import Numbers
from .gateway.office import Office
from .gateway.replay import Timed
from .gateway.tokens import Gate
from .street.complaint import StreetError
from .street.settings import is_loopback, split_address
from .stores.base import Store

VERSION: Final = "0.1.0"
STOP_SECONDS_MAX: Final = 20.0

log = structlog.get_logger(__name__)


class NotAllowed(Exception):
    """The daemon may not start like this; the message says why and what to do."""


class Daemon:
    """One street's daemon: engine, courier and gateway on one event loop."""

    def __init__(self, opened: Opened, store: Store, clock: Clock | None = None, listen: str | None = None) -> None:
        settings = opened.folder.settings
        self._opened = opened
        self._store = store
        self._clock = clock or SystemClock()
        self._address = split_address(listen or settings.listen.address)
        self.engine = Engine(store, opened.setup)
        limits = settings.limits
        self._courier = Courier(
            store,
            make_channels(opened),
            lambda notice: write_letter(self.engine.setup, notice),
            self._clock,
            limits.delivery_attempts_max,
        )
        self.runner = Runner(
            self.engine, self._clock, limits.queue_events_max, limits.batch_events_max, self._courier.poke
        )
        self._body_bytes_max = limits.body_bytes_max
        self._limits = Limits(members_max=limits.batch_events_max)
        self._stop = asyncio.Event()

    async def run(self, announce: Callable[[str], None], play: Sequence[Timed] = ()) -> None:
        """Serve until SIGTERM or SIGINT, then finish what was taken in and return. Raises ``NotAllowed``, ``OSError``."""
        self._check_address()
        self._listen_to_signals()
        away = self.engine.start(self._clock.now())
        if away:
            announce(f"back after {away}; deadlines that passed fire now, silence is judged after the sources caught up")
        app = web.AppRunner(self._app(), access_log=None, shutdown_timeout=STOP_SECONDS_MAX)
        await app.setup()
        site = web.TCPSite(app, *self._address)
        turns = asyncio.create_task(self.runner.run())
        courier = asyncio.create_task(self._courier.run())
        player = asyncio.create_task(self._play(play))
        stopping = asyncio.create_task(self._stop.wait())
        try:
            await site.start()
            announce(self._greeting())
            await asyncio.wait({turns, courier, stopping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await self._shut_down(app, turns, courier, player, stopping)
        for task in (turns, courier):
            task.result()

    def stop(self) -> None:
        """Ask ``run`` to finish and return."""
        self._stop.set()

    async def _shut_down(
        self,
        app: web.AppRunner,
        turns: asyncio.Task[None],
        courier: asyncio.Task[None],
        player: asyncio.Task[None],
        stopping: asyncio.Task[bool],
    ) -> None:
        player.cancel()
        stopping.cancel()
        for site in list(app.sites):
            await site.stop()
        self.runner.stop()
        await asyncio.wait({turns}, timeout=STOP_SECONDS_MAX)
        self._courier.stop()
        await asyncio.wait({courier}, timeout=STOP_SECONDS_MAX)
        await app.cleanup()
        await self._courier.close()

    def _app(self) -> web.Application:
        office = Office(self.engine, self.runner, self._clock, self._limits, Gate(self._store), self._trouble)
        numbers = Numbers(self.engine, self.runner, self._courier)
        return make_app(office, numbers, VERSION, self._body_bytes_max)

    def _trouble(self) -> str:
        return self.runner.trouble or ("the daemon is stopping" if self._stop.is_set() else "")

    def _check_address(self) -> None:
        host, _ = self._address
        if not is_loopback(host) and not self._store.tokens():
            raise NotAllowed(
                f"refusing to listen on {host} without a token: anybody could answer for anybody; "
                "make one with `civicloop token create`, or listen on 127.0.0.1"
            )

    def _greeting(self) -> str:
        host, port = self._address
        registry = self.engine.setup.registry
        directory = self.engine.setup.street.directory
        open_door = "" if self._store.tokens() else "; no token exists, so requests are taken unauthenticated"
        return (
            f"listening on http://{host}:{port}, {len(registry.bindings)} scenarios, "
            f"{len(directory.devices)} devices{open_door}"
        )

    def _listen_to_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        loop.add_signal_handler(signal.SIGHUP, self.reload)

    def reload(self) -> None:
        """Read the folder again; a bad one changes nothing and says so."""
        folder: Path = self._opened.folder.folder
        try:
            opened = open_street(folder)
        except StreetError as error:
            log.error("reload_refused", folder=str(folder), complaints=[str(one) for one in error.complaints])
            return
        self._opened = opened
        self.engine.setup = opened.setup
        log.info("reloaded", digest=opened.setup.digest)

    async def _play(self, play: Sequence[Timed]) -> None:
        """Feed recorded events at their own times on this daemon's clock; for demonstrations."""
        for at, envelope in play:
            wait = self._clock.real_seconds(at - self._clock.now())
            if wait > 0:
                await asyncio.sleep(wait)
            try:
                await self.runner.submit([Input(envelope)])
            except Unavailable as error:
                log.error("play_stopped", error=str(error))
                return


