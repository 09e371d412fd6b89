"""Fair queueing: whoever sends much waits behind itself, not in front of the others (decision 18)."""

from __future__ import annotations

from collections import deque
from typing import Final, Generic, TypeVar

Item = TypeVar("Item")

QUANTUM: Final = 100
"""How much one sender is served before the next one's turn comes; what it takes beyond that it owes."""


class _Line(Generic[Item]):
    """What one sender has waiting, and how much it may still be served in this round; a debt is negative."""

    __slots__ = ("credit", "held", "is_fresh", "items", "sender")

    def __init__(self, sender: str) -> None:
        self.sender = sender
        self.items: deque[tuple[Item, int]] = deque()
        self.held = 0
        self.credit = QUANTUM
        self.is_fresh = True


class FairQueue(Generic[Item]):
    """A bounded queue of items with sizes, in one line for each sender.

    A line keeps its order. Lines are served in rounds, each its ``QUANTUM``, so that senders who always have something
    waiting are served alike in size, not in number. A sender who had nothing waiting is fresh: until it has had its
    first ``QUANTUM`` it comes before the rounds, item by item with others who are fresh. Where new senders come without
    end, they and the rounds are served alike.

    A sender may have as much waiting as it leaves room for others: alone half of the whole. So there is always room
    for one more, and only those who fill the queue are refused.
    """

    def __init__(self, size_max: int) -> None:
        self.size = 0
        self._size_max = size_max
        self._count = 0
        self._lines: dict[str, _Line[Item]] = {}
        self._fresh: deque[_Line[Item]] = deque()
        self._rounds: deque[_Line[Item]] = deque()
        self._lead = 0  # how much more the fresh have been served than the rounds, since there were both

    def __len__(self) -> int:
        return self._count

    def held(self, sender: str) -> int:
        """How much this sender has waiting."""
        line = self._lines.get(sender)
        return line.held if line is not None else 0

    def put(self, sender: str, item: Item, size: int) -> bool:
        """Let an item wait; ``False`` where the sender has more waiting than there would be room for."""
        line = self._lines.get(sender)
        if (line.held if line is not None else 0) + size > self._size_max - self.size:
            return False
        if line is None:
            line = self._lines[sender] = _Line(sender)
            self._fresh.append(line)
        line.items.append((item, size))
        line.held += size
        self.size += size
        self._count += 1
        return True

    def take(self, size_max: int) -> list[Item]:
        """The items whose turn it is, up to ``size_max`` together; a larger item comes alone."""
        taken: list[Item] = []
        left = size_max
        while self._count:
            line = self._next()
            item, size = line.items[0]
            if size > left and taken:
                break
            self._serve(line, size)
            taken.append(item)
            left -= size
        if not self._count:
            self._forget()
        return taken

    def _serve(self, line: _Line[Item], size: int) -> None:
        line.items.popleft()
        line.held -= size
        line.credit -= size
        self.size -= size
        self._count -= 1
        if line.is_fresh:
            self._lead += size
            self._fresh.rotate(-1)
        else:  # those who are not there do not save up a lead
            self._lead = self._lead - size if self._fresh else max(0, self._lead - size)

    def _next(self) -> _Line[Item]:
        """The line that is served now. Something is waiting."""
        while True:
            lines = self._rounds if self._rounds and (self._lead > 0 or not self._fresh) else self._fresh
            line = lines[0]
            if line.credit > 0 and line.items:
                return line
            lines.popleft()
            if line.credit > 0:  # it has nothing waiting and owes nothing: when it comes back, it comes as a new one
                del self._lines[line.sender]
            else:  # a line that is empty stays until its debt is paid, or short absences would be a way around it
                line.credit += QUANTUM
                line.is_fresh = False
                self._rounds.append(line)

    def _forget(self) -> None:
        """Nobody waits, so nobody has been kept waiting by anybody's debt."""
        self._lines.clear()
        self._fresh.clear()
        self._rounds.clear()
        self._lead = 0
