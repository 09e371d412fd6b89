"""The seeds that were run, added up over the runs: a line each in ``clean_seeds.jsonl``, and a table in the docs."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import orjson

from civicloop.core.running.clock import SystemClock

from .seeds import Verdict

HERE = Path(__file__).parent
RECORD = HERE / "clean_seeds.jsonl"
PAGE = HERE.parents[2] / "docs" / "reliability.md"
ROW_END = "<!-- simulated weeks: the next row goes above this line -->"


class Total(NamedTuple):
    """All recorded runs: seeds run, seeds clean, and the first seed that was not run yet."""

    run: int
    clean: int
    following: int


def add_up() -> Total:
    """What the record comes to."""
    lines = RECORD.read_text(encoding="utf-8").splitlines() if RECORD.exists() else []
    rows = [orjson.loads(line) for line in lines]
    return Total(
        sum(row["run"] for row in rows),
        sum(row["clean"] for row in rows),
        max((row["last"] for row in rows), default=-1) + 1,
    )


def write_row(verdicts: Sequence[Verdict], commit: str) -> None:
    """Record a run, here and in docs/reliability.md, with the commit that it was made on."""
    if not verdicts:
        return
    seeds = sorted(verdict.seed for verdict in verdicts)
    clean = sum(verdict.is_clean for verdict in verdicts)
    commits = sum(v.outcome.counts["commits"] for v in verdicts if v.outcome)
    crashes = sum(v.outcome.counts["crashes"] for v in verdicts if v.outcome)
    row = {
        "date": f"{SystemClock().now():%Y-%m-%d}",
        "commit": commit,
        "first": seeds[0],
        "last": seeds[-1],
        "run": len(seeds),
        "clean": clean,
        "failed": [verdict.seed for verdict in verdicts if not verdict.is_clean],
        "commits": commits,
        "crashes": crashes,
    }
    with RECORD.open("ab") as file:
        file.write(orjson.dumps(row) + b"\n")
    total = add_up()
    cells = (row["date"], row["commit"], f"{seeds[0]} to {seeds[-1]}", len(seeds), clean, crashes, total.clean)
    line = "| " + " | ".join(map(str, cells)) + " |"
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(page.replace(ROW_END, f"{line}\n{ROW_END}"), encoding="utf-8")


def head() -> str:
    """The commit that is checked out."""
    command = ["git", "rev-parse", "--short", "HEAD"]
    return subprocess.run(command, cwd=HERE, capture_output=True, text=True, check=True).stdout.strip()
