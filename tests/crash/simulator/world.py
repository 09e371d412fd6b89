"""What outlives the process: senders that repeat until they are answered, channels, and what was acknowledged."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from hashlib import blake2b

from civicloop import Message, Refused
from civicloop.core.stores.codec import encode_notice

SLOW_SECONDS = 0.1
"""Six simulated minutes."""

HANGS_SECONDS = 3600.0


class DiedError(BaseException):
    """The process has died. No handler of ordinary errors sees it, as none sees a power cut."""


class Wire:
    """A channel as the street knows it, and the daemon's way to it; what was received stays when the process dies."""

    def __init__(self, name: str, is_dead: Callable[[], bool]) -> None:
        self.name = name
        self.mood = "works"
        self.received: Counter[str] = Counter()
        self.contents: dict[str, bytes] = {}
        self.changed: list[str] = []
        self._is_dead = is_dead

    async def send(self, message: Message) -> None:
        if self.mood == "slow":
            await asyncio.sleep(SLOW_SECONDS)
        if self.mood == "hangs":
            await asyncio.sleep(HANGS_SECONDS)
        if self.mood == "fails":
            raise ConnectionError("nobody answers")
        if self.mood == "refuses" and blake2b(message.key.encode(), digest_size=1).digest()[0] % 2:
            raise Refused("not this one")
        if self._is_dead():
            raise DiedError
        self.received[message.key] += 1
        body = encode_notice(message.notice)
        if self.contents.setdefault(message.key, body) != body:
            self.changed.append(message.key)

    async def close(self) -> None:
        return None
