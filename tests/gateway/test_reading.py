"""Reading cases and events: filters, pages, who sees what, and that it is written down."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from civicloop.core.gateway.openapi import MODELS, ProblemDocument
from civicloop.core.gateway.views import CasePage, CaseView, ReceiptPage, ReceiptView

from ..daemon.kit import OVERFLOW, Served, serving, write_street

LITTER = "garbage_sorting.bagged_litter"
RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Four cases: B1 ignored for 20 minutes, B2 accepted, D1 with litter, and B/3 over."""
    with serving(write_street(tmp_path_factory.mktemp("street"))) as served:
        served.send(served.level("B1"))
        served.wait(timedelta(minutes=20))
        served.send(
            served.level("B2"), served.event("waste.litter.seen", "D1", {"confidence": 0.9, "image": "sha256:1"})
        )
        served.send(served.level("B/3 满"))
        served.answer(f"{OVERFLOW}/B2", "accept", "property_company")
        assert served.answer(f"{OVERFLOW}/B%2F3%20%E6%BB%A1", "void", "ops_center", reason="a test").status == 202
        yield served


def keys(served: Served, **query: str) -> set[str]:
    return {case["key"] for case in served.get("/cases", **query).json["cases"]}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, {"B1", "B2", "D1", "B/3 满"}),
        ({"open": "true"}, {"B1", "B2", "D1"}),
        ({"open": "false"}, {"B/3 满"}),
        ({"place": "west"}, {"B2"}),
        ({"place": "east", "open": "true"}, {"B1", "D1"}),
        ({"place": "street"}, {"B1", "B2", "D1", "B/3 满"}),
        ({"scenario": LITTER}, {"D1"}),
        ({"scenario": "nothing.there"}, set()),
        ({"stage": "disposal"}, {"B2"}),
        ({"stage": "closing"}, {"B/3 满"}),
        ({"party": "party_secretary"}, {"B1"}),
        ({"party": "nobody"}, set()),
        ({"overdue": "true"}, {"B1"}),
        ({"overdue": "true", "place": "west"}, set()),
        ({"limit": "200", "party": "cleaner", "open": "true", "scenario": OVERFLOW}, {"B1", "B2"}),
    ],
)
def test_filters(busy: Served, query: dict[str, str], expected: set[str]) -> None:
    assert keys(busy, **query) == expected


def test_pages_are_newest_first_and_stable_while_cases_open(served: Served) -> None:
    served.send(*(served.level(f"B{number}", place="east-estate") for number in range(100, 107)))
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = served.get("/cases", limit="3", **cursor).json
        seen += [case["key"] for case in page["cases"]]
        served.clock.time += timedelta(minutes=1)
        served.send(served.level(f"B{len(seen)}", place="east-estate"))
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert sorted(seen) == [f"B{number}" for number in range(100, 107)]
    newest = served.get("/cases", limit="1").json["cases"][0]["key"]
    assert newest == "B7"


def test_what_is_read_fits_its_models_and_times_carry_an_offset(busy: Served) -> None:
    page = busy.get("/cases").json
    CasePage.model_validate(page)
    case = busy.get(f"/cases/{OVERFLOW}/B1").json
    shown = CaseView.model_validate(case)
    assert shown.journal
    assert shown.tracks[0].orders[0].id == f"{shown.id}.1"
    assert busy.get(f"/cases/{shown.id}").json == case
    times = list(times_in(case))
    assert len(times) > 10
    assert all(RFC_3339.fullmatch(time) and time.endswith("+08:00") for time in times)
    ReceiptView.model_validate(busy.send(busy.level("B1", 96)).json)
    ReceiptPage.model_validate(busy.send(busy.level("B1", 96), busy.level("B2")).json)
    ProblemDocument.model_validate(busy.get("/cases?limit=0").json)
    assert CaseView in MODELS


def times_in(value: Any, name: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from times_in(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from times_in(inner, name)
    elif isinstance(value, str) and (name in ("at", "due") or name.endswith(("_at", "_by"))):
        yield value


class Readers:
    """A reader of everything, one of the west only, and an admin."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self.all = served.token("all", "read")
        self.west = served.token("west", "read", place="west")
        self.admin = served.token("admin", "admin")
        self.sensors = served.token("sensors", "ingest")


@pytest.fixture
def readers(tmp_path: Path) -> Iterator[Readers]:
    made: list[Readers] = []
    with serving(write_street(tmp_path), prepare=lambda served: made.append(Readers(served))) as served:
        (readers,) = made
        bins = served.level("B1"), served.level("B2")
        seen = served.event("waste.litter.seen", "D1", {"confidence": 0.9, "image": "sha256:1", "more": "x"})
        assert served.send(*bins, seen, token=readers.sensors).status == 202
        yield readers


def test_a_token_of_a_place_sees_nothing_else(readers: Readers) -> None:
    get, west = readers.served.get, readers.west
    assert [case["key"] for case in get("/cases", west).json["cases"]] == ["B2"]
    assert get("/cases", west, place="street").json["cases"] == get("/cases", west).json["cases"]
    assert get("/cases", west, place="east").json["cases"] == []
    assert get(f"/cases/{OVERFLOW}/B2", west).status == 200
    hidden, unknown = get(f"/cases/{OVERFLOW}/B1", west), get(f"/cases/{OVERFLOW}/B9", west)
    assert (hidden.status, hidden.json["code"]) == (unknown.status, unknown.json["code"]) == (404, "no_such_case")
    assert get("/events", west, source="//test", id="e2").status == 200
    assert get("/events", west, source="//test", id="e1").status == 404


def people(case: Any) -> list[str]:
    return [person for order in case["tracks"][0]["orders"] for person in order["people"]]


def test_people_are_masked_for_readers_and_an_admins_reading_is_written_down(readers: Readers) -> None:
    get, store = readers.served.get, readers.served.store
    path = f"/cases/{OVERFLOW}/B1"
    assert people(get(path, readers.all).json) == ["张**"]
    assert people(get("/cases", readers.all, place="east", scenario=OVERFLOW).json["cases"][0]) == ["张**"]
    assert store.accesses(10) == []
    case = get(path, readers.admin, purpose="complaint 7").json
    assert people(case) == ["张三丰"]
    page = get("/cases", readers.admin, place="east", scenario=OVERFLOW).json["cases"]
    assert people(page[0]) == ["张三丰"]
    assert [(one.reader, one.what, one.purpose) for one in store.accesses(10)] == [
        ("admin", f"cases {case['id']}", "read by admin"),
        ("admin", f"case {case['id']}", "complaint 7"),
    ]


def test_private_members_of_events_are_masked(readers: Readers) -> None:
    get, served = readers.served.get, readers.served
    masked = get("/events", readers.all, source="//test", id="e3").json["data"]
    assert masked == {"confidence": 0.9, "image": "***", "more": "x"}
    clear = get("/events", readers.admin, source="//test", id="e3").json["data"]
    assert clear == {"confidence": 0.9, "image": "sha256:1", "more": "x"}
    assert [one.what for one in served.store.accesses(10)] == ["event //test#e3"]


def test_what_people_write_is_masked(readers: Readers) -> None:
    served = readers.served
    said = served.event(
        "loop.comment", f"{OVERFLOW}/B1", {"party": "cleaner", "person": "李四", "note": "call 13800000000"}
    )
    assert served.send(said, token=readers.admin).status == 202
    data = served.get("/events", readers.all, source="//test", id=said["id"]).json["data"]
    assert data == {"party": "cleaner", "person": "***", "note": "***"}
    journal = served.get(f"/cases/{OVERFLOW}/B1", readers.admin).json["journal"]
    assert "李四" not in str(journal)


def test_what_cannot_be_written_down_is_shown_masked(readers: Readers) -> None:
    raw = readers.served.store._writes.raw
    raw.execute("PRAGMA query_only=ON")
    answer = readers.served.get(f"/cases/{OVERFLOW}/B1", readers.admin)
    raw.execute("PRAGMA query_only=OFF")
    assert (answer.status, people(answer.json)) == (200, ["张**"])
