"""Results of long runs, written down where the promises are: as a row of a table in docs/reliability.md."""

from __future__ import annotations

from civicloop.core.running.clock import SystemClock

from .simulator.record import PAGE, head


def note(section: str, row: str) -> None:
    """Add ``row``, with the day and the commit before it, to the table that ends ``section``."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    start = lines.index(section)
    end = next((n for n in range(start + 1, len(lines)) if lines[n].startswith("## ")), len(lines))
    last = max(n for n in range(start, end) if lines[n].startswith("|"))
    lines.insert(last + 1, f"| {SystemClock().now():%Y-%m-%d} | {head()} | {row} |")
    PAGE.write_text("\n".join(lines) + "\n", encoding="utf-8")
