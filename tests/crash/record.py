"""Results of long runs, written down where the promises are: as a row of a table in docs/reliability.md."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Final

from civicloop.core.engine.clock import SystemClock

PAGE: Final = Path(__file__).parents[2] / "docs/reliability.md"


def note(section: str, row: str) -> None:
    """Add ``row``, with the day and the commit before it, to the table that ends ``section``."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    start = lines.index(section)
    end = next((n for n in range(start + 1, len(lines)) if lines[n].startswith("## ")), len(lines))
    last = max(n for n in range(start, end) if lines[n].startswith("|"))
    lines.insert(last + 1, f"| {SystemClock().now():%Y-%m-%d} | {commit()} | {row} |")
    PAGE.write_text("\n".join(lines) + "\n", encoding="utf-8")


def commit() -> str:
    """The short name of the commit that is checked out, with a mark where files differ from it."""
    command = ["git", "describe", "--always", "--dirty", "--abbrev=7"]
    told = subprocess.run(command, cwd=PAGE.parent, capture_output=True, text=True, check=True)
    return told.stdout.strip()
