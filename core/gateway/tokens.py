"""API tokens: made once, stored hashed, and what their bearer may do."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple

from ..stores.base import Store, Token

PREFIX: Final = "civicloop_"
CACHE_SECONDS: Final = 2.0
"""How long a token read from the store is believed; a revoked one stops working after that."""

KNOWN_MAX: Final = 10_000
"""How many tokens, known or not, are believed at once."""


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
    """Store a new token and return its text, which is never shown again.

    Raises ``ValueError`` when the name is taken, and for one that could answer for anybody without being an admin's.
    """
    if Scope.ANSWER in scopes and Scope.ADMIN not in scopes and not (organisation or roles):
        raise ValueError("a token that answers must say for whom; bind it to an organisation or to roles")
    text = PREFIX + secrets.token_urlsafe(32)
    store.add_token(
        Token(name, hash_of(text), tuple(scope.value for scope in scopes), organisation, roles, place, person, now)
    )
    return text


def hash_of(text: str) -> str:
    """The stored form of a token. Its text has 256 random bits, so a plain hash gives nothing away."""
    return hashlib.sha256(text.encode()).hexdigest()


class Gate:
    """Tells who sends a request. Tokens are read from the store and believed for ``CACHE_SECONDS``.

    While no token exists everybody is ``LOOPBACK``, unless ``always`` a token is needed: a daemon that listens beyond
    this machine stays shut when its last token is revoked.
    """

    def __init__(self, store: Store, always: bool = False) -> None:
        self._store = store
        self._always = always
        self._known: dict[str, tuple[float, Bearer | None]] = {}
        self._any: tuple[float, bool] = (float("-inf"), False)

    def needs_token(self, at: float) -> bool:
        """Whether only a token opens; ``at`` is a monotonic time in seconds."""
        if self._always:
            return True
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
        if kind.lower() != "bearer" or not text.strip() or not text.isascii():
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
        if len(self._known) >= KNOWN_MAX:
            self._known.clear()
        self._known[hash] = (at, bearer)
        return bearer
