"""What the tests of faults share: one request to a daemon's process, and looking until something is so."""

from __future__ import annotations

import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import orjson

from civicloop.core.stores.sqlite import SqliteStore

from .street import TRIES_MAX, TRY_SECONDS, Victim

T = TypeVar("T")
ANSWER_SECONDS_MAX = 60.0


def command(victim: Victim, *words: object) -> subprocess.CompletedProcess[str]:
    """Run a command beside the daemon, in a process of its own, with the packages that the daemon has."""
    called = [sys.executable, "-m", "civicloop.cli", *map(str, words)]
    environment = dict(victim.environment) | {"CIVICLOOP_LANGUAGE": "en"}
    return subprocess.run(called, env=environment, capture_output=True, text=True, timeout=120, check=False)


class Said(NamedTuple):
    """What the daemon answered; status 0: nobody did."""

    status: int
    retry_after: str
    json: Any


def ask(victim: Victim, path: str, events: list[dict[str, Any]] | None = None) -> Said:
    """GET, or POST a batch of events."""
    body = None if events is None else orjson.dumps(events)
    request = urllib.request.Request(
        f"http://127.0.0.1:{victim.port}{path}",
        data=body,
        headers={"Content-Type": "application/cloudevents-batch+json"} if body else {},
    )
    try:
        with urllib.request.urlopen(request, timeout=ANSWER_SECONDS_MAX) as answer:
            return Said(answer.status, "", orjson.loads(answer.read()))
    except urllib.error.HTTPError as error:
        return Said(error.code, error.headers.get("Retry-After", ""), orjson.loads(error.read()))
    except OSError:
        return Said(0, "", None)


def until(what: str, look: Callable[[], T | None]) -> T:
    """What ``look`` finds, as soon as it finds something."""
    for _ in range(TRIES_MAX):
        if (found := look()) is not None:
            return found
        time.sleep(TRY_SECONDS)
    raise AssertionError(f"never came: {what}")


def insist(victim: Victim, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Send a batch again and again, as a sender does, until it is acknowledged; what became of each event."""

    def once() -> list[dict[str, Any]] | None:
        said = ask(victim, "/events", events)
        assert said.status in (0, 202, 429), said
        assert said.status != 429 or int(said.retry_after) > 0
        return said.json["results"] if said.status == 202 else None

    return until("an acknowledgement", once)


@contextmanager
def running(victim: Victim) -> Iterator[Victim]:
    """The daemon in between; killed at the end, whatever has become of it."""
    victim.start()
    try:
        yield victim
    finally:
        victim.kill()


@contextmanager
def reading(folder: Path) -> Iterator[SqliteStore]:
    """The database of a street, from outside."""
    store = SqliteStore(folder / "var/civicloop.db")
    try:
        yield store
    finally:
        store.close()


def log_of(victim: Victim) -> str:
    return (victim.folder / "daemon.log").read_text(encoding="utf-8", errors="replace")
