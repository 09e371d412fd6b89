"""The grammar that ``/openapi.json`` shows is the daemon's own: what one allows, the other takes, and nothing else."""

import re
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from civicloop.core.engine.answering import HASH, EvidenceItem
from civicloop.core.gateway.cloudevents import EnvelopeError, read_event
from civicloop.core.gateway.grammar import BASE64, JSON_TYPE, MEDIA_TYPE, TEXT, TIME, URI, URI_REFERENCE

PATTERNS = {
    "id": TEXT,
    "subject": TEXT,
    "place": TEXT,
    "source": URI_REFERENCE,
    "dataschema": URI,
    "time": TIME,
    "received": TIME,
    "datacontenttype": MEDIA_TYPE,
    "data_base64": BASE64,
}
TRICKY = st.sampled_from([*" \t\n\"\\%#:/?;=+-<>^`{|}[]~!'()AQgw09azTtZz.,", "é", "满", "\x7f", "\x9f", "\ufdd0"]) | (
    st.sampled_from(["\uffff", "\U0001fffe", "\U0010ffff", "\U0001f600", "%41", "%zz", "+json", "/json"])
)


def matches(pattern: str, text: str) -> bool:
    """As a schema means it: the end is the end, not a line's."""
    return re.fullmatch(pattern.removeprefix("^").removesuffix("$"), text) is not None


@st.composite
def nearly(draw: st.DrawFn, pattern: str) -> str:
    """A text of the pattern, or one in which a few characters are other ones, or a text of what is tricky."""
    text = draw(st.from_regex(pattern.removeprefix("^").removesuffix("$"), fullmatch=True))
    for _ in range(draw(st.integers(0, 2))):
        at = draw(st.integers(0, len(text)))
        text = text[:at] + draw(TRICKY | st.just("")) + text[at + draw(st.integers(0, 1)) :]
    return draw(st.sampled_from([text, draw(st.lists(TRICKY, max_size=6).map("".join))]))


def refused(**attributes: Any) -> str:
    """The code by which an event with these attributes is refused; empty when it is taken."""
    try:
        read_event({"specversion": "1.0", "id": "1", "source": "//s", "type": "t"} | attributes)
    except EnvelopeError as error:
        return error.code
    return ""


@pytest.mark.parametrize("name", PATTERNS)
@given(st.data())
def test_a_pattern_allows_what_the_daemon_takes(name: str, data: st.DataObject) -> None:
    text = data.draw(nearly(PATTERNS[name]))
    code, is_time = refused(**{name: text}), PATTERNS[name] is TIME
    if code == "too_long" or (is_time and (text[5:10] == "02-29" or text[17:19] == "60")):
        return  # what a pattern cannot say
    is_named = bool(text) or name == "data_base64"
    assert (matches(PATTERNS[name], text) and is_named) is (code == ""), code


@given(
    st.sampled_from(["0000", "0001", "0002", "0009", "0010", "0099", "0100", "0999", "1000", "9899", "9998", "9999"]),
    st.integers(0, 13),
    st.integers(0, 32),
)
def test_the_edges_of_the_calendar(year: str, month: int, day: int) -> None:
    text = f"{year}-{month:02}-{day:02}T00:00:00Z"
    assert matches(TIME, text) is (refused(time=text) == "") or (month, day) == (2, 29)


@given(nearly(MEDIA_TYPE) | nearly(JSON_TYPE))
@example("application/json")
@example("application/ld+json; charset=utf-8")
@example("text/JSON ")
@example("application/xjson")
@example("json/text;x=json")
def test_data_that_is_no_text_needs_a_type_of_json(kind: str) -> None:
    if refused(datacontenttype=kind) == "":
        assert matches(JSON_TYPE, kind) is (refused(datacontenttype=kind, data={}) == "")


@given(nearly(HASH))
def test_a_hash_is_one_to_the_schema_as_to_the_daemon(text: str) -> None:
    try:
        EvidenceItem(kind="photo", hash=text)
    except ValueError:
        assert not matches(HASH, text) or len(text) > 200
    else:
        assert matches(HASH, text)
