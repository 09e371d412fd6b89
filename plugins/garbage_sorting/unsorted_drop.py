"""Garbage in the wrong bin (混投)."""

from __future__ import annotations

from collections.abc import Iterable

from civicloop import Context, Finding, Outcome

from .drop import Drop, Prompted
from .events import UnsortedDrop


class Unsorted(Drop[UnsortedDrop]):
    """Everybody must sort (article 24); whoever does not is guided by the committee and its volunteers."""

    name = "garbage_sorting.unsorted_drop"

    def assess(self, event: UnsortedDrop, context: Context[Prompted]) -> Iterable[Outcome]:
        """Found in a bin for something else, where the camera tells both; else unsorted."""
        if event.expected and event.found:
            found = Finding("mixed_drop", point=event.subject, expected=event.expected, found=event.found)
        else:
            found = Finding("unsorted_drop_seen", point=event.subject)
        yield from self.guide(event, context, "voice_unsorted", found)
