"""What the HTTP handlers share: the engine's door, the store to read from, and who may come in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

import structlog
from aiohttp import web

from ..engine.answering import PREFIX, split_ref
from ..engine.engine import Engine
from ..engine.receipt import FORBIDDEN, Input, Receipt, Speaker, Status
from ..engine.setup import Setup
from ..model.case import Case
from ..model.event import Envelope
from ..running.clock import Clock, monotonic
from ..running.runner import Runner
from ..stores.base import Access, Store, StoreError
from ..street.settings import is_loopback
from .cloudevents_http import Limits
from .tokens import LOOPBACK, Bearer, Forbidden, Gate, Scope
from .viewer import Viewer

PURPOSE_CHARS_MAX: Final = 500

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Office:
    """``ready`` says what keeps the daemon from taking events now; empty when nothing does. ``warnings`` says what
    else it cannot do, one sentence each.
    """

    engine: Engine
    runner: Runner
    clock: Clock
    limits: Limits
    gate: Gate
    ready: Callable[[], str]
    warnings: Callable[[], list[str]]

    @property
    def store(self) -> Store:
        """Where everything is read from."""
        return self.engine.store

    @property
    def setup(self) -> Setup:
        """The street's configuration as it is now."""
        return self.engine.setup

    def bearer(self, request: web.Request, *scopes: Scope) -> Bearer:
        """Who sends this request. Raises ``Unknown`` or, with none of these scopes, ``Forbidden``."""
        # Tokens are cached by the machine's own clock, not by the street's, which may be simulated.
        headers = request.headers
        found = self.gate.bearer(headers.get("Authorization"), monotonic())
        if found is LOOPBACK and "Origin" in headers and not _is_here(headers["Origin"]):
            # A web page that somebody on this machine looks at is not somebody on this machine.
            raise Forbidden("pages of other sites may not speak to a daemon without tokens; make a token and send it")
        for scope in scopes:
            if found.may(scope):
                return found
        raise Forbidden(
            f"this needs a token of scope {' or '.join(scopes)}; yours has {', '.join(sorted(found.scopes))}"
        )

    def case(self, bearer: Bearer, ref: str) -> Case | None:
        """A case that this bearer may see: by id, or the latest round of ``SCENARIO/KEY``."""
        pair = split_ref(ref)
        case = self.store.round(*pair) if pair else self.store.case(ref)
        return case if case is not None and self.covers(bearer, case.place) else None

    def covers(self, bearer: Bearer, place: str) -> bool:
        """Whether a place lies in the subtree that the bearer's token is bound to."""
        return not bearer.place or self.setup.street.directory.inside(place, bearer.place)

    async def take(self, bearer: Bearer, envelopes: list[Envelope]) -> list[Receipt]:
        """Put events and answers through a turn; what the bearer's scopes do not allow is refused before it."""
        inputs = [_input(bearer, envelope) for envelope in envelopes]
        allowed = [item for item in inputs if item is not None]
        receipts = await self.runner.submit(allowed, _sender(bearer, envelopes))
        if len(allowed) == len(inputs):
            return receipts
        decided = iter(receipts)
        return [
            _no_scope(envelope) if item is None else next(decided)
            for envelope, item in zip(envelopes, inputs, strict=True)
        ]

    def viewer(self, request: web.Request, bearer: Bearer, what: str) -> Viewer:
        """The eyes of one reader. An admin sees personal data in clear, which is written down before."""
        now = self.clock.now()
        sees_all = bearer.is_admin
        if sees_all:
            purpose = request.query.get("purpose", "read by admin")[:PURPOSE_CHARS_MAX]
            try:
                self.store.record_access(Access(now, bearer.name, what, purpose))
            except StoreError as error:
                log.error("access_not_recorded", error=str(error), what=what)
                sees_all = False  # what cannot be recorded is shown masked
        return Viewer(self.setup, now, sees_all)


def _sender(bearer: Bearer, envelopes: list[Envelope]) -> str:
    """Whose line this waits in: the token's, or without tokens that of the source (decision 18)."""
    return bearer.name if bearer is not LOOPBACK or not envelopes else envelopes[0].source


def _input(bearer: Bearer, envelope: Envelope) -> Input | None:
    """What goes into the turn; ``None`` for what the bearer may not send."""
    if not envelope.type.startswith(PREFIX):
        return Input(envelope) if bearer.may(Scope.INGEST) else None
    if not bearer.may(Scope.ANSWER):
        return None
    speaker = Speaker(bearer.name, bearer.organisation, bearer.person, bearer.is_admin, bearer.roles, bearer.place)
    return Input(envelope, speaker)


def _no_scope(envelope: Envelope) -> Receipt:
    scope = Scope.ANSWER if envelope.type.startswith(PREFIX) else Scope.INGEST
    return Receipt(Status.REFUSED, FORBIDDEN, f"sending {envelope.type} needs a token of scope {scope}")


@lru_cache(maxsize=64)
def _is_here(origin: str) -> bool:
    """Whether a browser's ``Origin`` is a page of this machine."""
    try:
        return is_loopback(urlsplit(origin).hostname or "")
    except ValueError:
        return False


OFFICE: Final = web.AppKey("office", Office)
