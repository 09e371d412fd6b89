"""A street whose chains climb in seconds, and a daemon on it that is killed and started again."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from civicloop.core.stores.crash import CrashPoint
from civicloop.core.street.sample import write_sample

DOOMED = Path(__file__).with_name("doomed.py")
DROP = """
[channels.drop]
kind = "file_drop"
directory = "var/drop"

[plugins.garbage_sorting]
[plugins.garbage_sorting.overflow]
[plugins.garbage_sorting.bagged_litter]

[delivery]
ops = ["drop"]
commands = ["drop"]
"""
WEBHOOKS = """
[channels.flaky]
kind = "webhook"
url = "http://127.0.0.1:{port}/flaky"

[channels.broken]
kind = "webhook"
url = "http://127.0.0.1:{port}/broken"
"""
TRIES_MAX = 1200
TRY_SECONDS = 0.05
WAIT_SECONDS_MAX = 60.0


class Fate(NamedTuple):
    """How a daemon ends: at the ``nth`` time it reaches a point, on a disk that forgets, or (with neither) as told."""

    at: CrashPoint | None = None
    nth: int = 1
    disk: str = ""

    @property
    def options(self) -> list[str]:
        """For ``doomed.py``."""
        at = ["--at", self.at.value, "--nth", str(self.nth)] if self.at else []
        return at + (["--disk", self.disk] if self.disk else [])


class _Receiver(BaseHTTPRequestHandler):
    """Takes a notice at the second try on ``/flaky`` and never on ``/broken``."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        heard = self.server.heard  # type: ignore[attr-defined]  # set by receiver()
        key = self.headers["Idempotency-Key"]
        heard[key] = heard.get(key, 0) + 1
        status = 410 if self.path == "/broken" else 500 if heard[key] == 1 else 204
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: Any) -> None:
        """Say nothing: what is told on standard error would bury a failure."""


class _Receivers(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """A sender that is killed hangs up in the middle of things, which is what it is here for."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


@contextmanager
def receiver() -> Iterator[tuple[int, dict[str, int]]]:
    """A webhook receiver on a free port; how often each notice, by its key, has come to it."""
    server = _Receivers(("127.0.0.1", 0), _Receiver)
    heard: dict[str, int] = {}
    server.heard = heard  # type: ignore[attr-defined]  # read by the handler
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_address[1], heard
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def make_street(folder: Path, port: int | None = None, rounds: int = 20) -> Path:
    """The sample street with a bin and a drop point for each round, and an overflow chain that climbs in seconds.

    Notices are dropped as files and, where one is given, posted to ``port``: there is a way that fails at first, and,
    for people on a roster, one that always refuses.
    """
    write_sample(folder)
    devices = folder / "devices.csv"
    head = devices.read_text(encoding="utf-8").splitlines()[0].split(",")
    rows = [row(head, id=f"bin-{n}", kind="bin") for n in range(rounds)]
    rows += [row(head, id=f"point-{n}", kind="drop_point") for n in range(rounds)]
    devices.write_text("\n".join([",".join(head), *rows]) + "\n", encoding="utf-8")
    settings = folder / "civicloop.toml"
    text = settings.read_text(encoding="utf-8")
    kept = text[: text.index("[channels.console]")]
    chain = "".join(
        f'[plugins.garbage_sorting.overflow.chain.{step}]\naccept = "1 second"\n' for step in steps_of_overflow()
    )
    if port is None:
        ways = DROP + 'default = ["drop"]\n'
    else:
        ways = DROP + 'default = ["drop", "flaky"]\n' + WEBHOOKS.format(port=port)
    settings.write_text(kept + ways + chain, encoding="utf-8")
    for name in ("parties.csv", "people.csv"):
        people = folder / name
        told = people.read_text(encoding="utf-8")
        if port is not None:
            told = told.replace(",console,", ",drop;broken,")
        told = told.replace("console", "drop")
        people.write_text(told, encoding="utf-8")
    return folder


def steps_of_overflow() -> list[str]:
    """The names of the steps of the overflow chain."""
    from civicloop.core.sdk.loader import find_plugins

    plugins, _ = find_plugins()
    overflow = next(one for one in plugins["garbage_sorting"].scenarios if one.name == "garbage_sorting.overflow")
    return [step.name for step in overflow.chain]


def row(head: list[str], **known: str) -> str:
    """One line of devices.csv."""
    values = {"place": "willow-garden", **known}
    return ",".join(values.get(column, "") for column in head)


class Victim:
    """A daemon in a process of its own, on a fixed port."""

    def __init__(self, folder: Path, environment: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self.environment = os.environ | {"PYTHONUNBUFFERED": "1"} | dict(environment or {})
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def serving(self) -> list[int]:
        """The processes that serve: children of the one that was started, which minds them."""
        try:
            return [int(pid) for pid in Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()]
        except OSError:
            return []

    def start(self, fate: Fate | None = None) -> bool:
        """Start it and wait until it is ready; ``False`` when its fate came before that."""
        fate = fate or Fate()
        command = [sys.executable, str(DOOMED), *fate.options, "--", "run", str(self.folder)]
        with (self.folder / "daemon.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*command, "--listen", f"127.0.0.1:{self.port}"], stdout=log, stderr=log, env=self.environment
            )
        for _ in range(TRIES_MAX):
            if self._process.poll() is not None:
                if fate.at is not None and self._process.returncode == -signal.SIGKILL:
                    return False
                said = (self.folder / "daemon.log").read_text(encoding="utf-8")[-2000:]
                raise AssertionError(f"the daemon ended with {self._process.returncode}:\n{said}")
            if self.get("/readyz") is not None:
                return True
            time.sleep(TRY_SECONDS)
        raise AssertionError("the daemon was not ready in time")

    def dies(self, seconds_max: float) -> bool:
        """Wait until it has died by its own hand; whether it has."""
        if self._process is None:
            return True
        try:
            return self._process.wait(seconds_max) == -signal.SIGKILL
        except subprocess.TimeoutExpired:
            return False

    def kill(self) -> None:
        """kill -9, and wait until nothing of it is left."""
        if self._process is not None:
            serving = self.serving
            self._process.kill()
            self._process.wait()
            self._gone(serving)

    def _gone(self, serving: list[int]) -> None:
        for _ in range(TRIES_MAX):
            if not any(Path(f"/proc/{pid}").exists() for pid in serving):
                return
            time.sleep(TRY_SECONDS)
        raise AssertionError("the daemon outlived whoever minded it")

    def stop(self) -> int:
        """SIGTERM; returns the exit code."""
        if self._process is None:
            return 0
        self._process.terminate()
        return self._process.wait(timeout=WAIT_SECONDS_MAX)

    @property
    def pid(self) -> int:
        """Of the process that was started; what serves is its child."""
        assert self._process is not None
        return self._process.pid

    @property
    def has_ended(self) -> bool:
        """Whether the process that was started is no more."""
        return self._process is not None and self._process.poll() is not None

    def get(self, path: str) -> Any:
        """What a GET answers; ``None`` when nobody does, or refuses."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                return orjson.loads(answer.read())
        except (OSError, orjson.JSONDecodeError):
            return None

    def post(self, events: list[dict[str, Any]]) -> list[dict[str, Any]] | None:
        """Send a batch; the results once it is acknowledged, ``None`` when it was not."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/events",
            data=orjson.dumps(events),
            headers={"Content-Type": "application/cloudevents-batch+json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                results: list[dict[str, Any]] = orjson.loads(answer.read())["results"]
                return results
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{error.code}: {error.read().decode()}") from error
        except (OSError, http.client.HTTPException, orjson.JSONDecodeError):
            return None
