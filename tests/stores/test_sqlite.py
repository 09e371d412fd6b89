"""What a file adds to the contract: durability, other processes, full disks, damage, older and newer schemas."""

import logging
import os
import resource
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from civicloop.core.stores import statements
from civicloop.core.stores.base import CaseQuery, EventState, StoreError, Writes
from civicloop.core.stores.link import Link
from civicloop.core.stores.listings import find_cases
from civicloop.core.stores.schema import REVISION, metadata
from civicloop.core.stores.sqlite import SqliteStore
from civicloop.core.stores.versions import MIGRATIONS, migrate

from .desk import Desk


def pragma(link: Link, name: str) -> object:
    return link.raw.execute(f"PRAGMA {name}").fetchone()[0]


# --- settings


def test_a_commit_survives_power_loss_by_its_settings(file_desk: Desk) -> None:
    for link in (file_desk.store._writes, file_desk.store._reads):
        assert pragma(link, "journal_mode") == "wal"
        assert pragma(link, "synchronous") == 2
        assert pragma(link, "foreign_keys") == 1
        assert pragma(link, "busy_timeout") == 50
        assert pragma(link, "wal_autocheckpoint") == 0, "a thread of its own makes them"


def test_a_reopened_store_has_everything(file_desk: Desk, path: Path) -> None:
    case = file_desk.case("B7")
    file_desk.put(
        4,
        events=[file_desk.event("1")],
        memos=[file_desk.memo("B7", 5)],
        cases=[case],
        entries=[file_desk.entry(case, 1)],
        notices=[(file_desk.notice("n"), "hook")],
    )
    before = file_desk.store.counts()
    file_desk.store.close()
    with closing(SqliteStore(path)) as store:
        assert store.counts() == before
        assert store.case(case.id) == case
        assert store.journal(case.id) == [file_desk.entry(case, 1)]
        assert store.last_turn() == file_desk.at(4)
        with store.turn() as turn:
            assert turn.seen([("1", "/gw")]) == {("1", "/gw"): b"1"}


# --- others at the same file


def test_two_stores_exclude_each_others_turns_and_read_what_is_committed(file_desk: Desk, path: Path) -> None:
    case = file_desk.case("B7")
    with closing(SqliteStore(path, busy_seconds=0.05)) as other:
        with file_desk.store.turn() as turn:
            with pytest.raises(StoreError, match="is locked by another process"), other.turn():
                pass
            with pytest.raises(StoreError, match="is locked by another process"):
                other.heartbeat(file_desk.at(0))
            assert other.find_cases(CaseQuery()) == ([], None)
            turn.commit(Writes(file_desk.at(0), cases=[case]))
        assert other.case(case.id) == case
        changed = file_desk.accepted(case)
        Desk(other).put(cases=[changed])
        assert file_desk.store.case(case.id) == changed


def test_a_second_thread_waits_for_the_first_ones_turn(file_desk: Desk) -> None:
    done = threading.Event()

    def beat() -> None:
        file_desk.store.heartbeat(file_desk.at(9))
        done.set()

    thread = threading.Thread(target=beat)
    with file_desk.store.turn() as turn:
        thread.start()
        assert file_desk.store.find_cases(CaseQuery()) == ([], None)
        assert not done.is_set()
        turn.commit(Writes(file_desk.at(1)))
    thread.join(10)
    assert file_desk.store.last_turn() == file_desk.at(9)


# --- no room, no right, no sense


def test_a_full_disk_writes_nothing_of_the_turn_and_goes_on_once_there_is_room(file_desk: Desk, path: Path) -> None:
    raw = file_desk.store._writes.raw
    file_desk.put(events=[file_desk.event("before")])
    pages = raw.execute("PRAGMA page_count").fetchone()[0]
    raw.execute(f"PRAGMA max_page_count={pages + 1}")
    many = [file_desk.event(f"e{number}", body=b"x" * 900) for number in range(50)]
    with pytest.raises(StoreError, match="no room left") as told:
        file_desk.put(1, events=many, cases=[file_desk.case("B7")])
    assert str(path) in str(told.value)
    assert "free some space" in str(told.value)
    counts = file_desk.store.counts()
    assert (counts["events"], counts["cases"]) == (1, 0)
    assert file_desk.store.last_turn() == file_desk.at(0)
    raw.execute("PRAGMA max_page_count=1000000")
    file_desk.put(2, events=many, cases=[file_desk.case("B7")])
    assert file_desk.store.counts()["events"] == 51


@contextmanager
def files_no_longer_than(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_disk_that_refuses_writes_is_named_and_nothing_is_lost(file_desk: Desk, path: Path) -> None:
    file_desk.put(events=[file_desk.event("before")])
    many = [file_desk.event(f"e{number}", body=b"x" * 9000) for number in range(200)]
    wal = Path(f"{path}-wal").stat().st_size
    with files_no_longer_than(wal + 4096), pytest.raises(StoreError, match=r"street\.db (cannot be|has no room)"):
        file_desk.put(1, events=many)
    assert file_desk.store.counts()["events"] == 1
    file_desk.put(2, events=many)
    assert file_desk.store.counts()["events"] == 201


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write into read-only folders")
def test_a_read_only_file_is_said_to_be_one(path: Path) -> None:
    SqliteStore(path).close()
    path.chmod(0o400)
    path.parent.chmod(0o500)
    try:
        with pytest.raises(StoreError, match=r"may not be written|cannot be opened"):
            SqliteStore(path)
    finally:
        path.parent.chmod(0o700)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"nowhere/street\.db cannot be opened .*make its folder"):
        SqliteStore(tmp_path / "nowhere" / "street.db")


def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(path: Path) -> None:
    path.write_bytes(b"name,level\n" * 500)
    with pytest.raises(StoreError, match=r"street\.db is no database"):
        SqliteStore(path)
    assert path.read_bytes() == b"name,level\n" * 500


def test_a_database_of_something_else_is_refused_and_left_as_it_is(path: Path) -> None:
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("CREATE TABLE recipes (name)")
    with pytest.raises(StoreError, match="a database of something else"):
        SqliteStore(path)
    with closing(sqlite3.connect(path)) as raw:
        assert raw.execute("SELECT name FROM sqlite_master").fetchall() == [("recipes",)]


def test_a_damaged_page_is_said_and_not_repaired(file_desk: Desk, path: Path) -> None:
    (empty,) = file_desk.store._writes.raw.execute("PRAGMA page_count").fetchone()
    file_desk.put(events=[file_desk.event(f"e{number}", body=b"x" * 900) for number in range(500)])
    file_desk.store.close()
    whole, front = path.read_bytes(), empty * 4096
    # Every page that an empty store does not have: its schema stays readable.
    path.write_bytes(whole[:front] + b"\xa5" * (len(whole) - front))
    with closing(SqliteStore(path)) as store:
        with pytest.raises(StoreError, match=r"street\.db is damaged .*restore the last backup"):
            store.events(None, 0, 1000)
        with pytest.raises(StoreError, match="is damaged"):
            Desk(store).put(1, events=[file_desk.event(f"n{number}") for number in range(500)])
        assert not store._writes.raw.in_transaction


def test_rules_that_went_missing_are_damage(file_desk: Desk, path: Path) -> None:
    case = file_desk.case("B7")
    file_desk.put(cases=[case])
    with closing(sqlite3.connect(path)) as raw, raw:
        raw.execute("DELETE FROM rulebook")
    with closing(SqliteStore(path)) as store, pytest.raises(StoreError, match=r"rules .* are missing"):
        store.case(case.id)


# --- schema and migrations


def schema_of(link: Link) -> dict[str, str]:
    rows = link.raw.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
    return {name: " ".join(text.split()).replace("( ", "(").replace(" )", ")") for name, text in rows}


def test_migrations_lead_to_the_very_tables_of_the_metadata(path: Path) -> None:
    with closing(Link(path, 1)) as migrated, closing(SqliteStore()) as made:
        migrate(migrated)
        assert schema_of(migrated) == schema_of(made._writes)
        assert metadata.tables.keys() <= schema_of(migrated).keys()


def test_the_newest_migration_is_the_one_a_new_store_is_stamped_with() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_current_head() == REVISION


def test_a_file_from_before_the_first_migration_is_brought_up_to_date(path: Path) -> None:
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
    with closing(SqliteStore(path)) as store:
        Desk(store).put(events=[Desk(store).event("1")])
        assert store.counts()["events"] == 1


def test_an_empty_file_is_a_new_store(path: Path) -> None:
    path.touch()
    with closing(SqliteStore(path)) as store:
        assert store.last_turn() is None


def test_a_file_of_a_newer_version_is_refused_in_words(file_desk: Desk, path: Path) -> None:
    file_desk.store._writes.raw.execute("UPDATE alembic_version SET version_num = '0999'")
    file_desk.store.close()
    with pytest.raises(StoreError, match=r"street\.db was written by a newer civicloop \(revision 0999"):
        SqliteStore(path)


def test_migrating_leaves_logging_alone(path: Path) -> None:
    before = logging.root.handlers[:], logging.root.level, logging.getLogger("alembic").level
    with closing(Link(path, 1)) as link:
        migrate(link)
    assert (logging.root.handlers[:], logging.root.level, logging.getLogger("alembic").level) == before


# --- plans


def statements_read() -> dict[str, statements.Sql]:
    found = {name: value for name, value in vars(statements).items() if isinstance(value, statements.Sql)}
    for name, value in vars(statements).items():
        if isinstance(value, statements.Lookup):
            found |= {f"{name}.many": value.many, f"{name}.one": value.one}
    found |= {f"OWED {is_urgent}": owed for is_urgent, owed in statements.OWED.items()}
    found |= {f"events_after {state}": statements.events_after(state) for state in (None, *EventState)}
    queries = [CaseQuery(), CaseQuery(is_open=True), CaseQuery(after="1.x"), CaseQuery(party="p", after="1.x")]
    queries += [CaseQuery(scenario="s"), CaseQuery(stage="s"), CaseQuery(frozenset(map(str, range(99))))]
    queries += [CaseQuery(scenario="s", party="p"), CaseQuery(is_open=True, party="p", scenario="s")]
    found |= {f"find_cases {number}": find_cases(query) for number, query in enumerate(queries)}
    return found | {"find_cases few": find_cases(CaseQuery(party="p", is_open=True, scenario="s"), few_asked=True)}


SHORT = {"QUARANTINE", "TOKENS", "ACCESSES"}
"""Tables that are short, or read along their row number up to a limit."""


@pytest.mark.parametrize("name", sorted(statements_read().keys() - SHORT))
def test_no_statement_walks_a_table_or_sorts_it(file_desk: Desk, name: str) -> None:
    statement = statements_read()[name]
    values = ["[]"] * len(statement.names)
    raw = file_desk.store._writes.raw
    plan = [row[3] for row in raw.execute(f"EXPLAIN QUERY PLAN {statement.text}", values)]
    walks = [
        step
        for step in plan
        if step.startswith("SCAN") and not any(ok in step for ok in ("INDEX", "CONSTANT", "waiting"))
    ]
    assert not walks, plan
    # What is owed now is little, and its order by gravity is not worth an index of its own.
    assert name.startswith("OWED") or not any("TEMP B-TREE" in step for step in plan), plan
