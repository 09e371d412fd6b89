"""Copies of a store: made while it is written to, whole or not there at all, and put back without a mixture."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

from civicloop.core.engine.verifying import verify
from civicloop.core.stores.base import StoreError
from civicloop.core.stores.crash import CrashPoint
from civicloop.core.stores.keeping import copying, hash_of, origin, replacing
from civicloop.core.stores.sqlite import SqliteStore

from .desk import Desk

EVENTS = 3000


def events_in(path: Path) -> int:
    with closing(SqliteStore(path)) as store:
        assert list(verify(store)) == []
        return store.counts()["events"]


def fill(desk: Desk, start: int, count: int, minute: float = 0) -> None:
    desk.put(minute, events=[desk.event(f"{start + number}", body=b"x" * 300) for number in range(count)])


def beside(path: Path) -> set[str]:
    return {one.name for one in path.parent.iterdir()}


def test_a_copy_has_everything_and_says_where_it_comes_from(file_desk: Desk, path: Path, tmp_path: Path) -> None:
    fill(file_desk, 0, 10, minute=4)
    target = tmp_path / "copies" / "monday.db"
    target.parent.mkdir()
    with copying(path, target) as copy:
        assert not target.exists()
        assert origin(copy).alive_at == file_desk.at(4)
    assert beside(target) == {"monday.db"}
    assert target.stat().st_mode & 0o777 == 0o600
    assert len(hash_of(target)) == 64
    assert events_in(target) == 10


def test_a_store_that_is_written_to_all_the_time_is_copied_and_never_held_up(
    file_desk: Desk, path: Path, tmp_path: Path
) -> None:
    """The store waits for nobody longer than 50 ms here, so a copy that held up a turn would break it."""
    fill(file_desk, 0, EVENTS)
    target = tmp_path / "copy.db"

    def copy() -> None:
        with copying(path, target):
            pass

    turns = 0
    for _ in range(3):
        thread = threading.Thread(target=copy)
        thread.start()
        while thread.is_alive() or not turns:
            fill(file_desk, EVENTS + 10 * turns, 10)
            turns += 1
        assert EVENTS <= events_in(target) <= EVENTS + 10 * turns
    assert file_desk.store.counts()["events"] == EVENTS + 10 * turns


def test_what_was_erased_is_not_in_a_copy(file_desk: Desk, path: Path, tmp_path: Path) -> None:
    file_desk.put(events=[file_desk.event("1", body=b"the name of a person")])
    with closing(sqlite3.connect(path)) as raw, raw:
        raw.execute("DELETE FROM event")
    target = tmp_path / "copy.db"
    with copying(path, target):
        pass
    assert b"the name of a person" not in target.read_bytes()


def test_a_copy_that_nobody_is_content_with_leaves_the_last_one(file_desk: Desk, path: Path, tmp_path: Path) -> None:
    target = tmp_path / "copy.db"
    target.write_text("the last one")
    with pytest.raises(ValueError, match="not content"), copying(path, target):
        raise ValueError("not content")
    assert target.read_text() == "the last one"
    assert ".copy.db.part" not in beside(target)


def test_two_copies_to_one_place_do_not_mix(file_desk: Desk, path: Path, tmp_path: Path) -> None:
    target = tmp_path / "copy.db"
    refused = pytest.raises(StoreError, match="being written by another process")
    with copying(path, target), refused, copying(path, target):
        pass
    assert events_in(target) == 0


def test_a_file_of_another_version_is_said_to_be_one(path: Path) -> None:
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("CREATE TABLE recipes (name)")
    with pytest.raises(StoreError, match="tables of another version"):
        origin(path)


def test_a_copy_takes_the_place_of_a_store_which_is_kept(file_desk: Desk, path: Path, tmp_path: Path) -> None:
    fill(file_desk, 0, 5)
    target, aside = tmp_path / "copy.db", tmp_path / "street.db.old"
    with copying(path, target):
        pass
    fill(file_desk, 5, 5)
    file_desk.store.close()
    with replacing(path, target, aside) as copy:
        assert events_in(copy) == 5
    assert [events_in(one) for one in (path, target, aside)] == [5, 5, 10]
    assert beside(path) == {"street.db", "copy.db", "street.db.old"}


def test_a_damaged_store_is_kept_with_its_log(file_desk: Desk, path: Path, tmp_path: Path) -> None:
    fill(file_desk, 0, 5)
    target, aside = tmp_path / "copy.db", tmp_path / "street.db.old"
    with copying(path, target):
        pass
    broken = tmp_path / "broken" / "street.db"
    broken.parent.mkdir()
    for name in (broken, Path(f"{broken}-wal")):
        name.write_bytes(b"\xa5" * 8192)
    with replacing(broken, target, aside):
        pass
    assert events_in(broken) == 5
    for name in (aside, Path(f"{aside}-wal")):
        assert name.read_bytes() == b"\xa5" * 8192
    assert beside(broken) == {"street.db"}


def test_a_log_that_lost_its_store_never_meets_the_new_one(file_desk: Desk, path: Path, tmp_path: Path) -> None:
    target, lost = tmp_path / "copy.db", tmp_path / "lost" / "street.db"
    with copying(path, target):
        pass
    fill(file_desk, 0, 5)
    lost.parent.mkdir()
    Path(f"{lost}-wal").write_bytes(Path(f"{path}-wal").read_bytes())
    with replacing(lost, target, tmp_path / "old"):
        pass
    assert events_in(lost) == 0


KILLED = """
import os, signal, sys
from pathlib import Path
from civicloop.core.stores.crash import CrashPoint, watching
from civicloop.core.stores.keeping import copying, replacing

how, point, *paths = sys.argv[1:]
with watching(lambda here: os.kill(os.getpid(), signal.SIGKILL) if here == point else None):
    with (copying if how == "copy" else replacing)(*map(Path, paths)):
        pass
"""


def die(how: str, point: CrashPoint, *paths: Path) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, how, point, *map(str, paths)], check=False, env=os.environ)
    assert done.returncode == -signal.SIGKILL


@pytest.mark.parametrize("point", [CrashPoint.STORE_COPIED, CrashPoint.COPY_CHECKED, CrashPoint.COPY_RENAMED])
def test_a_copy_that_is_killed_is_whole_or_the_last_one(
    file_desk: Desk, path: Path, tmp_path: Path, point: CrashPoint
) -> None:
    target = tmp_path / "copy.db"
    fill(file_desk, 0, 5)
    with copying(path, target):
        pass
    fill(file_desk, 5, 5)
    die("copy", point, path, target)
    assert events_in(target) == (10 if point is CrashPoint.COPY_RENAMED else 5)
    fill(file_desk, 10, 5)
    with copying(path, target):
        pass
    assert events_in(target) == 15
    assert ".copy.db.part" not in beside(target)


@pytest.mark.parametrize("point", [CrashPoint.COPY_CHECKED, CrashPoint.COPY_RENAMED])
def test_a_restore_that_is_killed_leaves_the_old_store_or_the_new_one(
    file_desk: Desk, path: Path, tmp_path: Path, point: CrashPoint
) -> None:
    target = tmp_path / "copy.db"
    fill(file_desk, 0, 5)
    with copying(path, target):
        pass
    fill(file_desk, 5, 5)
    file_desk.store.close()
    die("restore", point, path, target, tmp_path / "old.db")
    assert events_in(path) == (5 if point is CrashPoint.COPY_RENAMED else 10)
    with replacing(path, target, tmp_path / "older.db"):
        pass
    assert events_in(path) == 5
    assert events_in(tmp_path / "old.db") == 10
