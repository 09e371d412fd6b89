"""What verifying a store costs: processor time for each case, and memory, which must not grow with their number.

``python benchmarks/verifying.py [--quick] [--json FILE]`` fills a small and a large store with cases of which one in
ten is open (4.75 lines of journal each), and verifies each in a process of its own, pages and indexes included, as
``civicloop verify`` does. Filling is not measured. Both stores are larger than SQLite's page cache, so that what the
resident memory of the larger grows by is what cases cost; it may be a twentieth.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

from lab.archive import archive_street, fill_archive
from lab.report import Row, finish, options

from civicloop.core.engine.verifying import Tally, verify
from civicloop.core.stores.sqlite import SqliteStore

SIZES = (20_000, 100_000)
QUICK = (50, 250)
GROWTH_MAX = 1.05


class Verified(NamedTuple):
    """What one verification took: seconds of processor time, and the most bytes that were resident."""

    cases: int
    lines: int
    seconds: float
    resident: int


def verified(path: Path) -> Verified:
    """Verify in a process of its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_verify, path).result()


def _verify(path: Path) -> Verified:
    """Raises ``RuntimeError`` for a store that is not whole: then something else was measured."""
    store, tally = SqliteStore(path), Tally()
    began = time.process_time()
    for flaw in verify(store, tally):
        raise RuntimeError(f"the store is not whole: {flaw}")
    seconds = time.process_time() - began
    store.close()
    return Verified(tally.cases, tally.lines, seconds, _resident_at_most())


def _resident_at_most() -> int:
    """The most memory that was resident, in bytes; ``ru_maxrss`` would be that of the process that started this one."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) * 1024


def measure(folder: Path, sizes: Sequence[int]) -> list[Verified]:
    """A store of each size, filled and verified; one is on the disk at a time."""
    found: list[Verified] = []
    for cases in sizes:
        path = folder / f"{cases}.db"
        store = SqliteStore(path)
        fill_archive(store, archive_street(), cases)
        store.close()
        found.append(verified(path))
        path.unlink()
    return found


def rows_of(few: Verified, many: Verified) -> list[Row]:
    """The processor time of a case, and the growth of the memory, which is judged."""
    rows = [Row(f"{one.cases:,} cases, processor for each", one.seconds / one.cases * 1e6, "µs") for one in (few, many)]
    rows += [Row(f"{one.cases:,} cases, resident at most", one.resident / 2**20, "MB") for one in (few, many)]
    return [*rows, Row("resident, many / few", many.resident / few.resident, "", GROWTH_MAX, at_least=False)]


def main() -> int:
    """Fill, measure, print, and fail when the goal is missed."""
    given = options(__doc__).parse_args()
    with tempfile.TemporaryDirectory() as folder:
        few, many = measure(Path(folder), QUICK if given.quick else SIZES)
    details: dict[str, Any] = {"verified": [few._asdict(), many._asdict()]}
    return finish("verifying", rows_of(few, many), given.json, **details)


if __name__ == "__main__":
    sys.exit(main())
