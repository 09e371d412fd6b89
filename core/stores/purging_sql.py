"""The SQL of retention: statements that look at rows in order, and statements that drop what was found.

They are written out, since each is used once, and since SQLAlchemy has no words for half of them. A ``FIND`` gives for
each row where the looking has come to (``after0``, ``after1``), whether the row ``goes``, and whether it is so young
that everything after it is younger still. A ``DROP`` looks again at whatever may have changed since.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple


class Find(NamedTuple):
    """A statement that looks at the next rows, and what comes before the first of them."""

    text: str
    beginning: tuple[Any, ...]


_NOT_OPEN: Final = 'NOT EXISTS (SELECT 1 FROM "case" AS c WHERE c.closed_at IS NULL AND {})'


def _by_number(table: str, number: str, at: str, goes: str = "") -> Find:
    """Looks at a table that grows at its end: the old rows come first."""
    return Find(
        f'SELECT "{number}" AS after0, {at} < :until {goes} AS goes, {at} >= :young AS is_young FROM {table}'
        f' WHERE "{number}" > :after0 ORDER BY "{number}" LIMIT :most',
        (-1,),
    )


def _by_name(table: str, names: tuple[str, ...], goes: str, more: str = "NULL AS more") -> Find:
    """Looks at all of a table, in the order of its names."""
    after = ", ".join(f":after{number}" for number in range(len(names)))
    columns = ", ".join(f"{name} AS after{number}" for number, name in enumerate(names))
    order = ", ".join(names)
    return Find(
        f"SELECT {columns}, {more}, {goes} AS goes, 0 AS is_young FROM {table}"
        f" WHERE ({order}) > ({after}) ORDER BY {order} LIMIT :most",
        ("",) * len(names),
    )


_OF_OPEN: Final = _NOT_OPEN.format("c.id = substr(outbox.key, 1, instr(outbox.key, '.') - 1)")
FIND: Final = {
    "quarantine": _by_number("quarantine", "row", "at"),
    # The last turn says under which configuration the store was written.
    "turns": _by_number("turn", "seq", "at", "AND seq < (SELECT max(seq) FROM turn)"),
    "notices": _by_number("outbox", "row", "created_at", f"AND state != 'pending' AND {_OF_OPEN}"),
    "access": _by_number("access", "row", "at"),
    "memories": _by_name(
        "memo",
        ("scenario", "key"),
        "newest < :until AND wake_at IS NULL AND "
        + _NOT_OPEN.format("c.scenario = memo.scenario AND c.key = memo.key"),
        "newest",
    ),
    "evidence_hashes": _by_name("brought", ("hash",), "at < :until AND " + _NOT_OPEN.format('c.id = brought."case"')),
    "purges": _by_name("purge", ("kind", "until"), "ended_at < :until"),
    "journals": Find(
        'SELECT closed_at AS after0, id AS after1, 0 AS is_young, NOT EXISTS (SELECT 1 FROM "case" AS c'
        ' WHERE c.closed_at IS NULL AND (c.parent = "case".id OR (c.scenario, c.key) = ("case".scenario, "case".key)))'
        ' AS goes FROM "case" WHERE closed_at < :until AND (closed_at, id) > (:after0, :after1)'
        " ORDER BY closed_at, id LIMIT :most",
        (-(2**63), ""),
    ),
}

_REDUCED: Final = 'EXISTS (SELECT 1 FROM "case" WHERE id = :case AND body = :reduced AND closed_at IS NOT NULL)'
_GONE: Final = 'NOT EXISTS (SELECT 1 FROM "case" WHERE id = :after1)'
DROP: Final = {
    "quarantine": ("DELETE FROM quarantine WHERE row = :after0",),
    "media": ("UPDATE event SET body = :body WHERE row = :row",),
    "events": ("DELETE FROM event WHERE row = :row",),
    "turns": ("DELETE FROM turn WHERE seq = :after0",),
    "notices": ("DELETE FROM outbox WHERE row = :after0 AND state != 'pending'",),
    "access": ("DELETE FROM access WHERE row = :after0",),
    "memories": (
        "DELETE FROM memo WHERE scenario = :after0 AND key = :after1 AND newest = :newest AND wake_at IS NULL",
    ),
    "evidence_hashes": ("DELETE FROM brought WHERE hash = :after0",),
    "purges": ("DELETE FROM purge WHERE kind = :after0 AND until = :after1",),
    "closed_cases": (
        'UPDATE "case" SET body = :reduced WHERE id = :case AND body = :body AND closed_at IS NOT NULL',
        f"DELETE FROM event WHERE row IN (SELECT value FROM json_each(:events)) AND {_REDUCED}",
        f"DELETE FROM outbox WHERE key > :case || '.' AND key < :case || '/' AND state != 'pending' AND {_REDUCED}",
    ),
    "journals": (
        'DELETE FROM "case" WHERE id = :after1 AND closed_at = :after0',
        f'DELETE FROM journal WHERE "case" = :after1 AND {_GONE}',
        f"DELETE FROM outbox WHERE key > :after1 || '.' AND key < :after1 || '/' AND {_GONE}",
    ),
}
"""What drops one row; the first statement counts."""

EVENTS: Final = (
    "SELECT row, id, source, received_at, type,"
    " EXISTS (SELECT 1 FROM quarantine AS q WHERE q.id = event.id AND q.source = event.source)"
    " FROM event WHERE row > :after AND row <= :last ORDER BY row LIMIT :most"
)
BODY: Final = "SELECT body FROM event WHERE row = :row"
EVENT: Final = "SELECT row, received_at FROM event WHERE id = :id AND source = :source"
CASES: Final = (
    'SELECT closed_at, id, rules, body FROM "case" WHERE closed_at < :until AND (closed_at, id) > (:after0, :after1)'
    " ORDER BY closed_at, id LIMIT :most"
)
NAMED_IN_JOURNAL: Final = "SELECT DISTINCT event FROM journal WHERE \"case\" = :case AND event != ''"
_EVIDENCE: Final = (
    "SELECT json_extract(e.value, '$.event') AS name"
    " FROM \"case\" AS c, json_each(CAST(c.body AS TEXT), '$.evidence') AS e WHERE name IN asked AND c.closed_at {}"
)
HELD: Final = (
    "WITH asked(name) AS MATERIALIZED (SELECT value FROM json_each(:names)) "
    f"{_EVIDENCE.format('IS NULL')} UNION {_EVIDENCE.format('>= :since')}"
    " UNION SELECT j.event FROM journal AS j WHERE j.row >= :row AND j.event IN asked"
    ' AND NOT EXISTS (SELECT 1 FROM "case" AS c WHERE c.id = j."case" AND c.closed_at < :cases_since)'
)
"""Of these events those that a case refers to which is open, or closed since ``cases_since``."""

LINE_FROM: Final = "SELECT at FROM journal WHERE row >= :row ORDER BY row LIMIT 1"
LAST_LINE: Final = "SELECT coalesce(max(row), 0) FROM journal"
LAST_EVENT: Final = "SELECT coalesce(max(row), 0) FROM event"

CURSORS: Final = {"events": "purged_events", "media": "purged_media", "closed_cases": "purged_cases"}
"""How far kinds have come whose rows may stay behind: kept in ``meta``."""

SWEPT: Final = "purged_at"
"""Up to when retention has come: its own day moves on in steps."""

CURSOR: Final = "SELECT value FROM meta WHERE name = :name"
PUT_CURSOR: Final = (
    "INSERT INTO meta (name, value) VALUES (:name, :value)"
    " ON CONFLICT (name) DO UPDATE SET value = max(value, excluded.value)"
)
PUT_SWEPT: Final = (
    "INSERT INTO meta (name, value) VALUES (:name, :value) ON CONFLICT (name) DO UPDATE SET value = excluded.value"
)
ADD_PURGE: Final = (
    "INSERT INTO purge (kind, until, days, began_at, ended_at, rows) VALUES (:kind, :until, :days, :at, :at, :rows)"
    " ON CONFLICT (kind, until) DO UPDATE SET rows = rows + excluded.rows, ended_at = excluded.ended_at,"
    " days = excluded.days"
)
PURGES: Final = (
    "SELECT kind, until, days, began_at, ended_at, rows FROM purge ORDER BY ended_at DESC, kind, until LIMIT :most"
)


def _count(table: str, number: str, at: str) -> str:
    first = f'SELECT {at} AS at FROM {table} WHERE "{number}" > :after ORDER BY "{number}" LIMIT :most'
    return f"SELECT count(*) FROM ({first}) WHERE at < :until"


def _count_all(table: str, old: str) -> str:
    return f"SELECT count(*) FROM (SELECT 1 FROM {table} WHERE {old} LIMIT :most)"


COUNT: Final = {
    "quarantine": _count("quarantine", "row", "at"),
    "media": _count("event", "row", "received_at"),
    "events": _count("event", "row", "received_at"),
    "turns": _count("turn", "seq", "at"),
    "notices": _count("outbox", "row", "created_at"),
    "access": _count("access", "row", "at"),
    "memories": _count_all("memo", "newest < :until AND wake_at IS NULL"),
    "evidence_hashes": _count_all("brought", "at < :until"),
    "purges": _count_all("purge", "ended_at < :until"),
    "closed_cases": _count_all('"case"', "closed_at < :until AND closed_at > :after"),
    "journals": _count_all('"case"', "closed_at < :until"),
}
