"""Every benchmark of speed, one after the other, in one table and one file.

``python benchmarks [--quick] [--json FILE] [NAME ...]`` runs each in a process of its own and ends with one table of
all their figures, ratios and goals; ``FILE`` (``benchmarks.json`` unless named) keeps everything that was measured,
each benchmark under its name. ``--quick`` tries whether they run. The exit code says whether every goal is met.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from lab.report import Row, machine, options, show

FOLDER = Path(__file__).resolve().parent
NAMES = ("deciding", "ingest", "latency", "memory", "starting", "reading", "verifying", "growth", "pudong")
SECONDS_MAX = 3 * 3600.0
"""For one benchmark."""


def run(name: str, quick: bool, path: Path) -> dict[str, Any]:
    """One benchmark's own file. Raises ``RuntimeError`` where it ends without having measured."""
    command = [sys.executable, str(FOLDER / f"{name}.py"), "--json", str(path), *(["--quick"] if quick else [])]
    print(f"== {name}", file=sys.stderr, flush=True)
    done = subprocess.run(command, check=False, stdout=subprocess.DEVNULL, timeout=SECONDS_MAX)
    if done.returncode not in (0, 1):
        raise RuntimeError(f"benchmark {name} ended with {done.returncode}; run it alone: {' '.join(command[:2])}")
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def main() -> int:
    """Run them, print the table, write the file."""
    parser = options(__doc__)
    parser.set_defaults(json=Path("benchmarks.json"))
    parser.add_argument("names", nargs="*", choices=[*NAMES, []], metavar="NAME", help=f"of {', '.join(NAMES)}")
    given = parser.parse_args()
    found: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name in given.names or NAMES:
            found[name] = run(name, given.quick, Path(folder) / f"{name}.json")
    rows = [Row(**row)._replace(what=f"{name}: {row['what']}") for name, kept in found.items() for row in kept["rows"]]
    show("benchmarks", rows)
    given.json.write_text(json.dumps({"machine": machine(), **found}, indent=2) + "\n", encoding="utf-8")
    missed = [row.what for row in rows if not row.is_met]
    print(f"{len(missed)} of {sum(row.goal is not None for row in rows)} goals missed; written to {given.json}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
