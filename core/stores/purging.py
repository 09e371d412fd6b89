"""What retention takes out of a store: found without holding anybody up, and dropped in short transactions.

Nothing is found that an open case needs. What an event says follows the cases that refer to it, as evidence or in their
journal: it stays as long as one of them is kept.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import orjson

from ..model.case import Case
from . import purging_sql as sql
from .codec import MICROSECOND, decode_case, decode_rules, encode_case, micros, moment
from .keeper import Found, Kind, Place, Purge, Purged, Row
from .link import Link
from .sqlite_turn import find_rules

LOOK_MAX: Final = 5_000
"""Rows that are looked at in one go."""

CASES_MAX: Final = 500
"""Closed cases that are looked at in one go, with the events they name."""

BYTES_MAX: Final = 8 * 2**20
"""Bytes of events that are held in memory at once to be written without their pictures."""

COUNT_MAX: Final = 100_000
"""Up to this many rows are counted before they are dropped; beyond it there are just many."""

SLACK: Final = timedelta(days=1)
"""By how much the times of rows may be out of order: clocks step, and facts may be a little ahead of them."""


def reduce(case: Case) -> Case:
    """What stays of a closed case whose time is over: its course, without evidence and without texts of the finding."""
    numbers: dict[str, str | int | float] = {
        name: value for name, value in case.variables.items() if not isinstance(value, str)
    }
    return case._replace(evidence=(), variables=numbers)


class SqlitePurger:
    """Retention's side of a store."""

    path: Path | None
    _reads: Link
    _writes: Link
    _busy_seconds: float

    def find_purgeable(self, purge: Purge, after: Place | None = None) -> Found:
        """The next rows that a purge may drop, ``after`` where the last look has come to.

        Reads on a connection of its own, so that it may run in another thread and take its time.
        """
        with self._aside() as link, link.in_words():
            if purge.kind in (Kind.EVENTS, Kind.MEDIA):
                return _find_events(link, purge, after)
            if purge.kind is Kind.CLOSED_CASES:
                return _find_cases(link, purge, after)
            return _find_rows(link, purge, after)

    def purge(self, purge: Purge, rows: Sequence[Row], passed: Place | None, now: datetime) -> int:
        """Drop a piece of what was found, and write down that it was; returns how many rows are gone.

        ``passed`` comes with the last piece: from there on looks whoever comes next, in whichever process.
        """
        with self._writes.transaction() as raw, self._writes.in_words():
            changed = [raw.executemany(statement, rows).rowcount for statement in sql.DROP[purge.kind] if rows]
            gone = changed[0] if changed else 0
            if gone:
                told = {"kind": purge.kind.value, "until": micros(purge.until), "days": purge.days}
                raw.execute(sql.ADD_PURGE, told | {"at": micros(now), "rows": gone})
            if passed is not None and (name := sql.CURSORS.get(purge.kind)):
                raw.execute(sql.PUT_CURSOR, {"name": name, "value": passed[-1]})
        return gone

    def advance(self, now: datetime, most: timedelta) -> datetime:
        """Retention's own time: ``now``, but at most so much later than it was the last time.

        A clock that is years ahead for an hour must not have years of data dropped.
        """
        with self._writes.transaction() as raw, self._writes.in_words():
            row = raw.execute(sql.CURSOR, {"name": sql.SWEPT}).fetchone()
            at = min(now, moment(row[0]) + most) if row else now
            raw.execute(sql.PUT_SWEPT, {"name": sql.SWEPT, "value": micros(at)})
        return at

    def count_purgeable(self, purge: Purge) -> int:
        """How many rows are old enough, up to ``COUNT_MAX``; those that cases need are among them."""
        with self._reads.lock, self._reads.in_words():
            after = _cursor(self._reads, purge.kind)
            given = {"until": micros(purge.until), "most": COUNT_MAX, "after": after}
            return int(self._reads.raw.execute(sql.COUNT[purge.kind], given).fetchone()[0])

    def purges(self, most: int) -> list[Purged]:
        """What was purged, the latest first."""
        with self._reads.lock, self._reads.in_words():
            rows = self._reads.raw.execute(sql.PURGES, {"most": most}).fetchall()
        return [
            Purged(kind, moment(until), days, moment(began), moment(ended), count)
            for kind, until, days, began, ended, count in rows
        ]

    @contextmanager
    def _aside(self) -> Iterator[Link]:
        if self.path is None:
            with self._reads.lock:
                yield self._reads
            return
        link = Link(self.path, self._busy_seconds)
        try:
            with link.in_words():
                link.raw.execute("BEGIN")
            yield link
        finally:
            link.close()


def _cursor(link: Link, kind: Kind) -> int:
    row = link.raw.execute(sql.CURSOR, {"name": sql.CURSORS.get(kind, "")}).fetchone()
    return int(row[0]) if row else 0


def _find_rows(link: Link, purge: Purge, after: Place | None) -> Found:
    find = sql.FIND[purge.kind]
    given = {"until": micros(purge.until), "young": micros(purge.until + SLACK), "most": LOOK_MAX}
    start = after or find.beginning
    cursor = link.raw.execute(find.text, given | {f"after{at}": one for at, one in enumerate(start)})
    names = [column[0] for column in cursor.description]
    rows = [dict(zip(names, row, strict=True)) for row in cursor]
    if not rows:
        return Found((), None, is_last=True)
    passed = tuple(rows[-1][f"after{at}"] for at in range(len(start)))
    is_last = len(rows) < LOOK_MAX or bool(rows[-1]["is_young"])
    return Found(tuple(row for row in rows if row["goes"]), passed, is_last)


# events ----------------------------------------------------------------------------------------------------------


def _find_events(link: Link, purge: Purge, after: Place | None) -> Found:
    """Events that no kept case refers to, or their references to pictures; what may be judged again stays as it is."""
    start = after or (_cursor(link, purge.kind),)
    until = micros(purge.until - SLACK) if purge.kind is Kind.EVENTS else micros(purge.until)
    (last,) = link.raw.execute(sql.LAST_EVENT).fetchone()
    old: list[Any] = []
    for row in link.raw.execute(sql.EVENTS, {"after": start[0], "last": last, "most": LOOK_MAX}):
        if row[3] >= until:
            break
        old.append(row)
    if not old:
        return Found((), None, is_last=True)
    held = _held(link, purge, {_name(source, name) for _, name, source, *_ in old}, min(row[3] for row in old))
    free = [row for row in old if not row[5] and _name(row[2], row[1]) not in held]
    if purge.kind is Kind.EVENTS:
        return Found(tuple({"row": row[0]} for row in free), (old[-1][0],), len(old) < LOOK_MAX)
    goes: list[Row] = []
    size = 0
    for row in free:
        if body := _without(link, row[0], row[4], purge.media):
            goes.append({"row": row[0], "body": body})
            size += len(body)
            if size > BYTES_MAX:
                return Found(tuple(goes), (row[0],), is_last=False)
    return Found(tuple(goes), (old[-1][0],), len(old) < LOOK_MAX)


def _name(source: str, name: str) -> str:
    return f"{source}#{name}"


def _without(link: Link, row: int, type: str, media: tuple[str, ...]) -> bytes | None:
    """The envelope without its references to pictures; ``None`` where it has none, or is an answer."""
    if type.startswith("loop."):
        return None
    (body,) = link.raw.execute(sql.BODY, {"row": row}).fetchone()
    if not any(name.encode() in body for name in media):
        return None
    envelope = orjson.loads(body)
    data = envelope.get("data")
    if not isinstance(data, dict) or not any(data.get(name) is not None for name in media):
        return None
    envelope["data"] = {name: value for name, value in data.items() if name not in media}
    return orjson.dumps(envelope)


def _held(link: Link, purge: Purge, names: Collection[str], since: int) -> set[str]:
    """Of these events, of which the oldest was received at ``since``, those that a kept case refers to.

    A case that closed before the event came cannot refer to it, nor can a line of the journal that was written before.
    """
    # SQLite's JSON cuts a text at a NUL: such a name is never found to be free.
    odd = {name for name in names if "\0" in name}
    since -= SLACK // MICROSECOND
    given = {
        "names": orjson.dumps([name for name in names if name not in odd]).decode(),
        "since": max(since, micros(purge.cases_since)),
        "cases_since": micros(purge.cases_since),
        "row": _line_since(link, since),
    }
    return odd | {name for (name,) in link.raw.execute(sql.HELD, given)}


def _line_since(link: Link, since: int) -> int:
    """The number of the first line of the journal that was written at or after an instant."""
    (last,) = link.raw.execute(sql.LAST_LINE).fetchone()

    def written(row: int) -> int:
        found = link.raw.execute(sql.LINE_FROM, {"row": row}).fetchone()
        return int(found[0]) if found else since

    return bisect_left(range(last + 1), since, key=written)


# cases -----------------------------------------------------------------------------------------------------------


def _find_cases(link: Link, purge: Purge, after: Place | None) -> Found:
    """Closed cases to reduce, each with the events that no other case needs and whose own time is over."""
    start = after or (_cursor(link, purge.kind), "￿")
    given = {"after0": start[0], "after1": start[1], "until": micros(purge.until), "most": CASES_MAX}
    rows = link.raw.execute(sql.CASES, given).fetchall()
    if not rows:
        return Found((), None, is_last=True)
    is_last = len(rows) < CASES_MAX
    goes: list[Row] = []
    named: list[tuple[Row, dict[str, tuple[int, int]]]] = []
    rules = {digest: decode_rules(find_rules(link, digest)) for digest in {row[2] for row in rows}}
    for _, name, digest, body in rows:
        case = decode_case(body, rules[digest])
        row: Row = {"case": name, "body": body, "reduced": encode_case(reduce(case)), "events": "[]"}
        goes.append(row)
        named.append((row, _events_of(link, case)))
    known = {name: at for _, events in named for name, (_, at) in events.items()}
    held = _held(link, purge, known, min(known.values())) if known else set()
    for row, events in named:
        row["events"] = orjson.dumps([number for name, (number, _) in events.items() if name not in held]).decode()
    closed_at, name, *_ = rows[-1]
    # Where the looking ends among cases that closed in one instant, whoever comes next looks at these again.
    return Found(tuple(goes), (closed_at, name, closed_at if is_last else closed_at - 1), is_last)


def _events_of(link: Link, case: Case) -> dict[str, tuple[int, int]]:
    """The stored events that a case names and whose own time is over: by name the row, and when it was received."""
    seen_to = _cursor(link, Kind.EVENTS)
    names = {one.event for one in case.evidence}
    names |= {name for (name,) in link.raw.execute(sql.NAMED_IN_JOURNAL, {"case": case.id})}
    found: dict[str, tuple[int, int]] = {}
    for name in names:
        # A source as well as an id may have a # in it.
        for at in (at for at, sign in enumerate(name) if sign == "#"):
            given = {"source": name[:at], "id": name[at + 1 :]}
            row = link.raw.execute(sql.EVENT, given).fetchone()
            if row is not None and row[0] <= seen_to:
                found[name] = row
    return found
