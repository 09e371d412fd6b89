"""Reading cases and events: filters, pages, who sees what, and that it is written down."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from civicloop.core.gateway.dossier import read_dossier
from civicloop.core.gateway.openapi import MODELS, ProblemDocument
from civicloop.core.gateway.story import Teller
from civicloop.core.gateway.viewer import Viewer
from civicloop.core.gateway.views import ALONE, CasePage, CaseView, ReceiptPage, ReceiptView
from civicloop.core.model.case import Appeal, Request

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


# one case by itself ----------------------------------------------------------------------------------------------


def test_a_case_tells_its_story_its_ledger_and_what_is_next(busy: Served) -> None:
    case = busy.get(f"/cases/{OVERFLOW}/B1").json
    texts = [line["text"] for line in case["story"]]
    assert texts[0] == "立案"
    assert any("未按时接单" in text for text in texts)
    assert [line["at"] for line in case["story"]] == sorted(line["at"] for line in case["story"])
    age = busy.clock.time - datetime.fromisoformat(case["opened_at"])
    assert sum(held["seconds"] for held in case["ledger"]) == age.total_seconds()
    assert {"party": "", "holding": "paused"} not in case["ledger"]
    assert case["forecast"]["now"]
    first = case["forecast"]["moments"][0]
    assert first["at"] == case["due"]
    assert first["entries"][0].keys() == {"track", "reason", "step", "party", "due"}
    assert first["told"]
    assert case["forecast"]["ending"] == "repeats"


def test_a_closed_case_has_nothing_to_come(busy: Served) -> None:
    case = busy.get(f"/cases/{OVERFLOW}/B%2F3%20%E6%BB%A1").json
    assert (case["forecast"]["ending"], case["forecast"]["moments"]) == ("over", [])
    assert case["story"][-1]["text"].startswith("结案，结果 作废")


def test_a_page_tells_no_stories(busy: Served) -> None:
    shown = busy.get("/cases").json["cases"][0]
    assert shown.keys() == CaseView.model_fields.keys() - ALONE


def test_why_a_party_gave_work_back_is_told_to_whoever_may_read_it(readers: Readers) -> None:
    served = readers.served
    said = {"party": "property_company", "reason": "not our estate", "result": None}
    assert served.send(served.event("loop.return", f"{OVERFLOW}/B1", said), token=readers.admin).status == 202

    def story(token: str) -> str:
        return str(served.get(f"/cases/{OVERFLOW}/B1", token).json["story"])

    assert "理由：not our estate" in story(readers.admin)
    assert "理由：***" in story(readers.all)
    assert "not our estate" not in story(readers.all)


def test_what_a_case_repeats_is_listed(busy: Served) -> None:
    case = busy.store.round(OVERFLOW, "B2")
    again = busy.store.round(OVERFLOW, "B1")
    assert case is not None
    assert again is not None
    dossier = read_dossier(
        busy.store, busy.daemon.engine.setup, case._replace(previous=again.id), busy.clock.now(), lambda *_: {}
    )
    assert [one.id for one in dossier.earlier] == [again.id]
    viewer = Viewer(busy.daemon.engine.setup, busy.clock.now(), sees_all=False)
    shown = viewer.dossier(dossier._replace(children=(again,)), Teller(busy.daemon.engine.setup, "en"))
    assert [link.id for link in shown.children] == [again.id]
    assert [(link.ref, link.closed_at) for link in shown.earlier] == [(again.ref, None)]


def test_what_is_asked_for_and_contested_is_shown(busy: Served) -> None:
    case = busy.store.round(OVERFLOW, "B2")
    assert case is not None
    at = busy.clock.now()
    track = case.tracks[0]._replace(
        request=Request("suspend", "cleaner", at, at), returns=2, is_arbitrated=True, remind_at=at
    )
    case = case.with_track(track)._replace(
        appeal=Appeal("cleaner", at, "ops_center"), supervised=2, previous="c0", recurrences=1
    )
    shown = Viewer(busy.daemon.engine.setup, at, sees_all=False).case(case)
    assert (shown.supervised, shown.previous, shown.recurrences, shown.join) == (2, "c0", 1, 0)
    assert shown.appeal is not None
    assert (shown.appeal.party, shown.appeal.reviewer, shown.appeal.result) == ("cleaner", "ops_center", "")
    seen = shown.tracks[0]
    assert (seen.returns, seen.is_arbitrated, seen.remind_at) == (2, True, at)
    assert seen.request is not None
    assert (seen.request.verb, seen.request.party, seen.request.until) == ("suspend", "cleaner", at)
