"""kill -9 in a migration, before each of its statements and after the last: the old store or the new one, and whole."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from civicloop.core.engine.verifying import verify
from civicloop.core.stores.sqlite import SqliteStore

from ..stores.test_migrations import RELEASED, dump, rows_of, tables

STATEMENTS_MIN = 10
"""A migration of any released store has more statements than these; fewer deaths would mean that none were seen."""


@pytest.fixture(params=RELEASED, ids=lambda path: path.stem)
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / "old.db"
    with closing(sqlite3.connect(path)) as raw:
        raw.executescript(request.param.read_text(encoding="utf-8"))
    return path


def test_a_migration_that_is_killed_at_any_statement_is_the_old_store_or_the_new_one(old: Path, tmp_path: Path) -> None:
    (killed := tmp_path / "killed").mkdir()
    script = Path(__file__).with_name("migrating.py")
    subprocess.run([sys.executable, str(script), str(old), str(killed)], check=True, timeout=120)
    before, rows = dump(old), rows_of(old)
    SqliteStore(tmp_path / "new.db").close()
    *unfinished, finished = sorted(killed.glob("*.db"))
    assert len(unfinished) >= STATEMENTS_MIN
    logs = [log.stat().st_size for log in killed.glob("*-wal")]
    assert max(logs) > 2 * min(logs), "some died with pages of the transaction on the disk"
    for path in (*unfinished, finished):
        assert (dump(path) == before) is (path != finished), path
        with closing(SqliteStore(path)) as store:
            assert list(verify(store)) == [], path
        assert tables(path) == tables(tmp_path / "new.db"), path
        assert rows_of(path) == rows, path
