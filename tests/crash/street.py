"""A street whose chains climb in seconds, and a daemon on it that is killed and started again."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from civicloop.core.street.sample import write_sample

BINS = 20
POINTS = 20
FAST = """
[channels.drop]
kind = "file_drop"
directory = "var/drop"

[plugins.garbage_sorting]
[plugins.garbage_sorting.overflow]
[plugins.garbage_sorting.bagged_litter]
"""
TRIES_MAX = 1200
TRY_SECONDS = 0.05
WAIT_SECONDS_MAX = 60.0


def make_street(folder: Path) -> Path:
    """The sample street with more bins, notices dropped as files, and an overflow chain that climbs in seconds."""
    write_sample(folder)
    devices = folder / "devices.csv"
    head = devices.read_text(encoding="utf-8").splitlines()[0].split(",")
    rows = [row(head, id=f"bin-{n}", kind="bin") for n in range(BINS)]
    rows += [row(head, id=f"point-{n}", kind="drop_point") for n in range(POINTS)]
    devices.write_text("\n".join([",".join(head), *rows]) + "\n", encoding="utf-8")
    settings = folder / "civicloop.toml"
    text = settings.read_text(encoding="utf-8")
    kept = text[: text.index("[channels.console]")]
    chain = "".join(
        f'[plugins.garbage_sorting.overflow.chain.{step}]\naccept = "1 second"\n' for step in steps_of_overflow()
    )
    delivery = '[delivery]\ndefault = ["drop"]\nops = ["drop"]\ncommands = ["drop"]\n'
    settings.write_text(kept + FAST + chain + delivery, encoding="utf-8")
    for name in ("parties.csv", "people.csv"):
        people = folder / name
        people.write_text(people.read_text(encoding="utf-8").replace("console", "drop"), encoding="utf-8")
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
        self._environment = os.environ | {"PYTHONUNBUFFERED": "1"} | dict(environment or {})
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it is ready."""
        command = [sys.executable, "-m", "civicloop.cli", "run", str(self.folder)]
        with (self.folder / "daemon.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*command, "--listen", f"127.0.0.1:{self.port}"], stdout=log, stderr=log, env=self._environment
            )
        for _ in range(TRIES_MAX):
            if self._process.poll() is not None:
                said = (self.folder / "daemon.log").read_text(encoding="utf-8")[-2000:]
                raise AssertionError(f"the daemon ended with {self._process.returncode}:\n{said}")
            if self.get("/readyz") is not None:
                return
            time.sleep(TRY_SECONDS)
        raise AssertionError("the daemon was not ready in time")

    def kill(self) -> None:
        """kill -9."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()

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
        except OSError:
            return None
