"""Whatever ``/openapi.json`` allows or forbids is sent to the real daemon: it answers as declared (schemathesis)."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from civicloop.core.gateway.openapi import document

from ..daemon.kit import OVERFLOW, STREET, write_street

START = Path(__file__).parent.parent / "daemon" / "start.py"
ANSWER_SECONDS_MAX = 20.0
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
]
SCHEMA = schemathesis.openapi.from_dict(document("0"))
OPERATIONS = [(path, method.upper()) for path, methods in document("0")["paths"].items() for method in methods]
PLAIN = {"/healthz", "/readyz", "/metrics", "/openapi.json"}
"""What takes no parameters has nothing that could be wrong."""
GENERATED = [
    (operation, mode)
    for operation in OPERATIONS
    for mode in schemathesis.GenerationMode
    if mode is schemathesis.GenerationMode.POSITIVE or operation[0] not in PLAIN
]
EVENTS = {"application/cloudevents+json", "application/cloudevents-batch+json"}
"""The bodies of ``POST /events`` that the document describes; of others it only says that they may come."""
BEYOND_SCHEMAS = {
    "bad_type": "a whole number with a point, 1.0, is an integer to JSON Schema",
    "too_long": "a schema counts characters, and not bytes",
    "too_deep": "a schema knows no depth",
    "bad_value": "29 February is not in every year, nor a leap second at the end of every month",
    "too_many_attributes": "a schema counts what is null, too",
    "too_many_members": "limits.batch_events_max is a setting",
    "body_too_large": "limits.body_bytes_max is a setting",
    "data": "what a type's data holds is known to the plugins that are enabled",
    "future": "a schema knows no clock",
    "bad_query": "a place has to be in places.csv, a cursor must have come from here",
}
"""Why something may be refused that the document allows, by the code of the refusal."""
REFUSED = {404, 409}
"""What is not there, or not permitted now, is a matter of what is stored."""
NAMES = [f"{mode.value} {method} {path}" for (path, method), mode in GENERATED]
EXAMPLES = max(20, settings().max_examples // 4)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A daemon in a process of its own, with a case or two in it."""
    folder = write_street(tmp_path_factory.mktemp("street"), STREET)
    daemon = subprocess.Popen(
        [sys.executable, str(START), str(folder)], stdout=subprocess.PIPE, text=True, env=os.environ
    )
    assert daemon.stdout is not None
    greeting = daemon.stdout.readline()
    url = greeting.partition("listening on ")[2].partition(",")[0]
    assert url, greeting
    yield url
    daemon.terminate()
    said, _ = daemon.communicate(timeout=60)
    assert daemon.returncode == 0, said
    assert "internal_error" not in said


@pytest.mark.parametrize(("operation", "mode"), GENERATED, ids=NAMES)
def test_every_answer_is_as_declared(url: str, operation: tuple[str, str], mode: schemathesis.GenerationMode) -> None:
    path, method = operation
    strategy = SCHEMA[path][method].as_strategy(generation_mode=mode)

    @settings(max_examples=EXAMPLES)
    @given(strategy)
    def check(case: schemathesis.Case) -> None:
        answer = case.call_and_validate(base_url=url, timeout=ANSWER_SECONDS_MAX, checks=CHECKS)
        is_described = operation != ("/events", "POST") or case.media_type in EVENTS
        is_allowed = is_described and mode is schemathesis.GenerationMode.POSITIVE
        if is_allowed and answer.status_code >= 400 and answer.status_code not in REFUSED:
            told = answer.json()
            assert told.get("rule", told["code"]) in BEYOND_SCHEMAS, answer.text

    check()


def test_what_no_schema_says_is_on_the_page() -> None:
    page = (Path(__file__).parents[2] / "docs" / "http-api.md").read_text(encoding="utf-8")
    [said] = [part for part in page.split("\n\n") if part.startswith("`/openapi.json` says")]
    assert set(re.findall(r"`([a-z_]+)`", said)) == BEYOND_SCHEMAS.keys()


def test_the_answers_about_what_is_there_are_as_declared(url: str) -> None:
    level = {"specversion": "1.0", "id": "1", "source": "//test", "type": "waste.bin.level", "subject": "B1"}
    full = {**level, "data": {"fill_percent": 97}}
    unfit = {**level, "id": "2", "data": {"fill_percent": "full"}}
    batch = [full, {**full, "id": "3", "subject": "B99"}, {**full, "type": "parcel.seen", "id": "4"}, unfit]
    pair = {"scenario": OVERFLOW, "key": "B1"}
    one, many = "application/cloudevents+json", "application/cloudevents-batch+json"

    def said(path: str, method: str, status: int, **said: Any) -> Any:
        case = SCHEMA[path][method].Case(**said)
        answer = case.call_and_validate(base_url=url, timeout=ANSWER_SECONDS_MAX, checks=CHECKS)
        assert answer.status_code == status, answer.text
        return answer.json()

    for body, status in ((full, 202), (full, 200), (unfit, 422)):
        said("/events", "POST", status, body=body, media_type=one)
    results = said("/events", "POST", 202, body=batch, media_type=many)["results"]
    assert [result["status"] for result in results] == ["duplicate", "quarantined", "unheard", "rejected"]
    said("/events", "GET", 200, query={"source": "//test", "id": "1"})
    answer = {"party": "cleaner", "note": "on my way"}
    path = "/cases/{scenario}/{key}/{verb}"
    for verb, status in (("accept", 202), ("verify", 409)):
        said(path, "POST", status, path_parameters=pair | {"verb": verb}, body=answer, media_type="application/json")
    case = said("/cases/{scenario}/{key}", "GET", 200, path_parameters=pair)
    said("/cases/{ref}", "GET", 200, path_parameters={"ref": case["id"]})
    page = said("/cases", "GET", 200, query={"open": "true", "limit": "1"})
    assert [one["id"] for one in page["cases"]] == [case["id"]]
