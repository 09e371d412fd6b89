"""The flight record: which call of a stranger's code is under way, kept where it outlives the process that made it."""

from __future__ import annotations

from collections import Counter
from mmap import mmap
from typing import Final, NamedTuple

CALL_BYTES_MAX: Final = 4000
HEAD_BYTES: Final = 24
FLIGHTS_MAX: Final = 2
"""In how many deaths a call may have been under way before it is not made any more."""

SUSPECTS_MAX: Final = 1000
"""How many calls are remembered that were under way when the process died."""


class Aloft(NamedTuple):
    """A call that is under way: its number, so that two looks tell whether it is still the same one, and its name."""

    number: int
    name: bytes


class FlightRecord:
    """One call at a time in memory that is shared with a parent process: no file, so that no full disk can harm it.

    ``suspects`` are the calls that were under way when earlier processes died, with how often; ``traces`` where they
    stood. Both are ordinary values that a process inherits when it is forked.
    """

    def __init__(self) -> None:
        self._memory = mmap(-1, HEAD_BYTES + CALL_BYTES_MAX)
        self._head = memoryview(self._memory)[:HEAD_BYTES].cast("Q")
        self.suspects: Counter[bytes] = Counter()
        self.traces: dict[bytes, str] = {}

    @property
    def limit_seconds(self) -> float:
        """How long one call may be under way at all; 0 until the process has read its configuration."""
        return self._head[1] / 1000

    @limit_seconds.setter
    def limit_seconds(self, seconds: float) -> None:
        self._head[1] = int(seconds * 1000)

    def take_off(self, number: int, name: bytes) -> None:
        """A call begins. The number comes last, so that whoever sees it finds the name that belongs to it."""
        size = len(name)
        self._memory[HEAD_BYTES : HEAD_BYTES + size] = name
        self._head[2] = size
        self._head[0] = number

    def land(self) -> None:
        """The call has come back."""
        self._head[0] = 0

    def aloft(self) -> Aloft | None:
        """What is under way, or was when the process died."""
        number = self._head[0]
        name = bytes(self._memory[HEAD_BYTES : HEAD_BYTES + self._head[2]])
        return Aloft(number, name) if number and number == self._head[0] else None

    def crashed(self, trace: str) -> bytes | None:
        """The process has died: whatever was under way is a suspect. Returns its name, and is empty again."""
        found = self.aloft()
        self.land()
        self.limit_seconds = 0
        if found is None:
            return None
        if len(self.suspects) >= SUSPECTS_MAX:
            self.suspects.clear()
        self.suspects[found.name] += 1
        self.traces[found.name] = trace
        return found.name

    def condemned(self, name: bytes) -> bool:
        """Whether a call was under way in too many deaths to be made again."""
        return self.suspects[name] >= FLIGHTS_MAX


def call_name(culprit: str, source: str, id: str) -> bytes:
    """A call's name as the record keeps it."""
    return f"{culprit}\0{source}\0{id}".encode(errors="replace")[:CALL_BYTES_MAX]


def in_words(name: bytes) -> str:
    """A call's name for people."""
    culprit, _, about = name.decode(errors="replace").partition("\0")
    return f"{culprit}, over {' '.join(about.split(chr(0)))}"
