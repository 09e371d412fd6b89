"""API tokens: made once, stored hashed, and what their bearer may do."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple

from ..model.place import Directory
from ..stores.base import Store, Token

PREFIX: Final = "civicloop_"
CACHE_SECONDS: Final = 2.0
"""How long a token read from the store is believed; a revoked one stops working after that."""


class Scope(StrEnum):
    """What a token may be used for. ``admin`` includes all others."""

    INGEST = "ingest"
    ANSWER = "answer"
    READ = "read"
    ADMIN = "admin"


class Forbidden(Exception):
    """The bearer may not do this; the message says what it would take."""


class Unknown(Exception):
    """No token, or one that is not known."""


class Bearer(NamedTuple):
    """Whoever sends a request: a token, or this machine itself as long as no token exists."""

    name: str
    scopes: frozenset[str]
    organisation: str = ""
    roles: tuple[str, ...] = ()
    place: str = ""
    person: str = ""

    def may(self, scope: Scope) -> bool:
        """Whether the bearer has this scope."""
        return scope in self.scopes or Scope.ADMIN in self.scopes

    @property
    def is_admin(self) -> bool:
        """Whether the bearer may act for others and see what is masked."""
        return Scope.ADMIN in self.scopes


LOOPBACK: Final = Bearer("loopback", frozenset(Scope))
"""Who speaks when no token exists; the daemon listens on this machine only then."""


def make_token(
    store: Store,
    name: str,
    scopes: tuple[Scope, ...],
    now: datetime,
    organisation: str = "",
    roles: tuple[str, ...] = (),
    place: str = "",
    person: str = "",
) -> str:
    """Store a new token and return its text, which is never shown again. Raises ``ValueError`` when the name is taken."""
    text = PREFIX + secrets.token_urlsafe(32)
    store.add_token(
        Token(name, hash_of(text), tuple(scope.value for scope in scopes), organisation, roles, place, person, now)
    )
    return text


def hash_of(text: str) -> str:
    """The stored form of a token. Its text has 256 random bits, so a plain hash gives nothing away."""
    return hashlib.sha256(text.encode()).hexdigest()


class Gate:
    """Tells who sends a request. Tokens are read from the store and believed for ``CACHE_SECONDS``."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[str, tuple[float, Bearer | None]] = {}
        self._any: tuple[float, bool] = (float("-inf"), False)

    def needs_token(self, at: float) -> bool:
        """Whether any token exists; ``at`` is a monotonic time in seconds."""
        if at - self._any[0] > CACHE_SECONDS:
            self._any = (at, bool(self._store.tokens()))
        return self._any[1]

    def bearer(self, authorization: str | None, at: float) -> Bearer:
        """Who sends a request with this ``Authorization`` header. Raises ``Unknown``."""
        if authorization is None:
            if self.needs_token(at):
                raise Unknown("this daemon wants a token; send Authorization: Bearer TOKEN")
            return LOOPBACK
        kind, _, text = authorization.partition(" ")
        if kind.lower() != "bearer" or not text.strip():
            raise Unknown("Authorization must read: Bearer TOKEN")
        found = self._find(hash_of(text.strip()), at)
        if found is None:
            raise Unknown("this token is not known, or was revoked; make one with civicloop token create")
        return found

    def _find(self, hash: str, at: float) -> Bearer | None:
        known = self._known.get(hash)
        if known is not None and at - known[0] <= CACHE_SECONDS:
            return known[1]
        token = self._store.token(hash)
        bearer = (
            Bearer(token.name, frozenset(token.scopes), token.organisation, token.roles, token.place, token.person)
            if token
            else None
        )
        if len(self._known) > 10_000:
            self._known.clear()
        self._known[hash] = (at, bearer)
        return bearer


def check_answer(
    bearer: Bearer, directory: Directory, party: str, person: str, place: str | None, organisation: str
) -> None:
    """May this bearer answer as ``party`` (and ``person``) for a case at ``place``?

    ``organisation`` is the one that holds the role there. An admin may act for anybody. Raises ``Forbidden``.
    """
    if not bearer.may(Scope.ANSWER):
        raise Forbidden("answering needs a token of scope answer")
    if bearer.is_admin:
        return
    if bearer.roles and party not in bearer.roles:
        raise Forbidden(f"this token speaks for {', '.join(bearer.roles)}, not for {party}")
    if bearer.person and person and person != bearer.person:
        raise Forbidden("this token belongs to another person")
    if place is not None and bearer.place and not directory.inside(place, bearer.place):
        raise Forbidden(f"this token answers for cases in {bearer.place}, not in {place}")
    if place is not None and bearer.organisation and organisation != bearer.organisation:
        raise Forbidden(f"{party} is not held by {bearer.organisation} at {place}")
