"""What the tests of the command line share: a street, the command line in this process, and as one of its own."""

import json
import os
import re
import select
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from civicloop.cli import civicloop
from civicloop.core.running.clock import SystemClock
from civicloop.core.street.sample import write_sample

Cli = Callable[..., Result]
LOOKS_MAX = 60
"""How many seconds a test looks at a process's output before it says that what it waits for did not come."""


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sample") / "street"
    write_sample(folder)
    return folder


@pytest.fixture
def street(sample: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(sample, tmp_path / "street"))


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Runs a command in this process, in English; ``result.stdout`` and ``result.stderr`` are apart."""
    monkeypatch.setenv("CIVICLOOP_LANGUAGE", "en")
    for name in ("CIVICLOOP_DEBUG", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    return lambda *words: CliRunner().invoke(civicloop, [str(word) for word in words], prog_name="civicloop")


BIN = "garbage_sorting.overflow/bin-willow-garden-dry"


def hear(cli, street: Path, *events: dict) -> None:
    """Put facts of this very moment into the street's own database."""
    now = SystemClock().now().isoformat()
    told = [{"specversion": "1.0", "source": "//test", "time": now, **event} for event in events]
    file = street / "now.jsonl"
    file.write_text("\n".join(map(json.dumps, told)), encoding="utf-8")
    result = cli("replay", street, file, "--until", now, "--store", street / "var" / "civicloop.db")
    assert result.exit_code == 0, result.stderr


def full(id: str = "full", subject: str = "bin-willow-garden-dry") -> dict:
    return {"id": id, "type": "waste.bin.level", "subject": subject, "data": {"fill_percent": 97}}


@pytest.fixture
def busy(cli, street: Path) -> Path:
    """A street in which a bin is full now."""
    hear(cli, street, full())
    return street


@pytest.fixture(scope="session")
def morning(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    kept = tmp_path_factory.mktemp("kept") / "morning.db"
    words = ["replay", sample, sample / "morning.jsonl", "--until", "2025-09-12T10:00", "--store", kept]
    assert CliRunner().invoke(civicloop, list(map(str, words))).exit_code == 0
    return kept


class Process:
    """A command as a process of its own, whose output is read as it comes; never for longer than ``LOOKS_MAX``."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self.said = ""

    def wait_for(self, pattern: str) -> re.Match[str]:
        """Read on until what it has said matches."""
        looks = 0
        while looks < LOOKS_MAX:
            if found := re.search(pattern, self.said):
                return found
            some = self._read()
            if some == b"":
                break
            looks += some is None
        raise AssertionError(f"{pattern!r} never came; it said:\n{self.said}")

    def _read(self) -> bytes | None:
        """What has come; nothing once it has ended, ``None`` where a second brought nothing."""
        assert self.process.stdout is not None
        ready, _, _ = select.select([self.process.stdout], [], [], 1)
        if not ready:
            return None
        some = os.read(self.process.stdout.fileno(), 65536)
        self.said += some.decode()
        return some

    def end(self, number: int | None = None) -> int:
        """Send a signal, if one is given, and wait for the exit code."""
        if number is not None:
            self.process.send_signal(number)
        rest, _ = self.process.communicate(timeout=LOOKS_MAX)
        self.said += (rest or b"").decode()
        return self.process.returncode


@contextmanager
def started(*words: object, **environment: str) -> Iterator[Process]:
    """A command line as a process, standard error beside standard output; killed if the test fails."""
    command = [sys.executable, "-m", "civicloop.cli", *map(str, words)]
    known = os.environ | {"CIVICLOOP_LANGUAGE": "en", "PYTHONUNBUFFERED": "1"} | environment
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=known) as process:
        try:
            yield Process(process)
        finally:
            process.kill()


@pytest.fixture
def start() -> Callable[..., object]:
    return started
