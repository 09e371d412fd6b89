"""How much memory the process holds, and when that is more than it may."""

from __future__ import annotations

import ctypes
import gc
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

LOOK_SECONDS: Final = 0.5
PATIENCE_SECONDS: Final = 30.0
"""How long memory may stay above its bound while nothing new is taken in; then only a new process helps."""

MIB: Final = 2**20
STATM: Final = Path("/proc/self/statm")


def resident_mib() -> int:
    """The resident memory of this process in MiB. Raises ``OSError`` where the system does not tell."""
    pages = int(STATM.read_bytes().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") // MIB


def let_go() -> None:
    """Give back what nobody uses: garbage that refers to itself, and pages that the allocator keeps for later."""
    gc.collect()
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "malloc_trim"):  # only glibc has it
        libc.malloc_trim(0)


class Footprint:
    """Compares what the process holds with ``mib_max``; 0 is no bound.

    ``is_hopeless`` says that it has been above for ``PATIENCE_SECONDS``, though nothing new was taken in.
    """

    def __init__(
        self, mib_max: int, measure: Callable[[], int] = resident_mib, relieve: Callable[[], None] = let_go
    ) -> None:
        self._mib_max = mib_max
        self._measure = measure
        self._relieve = relieve
        self._above_since: float | None = None
        self.is_hopeless = False

    def look(self, at_seconds: float) -> str:
        """Why nothing new may be taken in at this moment of the machine's own clock; empty when it may."""
        if not self._mib_max or self._measure() <= self._mib_max:
            return self._fine()
        self._relieve()
        held = self._measure()
        if held <= self._mib_max:
            return self._fine()
        if self._above_since is None:
            self._above_since = at_seconds
        self.is_hopeless = at_seconds - self._above_since >= PATIENCE_SECONDS
        return f"memory is short: {held} MiB of memory_mib_max = {self._mib_max} are held; send again in a moment"

    def _fine(self) -> str:
        self._above_since, self.is_hopeless = None, False
        return ""
