"""The flight record: which call of a stranger's code is under way, kept where it outlives the process that made it."""

from __future__ import annotations

from mmap import mmap
from typing import Final

RESTART: Final = 75
"""The exit code of a process that wants to be started again; what shells call a passing failure (EX_TEMPFAIL)."""

CALL_BYTES_MAX: Final = 4000
HEAD_BYTES: Final = 24
CONDEMNED_MAX: Final = 1000
"""How many calls are remembered that are not made any more."""


class FlightRecord:
    """One call at a time in memory that is shared with a parent process: no file, so that no full disk can harm it.

    At first only the number of the call is kept, which costs next to nothing. Once a process has died in a call,
    the record ``is_careful`` and keeps the names as well; whatever was under way in a death after that is condemned.
    These two are ordinary values, which a process inherits when it is forked.
    """

    def __init__(self) -> None:
        self._memory = mmap(-1, HEAD_BYTES + CALL_BYTES_MAX)
        self.head = memoryview(self._memory)[:HEAD_BYTES].cast("Q")
        """The number of the call under way, 0 for none; then the limit in milliseconds, and the length of the name."""
        self.is_careful = False
        self.condemned: dict[bytes, str] = {}
        """The calls that are not made any more, and where the process stood that died in them."""

    @property
    def limit_seconds(self) -> float:
        """How long one call may be under way at all; 0 until the process has read its configuration."""
        return self.head[1] / 1000

    @limit_seconds.setter
    def limit_seconds(self, seconds: float) -> None:
        self.head[1] = int(seconds * 1000)

    def note(self, name: bytes) -> None:
        """Whose call comes next, and about what."""
        self._memory[HEAD_BYTES : HEAD_BYTES + len(name)] = name
        self.head[2] = len(name)

    def crashed(self, trace: str) -> bytes | None:
        """The process has died, and stood at ``trace``. Returns the name of the call that is condemned for it.

        ``None``: no call was under way, or it was the first death, after which its name is kept.
        """
        was_under_way, size = self.head[0], self.head[2]
        self.head[0] = self.head[1] = self.head[2] = 0
        if not was_under_way:
            return None
        if not (self.is_careful and size):
            self.is_careful = True
            return None
        name = bytes(self._memory[HEAD_BYTES : HEAD_BYTES + size])
        if len(self.condemned) >= CONDEMNED_MAX:
            self.condemned.clear()
        self.condemned[name] = trace
        return name


def call_name(culprit: str, source: str, id: str) -> bytes:
    """A call's name as the record keeps it."""
    return f"{culprit}\0{source}\0{id}".encode(errors="replace")[:CALL_BYTES_MAX]


def in_words(name: bytes) -> str:
    """A call's name for people."""
    culprit, _, about = name.decode(errors="replace").partition("\0")
    return f"{culprit}, over {' '.join(about.split(chr(0)))}"
