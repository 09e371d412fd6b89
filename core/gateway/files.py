"""Events from files: JSON Lines of CloudEvents."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from ..model.event import Envelope
from .cloudevents import EnvelopeError, read_json

LINE_BYTES_MAX: Final = 4 * 2**20


class BadLine(NamedTuple):
    """A line that holds no event: where it stands, and why."""

    file: str
    line: int
    why: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.why}"


def read_lines(path: Path) -> Iterator[Envelope | BadLine]:
    """The events of a file in its order; empty lines are passed over. Raises ``OSError`` when it cannot be read."""
    with path.open("rb") as file:
        number = 0
        while line := file.readline(LINE_BYTES_MAX + 1):
            number += 1
            if len(line) > LINE_BYTES_MAX:
                yield BadLine(
                    path.name, number, f"the line is longer than {LINE_BYTES_MAX} bytes; the rest is not read"
                )
                return
            if line.strip():
                try:
                    yield read_json(line)
                except EnvelopeError as error:
                    yield BadLine(path.name, number, str(error))
