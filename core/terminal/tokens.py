"""API tokens: made, listed, revoked."""

from __future__ import annotations

from typing import NamedTuple

from ..gateway.tokens import Scope, make_token
from ..stores.base import Token
from ..street.complaint import nearest
from .screen import local, put_json, show, tell
from .street import Desk
from .trouble import Trouble


class Bound(NamedTuple):
    """What a new token is bound to; empty means not bound."""

    organisation: str
    roles: tuple[str, ...]
    place: str
    person: str


def create_token(at: Desk, name: str, scopes: tuple[str, ...], bound: Bound, as_json: bool) -> None:
    """Make a token and show its text, once. Raises ``Trouble`` for a binding that nothing could ever match."""
    if not name.isprintable() or not name or any(map(str.isspace, name)):
        raise Trouble(at.voice.say("token_name_empty"))
    _check(at, bound)
    held = tuple(Scope(scope) for scope in dict.fromkeys(scopes))
    try:
        text = make_token(at.store, name, held, at.now, bound.organisation, bound.roles, bound.place, bound.person)
    except ValueError as error:
        raise Trouble(str(error)) from error
    if as_json:
        put_json({"name": name, "token": text, "scopes": [scope.value for scope in held], **bound._asdict()})
        return
    tell(at.voice.say("token_made", name=name, scopes=", ".join(held)), stderr=True)
    tell(text)


def _check(at: Desk, bound: Bound) -> None:
    directory = at.opened.setup.street.directory
    if bound.place and bound.place not in directory.places:
        remedy = nearest(bound.place, directory.places, at.voice.say("see_places"))
        raise Trouble(at.voice.say("no_place", place=bound.place, remedy=remedy))
    roles = {role for _, role in directory.parties}
    for role in bound.roles:
        if role not in roles:
            raise Trouble(at.voice.say("no_role", role=role, remedy=nearest(role, roles, at.voice.say("see_roles"))))
    known = {party.organisation for party in directory.parties.values()}
    if bound.organisation and bound.organisation not in known:
        remedy = nearest(bound.organisation, known, at.voice.say("see_organisations"))
        raise Trouble(at.voice.say("no_organisation", organisation=bound.organisation, remedy=remedy))


def list_tokens(at: Desk, as_json: bool) -> None:
    """Show all tokens, never their texts."""
    tokens = at.store.tokens()
    zone = at.opened.setup.street.calendar.zone
    if as_json:
        put_json({"tokens": [_token_json(at, token) for token in tokens]})
        return
    if not tokens:
        tell(at.voice.say("no_tokens"))
        return
    names = ("name", "scopes", "organisation", "roles", "place", "person", "created")
    rows = [
        (
            token.name,
            ", ".join(token.scopes),
            token.organisation or "-",
            ", ".join(token.roles) or "-",
            token.place or "-",
            token.person or "-",
            local(token.created_at, zone),
        )
        for token in tokens
    ]
    show([at.voice.say(f"head_{name}") for name in names], rows)


def _token_json(at: Desk, token: Token) -> dict[str, object]:
    shown: dict[str, object] = token._asdict()
    del shown["hash"]
    return shown | {"created_at": token.created_at.astimezone(at.opened.setup.street.calendar.zone)}


def revoke_token(at: Desk, name: str) -> None:
    """Revoke a token. Raises ``Trouble`` where there is none of that name."""
    if not at.store.drop_token(name):
        names = [token.name for token in at.store.tokens()]
        remedy = nearest(name, names, at.voice.say("see_tokens"))
        raise Trouble(at.voice.say("no_such_token", name=name, remedy=remedy))
    tell(at.voice.say("token_revoked", name=name))
    if not at.store.tokens():
        tell(at.voice.say("token_last"))
