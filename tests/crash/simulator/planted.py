"""Faults planted in a copy of the product, one at a time: a simulator that does not see them proves nothing.

``python -m tests.crash.simulator.planted`` plays seeds with each until one fails, and says which law saw it; with
words behind it only those faults whose names have one of them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).parents[3]
SEEDS_MAX: Final = 24
COPIED: Final = ("core", "plugins", "src", "tests")


class Planted(NamedTuple):
    """What is broken: ``was`` stands once in the file, and becomes ``now``."""

    name: str
    file: str
    was: str
    now: str


PLANTED: Final = (
    Planted(
        "closing leaves the deadline of a track armed",
        "core/loop/draft.py",
        "        result=result,\n        due=None,",
        "        result=result,\n        due=track.due,",
    ),
    Planted(
        "the store keeps waking for a case that was closed",
        "core/stores/casebook.py",
        "            micros_or_none(case.next_at),",
        "            micros_or_none(case.next_at or case.closed_at),",
    ),
    Planted(
        "a commit without its notices",
        "core/stores/sqlite_turn.py",
        "put(sql.ADD_NOTICE.text, notice_rows(writes.notices, partitions))",
        "put(sql.ADD_NOTICE.text, notice_rows(writes.notices[1:], partitions))",
    ),
    Planted(
        "receipts before the commit: what could not be written is acknowledged",
        "core/running/runner.py",
        "        except (StoreError, Unavailable) as error:\n            self._fail(batch, error)\n            return",
        "        except (StoreError, Unavailable) as error:\n"
        "            self.trouble = str(error)\n"
        "            receipts = [Receipt(Status.ACCEPTED) for _ in inputs]",
    ),
    Planted(
        "the outage counts twice for watchdogs",
        "core/stores/sqlite_turn.py",
        "self._asleep, self._back_at = self._asleep + outage, micros(silent_until)",
        "self._asleep, self._back_at = self._asleep + 2 * outage, micros(silent_until)",
    ),
    Planted(
        "a daemon that is back again forgets that its sources are catching up",
        "core/stores/sqlite_turn.py",
        "[(ASLEEP, self._asleep), (BACK_AT, self._back_at)]",
        "[(ASLEEP, self._asleep)]",
    ),
    Planted(
        "what was delivered is marked and forgotten before the mark is written",
        "core/running/courier.py",
        "            self._store.delivered([(key, name) for key in sorted(sent)], self._clock.now())\n",
        "            self._store.delivered([(key, name) for key in sorted(sent)[1:]], self._clock.now())\n",
    ),
    Planted(
        "a notice is marked as delivered though its channel failed",
        "core/running/courier.py",
        "        if failure is None:\n",
        "        if failure is None or isinstance(failure, ConnectionError):\n",
    ),
    Planted(
        "a repeated event is judged again after a restart",
        "core/stores/sqlite_turn.py",
        "        return {(name, source): digest for name, source, digest in self._find(sql.SEEN, names)}",
        "        return {}",
    ),
    Planted(
        "a transaction that was left is committed",
        "core/stores/link.py",
        '                self.raw.execute("ROLLBACK")',
        '                self.raw.execute("COMMIT")',
    ),
    Planted(
        "watchdogs that had run out are put off by an absence",
        "core/stores/sqlite_turn.py",
        "if any(by <= silent_from for _, by in expects):",
        "if not expects:",
    ),
    Planted(
        "an absence that is not written down",
        "core/engine/engine.py",
        "            away(work, last)\n",
        "",
    ),
    Planted(
        "a backup is written in the place of the last one",
        "core/stores/keeping.py",
        '    part = target.with_name(f".{target.name}.part")\n',
        "    part = target\n",
    ),
    Planted(
        "a commit without one of its memories",
        "core/stores/sqlite_turn.py",
        "put(sql.PUT_MEMO.text, memo_rows(writes.memos, self._asleep))",
        "put(sql.PUT_MEMO.text, memo_rows(writes.memos[1:], self._asleep))",
    ),
    Planted(
        "whoever reported may verify",
        "core/loop/answers.py",
        "    if is_same_hands(draft, track, given):",
        "    if is_same_hands(draft, track, given) and given.admin:",
    ),
    Planted(
        "enforcement without a review",
        "core/loop/steps.py",
        "        if step.enforcement and not track.reviewed:",
        "        if step.enforcement and not track.reviewed and step.review:",
    ),
)


def plant(one: Planted, folder: Path) -> None:
    """A copy of the product with this fault in it."""
    for name in COPIED:
        shutil.copytree(ROOT / name, folder / name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "cli.py", folder / "cli.py")
    path = folder / one.file
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(one.was, one.now), encoding="utf-8")


def caught(one: Planted) -> str:
    """The seed and the law that saw the fault; empty where none of the seeds did."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        plant(one, folder)
        code = (
            "import structlog; structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))\n"
            "from tests.crash.simulator.seeds import judge\n"
            f"found = next((one for one in map(judge, range({SEEDS_MAX})) if not one.is_clean), None)\n"
            "print(f'{found.seed}: {found.law}' if found else '')\n"
        )
        environment = os.environ | {"PYTHONPATH": f"{folder / 'src'}{os.pathsep}{folder}"}
        command = [sys.executable, "-c", code]
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        return done.stdout.strip() or done.stderr.strip()[-300:]


def main() -> int:
    missed = 0
    for one in (one for one in PLANTED if not sys.argv[1:] or any(word in one.name for word in sys.argv[1:])):
        seen = caught(one)
        missed += not seen
        sys.stdout.write(f"{one.name}: {seen or 'NOT SEEN'}\n")
        sys.stdout.flush()
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
