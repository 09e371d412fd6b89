"""Values of the model to JSON and back: what stands in the blobs and number columns of a store."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import is_dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from types import UnionType
from typing import Any, Final, TypeVar, Union, get_args, get_origin, get_type_hints

import orjson

from ..model.case import Case, Entry, Reason
from ..model.chain import Rules
from ..model.notice import Notice

T = TypeVar("T")
Convert = Callable[[Any], Any]

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)


def micros(at: datetime) -> int:
    """An aware instant as microseconds since the epoch; a naive one raises ``TypeError``."""
    return (at - EPOCH) // MICROSECOND


def micros_or_none(at: datetime | None) -> int | None:
    """``micros`` that lets ``None`` through."""
    return None if at is None else (at - EPOCH) // MICROSECOND


def moment(count: int) -> datetime:
    """Microseconds since the epoch as an aware instant in UTC."""
    return EPOCH + timedelta(0, 0, count)


def moment_or_none(count: int | None) -> datetime | None:
    """``moment`` that lets ``None`` through."""
    return None if count is None else EPOCH + timedelta(0, 0, count)


# --- readers, made once from the type hints of the model, so that a new field needs no second place


def _instant(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    return at if at.tzinfo is UTC else at.astimezone(UTC)


def _converter(hint: Any) -> Convert | None:
    """What turns JSON into ``hint``; ``None`` where JSON already says it exactly."""
    if get_origin(hint) in (Union, UnionType):
        inner = [part for part in get_args(hint) if part is not type(None)]
        return _converter(inner[0]) if len(inner) == 1 else None
    if get_origin(hint) is tuple:
        return _tuple_converter(get_args(hint))
    if hint is datetime:
        return _instant
    if isinstance(hint, type) and issubclass(hint, Enum):
        return {member.value: member for member in hint}.__getitem__
    return reader(hint) if is_record(hint) else None


def _tuple_converter(parts: tuple[Any, ...]) -> Convert:
    if parts[-1] is Ellipsis:
        each = _converter(parts[0])
        return tuple if each is None else lambda values: tuple(map(each, values)) if values else ()
    converts = [_converter(part) or (lambda value: value) for part in parts]
    return lambda values: tuple(convert(value) for convert, value in zip(converts, values, strict=True))


def reader(cls: Callable[..., T], leave_out: str = "") -> Callable[[dict[str, Any]], T]:
    """A function that builds ``cls`` from its JSON object, which it uses up; ``leave_out`` is there already.

    A field that the text does not have keeps its default: rows written by an older version stay readable.
    """
    hints = {name: hint for name, hint in get_type_hints(cls).items() if name != leave_out}
    steps = tuple((name, convert) for name, hint in hints.items() if (convert := _converter(hint)) is not None)

    def read(raw: dict[str, Any]) -> T:
        for name, convert in steps:
            value = raw.get(name)
            if value is not None:
                raw[name] = convert(value)
        return cls(**raw)

    return read


def is_record(hint: Any) -> bool:
    """Whether this is a type of named fields: a frozen dataclass or a named tuple."""
    return isinstance(hint, type) and (is_dataclass(hint) or hasattr(hint, "_fields"))


def _members(record: Any) -> dict[str, Any]:
    """A record inside a record, as orjson asks for it: it writes named tuples only by name."""
    members: dict[str, Any] = record._asdict()
    return members


_read_case: Final = reader(Case, leave_out="rules")
_read_rules: Final = reader(Rules)
_read_notice: Final = reader(Notice)
_REASONS: Final = {reason.value: reason for reason in Reason}


# --- what is stored


def encode_case(case: Case) -> bytes:
    """The case as JSON, without its rules: the row names their digest."""
    members = _members(case)
    del members["rules"]
    return orjson.dumps(members, default=_members)


def decode_case(body: bytes, rules: Rules) -> Case:
    """The case of ``body`` under its ``rules``, which many cases share."""
    raw = orjson.loads(body)
    raw["rules"] = rules
    return _read_case(raw)


def decode_rules(body: bytes) -> Rules:
    """The rules that ``model.chain.encode_rules`` wrote."""
    return _read_rules(orjson.loads(body))


def encode_notice(notice: Notice) -> bytes:
    """The notice as JSON, field by field."""
    return orjson.dumps(_members(notice))


def decode_notice(body: bytes) -> Notice:
    """The notice that ``encode_notice`` wrote."""
    return _read_notice(orjson.loads(body))


def encode_expects(expects: Sequence[tuple[str, datetime]], asleep: int = 0) -> str:
    """Armed watchdogs as a JSON array of name and microseconds, ``asleep`` microseconds early."""
    return orjson.dumps([(name, micros(by) - asleep) for name, by in expects]).decode()


def decode_expects(text: str, asleep: int = 0) -> tuple[tuple[str, datetime], ...]:
    """The watchdogs that ``encode_expects`` wrote."""
    return tuple((name, moment(by + asleep)) for name, by in orjson.loads(text))


def entry_row(entry: Entry) -> tuple[Any, ...]:
    """A line of the journal as column values, in the order of its fields."""
    seq, at, case, ref, track, reason, step, loop, party, due, by, event = entry
    return (seq, micros(at), case, ref, track, str(reason), step, loop, party, micros_or_none(due), by, event)


def row_entry(row: Sequence[Any]) -> Entry:
    """The line of the journal that ``entry_row`` laid out."""
    seq, at, case, ref, track, reason, step, loop, party, due, by, event = row
    return Entry(seq, moment(at), case, ref, track, _REASONS[reason], step, loop, party, moment_or_none(due), by, event)
