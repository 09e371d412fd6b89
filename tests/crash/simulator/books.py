"""What stands in the database, read by a connection of the watcher's own, past every cache of the store."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from civicloop.core.engine.chronicle import AWAY, RETRIED, SOURCE
from civicloop.core.model.case import Case, Entry
from civicloop.core.model.chain import Rules
from civicloop.core.model.notice import Notice
from civicloop.core.stores.base import EventState, OutboxState
from civicloop.core.stores.codec import (
    decode_case,
    decode_expects,
    decode_notice,
    decode_rules,
    micros,
    moment,
    moment_or_none,
    row_entry,
)


class Kept(NamedTuple):
    """A case as its row has it: the case itself, and the columns that are looked up by."""

    case: Case
    wake_at: datetime | None
    closed_at: datetime | None
    late_at: datetime | None


class Posted(NamedTuple):
    """A row of the outbox."""

    row: int
    notice: Notice
    channel: str
    state: OutboxState
    attempts: int
    next_at: datetime
    created_at: datetime
    delivered_at: datetime | None
    error: str


TABLES = {
    "journal": 'SELECT seq, at, "case", ref, track, reason, step, party, due, by, event FROM journal ORDER BY row',
    "case": 'SELECT id, scenario, "key", stage, wake_at, late_at, closed_at, body FROM "case" ORDER BY id',
    "event": "SELECT id, source, at, received_at, place, state FROM event ORDER BY row",
    "memo": "SELECT * FROM memo ORDER BY scenario, key",
    "quarantine": "SELECT id, source, scenario, at, reason, why FROM quarantine ORDER BY id, source, scenario",
    "brought": "SELECT * FROM brought ORDER BY hash",
    "conduct": "SELECT * FROM conduct ORDER BY place, role",
    "outbox": "SELECT key, channel, body FROM outbox WHERE key NOT LIKE '%.undelivered' ORDER BY key, channel",
}
"""What two weeks are compared by, and a copy with what it was made from."""

Armed = dict[tuple[str, str, str], datetime]

_HEARD = "SELECT row, source, id, type, subject, at, place FROM event WHERE row > ? AND state = ? ORDER BY row"
_NEWEST = 'SELECT max(newest) FROM memo WHERE scenario = ? AND "key" = ?'
_COUNTED = (
    "SELECT scenario, sum(json_extract(CAST(memory AS TEXT), '$.count')) FROM memo"
    " WHERE scenario LIKE 'sim.%' GROUP BY scenario"
)
_CASES = 'SELECT rules, body, wake_at, closed_at, late_at FROM "case" WHERE '
_POST = "SELECT row, body, channel, state, attempts, next_at, created_at, delivered_at, error FROM outbox WHERE "
_ENTRIES = 'SELECT row, seq, at, "case", ref, track, reason, step, loop, party, due, by, event FROM journal WHERE '


class Heard(NamedTuple):
    """A fact that was accepted."""

    row: int
    source: str
    id: str
    type: str
    subject: str
    at: datetime
    place: str


class Books:
    """The stored state."""

    def __init__(self, path: Path) -> None:
        self._raw = sqlite3.connect(path, isolation_level=None)
        self._rules: dict[str, Rules] = {}

    def close(self) -> None:
        self._raw.close()

    def rows(self, statement: str, *given: Any) -> list[Any]:
        return self._raw.execute(statement, given).fetchall()

    def cases(self, ids: Iterable[str]) -> list[Kept]:
        named = list(ids)
        marks = ",".join("?" * len(named))
        return [self._kept(row) for row in self.rows(f"{_CASES} id IN ({marks})", *named)]

    def all_cases(self) -> list[Kept]:
        return [self._kept(row) for row in self.rows(f"{_CASES} TRUE ORDER BY opened_at, id")]

    def _kept(self, row: Any) -> Kept:
        digest, body, *times = row
        if digest not in self._rules:
            ((text,),) = self.rows("SELECT body FROM rulebook WHERE digest = ?", digest)
            self._rules[digest] = decode_rules(text)
        return Kept(decode_case(body, self._rules[digest]), *map(moment_or_none, times))

    def journal_after(self, row: int) -> list[tuple[int, Entry]]:
        return [(number, row_entry(rest)) for number, *rest in self.rows(f"{_ENTRIES} row > ? ORDER BY row", row)]

    def journal(self, case: str) -> list[Entry]:
        return [row_entry(row[1:]) for row in self.rows(f'{_ENTRIES} "case" = ? ORDER BY seq', case)]

    def posted_after(self, row: int) -> list[Posted]:
        return [_posted(one) for one in self.rows(f"{_POST} row > ? ORDER BY row", row)]

    def has_event(self, source: str, id: str) -> bool:
        return bool(self.rows("SELECT 1 FROM event WHERE id = ? AND source = ?", id, source))

    def heard_after(self, row: int) -> list[Heard]:
        """The facts that were accepted in later rows than this one."""
        found = self.rows(_HEARD, row, EventState.ACCEPTED)
        return [Heard(*before, moment(at), place) for *before, at, place in found]

    def spoilt(self, source: str, id: str) -> set[str]:
        """The scenarios that an event is kept in quarantine for."""
        rows = self.rows("SELECT scenario FROM quarantine WHERE id = ? AND source = ?", id, source)
        return {scenario for (scenario,) in rows}

    def remembered(self, scenario: str, keys: Iterable[str]) -> datetime | None:
        """The newest fact that a scenario remembers of these keys."""
        times = [self.rows(_NEWEST, scenario, key)[0][0] for key in keys]
        return moment_or_none(max((at for at in times if at is not None), default=None))

    def counted(self) -> Counter[str]:
        """What the scenarios of the scenery have counted, by their names."""
        return Counter(dict(self.rows(_COUNTED)))

    def newest_event(self) -> int:
        """The row of the event that was stored last; 0 where there is none."""
        ((row,),) = self.rows("SELECT max(row) FROM event")
        return int(row or 0)

    def retried(self) -> int:
        """How many events were judged again, by what was written down of it."""
        ((count,),) = self.rows("SELECT count(*) FROM event WHERE source = ? AND type = ?", SOURCE, RETRIED)
        return int(count)

    def armed(self) -> Armed:
        """Every armed watchdog, by scenario, key and name, and when it runs out."""
        asleep = dict(self.rows("SELECT name, value FROM meta")).get("asleep", 0)
        rows = self.rows('SELECT scenario, "key", expects FROM memo')
        return {(one, key, name): by for one, key, text in rows for name, by in decode_expects(text, asleep)}

    def back_at(self) -> datetime | None:
        """When the engine came back from its last absence, by what it has written down of it."""
        ((at,),) = self.rows("SELECT max(received_at) FROM event WHERE source = ? AND type = ?", SOURCE, AWAY)
        return moment_or_none(at)

    def overdue(self, now: datetime) -> list[str]:
        """The keys of cases that something should have happened to before ``now``."""
        late = self.rows('SELECT "key" FROM "case" WHERE wake_at < ? AND closed_at IS NULL', micros(now))
        return [key for (key,) in late]

    def count(self, table: str) -> int:
        ((count,),) = self.rows(f'SELECT count(*) FROM "{table}"')
        return int(count)


def _posted(row: Any) -> Posted:
    number, body, channel, state, attempts, next_at, created_at, delivered_at, error = row
    times = moment(next_at), moment(created_at), moment_or_none(delivered_at)
    return Posted(number, decode_notice(body), channel, OutboxState(state), attempts, *times, error)
