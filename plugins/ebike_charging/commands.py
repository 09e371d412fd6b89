"""What machines on the spot are told while people are on their way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from civicloop import Command, Context


def tell(context: Context[Any], kinds: Iterable[str], action: str) -> Iterator[Command]:
    """A command to every device of these kinds at the place of the event."""
    wanted = frozenset(kinds)
    return (Command(one.id, action) for one in context.devices_at(context.place.code) if one.kind in wanted)
