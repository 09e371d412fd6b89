"""A parent for a process that calls plugins: it ends it when one holds it for ever, and starts it again."""

from __future__ import annotations

import ctypes
import faulthandler
import os
import resource
import select
import signal
import socket
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import IO, Final

import structlog

from ..running.clock import monotonic
from ..running.flight import RESTART, FlightRecord, in_words

LOOK_SECONDS: Final = 0.5
"""How often the parent looks whether a call is still under way."""

PASSED_ON: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
WANTED: Final = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
"""A process that one of these has ended was meant to end: its parent ends the same way."""

PAUSE_SECONDS_FIRST: Final = 0.5
PAUSE_SECONDS_MAX: Final = 30.0
CALM_SECONDS: Final = 600.0
"""A process that has run for so long is started again at once; one that falls again and again waits ever longer."""

ABORT_SECONDS: Final = 5.0
"""How long a process may take to write down where it stood before it is killed."""

TRACE_BYTES_MAX: Final = 16 * 1024
PARENT_DEATH_SIGNAL: Final = 1

log = structlog.get_logger("civicloop")


def supervised(restarts: str = "daemon_restarts") -> FlightRecord:
    """Go on in a child process, whose parent stays here until the street is no longer served, or a command is done.

    Returns in the child only, as often as it is started, with the record of its flights. The parent passes signals on
    and leaves the way its child has left. ``restarts`` is what the log says of a new start.
    """
    record = FlightRecord()
    with tempfile.TemporaryFile() as trace:
        parent = os.getpid()
        pause = PAUSE_SECONDS_FIRST
        while True:
            child = os.fork()
            if not child:
                _settle_in(parent, trace)
                return record
            began = monotonic()
            with _signals_passed_on(child) as woken:
                status, is_told = _watch(child, record, woken)
            code = os.waitstatus_to_exitcode(status)
            if is_told or not _comes_back(code):
                _leave(code)
            said = _read(trace)
            sys.stderr.write(said)
            suspect = record.crashed(said)
            pause = PAUSE_SECONDS_FIRST if monotonic() - began > CALM_SECONDS else min(2 * pause, PAUSE_SECONDS_MAX)
            about = in_words(suspect) if suspect else "nothing that is known by name"
            log.error(restarts, ended=code, under_way=about, pause_seconds=pause)
            select.select([], [], [], pause)


def _settle_in(parent: int, trace: IO[bytes]) -> None:
    """What the child does first: it ends with its parent, and writes down where it stood when it is aborted."""
    os.setpgid(0, 0)  # Ctrl-C reaches the parent, which passes it on; the child shall not get it twice
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PARENT_DEATH_SIGNAL, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)
    # A core would hold the names and telephone numbers of a street.
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    faulthandler.enable(os.dup(trace.fileno()), all_threads=False)


@contextmanager
def _signals_passed_on(child: int) -> Iterator[tuple[socket.socket, list[int]]]:
    """In between signals go to the child; yields what wakes the parent, and which signals came."""
    came: list[int] = []

    def pass_on(number: int, _: FrameType | None) -> None:
        came.append(number)
        os.kill(child, number)

    here, there = socket.socketpair()
    here.setblocking(False)
    there.setblocking(False)
    before = {number: signal.signal(number, pass_on) for number in PASSED_ON}
    before[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda *_: None)
    waker = signal.set_wakeup_fd(there.fileno(), warn_on_full_buffer=False)
    try:
        yield here, came
    finally:
        signal.set_wakeup_fd(waker)
        for number, handler in before.items():
            signal.signal(number, handler)
        here.close()
        there.close()


def _watch(child: int, record: FlightRecord, woken: tuple[socket.socket, list[int]]) -> tuple[int, bool]:
    """Wait for the child; abort it when one call is under way for too long. Its status, and whether it was told to."""
    here, came = woken
    seen, since = 0, monotonic()
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return status, signal.SIGTERM in came or signal.SIGINT in came
        if select.select([here], [], [], LOOK_SECONDS)[0]:
            here.recv(4096)
        under_way, limit = record.head[0], record.limit_seconds
        if not under_way or under_way != seen:
            seen, since = under_way, monotonic()
        elif limit and monotonic() - since > limit + ABORT_SECONDS:
            os.kill(child, signal.SIGKILL)
        elif limit and monotonic() - since > limit:
            os.kill(child, signal.SIGABRT)


def _comes_back(code: int) -> bool:
    """Whether a process that ended like this is started again: it has asked for it, or it has crashed."""
    return code == RESTART or (code < 0 and -code not in WANTED)


def _leave(code: int) -> None:
    """End the way the child has ended; without a core of our own where it has crashed."""
    if -code in WANTED:
        if -code != signal.SIGKILL:
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    sys.exit(code if code >= 0 else 128 - code)


def _read(trace: IO[bytes]) -> str:
    """What the child has said of where it stood; the file is empty again."""
    trace.seek(0)
    said = trace.read(TRACE_BYTES_MAX).decode(errors="replace")
    trace.seek(0)
    trace.truncate()
    return said
