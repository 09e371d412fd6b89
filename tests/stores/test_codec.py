"""Round trips: whatever the model can say is read back exactly, whatever the values are."""

from datetime import UTC, datetime, timedelta, timezone
from enum import Enum
from typing import Any, get_args, get_origin, get_type_hints

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from civicloop.core.model.case import Case, Entry, OrderState
from civicloop.core.model.chain import Rules, encode_rules
from civicloop.core.model.limit import Count, Limit
from civicloop.core.model.notice import Notice
from civicloop.core.stores import codec
from civicloop.core.stores.casebook import KEPT_MAX, Casebook

from .desk import RULES, Desk

NEVER, ALWAYS = datetime(1, 1, 2), datetime(9999, 12, 30)  # noqa: DTZ001 - hypothesis adds the zone
times = st.datetimes(NEVER, ALWAYS, timezones=st.just(UTC))
numbers = st.integers(-(2**53), 2**53)
texts = st.text(max_size=8)
values = st.dictionaries(texts, texts | numbers | st.floats(allow_nan=False, allow_infinity=False), max_size=3)


def of(hint: Any) -> st.SearchStrategy[Any]:
    """Any value that the model's type hint allows and JSON can carry."""
    known = {str: texts, int: numbers, bool: st.booleans(), datetime: times, type(None): st.none()}
    parts = get_args(hint)
    if hint in known:
        return known[hint]
    if hint is Limit:
        return st.builds(Limit, st.integers(1, 10**6), of(Count))
    if get_origin(hint) is tuple:
        several = parts[-1] is Ellipsis
        return st.lists(of(parts[0]), max_size=2).map(tuple) if several else st.tuples(*map(of, parts))
    if get_origin(hint) is dict:
        return values
    if parts:
        return st.one_of(*map(of, parts))
    if issubclass(hint, Enum):
        return st.sampled_from(hint)
    return st.builds(hint, **{name: of(part) for name, part in get_type_hints(hint).items()})


cases = of(Case).map(lambda case: case._replace(rules=RULES))


@settings(max_examples=60, deadline=None)
@given(cases)
def test_a_case_comes_back_exactly(case: Case) -> None:
    found = codec.decode_case(codec.encode_case(case), RULES)
    assert found == case
    assert found.rules is RULES
    assert type(found.severity) is type(case.severity)
    assert found.opened_at.tzinfo is UTC
    assert all(type(order.state) is OrderState for track in found.tracks for order in track.orders)


@settings(max_examples=60, deadline=None)
@given(of(Rules))
def test_rules_come_back_exactly_and_under_the_same_digest(rules: Rules) -> None:
    digest = rules.digest
    found = codec.decode_rules(encode_rules(rules))
    assert found == rules
    assert found.digest == digest


@settings(max_examples=60, deadline=None)
@given(of(Notice), of(Entry))
def test_notices_and_entries_come_back_exactly(notice: Notice, entry: Entry) -> None:
    assert codec.decode_notice(codec.encode_notice(notice)) == notice
    assert codec.row_entry(codec.entry_row(entry)) == entry


@given(times, st.lists(st.tuples(texts, times), max_size=3).map(tuple))
def test_times_and_watchdogs_come_back_exactly(at: datetime, expects: tuple[tuple[str, datetime], ...]) -> None:
    assert codec.moment(codec.micros(at)) == at
    assert codec.decode_expects(codec.encode_expects(expects)) == expects


def test_other_zones_come_back_in_utc() -> None:
    at = datetime(2026, 5, 1, 8, tzinfo=timezone(timedelta(hours=8)))
    case = codec.decode_case(codec.encode_case(Desk.case(Desk(None), "x")._replace(newest=at)), RULES)  # type: ignore[arg-type]  # no store needed
    assert case.newest == at
    assert case.newest.tzinfo is UTC


def test_a_naive_time_is_refused() -> None:
    with pytest.raises(TypeError):
        codec.micros(datetime(2026, 5, 1))  # noqa: DTZ001 - naive on purpose


def test_a_row_from_before_a_field_existed_takes_its_default(desk: Desk) -> None:
    raw = orjson.loads(codec.encode_case(desk.case("x")))
    del raw["sightings"], raw["tracks"][0]["rework"]
    assert codec.decode_case(orjson.dumps(raw), RULES) == desk.case("x")


def test_a_casebook_decodes_the_same_bytes_once_and_stays_small(desk: Desk) -> None:
    asked: list[str] = []

    def find_rules(digest: str) -> bytes:
        asked.append(digest)
        return encode_rules(RULES)

    book = Casebook()
    rows: list[tuple[Any, ...]] = [
        (RULES.digest, codec.encode_case(desk.case(str(number)))) for number in range(KEPT_MAX + 5)
    ]
    first = book.read(rows, find_rules)
    again = book.read(rows, find_rules)
    assert first == again
    assert asked == [RULES.digest]
    assert book.read(rows[-1:], find_rules)[0] is again[-1]
    assert len(book._cases) == KEPT_MAX
