"""Checkpoints: what was committed moves from the log into the database, beside the turns."""

from __future__ import annotations

import resource
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Event

import pytest
from structlog.testing import capture_logs

from civicloop.core.stores.checkpoints import Checkpoints
from civicloop.core.stores.crash import CrashPoint, watching
from civicloop.core.stores.link import Link

ROWS = 100
STEP = 64 * 1024
ANEW = 2 * STEP
MOST = 4 * STEP
PAGE = 4096
WAIT_SECONDS_MAX = 20.0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A database in a file."""
    return tmp_path / "street.db"


@pytest.fixture
def link(path: Path) -> Iterator[Link]:
    """The connection that writes it, with one table."""
    with closing(Link(path, 1.0)) as link:
        link.raw.execute("CREATE TABLE line (text BLOB)")
        yield link


@pytest.fixture
def checkpoints(path: Path, link: Link) -> Iterator[Checkpoints]:
    """Checkpoints of it, with a log small enough to fill it in a test."""
    with closing(Checkpoints(path, link, ROWS, STEP, ANEW // PAGE, MOST // PAGE)) as checkpoints:
        yield checkpoints


def fill(link: Link, size: int) -> None:
    """Commit so many bytes."""
    with link.transaction() as raw:
        raw.execute("INSERT INTO line VALUES (zeroblob(?))", (size,))


def log_bytes(path: Path) -> int:
    return path.with_name("street.db-wal").stat().st_size


def in_the_file(path: Path) -> int:
    """How many lines stand in the database itself, the log left aside."""
    alone = shutil.copy(path, path.with_name("alone.db"))
    with closing(sqlite3.connect(alone)) as raw:
        if not raw.execute("SELECT 1 FROM sqlite_master WHERE name = 'line'").fetchone():
            return 0
        return int(raw.execute("SELECT count(*) FROM line").fetchone()[0])


def test_a_turn_makes_no_checkpoint_however_long_the_log(path: Path, link: Link) -> None:
    fill(link, 8 * 1024 * 1024)
    assert in_the_file(path) == 0


def test_a_checkpoint_copies_what_was_committed(path: Path, link: Link, checkpoints: Checkpoints) -> None:
    fill(link, STEP)
    checkpoints.run()
    assert in_the_file(path) == 1


def test_a_log_that_has_grown_is_copied_by_itself(path: Path, link: Link, checkpoints: Checkpoints) -> None:
    done = Event()
    link.after_commit = checkpoints.committed
    with watching(lambda point: done.set() if point is CrashPoint.CHECKPOINT_DONE else None):
        fill(link, 10)
        assert checkpoints._thread is None, "too little to be copied"
        fill(link, STEP)
        assert done.wait(WAIT_SECONDS_MAX)
    assert in_the_file(path) == 2


def test_many_small_rows_are_copied_by_themselves(path: Path, link: Link, checkpoints: Checkpoints) -> None:
    """The log's file does not tell how much was written over."""
    done = Event()
    fill(link, STEP - 16 * 1024)
    checkpoints.run()
    link.after_commit = checkpoints.committed
    with watching(lambda point: done.set() if point is CrashPoint.CHECKPOINT_DONE else None):
        before = log_bytes(path)
        with link.transaction() as raw:
            raw.executemany("INSERT INTO line VALUES (?)", [(b"",)] * ROWS)
        assert done.wait(WAIT_SECONDS_MAX)
    assert log_bytes(path) == before
    assert in_the_file(path) == 1 + ROWS


@contextmanager
def ending_at(point: CrashPoint, reader: sqlite3.Connection) -> Iterator[None]:
    """Have a reader end when a checkpoint has come so far."""
    with watching(lambda here: reader.close() if here is point else None):
        yield


def test_the_log_begins_anew_within_its_file_once_it_is_long_enough(
    path: Path, link: Link, checkpoints: Checkpoints
) -> None:
    """Something is always left to copy: here what is committed after a reader has begun, who has ended by then."""
    sizes = []
    for _ in range(12):
        with closing(sqlite3.connect(path, isolation_level=None)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM line").fetchone()
            fill(link, STEP - 3 * PAGE)
            with ending_at(CrashPoint.CHECKPOINT_COPIED, reader):
                checkpoints.run()
        sizes.append(log_bytes(path))
    assert sizes[0] < sizes[1], "too short to keep the next turn waiting for it"
    assert ANEW < sizes[-1] < ANEW + STEP, "and then written over"
    assert in_the_file(path) >= 10


def test_a_log_that_became_far_too_long_is_cut(path: Path, link: Link, checkpoints: Checkpoints) -> None:
    link.raw.execute(f"PRAGMA journal_size_limit={STEP}")
    fill(link, 2 * MOST)
    assert log_bytes(path) > 2 * MOST
    checkpoints.run()
    fill(link, 10)
    assert log_bytes(path) == STEP


def test_a_reader_that_goes_on_and_on_is_named_and_nothing_is_lost(
    path: Path, link: Link, checkpoints: Checkpoints
) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM line").fetchone()
        fill(link, MOST)
        with capture_logs() as logged:
            checkpoints.run()
            checkpoints.run()
        assert [line["event"] for line in logged] == ["log_not_begun_anew"]
        fill(link, 10)
        size = log_bytes(path)
        assert size > MOST
    checkpoints.run()
    fill(link, STEP)
    assert log_bytes(path) == size, "it began anew"
    checkpoints.run()
    assert in_the_file(path) == 3


@contextmanager
def full_disk(bytes_max: int) -> Iterator[None]:
    """No file of this process grows beyond a size."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_max, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_checkpoint_that_fails_is_said_once_and_made_later(path: Path, link: Link, checkpoints: Checkpoints) -> None:
    fill(link, STEP)
    with capture_logs() as logged, full_disk(STEP // 2):
        checkpoints.run()
        checkpoints.run()
    assert [line["event"] for line in logged] == ["checkpoint_failed"]
    assert "street.db" in logged[0]["why"]
    assert link.raw.execute("SELECT count(*) FROM line").fetchone() == (1,)
    checkpoints.run()
    assert in_the_file(path) == 1


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_was_killed_is_replaced(path: Path, link: Link, checkpoints: Checkpoints) -> None:
    points: list[CrashPoint] = []
    link.after_commit = checkpoints.committed
    done = Event()

    def note(point: CrashPoint) -> None:
        points.append(point)
        if len(points) == 1:
            raise SystemExit
        if point is CrashPoint.CHECKPOINT_DONE:
            done.set()

    with watching(note):
        fill(link, STEP)
        assert checkpoints._thread is not None
        checkpoints._thread.join(WAIT_SECONDS_MAX)
        fill(link, 2 * STEP)
        assert done.wait(WAIT_SECONDS_MAX)
    assert in_the_file(path) == 2


def test_closing_waits_for_the_thread_and_can_be_done_twice(link: Link, checkpoints: Checkpoints) -> None:
    link.after_commit = checkpoints.committed
    fill(link, STEP)
    checkpoints.close()
    checkpoints.close()
    assert checkpoints._thread is not None
    assert not checkpoints._thread.is_alive()
