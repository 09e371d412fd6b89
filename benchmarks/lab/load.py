"""A lean HTTP client: so many connections, each sending its next request when the last is answered."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

STRUCTURED = "application/cloudevents+json"
BATCHED = "application/cloudevents-batch+json"
START_SECONDS_MAX = 120.0


def request(body: bytes, media_type: str) -> bytes:
    """One POST as it goes over the wire."""
    head = f"POST /events HTTP/1.1\r\nHost: bench\r\nContent-Type: {media_type}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def get(target: str) -> bytes:
    """One GET as it goes over the wire."""
    return f"GET {target} HTTP/1.1\r\nHost: bench\r\n\r\n".encode()


class TurnedAway(Exception):
    """The server has too much waiting and says so (429): send again a little later."""


class Line:
    """One connection that is kept alive."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def ask(self, text: bytes) -> bytes:
        """Send a request and return the answer's body.

        Raises ``TurnedAway``, or ``RuntimeError`` where it is neither that nor a success.
        """
        self._writer.write(text)
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
        body = await self._reader.readexactly(int(length or 0))
        if head[9:12] == b"429":
            raise TurnedAway
        if not head[9:12].startswith(b"2"):
            raise RuntimeError(f"the server answered {head.splitlines()[0].decode()}: {body[:500].decode()}")
        return body

    def close(self) -> None:
        """Hang up."""
        self._writer.close()


async def connect(port: int) -> Line:
    """A connection to the server on this machine."""
    return Line(*await asyncio.open_connection("127.0.0.1", port))


async def _connection(port: int, requests: list[bytes]) -> None:
    line = await connect(port)
    for each in requests:
        await line.ask(each)
    line.close()


async def _load(port: int, requests: list[bytes], connections: int) -> float:
    began = time.perf_counter()
    await asyncio.gather(*(_connection(port, requests[lane::connections]) for lane in range(connections)))
    return time.perf_counter() - began


def load(port: int, requests: list[bytes], connections: int) -> float:
    """Send everything over so many connections; returns the seconds it took."""
    return asyncio.run(_load(port, requests, connections))


class Server(NamedTuple):
    """A server process and where it listens; ``start_seconds`` is how long it took to."""

    port: int
    pid: int
    start_seconds: float


@contextmanager
def running(
    kind: str, path: Path, core: int | None = None, start_seconds_max: float = START_SECONDS_MAX
) -> Iterator[Server]:
    """A server process, bound to one core or to none."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = Path(__file__).resolve().parent.parent
    began = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", "lab.server", kind, str(port), str(path)], cwd=folder)
    try:
        if core is not None:
            os.sched_setaffinity(process.pid, {core})
        _await(port, process, began + start_seconds_max)
        yield Server(port, process.pid, time.perf_counter() - began)
    finally:
        process.kill()
        process.wait()


@contextmanager
def server(kind: str, path: Path, core: int | None = None) -> Iterator[int]:
    """A server process of which only the port matters."""
    with running(kind, path, core) as started:
        yield started.port


def _await(port: int, process: subprocess.Popen[bytes], until: float) -> None:
    while time.perf_counter() < until:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with {process.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), 0.2).close()
        except OSError:
            time.sleep(0.02)
            continue
        return
    raise RuntimeError("the server did not listen in time")


def busy_seconds(pid: int) -> float:
    """Processor time that a process has used up till now, all its threads together."""
    tasks = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(task.read_text(encoding="ascii").split()[0]) for task in tasks) / 1e9
