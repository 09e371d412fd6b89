"""What the courier and the doors ask of a SQLite store: notices to deliver, tokens, readings of personal data."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import orjson

from ..model.notice import Notice
from . import statements as sql
from .base import Access, OutboxState, Owed, Token
from .codec import decode_notice, micros, moment
from .link import Link
from .sqlite_turn import notice_rows


class SqliteCourier:
    """The outbox, each change in a short transaction of its own."""

    _reads: Link
    _writes: Link

    def owed(self, channel: str, now: datetime, most: int, is_urgent: bool | None = None) -> list[Owed]:
        """Pending notices of a channel whose time has come, gravest first, then oldest; of one lane, or of both."""
        return _read_owed(self._reads.rows(sql.OWED[is_urgent], channel=channel, now=micros(now), most=most))

    def channels_owed(self) -> list[str]:
        """The names of all channels that pending notices wait for, in order."""
        return [name for (name,) in self._reads.rows(sql.CHANNELS_OWED)]

    def delivered(self, names: Iterable[tuple[str, str]], now: datetime) -> None:
        """Mark ``(notice key, channel)`` pairs as delivered."""
        at = micros(now)
        self._writes.write(sql.DELIVERED, [(at, key, channel) for key, channel in names])

    def retry_later(self, key: str, channel: str, next_at: datetime, error: str) -> None:
        """A delivery failed and will be tried again at ``next_at``; one that is no longer pending stays as it is."""
        self._writes.write(sql.RETRY_LATER, [(micros(next_at), error, key, channel)])

    def give_up(
        self, key: str, channel: str, error: str, now: datetime, instead: Sequence[tuple[Notice, str]] = ()
    ) -> int:
        """A delivery will not be tried again by itself: it becomes a dead letter.

        Returns on how many channels the next page to the same person about the same order goes out now instead of
        later; where there is none, and the notice is under way through no other channel, ``instead`` is owed.
        """
        with self._writes.transaction() as raw, self._writes.in_words():
            gone = raw.execute(sql.GIVE_UP.text, (error, key, channel)).fetchall()
            if not gone:
                return 0
            order, person, partition = gone[0]
            page = {"of_order": order, "of_person": person, "now": micros(now)}
            brought = raw.execute(sql.BRING_FORWARD.text, sql.BRING_FORWARD.values(page)).rowcount if order else 0
            if not brought and not self._writes.row(sql.UNDER_WAY, key=key):
                raw.executemany(sql.ADD_NOTICE.text, notice_rows(instead, {one.case: partition for one, _ in instead}))
        return brought

    def dead_letters(self, most: int) -> list[Owed]:
        """What could not be delivered, oldest first."""
        return _read_owed(self._reads.rows(sql.DEAD_LETTERS, most=most))

    def revive(self, keys: Sequence[str] | None, now: datetime) -> int:
        """Make dead letters (all of them for ``None``) pending again, as if never tried; returns how many."""
        at = micros(now)
        if keys is None:
            return self._writes.write(sql.REVIVE_ALL, [(at,)])
        return self._writes.write(sql.REVIVE, [(at, key) for key in keys]) if keys else 0


class SqliteDoors:
    """Tokens, and who has read personal data."""

    _reads: Link
    _writes: Link

    def add_token(self, token: Token) -> None:
        """Store a token. Raises ``ValueError`` when the name is taken."""
        lists = orjson.dumps(token.scopes).decode(), orjson.dumps(token.roles).decode()
        row = (token.name, token.hash, lists[0], token.organisation, lists[1], token.place, token.person)
        try:
            self._writes.write(sql.ADD_TOKEN, [(*row, micros(token.created_at))])
        except sqlite3.IntegrityError as error:
            raise ValueError(f"there is a token {token.name!r} already; drop it first, or take another name") from error

    def token(self, hash: str) -> Token | None:
        """The token with this hash."""
        row = self._reads.row(sql.TOKEN, hash=hash)
        return _read_token(row) if row else None

    def tokens(self) -> list[Token]:
        """All tokens, by name."""
        return [_read_token(row) for row in self._reads.rows(sql.TOKENS)]

    def drop_token(self, name: str) -> bool:
        """Revoke a token; whether there was one."""
        return self._writes.write(sql.DROP_TOKEN, [(name,)]) > 0

    def record_access(self, access: Access) -> None:
        """Write down that personal data was read."""
        self._writes.write(sql.ADD_ACCESS, [(micros(access.at), access.reader, access.what, access.purpose)])

    def accesses(self, most: int) -> list[Access]:
        """The latest readings, newest first."""
        rows = self._reads.rows(sql.ACCESSES, most=most)
        return [Access(moment(at), reader, what, purpose) for at, reader, what, purpose in rows]


def _read_owed(rows: Iterable[Any]) -> list[Owed]:
    return [
        Owed(decode_notice(body), channel, OutboxState(state), attempts, moment(next_at), error)
        for body, channel, state, attempts, next_at, error in rows
    ]


def _read_token(row: Any) -> Token:
    name, digest, scopes, organisation, roles, place, person, created_at = row
    lists = tuple(orjson.loads(scopes)), tuple(orjson.loads(roles))
    return Token(name, digest, lists[0], organisation, lists[1], place, person, moment(created_at))
