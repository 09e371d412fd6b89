"""What every benchmark ends with: its rows on the screen and in a file, and whether the goals are met."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table

WIDTH = 120
"""Of a table, in characters, wherever it is printed."""


class Row(NamedTuple):
    """One figure. With a ``goal`` it is judged: it must be ``at_least`` that much, or else at most."""

    what: str
    figure: float
    unit: str = ""
    goal: float | None = None
    at_least: bool = True

    @property
    def is_met(self) -> bool:
        """Whether the goal, if there is one, is met."""
        return self.goal is None or (self.figure >= self.goal if self.at_least else self.figure <= self.goal)

    @property
    def verdict(self) -> str:
        """One word for the table."""
        return "" if self.goal is None else "met" if self.is_met else "missed"


def options(doc: str | None) -> argparse.ArgumentParser:
    """The options that all benchmarks have; ``--quick`` is for trying whether one runs, not for its figures."""
    made = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--quick", action="store_true", help="the smallest sizes")
    made.add_argument("--json", type=Path, help="write everything that was measured to this file")
    return made


def finish(title: str, rows: Sequence[Row], path: Path | None, **details: Any) -> int:
    """Print the table, write the file, and say by the exit code whether every goal is met."""
    show(title, rows)
    if path:
        kept = {"title": title, "machine": machine(), "rows": [row._asdict() for row in rows], **details}
        path.write_text(json.dumps(kept, indent=2, default=str) + "\n", encoding="utf-8")
    return 0 if all(row.is_met for row in rows) else 1


def show(title: str, rows: Iterable[Row]) -> None:
    """Print rows as a table."""
    table = Table(title=title)
    for column in ("what", "figure", "goal", ""):
        table.add_column(column, justify="left" if column == "what" else "right", no_wrap=True)
    for row in rows:
        goal = "" if row.goal is None else f"{'>=' if row.at_least else '<='} {_number(row.goal, row.unit)}"
        table.add_row(row.what, _number(row.figure, row.unit), goal, row.verdict)
    Console(width=WIDTH).print(table)


def _number(figure: float, unit: str) -> str:
    if unit == "%":
        return f"{figure:.0%}"
    digits = 0 if abs(figure) >= 100 or figure == int(figure) else 1 if abs(figure) >= 10 else 2
    return f"{figure:,.{digits}f} {unit}".rstrip()


def machine() -> dict[str, Any]:
    """What the figures were taken on."""
    return {
        "cores": len(os.sched_getaffinity(0)),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "system": f"{platform.system()} {platform.release()}",
    }


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which ``share`` of the values lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
