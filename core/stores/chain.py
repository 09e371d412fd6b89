"""The chain of hashes through the journal of each case: who alters, drops or slips in a line breaks what follows.

A line's hash covers the hash of the line before it in the same case and everything the line says; the first one
follows the id of its case. Nothing in it is secret, so the chain shows a line that was altered, not an owner of the
file who writes the whole rest anew: against that, keep the seal that ``civicloop verify`` prints somewhere else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import Any, Final

import orjson

HASH_BYTES: Final = 16
HEADS_MAX: Final = 16_384

SEQ: Final = 2
"""Where the number of a line stands in its row."""
CASE: Final = 4
"""Where its case does."""

Heads = Mapping[tuple[str, int], bytes]
"""The hash of a case's line by case and number."""

Grown = dict[str, tuple[int, bytes]]
"""New heads: the number and the hash of the last line of each case."""


def beginning(case: str) -> bytes:
    """What the first line of a case follows."""
    return case.encode()


def hash_after(previous: bytes, line: Sequence[Any]) -> bytes:
    """The hash of a journal line that follows ``previous``: its columns in the table's order, without row and hash."""
    return blake2b(previous + orjson.dumps(line), digest_size=HASH_BYTES).digest()


class Chains:
    """The hashes of the latest lines that were committed, by case; as many as are worth a look-up.

    What has been committed under a number of a case never changes, so they are true whatever others write meanwhile.
    """

    def __init__(self) -> None:
        self._heads: dict[str, tuple[int, bytes]] = {}

    def unknown(self, lines: Iterable[Sequence[Any]]) -> list[tuple[str, int]]:
        """The lines, as case and number, whose hashes must be read before these lines can follow them."""
        wanted: dict[str, int] = {}
        for line in lines:
            wanted.setdefault(line[CASE], line[SEQ] - 1)
        return [(case, seq) for case, seq in wanted.items() if seq and self._heads.get(case, (0, b""))[0] != seq]

    def append(self, lines: Iterable[Sequence[Any]], read: Heads) -> tuple[list[tuple[Any, ...]], Grown]:
        """The lines with their hashes, and the new heads to ``keep`` once they are committed.

        A line whose predecessor is missing from the journal follows the case's id: work goes on, and ``verify`` names
        the gap.
        """
        grown: Grown = {}
        rows: list[tuple[Any, ...]] = []
        for line in lines:
            case, seq = line[CASE], line[SEQ]
            at, head = grown.get(case) or self._heads.get(case, (0, b""))
            if at != seq - 1 or not at:
                head = read.get((case, seq - 1)) or beginning(case)
            made = hash_after(head, line)
            grown[case] = seq, made
            rows.append((*line, made))
        return rows, grown

    def keep(self, grown: Grown) -> None:
        """Remember the heads of lines that are committed now."""
        self._heads |= grown
        while len(self._heads) > HEADS_MAX:
            del self._heads[next(iter(self._heads))]
