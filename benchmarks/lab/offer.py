"""An open loop: events are due at fixed instants, whether or not those before them have been answered.

Each is counted from the instant at which it was due, so that whatever holds up the sender counts as well: a stall of a
second is a second for the first event that it meets, and nearly as much for all that would have come meanwhile.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from .load import Line, connect

WAIT_SECONDS_MAX = 300.0
"""How long the last answers are waited for."""


class Offered(NamedTuple):
    """Milliseconds from being due to being answered, in the order of being due; and how fast they really came."""

    latencies: list[float]
    answered_per_second: float


async def offer(amount: int, per_second: float, send: Callable[[int], Awaitable[None]]) -> Offered:
    """Have ``send`` called for each of so many numbers at its time. Raises what it raises."""
    latencies = [0.0] * amount
    began = time.perf_counter()

    async def one(number: int, due: float) -> None:
        await send(number)
        latencies[number] = (time.perf_counter() - due) * 1e3

    async with asyncio.timeout(amount / per_second + WAIT_SECONDS_MAX), asyncio.TaskGroup() as group:
        for number in range(amount):
            due = began + number / per_second
            wait = due - time.perf_counter()
            if wait > 0:
                await asyncio.sleep(wait)
            group.create_task(one(number, due))
    return Offered(latencies, amount / (time.perf_counter() - began))


class Lines:
    """Connections to a server, each used by one request at a time; who finds none free waits, and that counts."""

    def __init__(self, free: asyncio.Queue[Line]) -> None:
        self._free = free

    @classmethod
    async def open(cls, port: int, amount: int) -> Lines:
        """So many connections."""
        free: asyncio.Queue[Line] = asyncio.Queue()
        for _ in range(amount):
            free.put_nowait(await connect(port))
        return cls(free)

    async def ask(self, text: bytes) -> bytes:
        """Send a request over whichever connection is free first."""
        line = await self._free.get()
        try:
            return await line.ask(text)
        finally:
            self._free.put_nowait(line)

    def close(self) -> None:
        """Hang up."""
        while not self._free.empty():
            self._free.get_nowait().close()
