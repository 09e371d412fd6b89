"""What an event must look like to be read, rule by rule, and that nothing else than EnvelopeError ever comes out."""

import base64
import json
import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from civicloop.core.gateway.cloudevents import DISALLOWED, NAME, TEXTS, EnvelopeError, read_event, read_json
from civicloop.core.gateway.cloudevents_http import Limits, Mode, Request, read_request
from civicloop.core.model.event import Envelope, digest_of

CASES = Path(__file__).parents[3] / "shared" / "data" / "cloudevents_cases.jsonl"
LEAST: dict[str, Any] = {"specversion": "1.0", "id": "1", "source": "/s", "type": "t"}
CE = {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "/s", "ce-type": "t"}
STRUCTURED = {"Content-Type": "application/cloudevents+json"}
BATCH = {"Content-Type": "application/cloudevents-batch+json"}
JSON = {"Content-Type": "application/json"}


def nested(levels: int) -> Any:
    value: Any = 0
    for level in range(levels):
        value = [value] if level % 2 else {"a": value}
    return value


def each(name: str, *values: Any) -> list[dict[str, Any]]:
    return [{name: value} for value in values]


def code_of(raw: Any) -> str:
    with pytest.raises(EnvelopeError) as caught:
        read_event(raw)
    return caught.value.code


def refused(headers: Mapping[str, str], body: bytes) -> EnvelopeError:
    with pytest.raises(EnvelopeError) as caught:
        read_request(headers, body)
    return caught.value


# --- the published cases


def published() -> list[Any]:
    if not CASES.exists():
        reason = "../shared/data/cloudevents_cases.jsonl is not beside the repository"
        return [pytest.param(None, marks=pytest.mark.skip(reason=reason))]
    cases = [json.loads(line) for line in CASES.read_text(encoding="utf-8").splitlines()]
    return [pytest.param(case, id=case["name"]) for case in cases if case["mode"] != "handshake"]


def same_data(data: object, expected: object) -> bool:
    if isinstance(expected, dict) and "$bytes_base64" in expected:
        return data == base64.b64decode(expected["$bytes_base64"])
    return data == expected


@pytest.mark.parametrize("case", published())
def test_a_published_case_is_judged_as_its_authors_judge_it(case: Any) -> None:
    body = case["body"].encode()
    if not case["valid"]:
        try:
            request = read_request(case["headers"], body)
        except EnvelopeError:
            return
        assert request.mode is Mode.BATCH
        assert request.errors
        return
    request = read_request(case["headers"], body)
    assert request.mode == case["mode"]
    assert not request.errors
    for envelope, expected in zip(request.envelopes, case.get("expect", ()), strict=False):
        stored = json.loads(envelope.body)
        assert expected.get("attributes", {}).items() <= stored.items()
        assert "data" not in expected or same_data(envelope.data, expected["data"])
        if "instant" in expected:
            assert envelope.time == datetime.fromisoformat(expected["instant"])


# --- one row per rule

VALID: list[dict[str, Any]] = [
    {"subject": "B7 三号楼", "x": None, "time": None, "place": None, "received": None},
    {"text": "", "yes": True, "least": -(2**31), "most": 2**31 - 1, "1a": "v", "a" * 100: "v"},
    {f"x{i}": "v" for i in range(96)},
    *each("subject", "三" * 682 + "ab", "👩\u200d🚒\u3000x", "\ue000"),
    *each("source", "urn:uuid:6e8bc430", "//u@h:1/a%20b?c=d&e#f", "/街道/网关", "a"),
    {"dataschema": "https://example.org/s.json#bin"},
    {"datacontenttype": 'Text/Plain ; a="b;\\"c" ;charset=gbk;', "data": "x"},
    {"datacontenttype": "application/vnd.x+JSON; v=1", "data": [1]},
    {"datacontenttype": "text/plain", "data": None},
    *each("data", False, nested(64), [[] for _ in range(100)], "[" * 100, {"a": None}, "a\n\0"),
    *({"data_base64": ""}, {"data_base64": None, "data": 1}, {}),
]

# Values that no attribute of that name may have, one space between them.
BAD_VALUES = {
    "specversion": "1.1 1 0.3",
    "source": "/100% <s> /a#b#c /a\\b",
    "dataschema": "schema.json https: //example.org/s 1s:x https:#x",
    "datacontenttype": "json text/ text/plain;charset text/plain;a=",
    "received": "today 2026-03-04",
}
INVALID: dict[str, list[dict[str, Any]]] = {
    "missing_attribute": [{"id": None}, {"id": ""}, {"source": ""}, {"type": None}, {"specversion": None}],
    "bad_value": [
        *({name: value} for name, line in BAD_VALUES.items() for value in line.split(" ")),
        *({name: ""} for name in sorted(TEXTS - {"specversion", "id", "source", "type"})),
        *({"source": "/a b"}, {"datacontenttype": "text/plain" + "; " * 500 + "!"}),
    ],
    "bad_type": [
        *({name: 5} for name in sorted(TEXTS)),
        *each("ext", 2**31, -(2**31) - 1, 1.0, {}, []),
    ],
    "bad_name": [{name: "v"} for name in ("", "Ext", "my_ext", "ext\n", "a" * 101, "data_base", "é")],
    "bad_character": [{"subject": f"a{c}"} for c in "\x00\x1f\x7f\x9f\ud800\udfff\ufdd0\uffff\U0010fffe"],
    "too_many_attributes": [{f"x{i}": "v" for i in range(97)}],
    "too_long": [{"subject": "三" * 683}, {"ext": "x" * 2049}],
    "bad_data": [
        *({"datacontenttype": kind, "data": {}} for kind in ("text/plain", "application/ndjson")),
        *each("data", float("nan"), [{"a": float("inf")}], 2**64, "\ud800", {1: 2}, b"x"),
    ],
    "two_payloads": [{"data": data, "data_base64": "AA=="} for data in (1, None)],
    "bad_base64": each("data_base64", 1, "AA", "AB==", "AAAA==", "AAAA\n", "__8=", "é"),
    "too_deep": [{"data": nested(65)}, {"data": nested(300)}],
}
BAD_TIMES = """
2003-04-31T10:00:00Z 2023-02-29T00:00:00Z 2026-03-04T24:00:00Z 2026-03-04T08:60:00Z 2026-03-04T08:15:61Z
2026-03-04 2026-03-04T08:15:30 2026-03-04T08:15Z 20260304T081530Z 2026-W10-3T08:15:30Z 2026-03-04_08:15:30Z
2026-03-04T08:15:30,5Z 2026-03-04T08:15:30.Z 2026-03-04T08:15:30+8:00 2026-03-04T08:15:30+0800
2026-03-04T08:15:30+24:00 2016-12-30T23:59:60Z 2016-12-31T22:59:60Z 2016-13-31T23:59:60Z 9999-12-31T23:59:60Z
0000-01-01T00:00:00Z 0001-01-01T00:00:00Z 9999-12-31T00:00:00Z ２０26-03-04T08:15:30Z
"""


@pytest.mark.parametrize("more", VALID)
def test_a_valid_event_is_stored_as_it_was_sent(more: dict[str, Any]) -> None:
    raw = LEAST | more
    envelope = read_event(raw)
    stored = {name: value for name, value in raw.items() if value is not None or name == "data"}
    assert json.loads(envelope.body) == stored
    if stored.get("data_base64") is None:
        assert envelope.data == raw.get("data", envelope.data)
    assert read_json(envelope.body) == envelope


@pytest.mark.parametrize(("code", "more"), [(code, more) for code, rows in INVALID.items() for more in rows])
def test_an_invalid_event_is_refused_by_name(code: str, more: dict[str, Any]) -> None:
    assert code_of(LEAST | more) == code


@pytest.mark.parametrize("raw", [None, 1, "x", [], [["id", "1"]], b"{}"])
def test_what_is_no_object_is_no_event(raw: Any) -> None:
    assert code_of(raw) == "not_object"


def test_an_object_that_holds_itself_is_too_deep() -> None:
    loop: list[Any] = []
    loop += [loop, loop]
    assert code_of(LEAST | {"data": loop}) == "too_deep"


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-03-04T08:15:30Z", "2026-03-04T08:15:30+00:00"),
        ("2026-03-04t08:15:30.5z", "2026-03-04T08:15:30.5+00:00"),
        ("2026-03-04T08:15:30.1234567899+08:00", "2026-03-04T00:15:30.123456+00:00"),
        ("2024-02-29T23:59:59-00:00", "2024-02-29T23:59:59+00:00"),
        ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59.999999+00:00"),
        ("2017-01-01T07:59:60.25+08:00", "2016-12-31T23:59:59.999999+00:00"),
        ("0002-01-01T00:00:00+23:59", "0001-12-31T00:01:00+00:00"),
    ],
)
def test_a_time_is_read_and_kept_as_written(text: str, instant: str) -> None:
    envelope = read_event(LEAST | {"time": text, "received": text})
    assert envelope.time == envelope.received == datetime.fromisoformat(instant)
    assert json.loads(envelope.body)["time"] == text


@pytest.mark.parametrize("text", [*BAD_TIMES.split(), "2026-03-04 08:15:30Z", "2026-03-04T08:15:30Z\n"])
def test_a_time_outside_rfc_3339_is_refused(text: str) -> None:
    with pytest.raises(EnvelopeError, match=r"^time .*; "):
        read_event(LEAST | {"time": text})


def test_the_attributes_this_system_reads_are_picked_out() -> None:
    assert read_event(LEAST)[:-1] == ("1", "/s", "t", None, None, None, None, "", None)
    full = read_event(LEAST | {"subject": "B7", "place": "310104", "sequence": "002", "data": 1})
    assert full[:-1] == ("1", "/s", "t", "B7", None, 1, "310104", "002", None)


def test_an_error_names_culprit_place_and_remedy() -> None:
    members = read_request(BATCH, orjson.dumps([LEAST, LEAST | {"place": 5}])).members
    assert isinstance(members[0], Envelope)
    assert isinstance(error := members[1], EnvelopeError)
    assert str(error) == "batch[1]: place is a number; write it as a string"
    assert (error.code, error.attribute, error.member, error.status) == ("bad_type", "place", 1, 400)


# --- JSON texts and batches


NO_JSON = [b"", b"{", b"\xef\xbb\xbf{}", b'{"id": NaN}', b'"\\udead"', b'"\xff"', b"[" * 100_000]
DEEP = b"[" * 900 + b"]" * 900


@pytest.mark.parametrize("body", NO_JSON)
def test_a_text_that_is_not_json_is_refused(body: bytes) -> None:
    assert refused(STRUCTURED, body).code == "not_json"


def test_a_text_that_only_the_parser_can_hold_is_refused() -> None:
    assert refused(STRUCTURED, DEEP).code == "not_object"
    assert refused(STRUCTURED, orjson.dumps(LEAST)[:-1] + b',"data":' + DEEP + b"}").code == "too_deep"


def test_the_last_of_two_equal_members_counts() -> None:
    envelope = read_json(orjson.dumps(LEAST)[:-1] + b',"id":"2"}')
    assert envelope.id == "2"
    assert json.loads(envelope.body)["id"] == "2"


def test_a_whole_number_beyond_64_bits_becomes_a_double() -> None:
    envelope = read_json(orjson.dumps(LEAST)[:-1] + b',"data":123456789012345678901}')
    assert envelope.data == json.loads(envelope.body)["data"] == 123456789012345683968.0


def test_a_batch_is_an_array_of_bounded_length() -> None:
    assert read_request(BATCH, b"[]") == Request(Mode.BATCH, [])
    assert refused(BATCH, b"{}").code == "not_array"
    with pytest.raises(EnvelopeError) as caught:
        read_request(BATCH, b"[1, 2, 3]", Limits(members_max=2))
    assert (caught.value.code, caught.value.status) == ("too_many_members", 413)
    assert [error.member for error in read_request(BATCH, b"[1, {}]").errors] == [0, 1]


# --- HTTP


@pytest.mark.parametrize(
    ("content_type", "body", "data", "stored"),
    [
        ("application/json", b'{"a": 1}', {"a": 1}, {"data": {"a": 1}}),
        ("text/json; charset=UTF-8", b'"x"', "x", {"data": "x"}),
        ('application/vnd.x+json;charset="utf-8"', b"null", None, {"data": None}),
        ('text/plain;a="; charset=gbk"', "三\n".encode(), "三\n", {"data": "三\n"}),
        ("application/xml", b"<a/>", b"<a/>", {"data_base64": "PGEvPg=="}),
        (None, b"{}", b"{}", {"data_base64": "e30="}),
        ("application/json", b"", None, {}),
        ("image/png", b"", None, {}),
    ],
)
def test_a_binary_body_is_read_by_its_type(
    content_type: str | None, body: bytes, data: object, stored: dict[str, Any]
) -> None:
    kind = {} if content_type is None else {"datacontenttype": content_type}
    headers = CE if content_type is None else CE | {"Content-Type": content_type}
    (envelope,) = read_request(headers, body).envelopes
    assert envelope.data == data
    assert json.loads(envelope.body) == LEAST | kind | stored
    assert read_json(envelope.body) == envelope


HEADER_VALUES = {
    "Euro%20%E2%82%AC%20%F0%9F%98%80": "Euro € 😀",
    '"a \\"b\\" \\\\ %20"': 'a "b" \\  ',
    '  a "b" ': 'a "b"',
    "%2525": "%25",
    "垃圾": "垃圾",
}


@pytest.mark.parametrize(("value", "subject"), HEADER_VALUES.items())
def test_a_header_value_is_unquoted_then_decoded_once(value: str, subject: str) -> None:
    (envelope,) = read_request(CE | {"CE-Subject": value}, b"").envelopes
    assert envelope.subject == subject


BAD_REQUESTS: dict[str, list[tuple[dict[str, str], bytes]]] = {
    "bad_header": [
        *(({"ce-subject": value}, b"") for value in ("%C0%A0", "100%", '"a', "%20\udcff")),
        *(({name: "AA=="}, b"") for name in ("CE-ID", "ce-data", "ce-data_base64", "content-type")),
    ],
    "bad_character": [({"ce-subject": "\udcff"}, b""), ({"ce-subject": "%00"}, b"")],
    "bad_value": [({"ce-subject": ""}, b"")],
    "bad_name": [({"ce-": "1"}, b""), ({"ce-my_ext": "1"}, b"")],
    "bad_data": [({"content-type": "text/plain"}, b"\xff")],
    "not_json": [(JSON, b"{")],
    "bad_media_type": [
        ({"content-type": "text/plain; charset=gbk"}, b"x"),
        ({"content-type": "application/cloudevents+json; Charset=latin1"}, b"{}"),
        ({"content-type": "application/cloudevents+avro"}, b""),
    ],
}


@pytest.mark.parametrize(("code", "row"), [(code, row) for code, rows in BAD_REQUESTS.items() for row in rows])
def test_a_request_is_refused_by_name(code: str, row: tuple[dict[str, str], bytes]) -> None:
    error = refused(CE | row[0], row[1])
    assert (error.code, error.status) == (code, 415 if code == "bad_media_type" else 400)


def test_a_request_that_is_no_event_is_told_how_to_be_one() -> None:
    assert "application/cloudevents+json" in str(refused(JSON, orjson.dumps(LEAST)))


def test_a_header_sent_twice_is_refused() -> None:
    assert refused(CIMultiDict([*CE.items(), ("ce-id", "2")]), b"").code == "bad_header"


def test_copies_in_the_headers_of_a_structured_event_are_not_read() -> None:
    (envelope,) = read_request(STRUCTURED | CE | {"ce-id": "%"}, orjson.dumps(LEAST)).envelopes
    assert envelope.id == "1"


# --- properties

finite = st.floats(allow_nan=False, allow_infinity=False)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | finite | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
names = st.sampled_from([*sorted(TEXTS), "data", "data_base64", "ext"]) | st.text(max_size=5)
values = json_values | st.sampled_from(["1.0", "/s", "2026-03-04T08:15:30Z", "text/plain", "AA==", "%41", '"'])
strange_text = st.text(st.characters(exclude_categories=()), max_size=30)
clean_text = st.text(min_size=1, max_size=30).filter(lambda text: not DISALLOWED.search(text))


@given(json_values | st.dictionaries(names, values, max_size=8).map(lambda more: LEAST | more))
def test_any_json_is_read_or_refused(raw: Any) -> None:
    try:
        envelope = read_json(orjson.dumps(raw))
    except EnvelopeError as error:
        orjson.dumps([error.code, error.attribute, str(error)])  # a problem document can quote it
    else:
        again = read_json(envelope.body)
        assert again == envelope
        assert digest_of(again) == digest_of(envelope)


headers_sent = st.sampled_from([*CE, "ce-time", "Content-Type", "Ce-Ext"]) | strange_text
types = st.sampled_from([kind["Content-Type"] for kind in (STRUCTURED, BATCH, JSON)] + ["text/x", ""])
bodies = st.binary(max_size=60) | st.sampled_from([b"[{}]", b"[[]]", b'{"id":1}'])


@given(st.dictionaries(headers_sent, strange_text, max_size=6), types, bodies)
def test_any_request_is_read_or_refused(headers: dict[str, str], content_type: str, body: bytes) -> None:
    try:
        read_request(CE | {"Content-Type": content_type} | headers, body)
    except EnvelopeError as error:
        orjson.dumps([error.code, error.attribute, str(error)])  # a problem document can quote it


@given(clean_text, st.permutations(list(LEAST)), st.integers(-(2**31), 2**31 - 1), json_values)
def test_order_and_harmless_company_change_nothing(subject: str, order: list[str], number: int, data: object) -> None:
    """Integers, nulls, length and rare characters take longer ways through the checks; the result is the same."""
    event = {name: LEAST[name] for name in order} | {"subject": subject, "data": data}
    envelope = read_event(event)
    assert read_event(event | {"unset": None, "data_base64": None}) == envelope
    for company in ({"ext": number}, {"ext": "x" * 600}, {"ext": "\u3000"}):
        more = read_event(event | company)
        assert more[:-1] == envelope[:-1]
        assert json.loads(more.body) == json.loads(envelope.body) | company


@given(clean_text, clean_text)
def test_binary_and_structured_are_one_event(subject: str, extension: str) -> None:
    headers = CE | JSON | {"ce-subject": quote(subject), "ce-ext": quote(extension)}
    event = LEAST | {"datacontenttype": "application/json", "subject": subject, "ext": extension, "data": [1]}
    assert read_request(headers, b"[1]").members == read_request(STRUCTURED, orjson.dumps(event)).members


def test_the_short_cuts_of_the_checks_prove_what_they_claim() -> None:
    characters = map(chr, range(sys.maxunicode + 1))
    assert not [character for character in characters if character.isprintable() and DISALLOWED.match(character)]
    assert all(NAME.fullmatch(name) for name in TEXTS)


def test_the_digest_is_of_the_content_without_its_receipt() -> None:
    first = digest_of(read_event(LEAST | {"data": {"a": 1, "b": 2}}))
    assert len(first) == 16
    again = LEAST | {"data": {"b": 2, "a": 1}, "received": "2026-03-04T08:15:30Z"}
    assert digest_of(read_event(dict(reversed(again.items())))) == first
    assert digest_of(read_event(again | {"subject": "x"})) != first
