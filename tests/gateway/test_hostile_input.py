"""Every parser of what comes in over the wire: a value or its own error, whatever is sent; work bounded by its size."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import pytest
from annotated_types import Ge, Gt
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from civicloop.core.engine.answering import read_answer
from civicloop.core.engine.engine import Engine
from civicloop.core.engine.opening import open_street
from civicloop.core.engine.receipt import Input, InvalidAnswer, Speaker, Status
from civicloop.core.gateway.cloudevents import EnvelopeError, read_event, read_json, read_time
from civicloop.core.gateway.cloudevents_http import read_request
from civicloop.core.gateway.files import BadLine, read_lines
from civicloop.core.gateway.tokens import Gate, Unknown
from civicloop.core.model.event import Envelope
from civicloop.core.model.given import Verb
from civicloop.core.model.limit import Limit
from civicloop.core.stores.sqlite import SqliteStore
from civicloop.core.street.sample import write_sample

from ..daemon.kit import MORNING, OVERFLOW, Served, serving, write_street
from ..hostile import GROWTH_MAX, JSON, growth, spoiled

EVENT = {
    "specversion": "1.0",
    "id": "e1",
    "source": "//gw/1",
    "type": "waste.bin.level",
    "subject": "B1",
    "time": "2025-09-12T08:00:00+08:00",
    "datacontenttype": "application/json",
    "place": "east",
    "data": {"fill_percent": 95, "category": "dry", "more": [1, 2.5, None, {"a": "满"}]},
}
GOOD = json.dumps(EVENT, ensure_ascii=False).encode()
ENCODED = json.dumps({**{k: EVENT[k] for k in ("specversion", "id", "source", "type")}, "data_base64": "aGk="}).encode()
BATCH = b"[" + GOOD + b"," + ENCODED + b"]"
COMPLAINT_CHARS_MAX = 1_000
T = TypeVar("T")


def read_or_refused(read: Callable[[], T], refusal: type[Exception] = EnvelopeError) -> T | None:
    """What was read; ``None`` where it was refused, and well. Every other exception is a fault."""
    try:
        return read()
    except refusal as error:
        told = error
    assert refused_well(told) if isinstance(told, EnvelopeError) else 0 < len(str(told)) < COMPLAINT_CHARS_MAX
    return None


def refused_well(error: EnvelopeError) -> bool:
    """Whether the error says what is wrong, what would be right, and not too much."""
    return bool(error.complaint and error.remedy and error.code) and len(str(error)) < COMPLAINT_CHARS_MAX


@given(spoiled(GOOD, ENCODED))
def test_a_structured_event_is_read_or_refused(body: bytes) -> None:
    if (read := read_or_refused(lambda: read_json(body))) is not None:
        assert read_json(read.body) == read, "what was read once can be read again"


@given(spoiled(BATCH))
def test_a_batch_is_read_member_by_member_or_refused(body: bytes) -> None:
    read = read_or_refused(lambda: read_request({"Content-Type": "application/cloudevents-batch+json"}, body))
    assert read is None or all(isinstance(one, Envelope) or refused_well(one) for one in read.members)


NAMES = st.sampled_from(
    ["ce-id", "CE-ID", "ce-source", "ce-type", "ce-specversion", "ce-time", "ce-subject", "ce-place"]
)
VALUES = st.sampled_from(
    ["1.0", "1", "/s", "t", "%", "%ff", "%C3%A9", '"quo\\"ted"', '"open', "\udcff", "\x00", "%00", "9" * 5000]
)
TYPES = st.sampled_from(
    ["application/json", "text/plain", "application/cloudevents+json", "a/b;charset=utf-8", ";", "\udcff", ""]
)


@given(
    st.dictionaries(NAMES | st.text(max_size=5).map("ce-".__add__), VALUES | st.text(max_size=10), max_size=8),
    st.none() | TYPES | st.text(max_size=20),
    spoiled(GOOD),
)
def test_a_binary_event_is_read_or_refused(headers: dict[str, str], kind: str | None, body: bytes) -> None:
    least = {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "/s", "ce-type": "t"}
    for sent in (headers, least | headers):
        typed = sent | ({} if kind is None else {"Content-Type": kind})
        read_or_refused(partial(read_request, typed, body))


@given(JSON, st.sampled_from([f"loop.{verb}" for verb in Verb]) | st.text(max_size=10).map("loop.".__add__))
def test_an_answer_is_read_or_refused(data: Any, type: str) -> None:
    event = {"specversion": "1.0", "id": "1", "source": "/s", "type": type, "data": data}
    if (envelope := read_or_refused(lambda: read_event(event))) is not None:
        read_or_refused(lambda: read_answer(envelope), InvalidAnswer)


# every registered type, every verb, through the bundled scenarios


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    folder = tmp_path_factory.mktemp("street")
    write_sample(folder)
    store = SqliteStore(None)
    yield Engine(store, open_street(folder).setup)
    store.close()


ODD = ["1e99999", "1e-99999", "NaN", "Infinity", "-0", 1e308, -0.0]
NUMBERS = st.integers(0, 100) | st.floats(0, 1) | st.integers(-1, 10**9) | st.sampled_from(ODD)


def data_of(model: type[BaseModel]) -> st.SearchStrategy[Any]:
    """Data that fits a type, data with one member that may be anything, and anything."""
    fields = {name: wanted(field) for name, field in model.model_fields.items()}
    required = {name: of for name, of in fields.items() if model.model_fields[name].is_required()}
    fit = st.fixed_dictionaries(required, optional={name: of for name, of in fields.items() if name not in required})
    off = st.builds(lambda data, name, value: data | {name: value}, fit, st.sampled_from([*fields, "more"]), JSON)
    return fit.map(plain) | fit.map(plain) | off.map(plain) | JSON


ROLES = st.sampled_from(["property_company", "ops_center", "cleaner", "family", "nobody"])
WORDS = st.sampled_from(["done", "pass", "fail", "unable", "failed", "main", "photo_after", "photo_before"]) | st.text(
    max_size=9
)
TIMES = st.sampled_from(
    ["2025-09-20T08:00:00+08:00", "9998-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "yesterday", 1e18]
)
ITEMS = WORDS | st.fixed_dictionaries(
    {"kind": WORDS}, optional=dict.fromkeys(("hash", "url", "place", "taken_at"), TIMES | WORDS)
)
ANSWERS = st.fixed_dictionaries(
    {"party": ROLES},
    optional=dict.fromkeys(("result", "reason", "note", "track", "order", "person"), WORDS)
    | {"to": ROLES, "until": TIMES, "evidence": st.lists(ITEMS, max_size=3)},
)
"""What a party might say, and more than it might."""


def wanted(field: FieldInfo) -> st.SearchStrategy[Any]:
    """What a field takes, as far as its type tells: numbers have bounds that a generator of types does not know."""
    is_number = field.annotation is Decimal or any(isinstance(one, Ge | Gt) for one in field.metadata)
    return NUMBERS if is_number else st.from_type(field.annotation)


def plain(data: Any) -> Any:
    """As JSON has it; a number that is none is null."""
    return json.loads(json.dumps(data, default=str), parse_constant=lambda _: None)


def test_no_data_of_any_type_makes_a_bundled_scenario_fail(sample: Engine) -> None:
    listening = sample.setup.registry.listening
    devices = [*sample.setup.street.directory.devices, *list(sample.setup.street.directory.places)[:5], "nobody"]
    now = MORNING.astimezone(UTC)
    numbers = iter(range(10**9))
    datas = {name: data_of(one.event) for name, one in listening.items() if not name.startswith("civicloop.")}
    datas |= {f"loop.{verb}": ANSWERS | JSON for verb in Verb}
    times = st.sampled_from([0, -1, -60, -86_400 * 40, 200, 10**6]).map(
        lambda s: (now + timedelta(seconds=s)).isoformat()
    )

    @given(st.data())
    @settings(max_examples=10 * settings().max_examples)
    def check(draw: st.DataObject) -> None:
        kind = draw.draw(st.sampled_from(sorted(datas)))
        data = draw.draw(datas[kind])
        event = {"specversion": "1.0", "id": str(next(numbers)), "source": "//fuzz", "type": kind, "data": data}
        event |= {"subject": draw.draw(st.sampled_from(devices)), "time": draw.draw(times)}
        if (envelope := read_or_refused(lambda: read_event(event))) is None:
            return
        (receipt,) = sample.turn([Input(envelope, Speaker("fuzz", admin=True))], now)
        assert receipt.status in Status

    check()
    failed = [one for one in sample.store.quarantine(1000) if one.reason not in ("unknown_device", "unknown_place")]
    assert not failed, failed[0].trace or failed[0].why
    assert sample.counts["decision", "internal_error"] == 0
    assert sample.counts["event", "accepted"] > 100, "most of it fits its type, or it would show little"


# texts and tokens


@given(
    st.text()
    | st.text(st.characters(categories=["Cs", "Nd", "Zs"]))
    | st.sampled_from(["2 hours", "9" * 5000 + " days"])
)
def test_a_limit_and_a_time_are_read_or_refused(text: str) -> None:
    read_or_refused(lambda: Limit.parse(text), ValueError)
    read_or_refused(lambda: read_time(text, "time"))


@given(
    st.text()
    | st.text().map("Bearer ".__add__)
    | st.binary(max_size=50).map(lambda b: "Bearer " + b.decode("utf-8", "surrogateescape"))
)
def test_a_token_is_known_or_it_is_not(authorization: str) -> None:
    store = SqliteStore(None)
    with pytest.raises(Unknown):
        Gate(store).bearer(authorization, 0.0)
    store.close()


LINES = b"\n".join([GOOD, ENCODED, b"", b"not json", GOOD])


def test_a_file_of_events_is_read_line_by_line_with_a_reason_for_each_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"

    @given(spoiled(LINES))
    def check(content: bytes) -> None:
        path.write_bytes(content)
        for line in read_lines(path):
            assert isinstance(line, Envelope) or (isinstance(line, BadLine) and line.why and len(line.why) < 1_000)

    check()


# the whole door, byte by byte


@pytest.fixture(scope="module")
def steady(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(write_street(tmp_path_factory.mktemp("street"))) as served:
        assert served.send(served.level()).status == 202
        yield served


REQUESTS = (
    f"GET /cases?place=east&open=true&limit=5&cursor=1.a&party=cleaner&scenario={OVERFLOW} HTTP/1.1\r\n".encode(),
    b"GET /events?source=%2F%2Ftest&id=e1 HTTP/1.1\r\nAuthorization: Bearer civicloop_x\r\nOrigin: http://localhost:1\r\n",
    f"GET /cases/{OVERFLOW}/B1 HTTP/1.1\r\nCookie: a=b\r\nAccept: */*\r\n".encode(),
    f"POST /cases/{OVERFLOW}/B1/accept HTTP/1.1\r\nIdempotency-Key: k\r\nContent-Length: 0\r\n".encode(),
    b"POST /events HTTP/1.1\r\nce-id: 1\r\nce-source: /s\r\nce-type: t\r\nce-specversion: 1.0\r\nContent-Length: 0\r\n",
    b"POST /events HTTP/1.1\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n",
)


def test_no_bytes_get_a_5xx(steady: Served) -> None:
    @given(spoiled(*REQUESTS))
    def check(head: bytes) -> None:
        # The second request closes the connection whatever became of the first; a body that never comes is given up.
        said = steady.raw(head + b"Host: here\r\nConnection: close\r\n\r\n0\r\n\r\n" + b"\r\n\r\n" * 2)
        assert not said or said.startswith((b"HTTP/1.1 2", b"HTTP/1.1 4", b"HTTP/1.0 4", b"HTTP/1.1 100")), said

    check()
    assert steady.get("/readyz").status == 200
    assert steady.daemon.engine.counts["decision", "internal_error"] == 0


@pytest.mark.parametrize(
    "authorization", ["Bearer \udcff\udcfe", "Bearer", "Bearer  ", "\udcff", "Basic YTpi", "Bearer " + "x" * 8000]
)
def test_an_authorization_of_odd_bytes_is_unknown(steady: Served, authorization: str) -> None:
    line = f"GET /cases HTTP/1.1\r\nHost: here\r\nConnection: close\r\nAuthorization: {authorization}\r\n\r\n"
    said = steady.raw(line.encode(errors="surrogateescape"))
    assert said.startswith(b"HTTP/1.1 401 "), said


def test_a_refusal_quotes_only_so_much(steady: Served) -> None:
    for path in (
        f"/cases?{'x' * 6000}=1",
        f"/cases/{'x' * 6000}",
        f"/events?source={'x' * 6000}&id=1",
        f"/cases?place={'x' * 6000}",
    ):
        answer = steady.ask("GET", path)
        assert answer.is_problem
        assert len(answer.body) < 1_500


# work


def wide(size: int) -> bytes:
    return json.dumps({**EVENT, "data": {str(n): n for n in range(size)}}).encode()


HEAVY = {
    "a wide object": wide,
    "a long list": lambda size: json.dumps({**EVENT, "data": [0] * size}).encode(),
    "a long text": lambda size: json.dumps({**EVENT, "data": "\u6ee1" * size}).encode(),
    "many shallow brackets": lambda size: json.dumps({**EVENT, "data": [[]] * size}).encode(),
    "many nulls": lambda size: json.dumps({**EVENT, "data": [None] * size}).encode(),
    "brackets that do not close": lambda size: GOOD[:-1] + b"," + b"[" * size,
    "escapes": lambda size: json.dumps({**EVENT, "data": "\x01" * size}).encode(),
    "a member again and again": lambda size: GOOD[:-1] + b',"data":1' * size + b"}",
    "a long source": lambda size: json.dumps({**EVENT, "source": "/%41" * size}).encode(),
    "a long media type": lambda size: json.dumps({**EVENT, "datacontenttype": "a/b" + ";a=b" * size}).encode(),
    "an open media type": lambda size: json.dumps({**EVENT, "datacontenttype": 'a/b;a="' + "\\\\" * size}).encode(),
    "a long time": lambda size: json.dumps({**EVENT, "time": "2025-09-12T08:00:00." + "1" * size}).encode(),
    "Base64": lambda size: ENCODED.replace(b"aGk=", b"aGkh" * size),
    "digits": lambda size: GOOD.replace(b"95", b"9" * size),
}


@pytest.mark.parametrize("name", HEAVY)
def test_the_work_of_reading_an_event_grows_with_its_size_and_not_faster(name: str) -> None:
    make = HEAVY[name]
    bodies = {size: make(size) for size in (20_000, 80_000)}

    def read(size: int) -> None:
        for _ in range(5):
            read_or_refused(lambda: read_json(bodies[size]))

    assert growth(read, 20_000) < GROWTH_MAX


def test_a_batch_of_bad_members_costs_as_much_as_one_of_good_ones() -> None:
    def read(size: int) -> None:
        body = b"[" + b",".join([b'{"id":"' + b"x" * 100 + b'"}'] * size) + b"]"
        read_request({"Content-Type": "application/cloudevents-batch+json"}, body)

    assert growth(read, 200) < GROWTH_MAX
