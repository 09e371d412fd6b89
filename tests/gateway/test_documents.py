"""What the daemon says of itself: its numbers and its API."""

from collections.abc import Iterator
from typing import Any

import pytest
from aiohttp import web
from prometheus_client.parser import text_string_to_metric_families

from civicloop.core.model.given import Verb

from ..daemon.kit import OVERFLOW, Served


def numbers(served: Served) -> dict[tuple[str, ...], float]:
    families = text_string_to_metric_families(served.get("/metrics").body.decode())
    return {(sample.name, *sample.labels.values()): sample.value for family in families for sample in family.samples}


def test_numbers_can_be_scraped_and_count(served: Served) -> None:
    assert served.get("/metrics").headers["Content-Type"].startswith("text/plain; version=0.0.4")
    event = served.level()
    served.send(event)
    served.send(event)
    served.send(served.event("parcel.seen", "P1"))
    served.send(served.level("B9"))
    served.answer(f"{OVERFLOW}/B1", "verify", "ops_center")
    found = numbers(served)
    assert {status: found["civicloop_events_total", status] for status in ("accepted", "duplicate", "refused")} == {
        "accepted": 1,
        "duplicate": 1,
        "refused": 1,
    }
    assert found["civicloop_decisions_total", "opened"] == found["civicloop_decisions_total", "not_verifying"] == 1
    assert found["civicloop_stored", "events"] == 3
    assert found["civicloop_stored", "quarantined"] == 1
    assert found["civicloop_stored", "open_cases"] == 1
    assert found[("civicloop_queue_events",)] == 0


def test_delivered_notices_are_counted(served: Served) -> None:
    served.send(served.level())
    while ("civicloop_notices_total", "null", "delivered") not in (found := numbers(served)):
        assert found["civicloop_stored", "dead_notices"] == 0
    assert found["civicloop_notices_total", "null", "delivered"] >= 1


@pytest.fixture
def document(served: Served) -> Any:
    return served.get("/openapi.json").json


def test_the_document_has_the_shape_of_openapi(document: Any) -> None:
    assert document["openapi"].startswith("3.1.")
    assert document["info"].keys() >= {"title", "version"}
    operations = [(path, method, one) for path, item in document["paths"].items() for method, one in item.items()]
    for path, method, operation in operations:
        assert method in ("get", "post"), path
        assert operation["summary"], path
        assert all(answer["description"] for answer in operation["responses"].values()), path
        named = {one["name"] for one in operation.get("parameters", ()) if one["in"] == "path"}
        assert named == {part[1:-1] for part in path.split("/") if part.startswith("{")}, path
    for reference in references(document):
        name = reference.removeprefix("#/components/schemas/")
        assert name in document["components"]["schemas"], reference


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def test_every_door_is_in_the_document_and_nothing_else(served: Served, document: Any) -> None:
    app = served.daemon._app()
    doors = {
        (route.method.lower(), route.resource.canonical)
        for route in app.router.routes()
        if route.resource is not None and route.method != "HEAD"
    }
    shown = {(method, path) for path, item in document["paths"].items() for method in item}
    cases = {("get", "/cases/{ref}"), ("get", "/cases/{scenario}/{key}")}
    answers = {("post", "/cases/{ref}/{verb}"), ("post", "/cases/{scenario}/{key}/{verb}")}
    assert shown - cases - answers == doors - {("get", "/cases/{ref}"), ("post", "/cases/{ref}")}
    assert cases | answers <= shown
    assert isinstance(app, web.Application)


def test_the_document_names_all_verbs_and_data_of_answers(document: Any) -> None:
    parameters = document["paths"]["/cases/{ref}/{verb}"]["post"]["parameters"]
    verbs = next(one["schema"]["enum"] for one in parameters if one["name"] == "verb")
    assert verbs == [verb.value for verb in Verb]
    answer = document["components"]["schemas"]["AnswerData"]["properties"]
    assert answer.keys() >= {"party", "person", "track", "result", "reason", "note", "evidence", "until"}
