"""The SQL of a store, written in SQLAlchemy Core and compiled once.

Per-row work of SQLAlchemy would cost more than the rest of a turn, so what runs is the text with plain tuples: an
insert takes the values in the order of its table's columns (without the row number), other statements take them in the
order of ``Sql.names``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    CTE,
    ColumnElement,
    Select,
    Table,
    and_,
    bindparam,
    delete,
    exists,
    func,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.sql import Executable
from sqlalchemy.sql.elements import CompilerElement

from .base import EventState, OutboxState
from .schema import (
    DEAD,
    DELAYED,
    DIALECT,
    NOT_ACCEPTED,
    OPEN,
    ORDINARY,
    PENDING,
    UNHEARD,
    URGENT,
    access,
    brought,
    case,
    case_party,
    conduct,
    event,
    journal,
    memo,
    meta,
    outbox,
    quarantine,
    rulebook,
    token,
    turn,
)


class Sql(NamedTuple):
    """A compiled statement: its text, and the names of its values in order."""

    text: str
    names: tuple[str, ...]

    def values(self, given: dict[str, Any]) -> tuple[Any, ...]:
        """The values in the statement's order."""
        return tuple([given[name] for name in self.names])


def sql(statement: Executable) -> Sql:
    """The statement as SQLite's driver takes it."""
    assert isinstance(statement, CompilerElement)
    # Everything that is no bindparam of ours is a constant of the statement and stands in its text.
    compiled = statement.compile(dialect=DIALECT, compile_kwargs={"render_postcompile": True})
    names = tuple(getattr(compiled, "positiontup", None) or ())
    return Sql(str(compiled), names)


def _ask(name: str) -> ColumnElement[Any]:
    return bindparam(name)


def _first(read: Select[Any], most: ColumnElement[Any] | None = None) -> Select[Any]:
    # Without an offset of ours SQLAlchemy would add one as a value, and every caller would have to name it.
    return read.limit(bindparam("most") if most is None else most).offset(literal_column("0"))


def _inserting(table: Table) -> Any:
    names = [column.name for column in table.columns if not (column.primary_key and column.name in ("row", "seq"))]
    return insert(table).values({name: bindparam(name) for name in names})


def _replacing(table: Table, key: tuple[str, ...], fixed: tuple[str, ...] = ()) -> Sql:
    """Insert a row or bring it up to date; ``fixed`` columns never change, and would cost index writes for nothing."""
    statement = _inserting(table)
    kept = {"row", *key, *fixed}
    changed = {column.name: statement.excluded[column.name] for column in table.columns if column.name not in kept}
    return sql(statement.on_conflict_do_update(index_elements=list(key), set_=changed))


class Lookup(NamedTuple):
    """A read of many keys: ``many`` takes them as one JSON array, ``one`` takes the parts of a single key."""

    many: Sql
    one: Sql


def _lookup(
    columns: list[Any], parts: int, matches: Callable[[list[ColumnElement[Any]]], ColumnElement[bool]]
) -> Lookup:
    """A lookup of keys with so many ``parts``; ``matches`` says which rows a key means."""
    asked = func.json_each(bindparam("asked")).table_valued("value", name="asked")
    value: ColumnElement[Any] = asked.c.value
    apart: list[ColumnElement[Any]] = [
        func.json_extract(value, literal_column(f"'$[{part}]'")) for part in range(parts)
    ]
    many = select(*columns).select_from(asked).where(matches([value] if parts == 1 else apart))
    single: list[ColumnElement[Any]] = [bindparam(f"part{part}") for part in range(parts)]
    one = select(*columns).where(matches(single))
    return Lookup(sql(many), sql(one))


# --- what a turn reads

SEEN: Final = _lookup(
    [event.c.id, event.c.source, event.c.digest], 2, lambda key: and_(event.c.id == key[0], event.c.source == key[1])
)
MEMOS: Final = _lookup(list(memo.c), 2, lambda key: and_(memo.c.scenario == key[0], memo.c.key == key[1]))
_CASE: Final = [case.c.rules, case.c.body]
CASES: Final = _lookup(_CASE, 1, lambda key: case.c.id == key[0])
PARTITIONS: Final = _lookup([case.c.id, case.c.partition], 1, lambda key: case.c.id == key[0])


def _current(key: list[ColumnElement[Any]]) -> ColumnElement[bool]:
    rounds = case.alias("rounds")
    same = and_(rounds.c.scenario == key[0], rounds.c.key == key[1])
    still_open = select(rounds.c.id).where(same, rounds.c.closed_at.is_(None)).scalar_subquery()
    newest = _first(select(rounds.c.id).where(same).order_by(rounds.c.round.desc()), literal_column("1"))
    return case.c.id == func.coalesce(still_open, newest.scalar_subquery())


LATEST: Final = _lookup(_CASE, 2, _current)
BROUGHT: Final = _lookup([brought.c.hash], 1, lambda key: brought.c.hash == key[0])
CONDUCT: Final = _lookup(list(conduct.c), 2, lambda key: and_(conduct.c.place == key[0], conduct.c.role == key[1]))
INSIDE: Final = func.json_each(bindparam("places")).table_valued("value")
WAS_ASKED: Final = exists().where(
    case_party.c.party == _ask("party"), case_party.c.opened_at == case.c.opened_at, case_party.c.case == case.c.id
)
ASKED: Final = sql(
    _first(
        select(*_CASE)
        .where(OPEN, case.c.place.concat(literal_column("''")).in_(select(INSIDE.c.value)), WAS_ASKED)
        .order_by(case.c.opened_at.desc(), case.c.id.desc())
    )
)
RULES: Final = sql(select(rulebook.c.body).where(rulebook.c.digest == _ask("digest")))
DUE_CASES: Final = sql(
    _first(select(*_CASE).where(OPEN, case.c.wake_at <= _ask("now")).order_by(case.c.wake_at, case.c.id))
)
DUE_MEMOS: Final = sql(
    _first(select(*memo.c).where(memo.c.wake_at <= _ask("now")).order_by(memo.c.wake_at, memo.c.scenario, memo.c.key))
)

# --- what a turn writes

ADD_EVENT: Final = sql(_inserting(event))
PUT_QUARANTINED: Final = _replacing(quarantine, ("id", "source", "scenario"))
PARTITION_OF_EVENT: Final = sql(
    select(event.c.partition).where(event.c.id == _ask("id"), event.c.source == _ask("source"))
)
RELEASE: Final = sql(
    delete(quarantine).where(
        quarantine.c.id == _ask("id"), quarantine.c.source == _ask("source"), quarantine.c.scenario == _ask("scenario")
    )
)
ACCEPT_RELEASED: Final = sql(
    update(event)
    .where(
        event.c.id == _ask("of_id"),
        event.c.source == _ask("of_source"),
        event.c.state == literal_column(f"'{EventState.QUARANTINED.value}'"),
        ~exists().where(quarantine.c.id == event.c.id, quarantine.c.source == event.c.source),
    )
    .values(state=literal_column(f"'{EventState.ACCEPTED.value}'"))
)
PUT_MEMO: Final = _replacing(memo, ("scenario", "key"))
ADD_RULES: Final = sql(_inserting(rulebook).on_conflict_do_nothing())
_FIXED: Final = ("scenario", "key", "round", "partition", "place", "opened_at", "parent")
PUT_CASE: Final = _replacing(case, ("id",), fixed=_FIXED)
ADD_PARTY: Final = sql(_inserting(case_party).on_conflict_do_nothing())
ADD_BROUGHT: Final = sql(_inserting(brought).on_conflict_do_nothing())
PUT_CONDUCT: Final = _replacing(conduct, ("place", "role"))
_HEAD: Final = [journal.c.case, journal.c.seq, journal.c.hash]
HEADS: Final = _lookup(_HEAD, 2, lambda key: and_(journal.c.case == key[0], journal.c.seq == key[1]))
ADD_ENTRY: Final = sql(_inserting(journal))
ADD_NOTICE: Final = sql(_inserting(outbox).on_conflict_do_nothing())
ADD_TURN: Final = sql(_inserting(turn))
LAST_TURN: Final = sql(select(func.coalesce(func.max(turn.c.seq), literal_column("0"))))
PUT_META: Final = _replacing(meta, ("name",))
_RAISING = _inserting(meta)
RAISE_META: Final = sql(
    _RAISING.on_conflict_do_update(
        index_elements=["name"],
        set_={"value": _RAISING.excluded.value},
        where=meta.c.value < _RAISING.excluded.value,
    )
)

# --- watchdogs and the clock

META: Final = sql(select(meta.c.value).where(meta.c.name == _ask("name")))


def _noted(name: str) -> ColumnElement[Any]:
    """A number of the house, 0 where it was never written."""
    value = select(meta.c.value).where(meta.c.name == literal_column(f"'{name}'")).scalar_subquery()
    return func.coalesce(value, literal_column("0"))


SLEEP: Final = sql(select(_noted("asleep"), _noted("alive_at"), _noted("wait_max"), _noted("back_at")))
NEXT_DUE: Final = sql(
    select(
        select(func.min(case.c.wake_at)).where(OPEN).scalar_subquery(),
        select(func.min(memo.c.wake_at)).where(memo.c.wake_at.is_not(None)).scalar_subquery(),
        _noted("asleep"),
    )
)
ARMED_BY: Final = sql(
    select(memo.c.scenario, memo.c.key, memo.c.expects, memo.c.wake_at).where(memo.c.wake_at <= _ask("ran_out"))
)
REARM: Final = sql(
    update(memo)
    .where(memo.c.scenario == _ask("of_scenario"), memo.c.key == _ask("of_key"))
    .values(expects=_ask("armed"), wake_at=_ask("wake"))
)

# --- readers

_EVENT: Final = [column for column in event.c if column.name != "row"]
EVENT: Final = sql(select(*_EVENT).where(event.c.id == _ask("id"), event.c.source == _ask("source")))
UNHEARD_TYPES: Final = sql(select(event.c.type, func.count()).where(UNHEARD).group_by(event.c.type))
_KEPT: Final = [column for column in quarantine.c if column.name not in ("row", "partition")]
QUARANTINE: Final = sql(_first(select(*_KEPT).order_by(quarantine.c.row)))
CHILDREN: Final = sql(
    _first(select(*_CASE).where(case.c.parent == _ask("parent")).order_by(case.c.opened_at.desc(), case.c.id.desc()))
)
_ENTRY: Final = [column for column in journal.c if column.name not in ("row", "v", "partition", "hash")]
JOURNAL: Final = sql(select(*_ENTRY).where(journal.c.case == _ask("case")).order_by(journal.c.seq))
JOURNAL_AFTER: Final = sql(
    _first(select(journal.c.row, *_ENTRY).where(journal.c.row > _ask("after")).order_by(journal.c.row))
)
COUNTS: Final = {
    name: sql(select(func.count()).select_from(table).where(*conditions))
    for name, table, conditions in (
        ("events", event, ()),
        ("quarantined", quarantine, ()),
        ("cases", case, ()),
        ("open_cases", case, (OPEN,)),
        ("pending_notices", outbox, (PENDING,)),
        ("dead_notices", outbox, (DEAD,)),
        ("armed_watchdogs", memo, (memo.c.wake_at.is_not(None),)),
    )
}


@lru_cache
def events_after(state: EventState | None) -> Sql:
    """Stored events in order of arrival, of one state or of all."""
    read = select(event.c.row, *_EVENT).where(event.c.row > _ask("after"))
    if state is not None:
        read = read.where(event.c.state == literal_column(f"'{state.value}'"))
    if state not in (None, EventState.ACCEPTED):
        read = read.where(NOT_ACCEPTED)
    return sql(_first(read.order_by(event.c.row)))


# --- the courier

_OWED: Final = [outbox.c.body, outbox.c.channel, outbox.c.state, outbox.c.attempts, outbox.c.next_at, outbox.c.error]
_NAMED: Final = and_(outbox.c.key == _ask("of_key"), outbox.c.channel == _ask("of_channel"))
OWED: Final = {
    is_urgent: sql(
        _first(
            select(*_OWED)
            .where(lane, outbox.c.next_at <= _ask("now"), outbox.c.channel == _ask("channel"))
            .order_by(outbox.c.severity, outbox.c.created_at, outbox.c.row)
        )
    )
    for is_urgent, lane in ((None, PENDING), (True, URGENT), (False, ORDINARY))
}


def _waiting() -> CTE:
    """The channels with pending notices, each found by one jump in the index however many notices wait."""
    first = select(func.min(outbox.c.channel).label("channel")).where(PENDING).cte("waiting", recursive=True)
    following = select(func.min(outbox.c.channel)).where(PENDING, outbox.c.channel > first.c.channel)
    return first.union_all(select(following.scalar_subquery()).where(first.c.channel.is_not(None)))


_CHANNELS: Final = _waiting()
CHANNELS_OWED: Final = sql(select(_CHANNELS.c.channel).where(_CHANNELS.c.channel.is_not(None)))
DEAD_LETTERS: Final = sql(_first(select(*_OWED).where(DEAD).order_by(outbox.c.created_at, outbox.c.row)))


def _settle(state: OutboxState, **values: ColumnElement[Any]) -> Any:
    return (
        update(outbox)
        .where(_NAMED)
        .values(state=literal_column(f"'{state.value}'"), attempts=outbox.c.attempts + literal_column("1"), **values)
    )


DELIVERED: Final = sql(
    _settle(OutboxState.DELIVERED, delivered_at=_ask("now"), error=literal_column("''")).where(
        outbox.c.delivered_at.is_(None)
    )
)
RETRY_LATER: Final = sql(_settle(OutboxState.PENDING, next_at=_ask("at"), error=_ask("why")).where(PENDING))
GIVE_UP: Final = sql(
    _settle(OutboxState.DEAD, error=_ask("why"))
    .where(PENDING)
    .returning(outbox.c.order, outbox.c.person, outbox.c.partition)
)
UNDER_WAY: Final = sql(
    select(outbox.c.channel).where(outbox.c.key == _ask("key"), or_(PENDING, outbox.c.delivered_at.is_not(None)))
)
_YET_TO_COME: Final = and_(
    DELAYED,
    outbox.c.order == _ask("of_order"),
    outbox.c.next_at > _ask("now"),
    outbox.c.attempts == literal_column("0"),
)
SILENCE: Final = sql(
    update(outbox).where(_YET_TO_COME).values(state=literal_column(f"'{OutboxState.WITHDRAWN.value}'"))
)
_OF_PERSON: Final = and_(_YET_TO_COME, outbox.c.person == _ask("of_person"))
_NEXT_PAGE: Final = select(func.min(outbox.c.next_at)).where(_OF_PERSON).correlate(None).scalar_subquery()
BRING_FORWARD: Final = sql(update(outbox).where(_OF_PERSON, outbox.c.next_at == _NEXT_PAGE).values(next_at=_ask("now")))
_REVIVED: Final = (
    update(outbox)
    .where(DEAD)
    .values(
        state=literal_column(f"'{OutboxState.PENDING.value}'"),
        attempts=literal_column("0"),
        next_at=_ask("at"),
    )
)
REVIVE_ALL: Final = sql(_REVIVED)
REVIVE: Final = sql(_REVIVED.where(outbox.c.key == _ask("of_key")))

# --- tokens and access

ADD_TOKEN: Final = sql(_inserting(token))
TOKEN: Final = sql(select(*token.c).where(token.c.hash == _ask("hash")))
TOKENS: Final = sql(select(*token.c).order_by(token.c.name))
DROP_TOKEN: Final = sql(delete(token).where(token.c.name == _ask("name")))
ADD_ACCESS: Final = sql(_inserting(access))
ACCESSES: Final = sql(
    _first(select(access.c.at, access.c.reader, access.c.what, access.c.purpose).order_by(access.c.row.desc()))
)
