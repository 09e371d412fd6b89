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

STRUCTURED = "application/cloudevents+json"
BATCHED = "application/cloudevents-batch+json"
START_SECONDS_MAX = 20.0


def request(body: bytes, media_type: str) -> bytes:
    """One POST as it goes over the wire."""
    head = f"POST /events HTTP/1.1\r\nHost: bench\r\nContent-Type: {media_type}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


async def _connection(port: int, requests: list[bytes]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for each in requests:
        writer.write(each)
        head = await reader.readuntil(b"\r\n\r\n")
        status = head[9:12]
        if not status.startswith(b"2"):
            raise RuntimeError(f"the server answered {head.splitlines()[0].decode()}")
        length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
        await reader.readexactly(int(length or 0))
    writer.close()


async def _load(port: int, requests: list[bytes], connections: int) -> float:
    began = time.perf_counter()
    await asyncio.gather(*(_connection(port, requests[lane::connections]) for lane in range(connections)))
    return time.perf_counter() - began


def load(port: int, requests: list[bytes], connections: int) -> float:
    """Send everything over so many connections; returns the seconds it took."""
    return asyncio.run(_load(port, requests, connections))


@contextmanager
def server(kind: str, database: Path, core: int) -> Iterator[int]:
    """A server process, bound to one core; yields its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = Path(__file__).resolve().parent.parent
    process = subprocess.Popen([sys.executable, "-m", "lab.server", kind, str(port), str(database)], cwd=folder)
    try:
        os.sched_setaffinity(process.pid, {core})
        _await(port, process)
        yield port
    finally:
        process.kill()
        process.wait()


def _await(port: int, process: subprocess.Popen[bytes]) -> None:
    began = time.perf_counter()
    while time.perf_counter() - began < START_SECONDS_MAX:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with {process.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), 0.2).close()
        except OSError:
            continue
        return
    raise RuntimeError(f"the server did not listen within {START_SECONDS_MAX} s")
