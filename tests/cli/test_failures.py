"""Whatever goes wrong ends in a sentence and an exit code, never in a traceback."""

import os
import re
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest


def command(*words: object) -> list[str]:
    return [sys.executable, "-m", "civicloop.cli", *map(str, words)]


def broken(*_: object, **__: object) -> None:
    raise ZeroDivisionError("division by zero")


def make_store(street: Path) -> Path:
    path = street / "var" / "civicloop.db"
    path.parent.mkdir()
    return path


@pytest.mark.parametrize("command", [["cases"], ["events"], ["token", "list"], ["deadletters"], ["run"]])
def test_a_database_that_is_none(cli, street: Path, command: list[str]) -> None:
    path = make_store(street)
    path.write_bytes(b"this is no database, and long enough to be looked at" * 100)
    told = cli(*command, street)
    assert (told.exit_code, told.stdout) == (1, "")
    assert told.stderr.splitlines()[-1].startswith(f"{path} is no database, or its head is damaged")


def test_a_database_of_something_else(cli, street: Path) -> None:
    path = make_store(street)
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE wine (bottle TEXT)")
    other.close()
    told = cli("cases", street)
    assert told.exit_code == 1
    assert told.stderr == f"{path} is a database of something else; name another file for the store\n"


def test_a_database_that_cannot_be_made(cli, street: Path) -> None:
    (street / "var").write_text("a file where a folder should be")
    told = cli("token", "create", street, "t", "--scope", "read")
    assert (told.exit_code, told.stdout) == (1, "")
    assert told.stderr.startswith(f"{street}/var cannot be used (")


def test_a_fault_of_ours_is_told_in_a_sentence_and_kept_for_a_report(
    cli, street: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("sqlite3.connect", broken)
    told = cli("token", "create", street, "t", "--scope", "read")
    assert (told.exit_code, told.stdout) == (1, "")
    first, second = told.stderr.splitlines()
    assert first == "civicloop failed, and not through you: ZeroDivisionError: division by zero"
    log = re.search(r"the details are in (\S+), please report them", second)
    assert log is not None
    assert "Traceback" in Path(log[1]).read_text(encoding="utf-8")
    assert Path(log[1]).stat().st_mode & 0o077 == 0
    monkeypatch.setenv("CIVICLOOP_DEBUG", "1")
    assert "Traceback" in cli("token", "create", street, "t", "--scope", "read").stderr


def test_a_fault_of_ours_without_a_place_for_its_log(cli, street: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(street / "nowhere"))
    monkeypatch.setattr("sqlite3.connect", broken)
    told = cli("token", "create", street, "t", "--scope", "read")
    assert told.exit_code == 1
    assert "try again with CIVICLOOP_DEBUG=1" in told.stderr


def test_a_command_that_there_is_not(cli) -> None:
    told = cli("frob")
    assert (told.exit_code, told.stdout) == (2, "")
    assert "'frob'; see `civicloop --help`" in told.stderr


def test_a_reader_that_goes_away_is_not_complained_of(street: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        told = subprocess.run(
            command("replay", street, street / "morning.jsonl"), stdout=writer, stderr=subprocess.PIPE
        )
    finally:
        os.close(writer)
    assert told.returncode == 1
    assert told.stderr == b""


def test_a_full_disk(street: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    words = command("replay", "--language", "en", street, street / "morning.jsonl")
    with Path("/dev/full").open("wb") as full:
        told = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, timeout=60)
    assert told.returncode == 1
    assert b"the disk is full" in told.stderr
    assert b"Traceback" not in told.stderr


def test_ctrl_c(street: Path, tmp_path: Path, start) -> None:
    """A pipe that nobody writes to keeps the command reading until it is interrupted."""
    os.mkfifo(tmp_path / "pipe")
    with start("replay", street, tmp_path / "pipe") as run:
        writer = os.open(tmp_path / "pipe", os.O_WRONLY)  # returns once the command reads
        assert run.end(signal.SIGINT) == 130
        os.close(writer)
    assert run.said.strip() == "interrupted."


def test_signs_that_a_terminal_would_obey_are_not_shown(cli, street: Path) -> None:
    told = cli("cases", "show", street, "\x1b[31mred")
    assert told.exit_code == 1
    assert "\x1b" not in told.stderr
