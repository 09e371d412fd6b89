"""The daemon: wiring and life cycle, nothing else."""

from __future__ import annotations

import asyncio
import fcntl
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import structlog
from aiohttp import web

from .engine.engine import Engine
from .engine.opening import Opened, make_channels, open_street
from .engine.receipt import Input
from .gateway.app import make_app
from .gateway.cloudevents_http import Limits
from .gateway.metrics import Numbers
from .gateway.office import Office
from .gateway.porter import Patience, Porter
from .gateway.replay import Timed
from .gateway.tokens import Gate
from .running.aside import aside
from .running.clock import Clock, SystemClock, monotonic
from .running.courier import Courier, tell_ops
from .running.flight import FlightRecord
from .running.footprint import LOOK_SECONDS, Footprint, resident_mib
from .running.letters import write_letter
from .running.memory import collect_rarely
from .running.retention import Sweeper
from .running.runner import QueueFull, Runner, Unavailable
from .running.steady import SteadyClock
from .running.watch import Watch
from .stores.base import Store
from .street.complaint import StreetError
from .street.settings import is_loopback, split_address

STOP_SECONDS_MAX: Final = 8.0
"""How long each part may take to finish; together less than a service manager usually waits before it kills."""

INSPECT_SECONDS_MAX: Final = 5.0
"""How long a start looks through the database for damaged pages: about 5 GB of it, where the disk is as quick."""

FIXED: Final = ("store", "listen", "limits")
"""The tables of civicloop.toml that are read at the start only."""

log = structlog.get_logger(__name__)


class NotAllowed(Exception):
    """The daemon may not start like this; the message says why and what to do."""


@contextmanager
def alone(store: Path) -> Iterator[None]:
    """Hold a store against other daemons, which would deliver every notice a second time. Raises ``NotAllowed``."""
    store.parent.mkdir(parents=True, exist_ok=True)
    with store.with_name(f"{store.name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise NotAllowed(f"another daemon serves {store} already; stop it, or name another store") from None
        yield


def _never_loads(complaint: str) -> None:
    log.error("reload_stuck", complaint=complaint, why="the configuration before stays; restart once it is repaired")


class Daemon:
    """One street's daemon: engine, courier and gateway on one event loop."""

    def __init__(
        self,
        opened: Opened,
        store: Store,
        clock: Clock | None = None,
        listen: str | None = None,
        record: FlightRecord | None = None,
    ) -> None:
        settings = opened.folder.settings
        self._opened = opened
        self._store = store
        self._clock = clock or SteadyClock(SystemClock(), store.last_turn())
        self._address = split_address(listen or settings.listen.address)
        limits = settings.limits
        self._guard = Watch(limits.assess_seconds_max, record)
        self.engine = Engine(store, opened.setup, self._guard)
        self._courier = Courier(
            store,
            make_channels(opened),
            lambda notice: write_letter(self.engine.setup, notice),
            self._clock,
            limits.delivery_attempts_max,
            instead=lambda notice, now: tell_ops(self.engine.setup, notice, now),
            guard=self._guard,
        )
        self.runner = Runner(
            self.engine, self._clock, limits.queue_events_max, limits.batch_events_max, self._courier.poke
        )
        self.sweeper = Sweeper(
            store,
            lambda: self._opened.folder.settings.retention,
            self._clock,
            lambda kind, why: self.engine.warn("purge_failed", kind, why, self._clock.now()),
        )
        self._body_bytes_max = limits.body_bytes_max
        self._mib_max = limits.memory_mib_max
        self._limits = Limits(limits.batch_events_max, limits.body_seconds_max)
        self._patience = Patience(limits.connections_max, limits.idle_seconds_max, limits.body_seconds_max)
        self._stop = asyncio.Event()
        self.played = asyncio.Event()
        """Set once all recorded events have been taken in."""
        self.needs_restart = ""
        """Why whoever has started this process should start it again; empty when nobody needs to."""
        self._reloading: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """Where it listens; the port is the real one once it does, where the configuration says port 0."""
        host, port = self._address
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    async def run(self, announce: Callable[[str], None], play: Sequence[Timed] = ()) -> None:
        """Serve until SIGTERM or SIGINT, then finish what was taken in and return.

        Raises ``NotAllowed``, ``OSError`` (the address cannot be had) and ``StoreError``.
        """
        self._check_address()
        self._check_memory()
        with alone(self._opened.folder.path(self._opened.folder.settings.store.path)):
            await self._serve(announce, play)

    async def _serve(self, announce: Callable[[str], None], play: Sequence[Timed]) -> None:
        collect_rarely()
        self._inspect()
        away = self.engine.start(self._clock.now())
        if away:
            announce(f"back after {away}; deadlines that passed fire now, silence is judged once the sources caught up")
        web_runner = web.AppRunner(self._app(), shutdown_timeout=STOP_SECONDS_MAX)
        await web_runner.setup()
        assert web_runner.server is not None
        porter = Porter(web_runner.server, self._patience)
        tasks: list[asyncio.Task[Any]] = [
            asyncio.create_task(self.runner.run(), name="turns"),
            asyncio.create_task(self._courier.run(), name="courier"),
            asyncio.create_task(self._stop.wait()),
            asyncio.create_task(self._mind_memory(), name="memory"),
        ]
        beside = [asyncio.create_task(self._play(play)), asyncio.create_task(self.sweeper.run(), name="retention")]
        try:
            with self._signals(), self._guard.started():
                self._address = (self._address[0], await porter.listen(*self._address))
                announce(self._greeting())
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in beside:
                task.cancel()
            porter.close()
            await self._shut_down(web_runner, *tasks[:2])
            for task in tasks[2:]:
                task.cancel()
        for task in tasks:
            if task.done() and not task.cancelled():
                task.result()

    def stop(self) -> None:
        """Ask ``run`` to finish and return."""
        self._stop.set()

    async def _shut_down(self, web_runner: web.AppRunner, turns: asyncio.Task[Any], courier: asyncio.Task[Any]) -> None:
        """Take nothing new, decide and answer what was taken, then let go; what takes too long is left undone."""
        self.runner.stop()
        self._courier.stop()
        _, late = await asyncio.wait({turns, courier}, timeout=STOP_SECONDS_MAX)
        await web_runner.cleanup()
        for task in late:
            log.error("stopped_unfinished", task=task.get_name())
            task.cancel()
        if late:
            await asyncio.wait(late)
        await self._courier.close()

    def _app(self) -> web.Application:
        gate = Gate(self._store, always=not is_loopback(self._address[0]))
        office = Office(self.engine, self.runner, self._clock, self._limits, gate, self._trouble, self._warnings)
        numbers = Numbers(self.engine, self.runner, self._courier, self.sweeper)
        return make_app(office, numbers, version("civicloop"), self._body_bytes_max)

    def _trouble(self) -> str:
        return "the daemon is stopping" if self._stop.is_set() else self.runner.refusing or self.runner.trouble

    def _warnings(self) -> list[str]:
        return list(self.sweeper.troubles.values())

    def _check_address(self) -> None:
        host, _ = self._address
        if not is_loopback(host) and not self._store.tokens():
            raise NotAllowed(
                f"refusing to listen on {host} without a token: anybody could answer for anybody; "
                "make one with `civicloop token create`, or listen on 127.0.0.1"
            )

    def _inspect(self) -> None:
        """Say, to the log and to ops, what the store has lost. Raises ``StoreError`` where it is damaged."""
        found = self._store.inspect(INSPECT_SECONDS_MAX)
        if found.lost:
            log.error("turns_lost", why=found.lost)
            self.engine.warn("turns_lost", "store", found.lost, self._clock.now())
        if not found.is_whole:
            log.warning("store_not_inspected", why=f"looking through it takes longer than {INSPECT_SECONDS_MAX:g} s")

    def _check_memory(self) -> None:
        if not self._mib_max:
            return
        try:
            held = resident_mib()
        except OSError as error:
            raise NotAllowed(f"memory_mib_max cannot be kept here ({error}); set it to 0 in civicloop.toml") from error
        if held >= self._mib_max:
            raise NotAllowed(
                f"memory_mib_max = {self._mib_max} in civicloop.toml is less than the {held} MiB that the daemon holds "
                "before it has taken anything in; set it to at least twice as much"
            )

    async def _mind_memory(self) -> None:
        """Refuse what is new while memory is short, and have the process replaced when that does not help."""
        footprint = Footprint(self._mib_max)
        while True:
            before, self.runner.refusing = self.runner.refusing, footprint.look(monotonic())
            if self.runner.refusing and not before:
                log.error("memory_short", why=self.runner.refusing)
            elif before and not self.runner.refusing:
                log.info("memory_free_again")
            if footprint.is_hopeless:
                self.needs_restart = self.runner.refusing
                log.error("memory_restart", why="memory has not become free; the daemon stops and is started again")
                self.stop()
            await asyncio.sleep(LOOK_SECONDS)

    def _greeting(self) -> str:
        registry = self.engine.setup.registry
        directory = self.engine.setup.street.directory
        open_door = "" if self._store.tokens() else "; no token exists, so requests are taken unauthenticated"
        return (
            f"listening on {self.url}, {len(registry.bindings)} scenarios, {len(directory.devices)} devices{open_door}"
        )

    @contextmanager
    def _signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        doings = {signal.SIGTERM: self.stop, signal.SIGINT: self.stop, signal.SIGHUP: self._start_reload}
        for number, doing in doings.items():
            loop.add_signal_handler(number, doing)
        try:
            yield
        finally:
            for number in doings:
                loop.remove_signal_handler(number)

    def _start_reload(self) -> None:
        if self._reloading is None or self._reloading.done():
            self._reloading = asyncio.create_task(self.reload())
        else:
            log.warning("reload_under_way", why="the one before has not finished; send the signal again when it has")

    async def reload(self) -> None:
        """Read the folder again; a bad one changes nothing and says so."""
        folder = self._opened.folder.folder
        try:
            # A large street takes a while to read, and events go on meanwhile.
            opened = await aside(lambda: open_street(folder, gives_up=_never_loads))
            channels = make_channels(opened)
        except (StreetError, ValueError, OSError) as error:
            complaints = error.complaints if isinstance(error, StreetError) else (error,)
            log.error("reload_refused", folder=str(folder), complaints=[str(one) for one in complaints])
            return
        before, after = self._opened.folder.settings, opened.folder.settings
        fixed = [name for name in FIXED if getattr(before, name) != getattr(after, name)]
        if fixed:
            log.warning("restart_needed", tables=fixed, why="these tables are read at the start only")
        self._opened = opened
        self.engine.setup = opened.setup
        self._courier.use(channels)
        log.info("reloaded", digest=opened.setup.digest)

    async def _play(self, play: Sequence[Timed]) -> None:
        """Feed recorded events at their own times on this daemon's clock; for demonstrations."""
        for at, envelope in play:
            wait = self._clock.real_seconds(at - self._clock.now())
            if wait > 0:
                await asyncio.sleep(wait)
            try:
                await self.runner.submit([Input(envelope)])
            except (QueueFull, Unavailable) as error:
                log.error("play_stopped", error=str(error))
                return
        self.played.set()
