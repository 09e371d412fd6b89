"""Every released schema, with the data of a street in it, becomes today's, and work goes on in it."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from civicloop.core.engine.verifying import verify
from civicloop.core.stores.base import CaseQuery
from civicloop.core.stores.crash import CrashPoint, watching
from civicloop.core.stores.link import Link
from civicloop.core.stores.schema import REVISION
from civicloop.core.stores.sqlite import SqliteStore

from ..engine.stage import NOON, Full, Silent, Stage, answer, fill

RELEASED = sorted((Path(__file__).parent / "released").glob("*.sql"))


class Died(Exception):
    """The process would have died here."""


@contextmanager
def dying_at(point: CrashPoint) -> Iterator[None]:
    def dies(here: CrashPoint) -> None:
        if here is point:
            raise Died

    with watching(dies):
        yield


@pytest.fixture(params=RELEASED, ids=lambda path: path.stem)
def old(request: pytest.FixtureRequest, path: Path) -> Path:
    with closing(sqlite3.connect(path)) as raw:
        raw.executescript(request.param.read_text(encoding="utf-8"))
    return path


def dump(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as raw:
        return list(raw.iterdump())


def tables(path: Path) -> dict[str, str]:
    with closing(sqlite3.connect(path)) as raw:
        rows = raw.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
        return {name: " ".join(text.split()).replace("( ", "(").replace(" )", ")") for name, text in rows}


def rows_of(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """What every table holds, without what the chain adds."""
    with closing(sqlite3.connect(path)) as raw:
        names = [name for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        found = {name: raw.execute(f'SELECT * FROM "{name}"').fetchall() for name in names}
    found["journal"] = sorted(row[:15] for row in found["journal"])
    return {name: rows for name, rows in found.items() if rows and name != "alembic_version"}


def test_the_first_release_is_among_them_and_none_is_todays_text() -> None:
    assert RELEASED[0].stem == "0001"
    assert all(path.stem < REVISION for path in RELEASED)


def test_a_released_store_becomes_todays_and_loses_nothing(old: Path, tmp_path: Path) -> None:
    before = rows_of(old)
    SqliteStore(old).close()
    SqliteStore(tmp_path / "new.db").close()
    assert tables(old) == tables(tmp_path / "new.db")
    assert rows_of(old) == before


def test_the_chains_that_a_migration_computes_hold(old: Path) -> None:
    with closing(SqliteStore(old)) as store:
        assert list(verify(store)) == []
        assert next(iter(store.journal_after(0, 1)))


def test_work_goes_on_in_a_released_store(old: Path) -> None:
    with closing(SqliteStore(old)) as store:
        stage = Stage(Full, Silent, store=store)
        stage.time.now = at(66)
        stage.hear(answer("accept", "bins.full/B4", "cleaner", 66, "x1"), fill(99, 66, "x2", subject="B6"), minute=66)
        assert stage.case("bins.full/B6").is_open
        assert stage.story("bins.full/B4")[-1] == "accepted"
        stage.wait(24 * 60)
        assert stage.story("bins.full/B6")[-1] == "chain_ended"
        page, _ = store.find_cases(CaseQuery(is_open=True))
        assert {case.ref for case in page} == {"bins.full/B1", "bins.full/B4", "bins.full/B6", "bins.silent/B3"} | (
            {"bins.silent/B5"}
        )


def test_whoever_dies_in_a_migration_leaves_the_old_store(old: Path) -> None:
    before = dump(old)
    with dying_at(CrashPoint.MIGRATED), pytest.raises(Died):
        SqliteStore(old)
    assert dump(old) == before
    SqliteStore(old).close()
    assert tables(old).keys() >= {"purge"}


def test_a_line_taken_out_before_the_migration_never_gives_its_number_away(old: Path) -> None:
    with closing(sqlite3.connect(old)) as raw, raw:
        (last,) = raw.execute("SELECT max(row) FROM journal").fetchone()
        raw.execute("DELETE FROM journal")
    SqliteStore(old).close()
    with closing(Link(old, 1)) as link:
        assert link.raw.execute("SELECT seq FROM sqlite_sequence WHERE name = 'journal'").fetchall() == [(last,)]


def at(minute: float) -> datetime:
    return NOON + timedelta(minutes=minute)
