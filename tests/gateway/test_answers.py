"""Who may send what: tokens, their scopes and what they are bound to, and answers through both doors."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from civicloop.core.gateway.tokens import Scope, make_token
from civicloop.core.model.privacy import pseudonym
from civicloop.core.stores.sqlite import SqliteStore

from ..daemon.kit import MORNING, OVERFLOW, Answer, Served, serving, write_street

CASE = f"{OVERFLOW}/B1"
EAST = {"organisation": "East Property", "roles": ("property_company",), "place": "east"}
TOKENS: dict[str, tuple[tuple[str, ...], dict[str, Any]]] = {
    "sensors": (("ingest",), {}),
    "east": (("answer", "read"), EAST | {"person": "张三丰"}),
    "east-org": (("answer",), {"organisation": "East Property"}),
    "west": (("answer", "read"), {"roles": ("property_company",), "place": "west"}),
    "ops": (("answer", "read"), {"roles": ("ops_center",)}),
    "reader": (("read",), {}),
    "both": (("ingest", "answer"), EAST),
    "boss/王 五": (("admin",), {}),
}


class Desk:
    """A daemon, and a token of every kind."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self.tokens = {name: served.token(name, *scopes, **bound) for name, (scopes, bound) in TOKENS.items()}

    def accept(self, name: str, party: str = "property_company", **data: Any) -> Answer:
        return self.served.answer(CASE, "accept", party, self.tokens[name], **data)

    def say(self, name: str, verb: str, party: str, ref: str = CASE, **data: Any) -> Answer:
        """The same as an event."""
        event = self.served.event(f"loop.{verb}", ref, {"party": party, **data})
        return self.served.send(event, token=self.tokens[name])

    def journal(self) -> list[Any]:
        return self.served.get(f"/cases/{CASE}", self.tokens["reader"]).json["journal"]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desks: list[Desk] = []
    with serving(write_street(tmp_path), prepare=lambda served: desks.append(Desk(served))) as served:
        (desk,) = desks
        assert served.send(served.level(), token=desk.tokens["sensors"]).status == 202
        yield desk


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer  ", "Basic abc", "Bearer civicloop_no", "Bearer é"])
@pytest.mark.parametrize("path", ["/cases", f"/cases/{CASE}", "/events?source=/s&id=1"])
def test_without_a_token_that_is_known_nobody_comes_in(desk: Desk, authorization: str, path: str) -> None:
    answer = desk.served.ask("GET", path, headers={"Authorization": authorization} if authorization else {})
    assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert answer.is_problem


def test_health_and_numbers_need_no_token(desk: Desk) -> None:
    assert [desk.served.get(f"/{name}").status for name in ("healthz", "readyz", "metrics", "openapi.json")] == [
        200
    ] * 4


@pytest.mark.parametrize(
    ("name", "method", "path"),
    [
        ("sensors", "GET", "/cases"),
        ("sensors", "GET", f"/cases/{CASE}"),
        ("sensors", "GET", "/events?source=//test&id=e1"),
        ("sensors", "POST", f"/cases/{CASE}/accept"),
        ("reader", "POST", f"/cases/{CASE}/accept"),
        ("reader", "POST", "/events"),
    ],
)
def test_a_token_of_another_scope(desk: Desk, name: str, method: str, path: str) -> None:
    answer = desk.served.ask(
        method, path, desk.tokens[name], data=b'{"party": "property_company"}' if method == "POST" else None
    )
    assert (answer.status, answer.json["code"]) == (403, "forbidden")
    assert "needs a token of scope" in answer.json["detail"]


def test_answers_need_the_answer_scope_whichever_door_they_take(desk: Desk) -> None:
    served = desk.served
    assert desk.say("sensors", "accept", "property_company").status == 403
    fact, answer = served.level("B2"), served.event("loop.accept", CASE, {"party": "property_company"})
    told = served.send(fact, answer, token=desk.tokens["sensors"]).json["results"]
    assert [(one["status"], one.get("reason")) for one in told] == [("accepted", None), ("refused", "forbidden")]
    told = served.send(served.level("B2"), answer, token=desk.tokens["east"]).json["results"]
    assert [(one["status"], one.get("reason")) for one in told] == [("refused", "forbidden"), ("accepted", "accepted")]


@pytest.mark.parametrize(
    ("name", "party", "data", "why"),
    [
        ("east", "cleaner", {}, "speaks for property_company"),
        ("east", "property_company", {"person": "李四"}, "another person"),
        ("west", "property_company", {}, "in west only"),
        ("ops", "property_company", {}, "speaks for ops_center"),
        ("east-org", "cleaner", {}, "not held by East Property"),
    ],
)
@pytest.mark.parametrize("door", ["answer", "event"])
def test_who_answers_must_match_the_token(desk: Desk, door: str, name: str, party: str, data: Any, why: str) -> None:
    before = desk.served.store.counts()["events"]
    answer = desk.accept(name, party, **data) if door == "answer" else desk.say(name, "accept", party, **data)
    assert (answer.status, answer.json["code"]) == (403, "forbidden")
    assert why in answer.json["detail"]
    assert answer.is_problem
    assert desk.served.store.counts()["events"] == before


def test_a_case_that_opens_in_the_same_batch_is_no_way_round(desk: Desk) -> None:
    served = desk.served
    fact = served.level("B2")
    answer = served.event("loop.accept", f"{OVERFLOW}/B2", {"party": "property_company"})
    told = served.send(fact, answer, token=desk.tokens["both"]).json["results"]
    assert [(one["status"], one.get("reason")) for one in told] == [("accepted", None), ("refused", "forbidden")]


@pytest.mark.parametrize("name", ["east", "east-org", "both"])
def test_whom_the_token_fits_may_answer(desk: Desk, name: str) -> None:
    answer = desk.accept(name)
    assert (answer.status, answer.json["status"], answer.json["reason"]) == (202, "accepted", "accepted")


def test_an_admin_speaks_for_somebody_and_both_are_written_down(desk: Desk) -> None:
    assert desk.accept("boss/王 五", person="赵六").status == 202
    entry = desk.journal()[-1]
    assert (entry["reason"], entry["party"]) == ("accepted", "property_company")
    assert pseudonym(desk.served.daemon.engine.setup.salt, "赵六") in entry["by"]
    assert "boss/王 五" in entry["by"]
    assert "赵六" not in str(desk.journal())


def test_an_admin_may_speak_for_two_parties_and_is_not_taken_for_one_person(desk: Desk) -> None:
    assert desk.accept("boss/王 五").status == 202
    assert desk.served.answer(CASE, "report", "property_company", desk.tokens["boss/王 五"]).status == 202
    answer = desk.served.answer(CASE, "verify", "ops_center", desk.tokens["boss/王 五"], result="pass")
    assert (answer.status, answer.json["reason"]) == (202, "verified")


def test_what_is_not_permitted_is_refused_with_the_rule(desk: Desk) -> None:
    answer = desk.served.answer(CASE, "verify", "ops_center", desk.tokens["ops"], result="pass")
    assert (answer.status, answer.json["code"]) == (409, "not_verifying")
    assert answer.is_problem
    assert answer.json["cases"]
    refused = desk.accept("ops", "ops_center").json
    assert refused["code"] == "not_asked"
    assert re.search(r"asked now for [\w-]+: \w+ \(order \w+\.\d, work at \w+\)", refused["detail"])
    told = desk.served.send(
        desk.served.event("loop.accept", CASE, {"party": "ops_center"}),
        desk.served.event("loop.void", CASE, {"party": "ops_center"}),
        token=desk.tokens["ops"],
    )
    assert [(one["status"], one["reason"]) for one in told.json["results"]] == [
        ("refused", "not_asked"),
        ("refused", "reason_missing"),
    ]


def test_an_order_of_an_older_round_is_stale(desk: Desk) -> None:
    served, ops = desk.served, desk.tokens["ops"]
    old = served.get(f"/cases/{CASE}", desk.tokens["reader"]).json
    assert served.answer(CASE, "void", "ops_center", ops, reason="a test").status == 202
    served.clock.time += timedelta(hours=1)
    assert served.send(served.level(), token=desk.tokens["sensors"]).status == 202
    assert served.get(f"/cases/{CASE}", desk.tokens["reader"]).json["round"] == 2
    answer = desk.accept("east", order=old["tracks"][0]["orders"][1]["id"])
    assert (answer.status, answer.json["code"]) == (409, "stale_order")


def test_the_same_event_id_again_changes_nothing(desk: Desk) -> None:
    event = desk.served.event("loop.accept", CASE, {"party": "property_company"})
    first = desk.served.send(event, token=desk.tokens["east"])
    entries = desk.journal()
    again = desk.served.send(event, token=desk.tokens["east"])
    assert (first.status, again.status, again.json["status"]) == (202, 200, "duplicate")
    assert desk.journal() == entries


def test_the_same_idempotency_key_again_changes_nothing(desk: Desk) -> None:
    first = desk.served.answer(CASE, "accept", "property_company", desk.tokens["east"], key="k-1")
    entries, events = desk.journal(), desk.served.store.counts()["events"]
    again = desk.served.answer(CASE, "accept", "property_company", desk.tokens["east"], key="k-1")
    other = desk.served.answer(CASE, "comment", "property_company", desk.tokens["east"], key="k-1")
    assert (first.status, again.status, again.json["reason"]) == (202, 200, "same")
    assert (other.status, other.json["reason"]) == (200, "conflict")
    assert (desk.journal(), desk.served.store.counts()["events"]) == (entries, events)
    anew = desk.served.answer(CASE, "comment", "property_company", desk.tokens["east"], key="k-2")
    assert anew.json["reason"] == "commented"


def test_a_key_with_a_slash_is_one_segment(desk: Desk) -> None:
    served = desk.served
    assert served.send(served.level("B/3 满"), token=desk.tokens["sensors"]).status == 202
    ref = f"{OVERFLOW}/B%2F3%20%E6%BB%A1"
    assert served.get(f"/cases/{ref}", desk.tokens["reader"]).json["key"] == "B/3 满"
    assert served.answer(ref, "accept", "property_company", desk.tokens["east"]).status == 202
    assert served.answer(f"{OVERFLOW}/B/3", "accept", "property_company", desk.tokens["east"]).status == 404
    by_id = served.get(f"/cases/{ref}", desk.tokens["reader"]).json["id"]
    assert served.answer(by_id, "comment", "property_company", desk.tokens["east"]).status == 202


def test_a_revoked_token_does_not_open_a_daemon_that_others_can_reach(desk: Desk) -> None:
    from civicloop.core.gateway.tokens import LOOPBACK, Gate, Unknown

    for name in TOKENS:
        desk.served.store.drop_token(name)
    assert Gate(desk.served.store).bearer(None, 0.0) is LOOPBACK
    with pytest.raises(Unknown):
        Gate(desk.served.store, always=True).bearer(None, 0.0)


def test_a_token_that_could_answer_for_anybody_is_not_made() -> None:
    store = SqliteStore(None)
    with pytest.raises(ValueError, match="bind it to an organisation or to roles"):
        make_token(store, "anybody", (Scope.ANSWER,), MORNING)
    store.close()
