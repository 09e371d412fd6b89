"""Bad input at the HTTP door: each is turned away with a clear problem; nothing of it is stored, nothing else stops."""

import asyncio
import json
import sqlite3
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import StreamReader
from aiohttp.base_protocol import BaseProtocol
from aiohttp.test_utils import make_mocked_request

from civicloop.core.gateway.http_answers import Refusal
from civicloop.core.gateway.http_body import read_body
from civicloop.core.stores.base import EventState

from ..daemon.kit import BATCH, JSON, MORNING, OVERFLOW, STREET, STRUCTURED, Served, serving, write_street

LEAST = {"specversion": "1.0", "id": "1", "source": "/s", "type": "t"}
EVENT = json.dumps(LEAST).encode()
CE = {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "/s", "ce-type": "t"}
DEEP = b'{"specversion":"1.0","id":"1","source":"/s","type":"t","data":' + b"[" * 1000 + b"]" * 1000 + b"}"
ANSWER = f"/cases/{OVERFLOW}/B1/accept"

# name: method, path, headers, body; the status and the code of the problem
REFUSED: dict[str, tuple[str, str, dict[str, str], bytes, int, str]] = {
    "malformed JSON": ("POST", "/events", STRUCTURED, b'{"id": ', 400, "bad_envelope"),
    "no body": ("POST", "/events", STRUCTURED, b"", 400, "bad_envelope"),
    "no media type": ("POST", "/events", {}, EVENT, 400, "bad_envelope"),
    "a form": ("POST", "/events", {"Content-Type": "application/x-www-form-urlencoded"}, b"a=b", 400, "bad_envelope"),
    "CloudEvents in XML": (
        "POST",
        "/events",
        {"Content-Type": "application/cloudevents+xml"},
        b"<e/>",
        415,
        "bad_envelope",
    ),
    "another charset": (
        "POST",
        "/events",
        {"Content-Type": "application/json; charset=gbk"} | CE,
        b"1",
        415,
        "bad_envelope",
    ),
    "a thousand nested brackets": ("POST", "/events", STRUCTURED, DEEP, 400, "bad_envelope"),
    "a thousand brackets, binary": ("POST", "/events", CE | JSON, b"[" * 1000 + b"]" * 1000, 400, "bad_envelope"),
    "invalid UTF-8": ("POST", "/events", STRUCTURED, EVENT[:-1] + b',"data":"\xff"}', 400, "bad_envelope"),
    "invalid UTF-8, binary text": (
        "POST",
        "/events",
        CE | {"Content-Type": "text/plain"},
        b"\xff",
        400,
        "bad_envelope",
    ),
    "a batch with one bad member": ("POST", "/events", BATCH, b"[" + EVENT + b",{}]", 400, "bad_envelope"),
    "too many members": ("POST", "/events", BATCH, b"[" + b"1," * 200 + b"1]", 413, "bad_envelope"),
    "a large body": ("POST", "/events", STRUCTURED, b" " * 65537, 413, "body_too_large"),
    "data of the wrong type": (
        *("POST", "/events", STRUCTURED),
        json.dumps(LEAST | {"type": "waste.bin.level", "subject": "B1", "data": {"fill_percent": "full"}}).encode(),
        *(422, "data"),
    ),
    "an answer that cannot be read": (
        *("POST", "/events", STRUCTURED),
        json.dumps(LEAST | {"type": "loop.accept", "subject": "x", "data": {"party": 7}}).encode(),
        *(422, "data"),
    ),
    "an answer that there is not": (
        *("POST", "/events", STRUCTURED, json.dumps(LEAST | {"type": "loop.dance", "subject": "x"}).encode()),
        *(422, "data"),
    ),
    "an unknown case": ("POST", f"/cases/{OVERFLOW}/B9/accept", {}, b'{"party": "cleaner"}', 404, "no_such_case"),
    "an unknown case id": ("POST", "/cases/0000/accept", {}, b'{"party": "cleaner"}', 404, "no_such_case"),
    "an unknown verb": ("POST", f"/cases/{OVERFLOW}/B1/dance", {}, b'{"party": "cleaner"}', 404, "no_such_verb"),
    "an answer without a verb": ("POST", "/cases/accept", {}, b"{}", 404, "no_such_verb"),
    "an answer to a deep path": ("POST", f"/cases/{OVERFLOW}/B/1/accept", {}, b"{}", 404, "no_such_verb"),
    "an answer that is not JSON": ("POST", ANSWER, {}, b"party=cleaner", 400, "bad_json"),
    "an answer that is a list": ("POST", ANSWER, {}, b"[]", 400, "bad_json"),
    "an answer without a party": ("POST", ANSWER, {}, b"{}", 422, "data"),
    "a nested answer": ("POST", ANSWER, {}, b'{"a":' * 1000 + b"1" + b"}" * 1000, 400, "bad_envelope"),
    "a long idempotency key": ("POST", ANSWER, {"Idempotency-Key": "k" * 3000}, b'{"party": "x"}', 400, "bad_envelope"),
    "an unknown path": ("GET", "/case", {}, b"", 404, "no_such_path"),
    "no case named": ("GET", "/cases/", {}, b"", 404, "no_such_path"),
    "an unknown case, read": ("GET", f"/cases/{OVERFLOW}/B9", {}, b"", 404, "no_such_case"),
    "a case of odd bytes": ("GET", "/cases/%ff%00/%ed%a0%80", {}, b"", 404, "no_such_case"),
    "a deep path, read": ("GET", "/cases/a/b/c", {}, b"", 404, "no_such_case"),
    "an unknown event": ("GET", "/events?source=/s&id=9", {}, b"", 404, "no_such_event"),
    "an event of odd bytes": ("GET", "/events?source=%00&id=%ff", {}, b"", 404, "no_such_event"),
    "no event named": ("GET", "/events?source=/s", {}, b"", 400, "bad_query"),
    "an unknown filter": ("GET", "/cases?colour=red", {}, b"", 400, "bad_query"),
    "an unknown stage": ("GET", "/cases?stage=asleep", {}, b"", 400, "bad_query"),
    "an unknown place": ("GET", "/cases?place=moon", {}, b"", 400, "bad_query"),
    "no place": ("GET", "/cases?place=", {}, b"", 400, "bad_query"),
    "a doubtful flag": ("GET", "/cases?open=perhaps", {}, b"", 400, "bad_query"),
    "a bad cursor": ("GET", "/cases?cursor=yesterday", {}, b"", 400, "bad_query"),
    "a cursor of odd bytes": ("GET", "/cases?cursor=%00.%ff", {}, b"", 400, "bad_query"),
    "a page of none": ("GET", "/cases?limit=0", {}, b"", 400, "bad_query"),
    "a page of many": ("GET", "/cases?limit=201", {}, b"", 400, "bad_query"),
    "a superscript page": ("GET", "/cases?limit=%C2%B2", {}, b"", 400, "bad_query"),
    "a page of nines": ("GET", "/cases?limit=" + "9" * 5000, {}, b"", 400, "bad_query"),
    "PUT": ("PUT", "/events", STRUCTURED, EVENT, 405, "no_such_method"),
    "OPTIONS": ("OPTIONS", "/events", {}, b"", 405, "no_such_method"),
    "DELETE of a case": ("DELETE", f"/cases/{OVERFLOW}/B1", {}, b"", 405, "no_such_method"),
    "a page of another site": ("GET", "/cases", {"Origin": "https://example.org"}, b"", 403, "forbidden"),
    "an odd Origin": ("POST", ANSWER, {"Origin": "http://["}, b"{}", 403, "forbidden"),
    "an unknown expectation": ("POST", "/events", STRUCTURED | {"Expect": "cake"}, EVENT, 417, "unknown_expectation"),
    "a body that says gzip": (
        *("POST", "/events", STRUCTURED | {"Content-Encoding": "gzip"}, EVENT),
        *(415, "compressed_body"),
    ),
    "an answer that says zstd": ("POST", ANSWER, {"Content-Encoding": "zstd"}, b"{}", 415, "compressed_body"),
}


@pytest.fixture(scope="module")
def steady(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """One daemon for the whole table: each row leaves it as it was."""
    with serving(write_street(tmp_path_factory.mktemp("street"))) as served:
        assert served.send(served.level()).status == 202
        yield served


def stored(served: Served) -> dict[str, int]:
    """What the store holds, but for notices, which leave whenever the courier gets to them."""
    return {name: number for name, number in served.store.counts().items() if name != "pending_notices"}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(steady: Served, name: str) -> None:
    method, path, headers, body, status, code = REFUSED[name]
    before = stored(steady)
    answer = steady.ask(method, path, headers=headers, data=body)
    assert (answer.status, answer.json["code"]) == (status, code), answer.body
    assert answer.is_problem
    assert answer.json["type"] == f"urn:civicloop:problem:{code}"
    assert ("Allow" in answer.headers) is (status == 405)
    assert stored(steady) == before
    assert steady.get("/healthz").status == steady.get("/readyz").status == 200


def test_every_bad_member_of_a_batch_is_named(steady: Served) -> None:
    answer = steady.ask("POST", "/events", headers=BATCH, data=b"[" + EVENT + b',{"id":"1"},7]')
    assert [(error["member"], error["rule"]) for error in answer.json["errors"]] == [
        (1, "missing_attribute"),
        (2, "not_object"),
    ]


def test_a_batch_stores_what_fits_and_says_what_does_not(served: Served) -> None:
    good, unfit = served.level("B1"), served.level("B2", "full")  # type: ignore[arg-type]  # that is the point
    late = served.level("B2", time=(MORNING + timedelta(minutes=6)).isoformat())
    other, strange = served.event("parcel.seen", "P1"), served.level("B77")
    answer = served.send(good, unfit, late, other, strange, good)
    assert answer.status == 202
    told = [(one["status"], one.get("reason", "")) for one in answer.json["results"]]
    assert told == [
        ("accepted", ""),
        ("rejected", "data"),
        ("rejected", "future"),
        ("unheard", "no_scenario"),
        ("quarantined", "unknown_device"),
        ("duplicate", "same"),
    ]
    assert "fill_percent" in answer.json["results"][1]["detail"]
    assert served.store.counts()["events"] == 3
    found = [served.get("/events", source="//test", id=one["id"]).status for one in (good, unfit, late)]
    assert found == [200, 404, 404]


def test_what_was_rejected_may_be_put_right_in_the_same_batch(served: Served) -> None:
    wrong, right = served.level("B1", -1, id="x"), served.level("B1", 95, id="x")
    answer = served.send(wrong, wrong, right, right, wrong)
    told = [(one["status"], one.get("reason", "")) for one in answer.json["results"]]
    assert told == [("rejected", "data")] * 2 + [("accepted", ""), ("duplicate", "same"), ("duplicate", "conflict")]


def test_a_time_in_the_future_is_refused_and_a_little_ahead_is_not(served: Served) -> None:
    ahead = served.level(time=(MORNING + timedelta(minutes=5, seconds=1)).isoformat())
    answer = served.send(ahead)
    assert (answer.status, answer.json["code"]) == (422, "future")
    assert "5 minutes" in answer.json["detail"]
    assert served.send(served.level(time=(MORNING + timedelta(minutes=5)).isoformat())).status == 202


def test_an_unknown_device_is_kept_and_ops_are_told_once_a_day(served: Served) -> None:
    for _ in range(3):
        answer = served.send(served.level("B99"))
        assert (answer.status, answer.json["status"], answer.json["reason"]) == (202, "quarantined", "unknown_device")
    kept = served.get("/events", source="//test", id="e1")
    assert (kept.status, kept.headers["X-Civicloop-State"]) == (200, EventState.QUARANTINED)
    assert served.store.counts()["quarantined"] == 3
    assert notices(served) == 1
    served.clock.time += timedelta(days=1)
    served.send(served.level("B99"))
    assert notices(served) == 2


def notices(served: Served) -> int:
    with sqlite3.connect(served.store.path or "") as reader:
        (number,) = reader.execute("SELECT count(*) FROM outbox").fetchone()
    reader.close()
    return int(number)


def test_a_place_that_is_not_known_is_kept_too(served: Served) -> None:
    answer = served.send(served.level("B1", place="moon"))
    assert (answer.status, answer.json["reason"]) == (202, "unknown_place")


def test_an_event_may_come_again_under_the_same_name_and_changes_nothing(served: Served) -> None:
    event = served.level()
    first, again = served.send(event), served.send(event)
    assert (first.status, again.status, again.json["status"]) == (202, 200, "duplicate")
    other = served.send(event | {"data": {"fill_percent": 1}})
    assert (other.status, other.json["reason"]) == (200, "conflict")
    assert served.store.counts()["events"] == 1
    assert served.get("/events", source="//test", id="e1").json["data"] == {"fill_percent": 95}


@pytest.mark.parametrize("length", [b"Content-Length: 10485760\r\n", b"Transfer-Encoding: chunked\r\n"])
def test_ten_megabytes_are_refused_long_before_they_are_read(served: Served, length: bytes) -> None:
    head = b"POST /events HTTP/1.1\r\nHost: here\r\nContent-Type: application/cloudevents+json\r\n" + length + b"\r\n"
    piece = b"x" * 66_000
    said = served.raw(head, b"10000\r\n" + piece[:65536] + b"\r\n10000\r\n" if b"chunked" in length else b"", piece)
    assert said.startswith(b"HTTP/1.1 413 ")
    assert b"Connection: close" in said
    assert b"body_too_large" in said


def test_a_sender_who_asks_first_is_told_not_to_send_a_large_body(served: Served) -> None:
    head = b"POST /events HTTP/1.1\r\nHost: here\r\nExpect: 100-continue\r\nContent-Length: 10485760\r\n\r\n"
    said = served.raw(head)
    assert said.startswith(b"HTTP/1.1 413 ")
    assert b"100 Continue" not in said


def test_a_sender_who_asks_first_may_send_a_small_body(served: Served) -> None:
    head = b"POST /events HTTP/1.1\r\nHost: here\r\nExpect: 100-continue\r\nConnection: close\r\n"
    said = served.raw(
        head + b"Content-Type: application/cloudevents+json\r\n" + f"Content-Length: {len(EVENT)}\r\n\r\n".encode(),
        EVENT,
    )
    assert said.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 202 ")


def test_a_full_queue_is_said_and_soon_over(tmp_path: Path) -> None:
    small = STREET.replace("batch_events_max = 200", "batch_events_max = 2\nqueue_events_max = 2")
    with serving(write_street(tmp_path, small)) as served:

        async def crowd() -> list[Any]:
            sends = [served.fetch("POST", "/events", headers=STRUCTURED, data=one) for one in bodies]
            return await asyncio.gather(*sends)

        bodies = [json.dumps(served.level()).encode() for _ in range(60)]
        answers = served.run(crowd())
        full = [answer for answer in answers if answer.status == 429]
        assert {answer.status for answer in answers} == {202, 429}
        assert all(
            one.is_problem and one.json["code"] == "queue_full" and one.headers["Retry-After"] == "1" for one in full
        )
        assert served.store.counts()["events"] == len(answers) - len(full)
        assert served.send(served.level()).status == 202


def test_a_full_disk_is_said_loses_nothing_and_is_over_when_there_is_room(served: Served) -> None:
    taken = served.level()
    assert served.send(taken).status == 202
    before = served.store.counts()
    raw = served.store._writes.raw
    (pages,) = raw.execute("PRAGMA page_count").fetchone()
    raw.execute(f"PRAGMA max_page_count={pages}")
    big = [served.event("big", "x", "y" * 40_000) for _ in range(3)]
    refused = [served.send(one) for one in big]
    last = refused[-1]
    assert (last.status, last.json["code"], last.headers["Retry-After"]) == (429, "store_unavailable", "5")
    assert "no room" in last.json["detail"]
    ready = served.get("/readyz")
    assert (ready.status, ready.json["code"], ready.headers["Retry-After"]) == (503, "not_ready", "5")
    assert served.get("/healthz").status == 200
    assert served.get(f"/cases/{OVERFLOW}/B1").status == 200, "reading goes on"
    raw.execute("PRAGMA max_page_count=1073741823")
    assert [served.send(one).status for one in big] == [200 if one.status == 202 else 202 for one in refused]
    assert served.get("/readyz").status == 200
    assert served.store.counts()["events"] == before["events"] + 3
    assert served.send(taken).json["status"] == "duplicate"


def test_a_slow_sender_is_cut_off(served: Served) -> None:
    async def trickle() -> None:
        protocol = BaseProtocol(asyncio.get_running_loop())
        protocol.connection_made(asyncio.Transport())
        stream = StreamReader(protocol, 2**16)
        stream.feed_data(b"{")
        await read_body(make_mocked_request("POST", "/events", payload=stream), seconds_max=0.01)

    with pytest.raises(Refusal, match="did not come within") as refused:
        served.run(trickle())
    assert refused.value.status == 408
