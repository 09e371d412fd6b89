"""The daemon as a process: SIGTERM and SIGINT end it in order, SIGHUP reads the folder again."""

import asyncio
import json
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Self

import aiohttp
import pytest

from .kit import DEVICES, PARTIES, SECONDS_MAX, STREET, STRUCTURED, write_street

SENDERS = 32
ANSWERED_BEFORE_THE_SIGNAL = 200

COMMANDS = {
    "daemon": [sys.executable, "-u", str(Path(__file__).with_name("start.py"))],
    "command line": [sys.executable, "-u", "-m", "civicloop.cli", "run"],
}
HAS_CLI = Path(find_spec("civicloop").origin or "").with_name("cli.py").exists()  # type: ignore[union-attr]  # it is installed


class Process:
    """A running daemon, and what it says."""

    def __init__(self, process: asyncio.subprocess.Process, session: aiohttp.ClientSession) -> None:
        self.process, self.session = process, session
        self.url = ""
        self.said: list[str] = []

    async def hear(self, word: str) -> str:
        """The next line that holds ``word``."""
        assert self.process.stdout is not None
        while line := (await self.process.stdout.readline()).decode():
            self.said.append(line)
            if word in line:
                return line
        raise AssertionError(f"it ended without saying {word!r}: {''.join(self.said)}")

    async def listening(self) -> Self:
        line = await self.hear("http://")
        self.url = "http://" + line.partition("http://")[2].split(",")[0].split()[0]
        return self

    async def post(self, id: str, subject: str = "B1", percent: int = 95) -> tuple[int, Any]:
        event = {"specversion": "1.0", "id": id, "source": "//test", "type": "waste.bin.level", "subject": subject}
        body = json.dumps(event | {"data": {"fill_percent": percent}})
        async with self.session.post(f"{self.url}/events", data=body, headers=STRUCTURED) as answer:
            return answer.status, await answer.json(content_type=None)


@asynccontextmanager
async def running(command: list[str], folder: Path) -> AsyncIterator[Process]:
    """A daemon in a process of its own; it is killed at the end where it still lives."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, str(folder), stdout=pipe, stderr=asyncio.subprocess.STDOUT)
    connector = aiohttp.TCPConnector(limit=SENDERS)
    try:
        async with aiohttp.ClientSession(connector=connector) as session:
            yield await Process(process, session).listening()
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


def in_time(work: Coroutine[Any, Any, None]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(2 * SECONDS_MAX):
            await work

    asyncio.run(bounded())


@pytest.fixture(params=COMMANDS)
def command(request: pytest.FixtureRequest) -> list[str]:
    if request.param == "command line" and not HAS_CLI:
        pytest.skip("there is no cli.py yet")
    return COMMANDS[request.param]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_street(tmp_path / "street")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_answers_what_was_taken_loses_nothing_and_exits_with_0(
    command: list[str], folder: Path, number: signal.Signals
) -> None:
    acknowledged: set[str] = set()
    statuses: set[int] = set()

    async def send(daemon: Process, sender: int, enough: asyncio.Event) -> None:
        for count in range(100_000):
            try:
                status, _ = await daemon.post(name := f"{sender}.{count}", percent=60)
            except aiohttp.ClientError:
                return
            statuses.add(status)
            if status != 202:
                return
            acknowledged.add(name)
            if len(acknowledged) >= ANSWERED_BEFORE_THE_SIGNAL:
                enough.set()

    async def story() -> None:
        enough = asyncio.Event()
        async with running(command, folder) as daemon, asyncio.TaskGroup() as group:
            for sender in range(SENDERS):
                group.create_task(send(daemon, sender, enough))
            await enough.wait()
            daemon.process.send_signal(number)
            assert await daemon.process.wait() == 0, daemon.said

    in_time(story())
    assert statuses <= {202, 429}
    with sqlite3.connect(folder / "civicloop.db") as store:
        stored = {name for (name,) in store.execute("SELECT id FROM event")}
    store.close()
    assert acknowledged <= stored


def test_a_bad_folder_changes_nothing_and_a_good_one_is_taken(command: list[str], folder: Path) -> None:
    async def story() -> None:
        async with running(command, folder) as daemon:
            assert (await daemon.post("1", "B9"))[1]["status"] == "quarantined"
            write_street(folder, STREET + "[colour]\nred = 1\n", devices_csv=DEVICES + "B9,bin,moon,,,\n")
            daemon.process.send_signal(signal.SIGHUP)
            complaints = await daemon.hear("reload_refused")
            assert "civicloop.toml" in complaints
            assert "devices.csv:6" in complaints
            assert (await daemon.post("2", "B9"))[1]["status"] == "quarantined"
            assert (await daemon.post("3", "B1"))[1]["status"] == "accepted"

            parties = PARTIES.replace("East Property,,", "East Property,,second")
            second = '[channels.second]\nkind = "file_drop"\ndirectory = "second"\n'
            write_street(folder, STREET + second, devices_csv=DEVICES + "B9,bin,east-estate,,,\n", parties_csv=parties)
            daemon.process.send_signal(signal.SIGHUP)
            await daemon.hear("reloaded")
            assert (await daemon.post("4", "B9"))[1]["status"] == "accepted"
            while not list((folder / "second").glob("*.json")):
                async with daemon.session.get(f"{daemon.url}/readyz") as answer:
                    assert answer.status == 200
            daemon.process.terminate()
            assert await daemon.process.wait() == 0

    in_time(story())


def test_tables_that_are_read_at_the_start_are_named(command: list[str], folder: Path) -> None:
    async def story() -> None:
        async with running(command, folder) as daemon:
            write_street(folder, STREET.replace("body_bytes_max = 65536", "body_bytes_max = 2048"))
            daemon.process.send_signal(signal.SIGHUP)
            assert "limits" in await daemon.hear("restart_needed")
            await daemon.hear("reloaded")

    in_time(story())
