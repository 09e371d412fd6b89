"""The page about the HTTP API: its examples run, and its tables are those of the code."""

import ast
import asyncio
import re
import shlex
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from civicloop.core.engine.answering import AnswerData
from civicloop.core.engine.engine import Engine
from civicloop.core.engine.opening import open_street
from civicloop.core.gateway.app import make_app
from civicloop.core.gateway.cloudevents_http import Limits
from civicloop.core.gateway.http_cases import FILTERS
from civicloop.core.gateway.http_events import STATUS
from civicloop.core.gateway.metrics import Numbers
from civicloop.core.gateway.office import Office
from civicloop.core.gateway.openapi import document
from civicloop.core.gateway.tokens import Gate
from civicloop.core.gateway.views import CaseView
from civicloop.core.loop.permits import PERMITS
from civicloop.core.model.case import Reason, Stage, TrackState
from civicloop.core.model.given import Verb
from civicloop.core.running.clock import FastClock
from civicloop.core.running.courier import Courier
from civicloop.core.running.letters import write_letter
from civicloop.core.running.retention import Sweeper
from civicloop.core.running.runner import Runner
from civicloop.core.stores.sqlite import SqliteStore
from civicloop.core.street.sample import write_sample

from .pages import DOCS, ROOT, blocks, read, rows, section

PAGE = DOCS / "http-api.md"
MORNING = datetime.fromisoformat("2025-09-12T08:00:00+08:00")
BODY_BYTES_MAX = 4 * 2**20


class Example(NamedTuple):
    status: int
    method: str
    path: str
    headers: dict[str, str]
    body: str


def examples() -> Iterator[Example]:
    for block in blocks(PAGE, "sh"):
        first, _, command = block.text.partition("\n")
        words = iter(shlex.split(command.replace("\\\n", " "))[1:])
        url, headers, body = "", {}, ""
        for word in words:
            if word == "-H":
                name, _, value = next(words).partition(": ")
                headers[name] = value
            elif word == "-d":
                body = next(words)
            else:
                url = word
        parts = urlsplit(url)
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        yield Example(int(first.removeprefix("# ")), "POST" if body else "GET", path, headers, body)


@asynccontextmanager
async def daemon(folder: Path) -> AsyncIterator[TestClient[web.Request, web.Application]]:
    """The HTTP application on the sample street, with its engine running."""
    write_sample(folder)
    opened = open_street(folder)
    store, clock = SqliteStore(None), FastClock(MORNING, 1)
    engine = Engine(store, opened.setup)
    runner = Runner(engine, clock)
    courier = Courier(store, {}, lambda notice: write_letter(opened.setup, notice), clock)
    office = Office(engine, runner, clock, Limits(), Gate(store), lambda: "", list)
    sweeper = Sweeper(store, lambda: opened.folder.settings.retention, clock)
    app = make_app(office, Numbers(engine, runner, courier, sweeper), "0", BODY_BYTES_MAX)
    turns = asyncio.create_task(runner.run())
    async with TestClient(TestServer(app)) as client:
        yield client
    runner.stop()
    await turns
    store.close()


def test_the_examples_get_the_status_the_page_gives_them(tmp_path: Path) -> None:
    async def run() -> None:
        async with daemon(tmp_path / "street") as client:
            for example in examples():
                answer = await client.request(
                    example.method, example.path, headers=example.headers, data=example.body or None
                )
                assert answer.status == example.status, f"{example}: {await answer.text()}"
                if example.status >= 400:
                    assert (await answer.json())["code"] == "same_hands"

    asyncio.run(run())


def test_every_path_is_documented_and_no_other() -> None:
    documented = {(row[0], row[1].lower()) for row in rows(section(PAGE, "The HTTP API"))}
    offered = {(path, method) for path, methods in document("0")["paths"].items() for method in methods}
    assert documented == offered


def test_every_status_is_documented() -> None:
    table = {row[0]: int(row[1]) for row in rows(section(PAGE, "Sending events"))}
    assert table == {status.value: http for status, http in STATUS.items()}


def test_every_filter_stage_and_member_of_a_case_is_documented() -> None:
    text = section(PAGE, "Reading cases")
    assert sorted(row[0] for row in rows(text)) == sorted(FILTERS)
    assert [word for word in (*Stage, *CaseView.model_fields) if f"`{word}`" not in text] == []


def answer_tables() -> list[list[str]]:
    return rows(section(PAGE, "Answering"))


def test_every_member_of_an_answer_is_documented() -> None:
    assert {row[0] for row in answer_tables() if len(row) == 3} == AnswerData.model_fields.keys()


@pytest.mark.parametrize("verb", Verb)
def test_who_may_say_what_is_documented(verb: Verb) -> None:
    [row] = [row for row in answer_tables() if len(row) == 5 and row[0] == verb]
    permit, yes = PERMITS[verb], {True: "yes", False: "no"}
    is_any = permit.of_case or permit.when == frozenset(TrackState) - {TrackState.CLOSED}
    states = "open" if is_any else ", ".join(state for state in TrackState if state in permit.when)
    assert row[1:] == [permit.who, states, yes[permit.says_why], yes[permit.on_closed]]


def test_no_verb_is_made_up() -> None:
    assert sorted(row[0] for row in answer_tables() if len(row) == 5) == sorted(Verb)


def sources(folder: str) -> Iterator[ast.AST]:
    for path in sorted((ROOT / folder).glob("*.py")):
        yield from ast.walk(ast.parse(read(path)))


def refusals() -> set[str]:
    """The reasons that refuse() is called with in the pure loop."""
    found = {"not_asked", "not_permitted", "nobody_found", "nobody_on_duty"}  # chosen in a variable
    found |= {permit.otherwise for permit in PERMITS.values()}
    for node in sources("core/loop"):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "refuse":
            reason = node.args[1]
            if isinstance(reason, ast.Attribute) and reason.attr in Reason.__members__:
                found.add(reason.attr.lower())
    return found


def problems() -> set[str]:
    """The codes that the gateway writes out."""
    return {
        str(node.args[1].value)
        for node in sources("core/gateway")
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("problem", "Refusal")
        and len(node.args) > 1
        and isinstance(node.args[1], ast.Constant)
    }


def codes() -> tuple[set[str], set[str]]:
    tables = rows(section(PAGE, "Problems"))
    return {row[0] for row in tables if len(row) == 3}, {row[0] for row in tables if len(row) == 2}


def test_every_refusal_of_an_answer_is_documented() -> None:
    assert codes()[1] == refusals() - {"no_such_case"}


def test_every_problem_is_documented_and_none_is_made_up() -> None:
    documented = codes()[0]
    assert problems() <= documented
    text = "".join(
        read(path) for part in ("gateway", "running", "engine", "model") for path in (ROOT / "core" / part).glob("*.py")
    )
    assert [code for code in documented if not re.search(rf'"{code}"', text)] == []


def test_every_metric_is_documented() -> None:
    names = set(re.findall(r'"(civicloop_\w+)"', read(ROOT / "core/gateway/metrics.py")))
    assert {row[0] for row in rows(section(PAGE, "Metrics"))} == names
    store = SqliteStore(None)
    missing = [kind for kind in store.counts() if kind not in section(PAGE, "Metrics")]
    store.close()
    assert missing == []
