"""How much the store holds, counted beside the daemon's work and never more often than that work can bear."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Final

import structlog

from ..running.clock import monotonic
from ..stores.base import StoreError

FEW: Final = 50_000
"""So many rows in all are counted anew for everybody who asks: that takes a millisecond or two."""

REST: Final = 20
"""The count of more is followed by a rest of so many times its length: it costs a twentieth of one core at most."""

log = structlog.get_logger(__name__)


class Census:
    """The latest count of a store. A million cases take longer to count than a reader may wait.

    So only the first reader waits for a long count; whoever comes later is told the last one, and has the next one
    made where it is due. ``count`` is called in a thread; ``seconds`` is a clock that never steps.
    """

    def __init__(self, count: Callable[[], Mapping[str, int]], seconds: Callable[[], float] = monotonic) -> None:
        self._counts = count
        self._seconds = seconds
        self._last: Mapping[str, int] | None = None
        self._took = 0.0
        self._counted_at = 0.0
        self._counting: asyncio.Task[Mapping[str, int]] | None = None

    async def read(self) -> Mapping[str, int]:
        """How much there is, by name, as ``Store.counts`` has it.

        Raises ``StoreError`` where nothing was ever counted.
        """
        if self._last is None or sum(self._last.values()) <= FEW:
            # Whoever hangs up meanwhile does not end the count for the others.
            return await asyncio.shield(self._under_way())
        if self._seconds() - self._counted_at >= self._took * REST:
            self._counting = self._under_way()
        return self._last

    def _under_way(self) -> asyncio.Task[Mapping[str, int]]:
        """The count that is being made, begun now if there is none."""
        if self._counting is None or self._counting.done():
            self._counting = asyncio.create_task(self._count(), name="census")
        return self._counting

    async def _count(self) -> Mapping[str, int]:
        began = self._seconds()
        try:
            self._last = await asyncio.to_thread(self._counts)
        except StoreError as error:
            if self._last is None:
                raise
            log.error("not_counted", error=str(error))
        self._counted_at = self._seconds()
        self._took = self._counted_at - began
        return self._last
