"""Everything that a store holds at one instant, read piece by piece while others go on writing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from sqlalchemy import Text, bindparam, cast, exists, func, literal_column, select

from ..model.case import Case, Entry
from ..model.chain import Rules
from .codec import decode_case, decode_rules, micros, micros_or_none, row_entry
from .link import Link
from .schema import OPEN, case, journal, outbox, rulebook
from .statements import sql

ROWS_READ: Final = 500
RULES_MAX: Final = 4096
"""Rules that are kept decoded; a street has one per scenario and change of its configuration."""


class StoredCase(NamedTuple):
    """A case with the columns by which it is found. ``case`` is ``None`` where it cannot be read, ``fault`` says why.

    An empty fault says that its rules are missing, whose digest ``rules`` is.
    """

    id: str
    rules: str
    case: Case | None
    columns: tuple[Any, ...]
    fault: str = ""

    @property
    def is_found(self) -> bool:
        """Whether the columns say the same as the case, so that its deadlines are met and its key is found."""
        case = self.case
        if case is None:
            return True
        closed_at, wake_at = micros_or_none(case.closed_at), micros_or_none(case.next_at)
        told = (case.id, case.scenario, case.key, case.round, micros(case.opened_at), wake_at, closed_at)
        return told == (self.id, *self.columns)


class StoredLine(NamedTuple):
    """A line of the journal: its row number, what its hash covers, its hash, and what it says."""

    row: int
    hashed: tuple[Any, ...]
    hash: bytes
    case: str
    seq: int

    def entry(self) -> Entry:
        """The line in words; raises ``KeyError`` or ``ValueError`` for one that no civicloop wrote."""
        return row_entry(self.hashed[2:])


_FOUND_BY: Final = (case.c.scenario, case.c.key, case.c.round, case.c.opened_at, case.c.wake_at, case.c.closed_at)
_CASES: Final = sql(select(case.c.id, case.c.rules, case.c.body, *_FOUND_BY).order_by(case.c.id))
_HASHED: Final = [column for column in journal.c if column.name not in ("row", "hash")]
_LINES: Final = sql(select(journal.c.row, journal.c.hash, *_HASHED).order_by(journal.c.case, journal.c.seq))
_LAST_ROW: Final = sql(select(func.coalesce(func.max(journal.c.row), literal_column("0"))))
_COUNT: Final = sql(select(func.count()).select_from(case))
_RULES: Final = sql(select(rulebook.c.body).where(rulebook.c.digest == bindparam("digest")))
_TWINS: Final = sql(
    select(case.c.scenario, case.c.key)
    .where(OPEN)
    .group_by(case.c.scenario, case.c.key)
    .having(func.count() > literal_column("1"))
)
_ABOUT: Final = func.json_extract(cast(outbox.c.body, Text), literal_column("'$.case'"))
_STRAY: Final = sql(
    select(outbox.c.row, outbox.c.key, _ABOUT).where(
        literal_column("''") != _ABOUT, ~exists().where(case.c.id == _ABOUT)
    )
)


class Snapshot:
    """One read transaction over a connection of its own; every list is streamed, whatever its length."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._rules: dict[str, Rules | None] = {}

    def damages(self) -> Iterator[str]:
        """What SQLite finds wrong with its pages and indexes, and rows that name others which do not exist."""
        for (told,) in self._stream("PRAGMA integrity_check"):
            if told != "ok":
                yield str(told)
        for table, row, parent, _ in self._stream("PRAGMA foreign_key_check"):
            yield f"row {row} of {table} names a row of {parent} that does not exist"

    def cases(self) -> Iterator[StoredCase]:
        """Every case, in the order of their ids."""
        for name, digest, body, *columns in self._stream(_CASES.text):
            found, fault = None, ""
            try:
                rules = self._rules_of(digest)
                found = decode_case(body, rules) if rules else None
            except (ValueError, LookupError, TypeError, AttributeError) as error:
                fault = f"{type(error).__name__}: {error}"
            yield StoredCase(name, digest, found, tuple(columns), fault)

    def lines(self) -> Iterator[StoredLine]:
        """Every line of the journal, in the order of their cases and numbers."""
        for row, made, *hashed in self._stream(_LINES.text):
            yield StoredLine(row, tuple(hashed), made, hashed[4], hashed[2])

    def twins(self) -> Iterator[tuple[str, str]]:
        """Scenario and key of which more than one case is open."""
        yield from self._stream(_TWINS.text)

    def stray_notices(self) -> Iterator[tuple[int, str, str]]:
        """Notices about cases that do not exist: row, key, and the case they name."""
        yield from self._stream(_STRAY.text)

    def count(self) -> tuple[int, int]:
        """How many cases there are, and the row number of the journal's last line."""
        return self._link.row(_COUNT)[0], self._link.row(_LAST_ROW)[0]

    def _rules_of(self, digest: str) -> Rules | None:
        if digest not in self._rules:
            if len(self._rules) >= RULES_MAX:
                self._rules.clear()
            row = self._link.row(_RULES, digest=digest)
            self._rules[digest] = decode_rules(row[0]) if row else None
        return self._rules[digest]

    def _stream(self, text: str) -> Iterator[Any]:
        with self._link.in_words():
            cursor = self._link.raw.execute(text)
        while True:
            with self._link.in_words():
                rows = cursor.fetchmany(ROWS_READ)
            if not rows:
                return
            yield from rows
