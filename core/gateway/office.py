"""What the HTTP handlers share: the engine's door, the store to read from, and who may come in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from ..engine.answering import AnswerData, read_answer, split_ref
from ..engine.clock import Clock, monotonic
from ..engine.engine import Engine
from ..engine.receipt import Input, InvalidAnswer, Receipt, Speaker, Status
from ..engine.runner import Runner
from ..engine.setup import Setup
from ..model.case import Case
from ..model.event import Envelope
from ..stores.base import Access, Store
from .cloudevents_http import Limits
from .tokens import Bearer, Forbidden, Gate, Scope, check_answer


@dataclass(frozen=True)
class Office:
    """``gauges`` brings the numbers for /metrics that no counter holds; ``ready`` says what is wrong, or nothing."""

    engine: Engine
    runner: Runner
    clock: Clock
    limits: Limits
    gate: Gate
    ready: Callable[[], str]

    @property
    def store(self) -> Store:
        """Where everything is read from."""
        return self.engine.store

    @property
    def setup(self) -> Setup:
        """The street's configuration as it is now."""
        return self.engine.setup

    def bearer(self, request: web.Request, scope: Scope) -> Bearer:
        """Who sends this request. Raises ``Unknown`` or, without the scope, ``Forbidden``."""
        # Tokens are cached by the machine's own clock, not by the street's, which may be simulated.
        found = self.gate.bearer(request.headers.get("Authorization"), monotonic())
        if not found.may(scope):
            raise Forbidden(f"this needs a token of scope {scope}; yours has {', '.join(sorted(found.scopes))}")
        return found

    def case(self, ref: str) -> Case | None:
        """A case by id, or the latest round of ``SCENARIO/KEY``."""
        pair = split_ref(ref)
        return self.store.round(*pair) if pair else self.store.case(ref)

    def check_speaker(self, bearer: Bearer, envelope: Envelope) -> None:
        """May this bearer send this answer? Raises ``Forbidden``; an answer that cannot be read is left to the engine."""
        if not bearer.may(Scope.ANSWER):
            raise Forbidden("answering needs a token of scope answer")
        try:
            data: AnswerData = read_answer(envelope)
        except InvalidAnswer:
            return
        case = self.case(envelope.subject or "")
        place = case.place if case else None
        street = self.setup.street
        holder = street.holder(data.party, place, self.clock.now()) if place else None
        organisation = holder.organisation if holder else ""
        check_answer(bearer, street.directory, data.party, data.person or "", place, organisation)

    async def take(self, bearer: Bearer, envelopes: list[Envelope]) -> list[Receipt]:
        """Put events and answers through a turn; answers the bearer may not give are refused before it."""
        receipts: list[Receipt | None] = [None] * len(envelopes)
        inputs: list[Input] = []
        for index, envelope in enumerate(envelopes):
            try:
                inputs.append(self._input(bearer, envelope))
            except Forbidden as error:
                receipts[index] = Receipt(Status.REFUSED, FORBIDDEN, str(error))
        decided = iter(await self.runner.submit(inputs))
        return [receipt or next(decided) for receipt in receipts]

    def _input(self, bearer: Bearer, envelope: Envelope) -> Input:
        if not envelope.type.startswith("loop."):
            if not bearer.may(Scope.INGEST):
                raise Forbidden("sending events needs a token of scope ingest")
            return Input(envelope)
        self.check_speaker(bearer, envelope)
        return Input(envelope, Speaker(bearer.name, bearer.organisation, bearer.person, bearer.is_admin))

    def record(self, bearer: Bearer, what: str, purpose: str) -> None:
        """Write down that personal data was read in clear."""
        self.store.record_access(Access(self.clock.now(), bearer.name, what, purpose))


FORBIDDEN: Final = "forbidden"
OFFICE: Final = web.AppKey("office", Office)
