"""One turn on SQLite: many keys read by one statement, everything written by a few, one commit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import orjson

from ..model.case import JOURNAL_VERSION, Case
from ..model.notice import Notice
from . import statements as sql
from .base import Conduct, EventRow, Memo, OutboxState, Quarantined, StoreError, Writes
from .casebook import Casebook
from .chain import Chains, Grown
from .codec import (
    MICROSECOND,
    decode_expects,
    encode_expects,
    encode_notice,
    entry_row,
    micros,
    micros_or_none,
    moment,
)
from .crash import CrashPoint, reached
from .link import Link

KEYS_MAX: Final = 5000
"""How many keys one statement reads; more are read by several."""

NUL: Final = b"\\u0000"
NOTHING_ARMED: Final = "[]"
ALIVE_AT: Final = "alive_at"
ASLEEP: Final = "asleep"
BACK_AT: Final = "back_at"
WAIT_MAX: Final = "wait_max"


class SqliteTurn:
    """What one turn reads and writes; made by ``SqliteStore.turn``, which holds the transaction."""

    def __init__(self, link: Link, casebook: Casebook, chains: Chains, saw: Callable[[int], None]) -> None:
        self._link = link
        self._saw = saw
        self._seq = 0
        self._raw = link.raw
        self._casebook = casebook
        self._chains = chains
        self._asleep: int
        self._alive_at: int
        self._wait_max: int
        self._back_at: int
        self._asleep, self._alive_at, self._wait_max, self._back_at = link.row(sql.SLEEP)

    @property
    def alive_at(self) -> datetime | None:
        """When the turn before was committed, or ``heartbeat`` called; ``None`` for a new store."""
        return moment(self._alive_at) if self._alive_at else None

    @property
    def back_at(self) -> datetime | None:
        """When the engine came back from its last outage; ``None`` where it never was away."""
        return moment(self._back_at) if self._back_at else None

    def seen(self, names: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], bytes]:
        """Of these ``(id, source)`` pairs those already stored, with the digest of what was stored."""
        return {(name, source): digest for name, source, digest in self._find(sql.SEEN, names)}

    def memos(self, keys: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], Memo]:
        """The memos of these ``(scenario, key)`` pairs."""
        return {memo[:2]: memo for memo in read_memos(self._find(sql.MEMOS, keys), self._asleep)}

    def latest(self, refs: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], Case]:
        """The open round of each ``(scenario, key)``, else its latest."""
        return {(case.scenario, case.key): case for case in self._cases(self._find(sql.LATEST, refs))}

    def cases(self, ids: Sequence[str]) -> Mapping[str, Case]:
        """Cases by id."""
        return {case.id: case for case in self._cases(self._find(sql.CASES, ids))}

    def brought(self, hashes: Sequence[str]) -> frozenset[str]:
        """Of these hashes of evidence those that were brought before."""
        return frozenset(name for (name,) in self._find(sql.BROUGHT, hashes))

    def conduct(self, seats: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], Conduct]:
        """How these ``(place, role)`` seats have done lately, as far as anything is known."""
        return {(row[0], row[1]): Conduct(*row) for row in self._find(sql.CONDUCT, seats)}

    def asked(self, party: str, places: frozenset[str], most: int) -> list[Case]:
        """Open cases at these places in which a role was ever asked, newest first."""
        inside = orjson.dumps(sorted(places)).decode()
        return self._cases(self._link.rows(sql.ASKED, party=party, places=inside, most=most))

    def due_cases(self, now: datetime, most: int) -> list[Case]:
        """Open cases to which something happens by itself at or before ``now``, earliest first."""
        return self._cases(self._link.rows(sql.DUE_CASES, now=micros(now), most=most))

    def due_memos(self, now: datetime, most: int) -> list[Memo]:
        """Memos whose watchdog must be looked at by ``now``, earliest first."""
        rows = self._link.rows(sql.DUE_MEMOS, now=micros(now) - self._asleep, most=most)
        return list(read_memos(rows, self._asleep))

    def shift_watchdogs(self, silent_from: datetime, silent_until: datetime) -> None:
        """Move every watchdog armed for later than ``silent_from`` by the outage's length, however many are armed.

        One number moves them all: how long the engine was away in all. Only memos of which a watchdog had run out by
        then are written anew, to stay where they are.
        """
        outage = micros(silent_until) - micros(silent_from)
        ran_out = max(micros(silent_from), self._alive_at) + self._wait_max - self._asleep
        with self._link.in_words():
            armed = self._raw.execute(sql.ARMED_BY.text, (ran_out,))
            kept = list(kept_armed(armed, micros(silent_from) - self._asleep, outage))
            self._raw.executemany(sql.REARM.text, kept)
            self._asleep, self._back_at = self._asleep + outage, micros(silent_until)
            self._raw.executemany(sql.PUT_META.text, [(ASLEEP, self._asleep), (BACK_AT, self._back_at)])

    def commit(self, writes: Writes) -> None:
        """Write everything and make it durable. Raises ``StoreError`` and writes nothing when that is impossible."""
        if not self._raw.in_transaction:
            raise RuntimeError("this turn has been committed or left; open another one")
        with self._link.in_words():
            grown = self._write(writes)
        reached(CrashPoint.TURN_WRITTEN)
        self._link.commit()
        self._chains.keep(grown)
        self._saw(self._seq)
        reached(CrashPoint.TURN_COMMITTED)

    def _find(self, lookup: sql.Lookup, keys: Sequence[Any]) -> list[Any]:
        if len(keys) > KEYS_MAX:
            chunks = (keys[start : start + KEYS_MAX] for start in range(0, len(keys), KEYS_MAX))
            return [row for chunk in chunks for row in self._find(lookup, chunk)]
        asked = orjson.dumps(keys)
        with self._link.in_words():
            if NUL not in asked:
                return self._raw.execute(lookup.many.text, (asked.decode(),)).fetchall()
            # SQLite's JSON cuts a text at a NUL, which JSON allows: such keys, if they ever come, go one by one.
            found: list[Any] = []
            for key in keys:
                parts = (key,) if isinstance(key, str) else key
                given = {f"part{number}": part for number, part in enumerate(parts)}
                found += self._raw.execute(lookup.one.text, lookup.one.values(given))
            return found

    def _cases(self, rows: Iterable[Any]) -> list[Case]:
        return self._casebook.read(rows, lambda digest: find_rules(self._link, digest))

    # what is written -------------------------------------------------------------------------------------------

    def _write(self, writes: Writes) -> Grown:
        put = self._raw.executemany
        put(sql.ADD_RULES.text, self._casebook.rulebook(writes.cases))
        put(sql.ADD_EVENT.text, event_rows(writes.events))
        if writes.released or writes.quarantined:
            self._write_quarantine(writes.released, writes.quarantined)
        if wait := longest_wait(writes):
            self._raw.execute(sql.RAISE_META.text, (WAIT_MAX, wait))
        put(sql.PUT_MEMO.text, memo_rows(writes.memos, self._asleep))
        put(sql.PUT_CASE.text, list(map(self._casebook.row, writes.cases)))
        put(sql.ADD_PARTY.text, party_rows(writes.cases))
        if writes.brought:
            put(sql.ADD_BROUGHT.text, [(name, *whose, micros(at), part) for name, *whose, at, part in writes.brought])
        if writes.conduct:
            put(sql.PUT_CONDUCT.text, writes.conduct)
        partitions = self._partitions(writes)
        lines = [(JOURNAL_VERSION, partitions.get(entry.case, ""), *entry_row(entry)) for entry in writes.entries]
        rows, grown = self._chains.append(lines, self._heads(lines))
        put(sql.ADD_ENTRY.text, rows)
        at = micros(writes.at)
        put(sql.SILENCE.text, [sql.SILENCE.values({"of_order": order, "now": at}) for order in writes.silenced])
        put(sql.ADD_NOTICE.text, notice_rows(writes.notices, partitions))
        self._seq = self._raw.execute(sql.ADD_TURN.text, (at, writes.digest)).lastrowid or 0
        self._raw.execute(sql.PUT_META.text, (ALIVE_AT, at))
        return grown

    def _heads(self, lines: Sequence[tuple[Any, ...]]) -> dict[tuple[str, int], bytes]:
        unknown = self._chains.unknown(lines)
        return {(case, seq): head for case, seq, head in self._find(sql.HEADS, unknown)} if unknown else {}

    def _write_quarantine(self, released: Sequence[tuple[str, str, str]], kept: Sequence[Quarantined]) -> None:
        """Released first: what is retried in vain comes back in the same turn."""
        self._raw.executemany(sql.RELEASE.text, released)
        for row in kept:
            name, source, scenario, at, *told = row
            of_event = self._raw.execute(sql.PARTITION_OF_EVENT.text, (name, source)).fetchone()
            partition = of_event[0] if of_event else ""
            self._raw.execute(sql.PUT_QUARANTINED.text, (name, source, scenario, partition, micros(at), *told))
        self._raw.executemany(sql.ACCEPT_RELEASED.text, [(name, source) for name, source, _ in released])

    def _partitions(self, writes: Writes) -> dict[str, str]:
        """The partition of every case that entries and notices are about."""
        known = {case.id: case.partition for case in writes.cases}
        about = {entry.case for entry in writes.entries} | {notice.case for notice, _ in writes.notices}
        others = [name for name in about if name and name not in known]
        return known | dict(self._find(sql.PARTITIONS, others))


def find_rules(link: Link, digest: str) -> bytes:
    """The rules' text, from the database."""
    row = link.row(sql.RULES, digest=digest)
    if row is None:
        raise StoreError(f"{link.name} is damaged: rules {digest} of a case are missing; restore the last backup")
    found: bytes = row[0]
    return found


# --- values to rows


def event_rows(events: Iterable[EventRow]) -> Iterator[tuple[Any, ...]]:
    """Column values of events; those of one turn share their time of receipt."""
    last: datetime | None = None
    received = 0
    for name, source, partition, kind, subject, at, received_at, place, state, digest, body, speaker in events:
        if received_at is not last:
            last, received = received_at, micros(received_at)
        yield name, source, partition, kind, subject, micros(at), received, place, str(state), digest, body, speaker


def memo_rows(memos: Iterable[Memo], asleep: int) -> Iterator[tuple[Any, ...]]:
    """Column values of memos, in the order of their table.

    Watchdogs are kept in the engine's waking time: ``asleep`` microseconds, all that it was ever away, are left out.
    An outage then moves them all by changing this one number.
    """
    for scenario, key, partition, place, newest, memory, expects, wake_at in memos:
        armed = encode_expects(expects, asleep) if expects else NOTHING_ARMED
        wake = None if wake_at is None else micros(wake_at) - asleep
        yield scenario, key, partition, place, micros(newest), memory, armed, wake


def read_memos(rows: Iterable[Any], asleep: int) -> Iterator[Memo]:
    """The memos that ``memo_rows`` laid out."""
    for scenario, key, partition, place, newest, memory, armed, wake in rows:
        expects = () if armed == NOTHING_ARMED else decode_expects(armed, asleep)
        wake_at = None if wake is None else moment(wake + asleep)
        yield Memo(scenario, key, partition, place, moment(newest), memory, expects, wake_at)


def kept_armed(armed: Iterable[Any], silent_from: int, outage: int) -> Iterator[tuple[str, int, str, str]]:
    """Memos of which some watchdogs had run out, as they are written anew so that those do not move."""
    for scenario, key, text, wake_at in armed:
        expects = orjson.loads(text)
        if any(by <= silent_from for _, by in expects):
            kept = [(name, by if by > silent_from else by - outage) for name, by in expects]
            yield orjson.dumps(kept).decode(), wake_at - outage, scenario, key


def longest_wait(writes: Writes) -> int:
    """By how many microseconds a memo of these is looked at later than its earliest watchdog runs out, or than now.

    The longest of all that were ever written bounds where memos stand of which a watchdog has run out already. One that
    should have been looked at before now, for a late fact armed it, waits for nothing.
    """
    waits = (
        memo.wake_at - max(writes.at, min(by for _, by in memo.expects))
        for memo in writes.memos
        if memo.wake_at is not None and memo.expects
    )
    return max((timedelta(), *waits)) // MICROSECOND


def party_rows(cases: Iterable[Case]) -> Iterator[tuple[Any, ...]]:
    """Everybody who has been asked in these cases, for the listing by party."""
    for case in cases:
        asked = {order.party for track in case.tracks for order in track.orders}
        if asked:
            opened_at = micros(case.opened_at)
            for party in sorted(asked):
                yield party, opened_at, case.id, case.partition


def notice_rows(notices: Iterable[tuple[Notice, str]], partitions: Mapping[str, str]) -> Iterator[tuple[Any, ...]]:
    """Column values of notices; a notice on several channels is encoded once."""
    last: Notice | None = None
    body = b""
    pending = OutboxState.PENDING.value
    for notice, channel in notices:
        if notice is not last:
            last, body = notice, encode_notice(notice)
        at, not_before = micros(notice.at), micros_or_none(notice.not_before)
        about = partitions.get(notice.case, ""), notice.order, notice.person, str(notice.severity)
        next_at = at if not_before is None else not_before
        yield notice.key, channel, *about, pending, not_before, next_at, 0, at, None, "", body
