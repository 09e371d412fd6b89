"""What readers ask of a SQLite store; they have a connection of their own and see what is committed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

import orjson

from ..model.case import Case, Entry
from . import statements as sql
from .base import CaseQuery, EventRow, EventState, Quarantined
from .casebook import Casebook
from .codec import micros, moment, row_entry
from .link import Link
from .listings import ASKED_OFTEN, find_cases, is_impossible
from .sqlite_turn import find_rules

INTEGER_MAX: Final = 2**63 - 1
COUNT_BUSY_SECONDS: Final = 5.0


class SqliteReader:
    """Events, quarantine, cases and the journal, read outside turns."""

    path: Path | None
    _reads: Link
    _casebook: Casebook

    def event(self, source: str, id: str) -> EventRow | None:
        """One stored event."""
        row = self._reads.row(sql.EVENT, id=id, source=source)
        return read_event(row) if row else None

    def events(self, state: EventState | None, after: int, most: int) -> list[tuple[int, EventRow]]:
        """Stored events in order of arrival with their row numbers, after row ``after``."""
        rows = self._reads.rows(sql.events_after(state), after=after, most=most)
        return [(row[0], read_event(row[1:])) for row in rows]

    def unheard_types(self) -> Mapping[str, int]:
        """How many stored events of each type no scenario listened to."""
        return dict(self._reads.rows(sql.UNHEARD_TYPES))

    def quarantine(self, most: int) -> list[Quarantined]:
        """What waits in quarantine, oldest first."""
        rows = self._reads.rows(sql.QUARANTINE, most=most)
        return [Quarantined(name, source, scenario, moment(at), *told) for name, source, scenario, at, *told in rows]

    def case(self, id: str) -> Case | None:
        """One case by id."""
        return self._one_case(sql.CASES.one, part0=id)

    def round(self, scenario: str, key: str) -> Case | None:
        """The open round of a key, else its latest."""
        return self._one_case(sql.LATEST.one, part0=scenario, part1=key)

    def children(self, case: str, most: int) -> list[Case]:
        """The cases that were linked to this one when they opened, newest first."""
        return self._cases(self._reads.rows(sql.CHILDREN, parent=case, most=most))

    def find_cases(self, query: CaseQuery) -> tuple[list[Case], str | None]:
        """A page of cases, newest first, and the cursor of the next one, ``None`` on the last page.

        Raises ``ValueError`` for a cursor that no page has given.
        """
        after_at, after_id = _position(query.after)
        if is_impossible(query):
            return [], None
        few_asked = query.party is not None and not self._reads.row(ASKED_OFTEN, party=query.party)[0]
        rows = self._reads.rows(
            find_cases(query, few_asked),
            places=orjson.dumps(sorted(query.places or ())).decode(),
            scenario=query.scenario,
            stage=query.stage,
            party=query.party,
            overdue_at=micros(query.overdue_at) if query.overdue_at else None,
            after_at=after_at,
            after_id=after_id,
            most=query.most + 1,
        )
        page = rows[: query.most]
        following = f"{page[-1][2]}.{page[-1][3]}" if len(rows) > query.most and page else None
        return self._cases(page), following

    def journal(self, case: str) -> list[Entry]:
        """The journal of one case, in order."""
        return [row_entry(row) for row in self._reads.rows(sql.JOURNAL, case=case)]

    def journal_after(self, row: int, most: int) -> list[tuple[int, Entry]]:
        """Journal entries of all cases in order of writing, after row ``row``."""
        rows = self._reads.rows(sql.JOURNAL_AFTER, after=row, most=most)
        return [(number, row_entry(entry)) for number, *entry in rows]

    def counts(self) -> Mapping[str, int]:
        """How much there is; ``armed_watchdogs`` counts the keys that have one.

        A file is counted over a connection of its own: among millions of rows that takes a while, and it may be done in
        another thread while readers go on.
        """
        with self._counting() as link:
            return {name: int(link.row(count)[0]) for name, count in sql.COUNTS.items()}

    @contextmanager
    def _counting(self) -> Iterator[Link]:
        if self.path is None:
            yield self._reads
        else:
            with closing(Link(self.path, COUNT_BUSY_SECONDS)) as link:
                yield link

    def _one_case(self, statement: sql.Sql, **key: str) -> Case | None:
        rows = self._reads.rows(statement, **key)
        return self._cases(rows)[0] if rows else None

    def _cases(self, rows: list[Any]) -> list[Case]:
        return self._casebook.read(rows, lambda digest: find_rules(self._reads, digest))


def read_event(row: Any) -> EventRow:
    """A stored event from its columns."""
    stored = EventRow(*row)
    state = EventState(stored.state)
    return stored._replace(at=moment(row[5]), received_at=moment(row[6]), state=state)


def _position(cursor: str | None) -> tuple[int, str]:
    """The opening time and id of the last case that a cursor names."""
    if cursor is None:
        return 0, ""
    opened_at, dot, case = cursor.partition(".")
    if not (dot and len(opened_at) < 20 and opened_at.removeprefix("-").isdecimal() and opened_at.isascii()):
        raise ValueError(f"{cursor[:50]!r} is not a cursor; take the one that came with the page before, or none")
    return max(-INTEGER_MAX, min(int(opened_at), INTEGER_MAX)), case
