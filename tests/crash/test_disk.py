"""Trouble with the disk, in the real daemon: said, waited out, and nothing that was acknowledged is lost."""

from __future__ import annotations

import os
import resource
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ..daemon.kit import serving, write_street
from .faults import ask, insist, log_of, reading, running, until
from .stranger import strange_street
from .street import Victim
from .test_strangers import thing

STORE = "var/civicloop.db"
ROUNDS_MAX = 400

pytestmark = pytest.mark.slow


def serving_process(victim: Victim) -> int:
    """The process that serves: the child of the one that was started."""
    [child] = Path(f"/proc/{victim.pid}/task/{victim.pid}/children").read_text().split()
    return int(child)


@contextmanager
def no_room(victim: Victim) -> Iterator[None]:
    """No file of the daemon may grow any more: what a full disk does, without one."""
    log = victim.folder / f"{STORE}-wal"
    process = serving_process(victim)
    most = max(log.stat().st_size, (victim.folder / STORE).stat().st_size) + 8192
    before = resource.prlimit(process, resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))
    yield
    resource.prlimit(process, resource.RLIMIT_FSIZE, before)


@contextmanager
def locked(victim: Victim) -> Iterator[None]:
    """Another process writes and does not come to an end."""
    other = sqlite3.connect(victim.folder / STORE, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    yield
    other.execute("ROLLBACK")
    other.close()


FAULTS = {
    no_room: "cannot be read or written",
    locked: "is locked by another process",
}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_fault_of_the_disk_is_said_and_waited_out(tmp_path: Path, fault: Callable[[Victim], Iterator[None]]) -> None:
    victim = strange_street(tmp_path / "street", {})
    acknowledged: list[str] = []
    with running(victim):

        def send(number: int) -> int:
            said = ask(victim, "/events", [thing(f"e{number}")])
            if said.status == 202:
                acknowledged.append(f"e{number}")
                return 202
            assert (said.status, said.json["code"]) == (429, "store_unavailable")
            assert FAULTS[fault] in said.json["detail"]
            assert int(said.retry_after) > 0
            return 429

        send(0)
        with fault(victim):
            assert any(send(number) == 429 for number in range(1, ROUNDS_MAX))
            ready = ask(victim, "/readyz")
            assert (ready.status, ready.json["code"]) == (503, "not_ready")
            assert FAULTS[fault] in ready.json["detail"]
            assert ask(victim, "/healthz").status == 200
        [after] = insist(victim, [thing("after")])
        assert after["status"] == "accepted"
        until("ready again", lambda: ask(victim, "/readyz").status == 200 or None)
        assert not victim.has_ended
        assert "daemon_restarts" not in log_of(victim)
        assert victim.stop() == 0
    with reading(victim.folder) as store:
        assert [one for one in acknowledged if store.event("//stranger", one) is None] == []
        assert [one for one in acknowledged if store.round("stranger.strange", one) is None] == []


def fill_up(file: Path) -> None:
    """Write until there is no room; raises the ``OSError`` that says so."""
    handle = os.open(file, os.O_WRONLY | os.O_CREAT)
    try:
        while True:
            os.write(handle, b"x" * 4096)
    finally:
        os.close(handle)


@contextmanager
def small_disk(street: Path) -> Iterator[Path]:
    """A disk of 4 MiB on which the street's database lies."""
    disk = street / "var"
    disk.mkdir(exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", disk]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("this process may not mount a disk; RLIMIT_FSIZE and query_only stand for it")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


def test_a_full_disk_of_its_own_is_said_and_waited_out(tmp_path: Path) -> None:
    victim = strange_street(tmp_path / "street", {})
    with small_disk(victim.folder) as disk:
        with running(victim):
            insist(victim, [thing("first")])
            filler = disk / "filler"
            with pytest.raises(OSError, match="No space left"):
                fill_up(filler)
            said = [ask(victim, "/events", [thing(f"e{number}")]) for number in range(40)]
            assert said[-1].status == 429
            assert "has no room left to grow" in said[-1].json["detail"]
            assert "free some space" in said[-1].json["detail"]
            filler.unlink()
            insist(victim, [thing("after")])
            assert victim.stop() == 0
        with reading(victim.folder) as store:
            kept = [number for number, one in enumerate(said) if one.status == 202]
            assert [number for number in kept if store.event("//stranger", f"e{number}") is None] == []
            assert store.event("//stranger", "first") is not None


def test_a_disk_that_may_not_be_written_is_said_at_the_start(tmp_path: Path) -> None:
    victim = strange_street(tmp_path / "street", {})
    with small_disk(victim.folder) as disk:
        with running(victim):
            insist(victim, [thing("a")])
            assert victim.stop() == 0
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        with pytest.raises(AssertionError, match="ended with 1"):
            victim.start()
        assert "Traceback" not in log_of(victim)
        said = log_of(victim).splitlines()[-1]
        assert str(disk) in said
        subprocess.run(["mount", "-o", "remount,rw", disk], check=True)
        with running(victim):
            insist(victim, [thing("b")])
            assert victim.stop() == 0


def test_a_database_that_may_not_be_written_for_a_while_is_waited_out(tmp_path: Path) -> None:
    with serving(write_street(tmp_path / "street")) as served:
        assert served.send(served.level("B1")).status == 202
        served.store._writes.raw.execute("PRAGMA query_only=ON")
        refused = served.send(served.level("B2"))
        assert (refused.status, refused.json["code"]) == (429, "store_unavailable")
        assert "may not be written" in refused.json["detail"]
        assert served.get("/readyz").status == 503
        served.store._writes.raw.execute("PRAGMA query_only=OFF")
        assert served.send(served.level("B2")).status == 202
        assert served.get("/readyz").status == 200


def test_a_damaged_page_is_said_at_the_start(tmp_path: Path) -> None:
    victim = strange_street(tmp_path / "street", {})
    with running(victim):
        insist(victim, [thing(f"e{number}") for number in range(200)])
        assert victim.stop() == 0
    database = victim.folder / STORE
    raw = bytearray(database.read_bytes())
    for page in range(8, len(raw) // 4096):
        raw[page * 4096 : page * 4096 + 64] = os.urandom(64)
    database.write_bytes(raw)
    with pytest.raises(AssertionError, match="ended with 1"):
        victim.start()
    assert f"{database} is damaged" in log_of(victim)
    assert "restore the last backup" in log_of(victim)
    assert "Traceback" not in log_of(victim)


FRAME_BYTES = 24 + 4096
TURNS = 6


def log_damaged(database: Path) -> None:
    """One bit of the second frame: SQLite takes the log to end there."""
    log = database.with_name(f"{database.name}-wal")
    raw = bytearray(log.read_bytes())
    raw[32 + FRAME_BYTES + 100] ^= 1
    log.write_bytes(raw)


def log_deleted(database: Path) -> None:
    database.with_name(f"{database.name}-wal").unlink()


def all_deleted(database: Path) -> None:
    database.unlink()
    log_deleted(database)


@pytest.mark.parametrize("harm", [log_damaged, log_deleted, all_deleted], ids=lambda harm: harm.__name__)
def test_a_write_ahead_log_that_has_lost_what_was_committed_is_said(
    tmp_path: Path, harm: Callable[[Path], None]
) -> None:
    victim = strange_street(tmp_path / "street", {})
    with running(victim):
        for number in range(TURNS):
            insist(victim, [thing(f"e{number}")])
        victim.kill()
        with running(victim):
            assert "turns_lost" not in log_of(victim)  # kill -9 alone loses nothing
            for number in range(TURNS, 2 * TURNS):
                insist(victim, [thing(f"e{number}")])
            victim.kill()
    harm(victim.folder / STORE)
    with running(victim):
        assert "turns_lost" in log_of(victim)
        assert "has lost turns" in log_of(victim)
        until("ops are told", lambda: told_ops(victim))
        kept = list((victim.folder / "var").glob("civicloop.db-wal.after-turn-*"))
        assert kept or harm is not log_damaged
        insist(victim, [thing("after")])
        assert victim.stop() == 0
    with running(victim):
        assert log_of(victim).count("turns_lost") == 1
        assert victim.stop() == 0


def told_ops(victim: Victim) -> bool | None:
    files = (victim.folder / "var/drop").glob("fault.*.json")
    return any("has lost turns" in file.read_text(encoding="utf-8") for file in files) or None
