"""A daemon for tests: the real one, over SQLite and HTTP, in this process, on a clock that only the test moves."""

import asyncio
import json
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

import aiohttp
from yarl import URL

from civicloop.core.daemon import Daemon
from civicloop.core.engine.opening import open_street
from civicloop.core.gateway.tokens import Scope, make_token
from civicloop.core.stores.sqlite import SqliteStore

T = TypeVar("T")
SHANGHAI = ZoneInfo("Asia/Shanghai")
MORNING = datetime(2025, 9, 12, 8, 0, tzinfo=SHANGHAI)
SECONDS_MAX = 30.0
"""How long anything in a test may take before it counts as hanging."""

STRUCTURED = {"Content-Type": "application/cloudevents+json"}
BATCH = {"Content-Type": "application/cloudevents-batch+json"}
JSON = {"Content-Type": "application/json"}
PROBLEM = "application/problem+json"
OVERFLOW = "garbage_sorting.overflow"

STREET = """\
[street]
code = "street"
name = "Sample street"
zone = "Asia/Shanghai"
[store]
path = "civicloop.db"
[listen]
address = "127.0.0.1:0"
[limits]
lateness_minutes = 0
body_bytes_max = 65536
batch_events_max = 200
[channels.null]
kind = "null"
[channels.ferry]
kind = "file_drop"
directory = "ferry"
[delivery]
default = ["null"]
[plugins.garbage_sorting]
enabled = true
"""

PLACES = """\
code,name,level,parent
street,Sample street,street,
east,East committee,committee,street
west,West committee,committee,street
east-estate,East estate,estate,east
west-estate,West estate,estate,west
"""

DEVICES = """\
id,kind,place,purpose,via,vendor
B1,bin,east-estate,,,
B2,bin,west-estate,,,
B/3 满,bin,east-estate,,,
D1,drop_point,east-estate,,,
"""

ROLES = (
    *("cleaner", "property_manager", "party_secretary", "ops_center", "sanitation_station", "housing_bureau"),
    *("greening_sanitation_bureau", "neighborhood_committee", "hauler"),
    *("block_cadre", "urban_enforcement", "data_steward"),
)
PARTIES = "place,role,organisation,contacts,channels\n" + "".join(
    [
        "east-estate,property_company,East Property,,\n",
        "west-estate,property_company,West Property,,\n",
        *(f"street,{role},{role} Ltd.,,\n" for role in ROLES),
    ]
)

ROSTER = """\
role,place,from,to,person
property_company,east-estate,2025-01-01 00:00,2100-01-01 00:00,张三丰
"""


def write_street(folder: Path, toml: str = STREET, **files: str) -> Path:
    """A small street with two estates; a file given by keyword (``devices_csv=...``) replaces the usual one."""
    texts = {"civicloop_toml": toml, "calendar_toml": "", "places_csv": PLACES, "devices_csv": DEVICES}
    texts |= {"parties_csv": PARTIES, "roster_csv": ROSTER} | files
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (folder / name.replace("_", ".")).write_text(text, encoding="utf-8")
    return folder


class TestClock:
    """A clock that stands still until it is moved."""

    __test__ = False

    def __init__(self, now: datetime = MORNING) -> None:
        self.time = now

    def now(self) -> datetime:
        return self.time.astimezone(UTC)

    def real_seconds(self, span: timedelta) -> float:
        return span.total_seconds()


class Answer(NamedTuple):
    """What the daemon answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def is_problem(self) -> bool:
        """Whether this is a problem document of RFC 9457 that says something."""
        if self.headers.get("Content-Type", "").partition(";")[0] != PROBLEM:
            return False
        told = self.json
        return told["status"] == self.status and bool(told["title"] and told["detail"] and told["code"])


class Served:
    """A running daemon, and an HTTP client that talks to it; both get on only while the test asks something."""

    def __init__(
        self, folder: Path, daemon: Daemon, store: SqliteStore, clock: TestClock, runner: asyncio.Runner
    ) -> None:
        self.folder, self.daemon, self.store, self.clock = folder, daemon, store, clock
        self._runner = runner
        self._events = 0

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Let something happen on the daemon's own event loop."""

        async def bounded() -> T:
            async with asyncio.timeout(SECONDS_MAX):
                return await work

        return self._runner.run(bounded())

    def token(self, name: str, *scopes: str, **binding: Any) -> str:
        """Make a token; the daemon believes for two seconds that none exists, so make the first before asking."""
        return make_token(self.store, name, tuple(Scope(scope) for scope in scopes), MORNING, **binding)

    def ask(
        self, method: str, path: str, token: str = "", headers: Mapping[str, str] | None = None, **said: Any
    ) -> Answer:
        """One request. ``json`` or ``data`` is its body; ``path`` is sent as it is, percent signs included."""
        return self.run(self.fetch(method, path, token, headers, **said))

    async def fetch(
        self, method: str, path: str, token: str = "", headers: Mapping[str, str] | None = None, **said: Any
    ) -> Answer:
        sent = dict(headers or {}) | ({"Authorization": f"Bearer {token}"} if token else {})
        url = URL(self.daemon.url + path, encoded=True)
        async with aiohttp.ClientSession() as session, session.request(method, url, headers=sent, **said) as answer:
            return Answer(answer.status, dict(answer.headers), await answer.read())

    def get(self, path: str, token: str = "", **query: str) -> Answer:
        return self.ask("GET", str(URL(path, encoded=True).with_query(query)) if query else path, token)

    def send(self, *events: Mapping[str, Any], token: str = "") -> Answer:
        """POST one event as structured JSON, or several as a batch."""
        body = json.dumps(events[0] if len(events) == 1 else events).encode()
        return self.ask("POST", "/events", token, STRUCTURED if len(events) == 1 else BATCH, data=body)

    def answer(self, ref: str, verb: str, party: str, token: str = "", key: str = "", **data: Any) -> Answer:
        """Answer a case through its own door."""
        headers = {"Idempotency-Key": key} if key else {}
        return self.ask("POST", f"/cases/{ref}/{verb}", token, headers, json={"party": party, **data})

    def event(self, type: str, subject: str, /, data: Any = None, **attributes: Any) -> dict[str, Any]:
        """A CloudEvent that happens now."""
        self._events += 1
        made = {"specversion": "1.0", "id": f"e{self._events}", "source": "//test", "type": type, "subject": subject}
        made["time"] = self.clock.time.isoformat()
        return made | {"data": {} if data is None else data} | attributes

    def level(self, subject: str = "B1", percent: float = 95, **attributes: Any) -> dict[str, Any]:
        """A bin reports how full it is."""
        return self.event("waste.bin.level", subject, {"fill_percent": percent}, **attributes)

    def wait(self, span: timedelta) -> None:
        """Move the clock; every deadline on the way is met at its own instant."""
        end = self.clock.time + span
        while (due := self.daemon.engine.next_due()) is not None and due <= end:
            self.clock.time = max(self.clock.time, due)
            self.run(self._settle())
        self.clock.time = end

    async def _settle(self) -> None:
        now = self.clock.now()
        while (due := self.daemon.engine.next_due()) is not None and due <= now:
            self.daemon.runner.poke()
            await self.fetch("GET", "/healthz")

    def raw(self, *pieces: bytes) -> bytes:
        """Write bytes to the socket as they are, and return everything that comes back until it is closed."""

        async def talk() -> bytes:
            url = URL(self.daemon.url)
            reader, writer = await asyncio.open_connection(url.host, url.port)
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
            said = await reader.read()
            writer.close()
            return said

        return self.run(talk())


@contextmanager
def serving(folder: Path, prepare: Callable[[Served], object] = lambda _: None) -> Iterator[Served]:
    """The daemon of a street's folder; ``prepare`` is called before it starts, with its store at hand."""
    opened = open_street(folder)
    store = SqliteStore(folder / opened.folder.settings.store.path)
    clock = TestClock()
    with asyncio.Runner() as runner:

        async def start() -> tuple[Served, asyncio.Task[None]]:
            served = Served(folder, Daemon(opened, store, clock), store, clock, runner)
            prepare(served)
            listening = asyncio.Event()
            task = asyncio.create_task(served.daemon.run(lambda _: listening.set()))
            waiter = asyncio.create_task(listening.wait())
            await asyncio.wait({task, waiter}, timeout=SECONDS_MAX, return_when=asyncio.FIRST_COMPLETED)
            waiter.cancel()
            if task.done():
                task.result()
            return served, task

        served, task = runner.run(start())
        try:
            yield served
        finally:
            served.daemon.stop()
            served.run(task_done(task))
            store.close()


async def task_done(task: asyncio.Task[None]) -> None:
    await task
