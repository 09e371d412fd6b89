"""Fair queueing: whoever sends much waits behind itself, not in front of the others (decision 18)."""

from __future__ import annotations

from heapq import heappop, heappush
from typing import Final, Generic, TypeVar

Item = TypeVar("Item")

ABSENT_MAX: Final = 1_000
"""How many senders without anything waiting are remembered before those are looked for that may be forgotten."""


class _Sender:
    """How much a sender has waiting, and when on the queue's own clock all of it would have been served."""

    __slots__ = ("held", "until")

    def __init__(self) -> None:
        self.held = 0
        self.until = 0.0


class FairQueue(Generic[Item]):
    """A bounded queue of items with sizes, fair between their senders and in order for each of them.

    It is weighted fair queueing with equal weights (Demers, Keshav and Shenker 1989). The clock of the queue shows
    how much each sender that has something waiting would have been served by now if all were served at once, bit by
    bit. Items are taken in the order in which they would be finished then: senders who always have something waiting
    are served alike in size, not in number, and a small item of a sender who was quiet comes next.

    A sender may have as much waiting as it leaves room for others: alone half of the whole. So there is always room
    for one more, and only those who fill the queue are refused.
    """

    def __init__(self, size_max: int) -> None:
        self.size = 0
        self._size_max = size_max
        self._items: list[tuple[float, int, int, str, Item]] = []
        self._number = 0
        self._senders: dict[str, _Sender] = {}
        self._waiting = 0
        self._clock = 0.0

    def __len__(self) -> int:
        return len(self._items)

    def held(self, sender: str) -> int:
        """How much this sender has waiting."""
        known = self._senders.get(sender)
        return known.held if known is not None else 0

    def put(self, sender: str, item: Item, size: int) -> bool:
        """Let an item wait; ``False`` where its sender has more waiting than it would leave room for."""
        known = self._senders.get(sender)
        if (known.held if known is not None else 0) + size > self._size_max - self.size:
            return False
        if known is None:
            known = self._senders[sender] = _Sender()
        if not known.held:
            self._waiting += 1
        known.held += size
        # Who comes back early goes on where it was: short absences are no way around the others.
        known.until = max(known.until, self._clock) + size
        self.size += size
        self._number += 1
        heappush(self._items, (known.until, self._number, size, sender, item))
        return True

    def take(self, size_min: int) -> list[Item]:
        """The items whose turn it is, until they are ``size_min`` together; the last one may bring more."""
        taken: list[Item] = []
        end = self.size - size_min
        while self._items and self.size > end:
            _, _, size, name, item = heappop(self._items)
            sender = self._senders[name]
            self._clock += size / self._waiting
            self.size -= size
            sender.held -= size
            if not sender.held:
                self._waiting -= 1
            taken.append(item)
        if not self._items or len(self._senders) - self._waiting > ABSENT_MAX:
            self._forget()
        return taken

    def _forget(self) -> None:
        """Forget who is neither here nor ahead of the others."""
        here = {name: one for name, one in self._senders.items() if one.held or one.until > self._clock}
        self._senders = here if self._items else {}
        self._clock = self._clock if self._items else 0.0
