"""The published CloudEvents cases against a running daemon: the valid are stored as sent, the others leave no trace."""

import base64
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from ..daemon.kit import Answer, Served, serving, write_street

CASES = Path(__file__).parents[3] / "shared" / "data" / "cloudevents_cases.jsonl"
REASON = "../shared/data/cloudevents_cases.jsonl is not beside the repository"


def published() -> list[Any]:
    if not CASES.exists():
        return [pytest.param(None, marks=pytest.mark.skip(reason=REASON))]
    cases = [json.loads(line) for line in CASES.read_text(encoding="utf-8").splitlines()]
    return [pytest.param(case, id=case["name"]) for case in cases]


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Served]:
    """A daemon of its own for every case, because the cases use each other's ids."""
    with serving(write_street(tmp_path)) as served:
        yield served


def deliver(served: Served, case: Any) -> Answer:
    return served.ask(case["method"], "/events", headers=case["headers"], data=case["body"].encode())


def same_data(stored: dict[str, Any], expected: Any) -> bool:
    if isinstance(expected, dict) and "$bytes_base64" in expected:
        return base64.b64decode(stored["data_base64"]) == base64.b64decode(expected["$bytes_base64"])
    return bool(stored["data"] == expected)


def check_stored(stored: dict[str, Any], expected: Any, sent_time: bool) -> None:
    attributes = expected.get("attributes", {})
    assert attributes.items() <= stored.items()
    assert None not in stored.values(), "an attribute that is not set is absent"
    assert "data" not in expected or same_data(stored, expected["data"])
    assert ("time" in stored) is sent_time
    if "instant" in expected:
        assert datetime.fromisoformat(stored["time"]) == datetime.fromisoformat(expected["instant"])


@pytest.mark.parametrize("case", published())
def test_a_published_case(fresh: Served, case: Any) -> None:
    expected = case.get("expect") or [{}]
    if "duplicate_of" in expected[0]:
        earlier = next(one.values[0] for one in published() if expected[0]["duplicate_of"] in one.values[0]["body"])
        assert deliver(fresh, earlier).status == 202
    before = fresh.store.counts()
    answer = deliver(fresh, case)
    after = fresh.store.counts()
    assert fresh.get("/healthz").status == 200
    if not case["valid"]:
        assert 400 <= answer.status < 500
        assert answer.is_problem
        assert after == before
        return
    if "status_in" in expected[0]:
        assert answer.status in expected[0]["status_in"]
        assert answer.status < 400 or (answer.is_problem and answer.headers["Allow"])
        return
    assert 200 <= answer.status < 300
    told = answer.json["results"] if case["mode"] == "batch" else [answer.json]
    if "duplicate_of" in expected[0]:
        assert (told[0]["status"], after) == ("duplicate", before)
        return
    assert after["events"] == before["events"] + len(told)
    for receipt, wanted in zip(told, expected, strict=False):
        assert receipt["status"] == "unheard", "no plugin registers these types; they are stored all the same"
        stored = fresh.get("/events", source=receipt["source"], id=receipt["id"])
        sent = "time" in case["body"] or any(name.lower() == "ce-time" for name in case["headers"])
        check_stored(stored.json, wanted, sent)
