"""Running the daemon from the command line: its log, its clock, and sentences for what keeps it from starting."""

from __future__ import annotations

import asyncio
import errno
import shutil
import signal
import socket
import sys
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

import structlog

from ..daemon import Daemon, NotAllowed
from ..engine.opening import Opened
from ..gateway.replay import Timed
from ..running.clock import FastClock
from ..running.flight import RESTART, FlightRecord
from ..stores.base import Store
from ..street.settings import Channel, split_address
from .replaying import Reader
from .street import open_store, read_street, store_path
from .supervisor import supervised
from .trouble import Trouble
from .voice import Voice

PLAY_STORE: Final = "var/play.db"
PLAY_NOTICES: Final = "var/play-notices"
CONSOLE: Final = Channel(kind="console")

log = structlog.get_logger("civicloop")

Act = Callable[[Daemon, Store], Coroutine[Any, Any, None]]
"""What is done with a daemon: at least run it."""


class Play(NamedTuple):
    """Recorded events to feed to a daemon at their own times, on a clock that runs ``speed`` times as fast."""

    file: Path
    timed: Sequence[Timed]
    speed: float

    @property
    def begins(self) -> datetime:
        """The time of the first event."""
        return self.timed[0][0]

    @property
    def ends(self) -> datetime:
        """The time of the last event."""
        return self.timed[-1][0]


def run_street(voice: Voice, folder: Path, listen: str | None, file: Path | None, speed: float) -> None:
    """Run the daemon until it is told to stop; with ``file`` on recorded events, in a database of their own."""
    record = supervised() if voice.owns_process else None
    stop_at_once()
    opened = read_street(voice, folder)
    for warning in opened.warnings:
        log.warning("configuration", complaint=str(warning))
    play = read_play(voice, file, speed) if file is not None else None
    path = store_path(opened)
    if play is not None:
        path = fresh_play(voice, opened, listen)
        opened = with_channels(opened, CONSOLE)
        log.info(voice.say("playing", file=file, count=len(play.timed), speed=f"{speed:g}", store=path))

    async def act(daemon: Daemon, store: Store) -> None:
        del store
        await daemon.run(log.info, play.timed if play else ())

    serve(voice, opened, path, listen, play, act, record)


def serve(
    voice: Voice,
    opened: Opened,
    path: Path,
    listen: str | None,
    play: Play | None,
    act: Act,
    record: FlightRecord | None = None,
) -> None:
    """Make a daemon and do with it what ``act`` does. Raises ``Trouble`` where it may not or cannot start."""
    address = listen or opened.folder.settings.listen.address
    check_address(voice, address)
    with open_store(path) as store:
        clock = FastClock(play.begins, play.speed) if play else None
        try:
            daemon = Daemon(opened, store, clock, address, record)
            asyncio.run(act(daemon, store))
        except NotAllowed as error:
            raise Trouble(str(error)) from error
        except OSError as error:
            raise _why_not(voice, address, error) or error from error
    if daemon.needs_restart:
        sys.exit(RESTART)


def check_address(voice: Voice, address: str) -> tuple[str, int]:
    """The address as host and port. Raises ``Trouble`` for one that is none."""
    try:
        return split_address(address)
    except ValueError as error:
        raise Trouble(voice.say("bad_listen", address=address, why=error)) from error


def _why_not(voice: Voice, address: str, error: OSError) -> Trouble | None:
    if error.filename is not None:
        return None
    if error.errno == errno.EADDRINUSE:
        return Trouble(voice.say("port_in_use", address=address))
    if isinstance(error, socket.gaierror) or error.errno in (errno.EADDRNOTAVAIL, errno.EACCES, errno.EPERM):
        return Trouble(voice.say("cannot_listen", address=address, why=(error.strerror or str(error)).lower()))
    return None


def stop_at_once() -> None:
    """Until the daemon listens to SIGTERM itself there is nothing to finish: leave with exit code 0."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))


# playing recorded events -----------------------------------------------------------------------------------------


def read_play(voice: Voice, file: Path, speed: float) -> Play:
    """The events of a file with their times. Raises ``Trouble`` where there are none."""
    timed = Reader(voice).timed([file])
    if not timed:
        raise Trouble(voice.say("nothing_to_play", file=file))
    return Play(file, timed, speed)


def fresh_play(voice: Voice, opened: Opened, listen: str | None) -> Path:
    """An empty place for a database beside the street's own, and none of the notices of the last time.

    The port is tried first, so that a play that is still running there keeps its database.
    """
    address = listen or opened.folder.settings.listen.address
    try:
        _try(*check_address(voice, address))
    except OSError as error:
        raise _why_not(voice, address, error) or error from error
    path = opened.folder.path(PLAY_STORE)
    for ending in ("", "-wal", "-shm"):
        path.with_name(path.name + ending).unlink(missing_ok=True)
    with suppress(FileNotFoundError):
        shutil.rmtree(opened.folder.path(PLAY_NOTICES))
    return path


def _try(host: str, port: int) -> None:
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(address)


def with_channels(opened: Opened, channel: Channel) -> Opened:
    """The street with every channel replaced, so that a play of recorded events calls nobody.

    Where no plugin brings that kind of channel, notices stay in the outbox.
    """
    names = opened.folder.settings.channels if channel.kind in opened.setup.registry.channels else ()
    channels: Mapping[str, Channel] = dict.fromkeys(names, channel)
    settings = opened.folder.settings.model_copy(update={"channels": channels})
    return opened._replace(folder=replace(opened.folder, settings=settings))
