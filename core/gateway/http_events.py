"""The door for events: ``POST /events`` and ``GET /events``."""

from __future__ import annotations

from typing import Final

import orjson
from aiohttp import web

from ..engine.receipt import Receipt, Status
from ..model.event import Envelope
from .cloudevents import EnvelopeError
from .cloudevents_http import Mode, read_request
from .http_answers import json_response, problem
from .office import FORBIDDEN, OFFICE, Office
from .tokens import Bearer, Forbidden, Scope
from .views import Viewer

STATUS: Final = {
    Status.ACCEPTED: 202,
    Status.UNHEARD: 202,
    Status.QUARANTINED: 202,
    Status.DUPLICATE: 200,
    Status.REFUSED: 409,
    Status.REJECTED: 422,
}


async def post_events(request: web.Request) -> web.Response:
    """Take CloudEvents, structured, binary or batched; answer once they are durable."""
    office = request.app[OFFICE]
    bearer = _sender(office, request)
    body = await request.read()
    read = read_request(request.headers, body, office.limits)
    bad = [member for member in read.members if isinstance(member, EnvelopeError)]
    if bad:
        raise bad[0]
    envelopes = [member for member in read.members if isinstance(member, Envelope)]
    receipts = await office.take(bearer, envelopes)
    if read.mode is Mode.BATCH:
        return json_response({"results": [show(*pair) for pair in zip(envelopes, receipts, strict=True)]}, 202)
    return single(envelopes[0], receipts[0])


def _sender(office: Office, request: web.Request) -> Bearer:
    """Facts need ingest and answers need answer; whoever has either may knock, each member is checked by itself."""
    try:
        return office.bearer(request, Scope.INGEST)
    except Forbidden:
        return office.bearer(request, Scope.ANSWER)


def show(envelope: Envelope, receipt: Receipt) -> dict[str, object]:
    """One receipt as JSON."""
    shown: dict[str, object] = {"status": receipt.status, "id": envelope.id, "source": envelope.source}
    if receipt.reason:
        shown["reason"] = receipt.reason
    if receipt.detail:
        shown["detail"] = receipt.detail
    if receipt.cases:
        shown["cases"] = receipt.cases
    return shown


def single(envelope: Envelope, receipt: Receipt) -> web.Response:
    """The answer to a request that carried one event."""
    if receipt.reason == FORBIDDEN:
        return problem(403, FORBIDDEN, receipt.detail)
    status = STATUS[receipt.status]
    if receipt.reason == "no_such_case":
        status = 404
    if status < 400:
        return json_response(show(envelope, receipt), status)
    return problem(status, receipt.reason or receipt.status, receipt.detail, **_case_of(receipt))


def _case_of(receipt: Receipt) -> dict[str, object]:
    return {"cases": list(receipt.cases)} if receipt.cases else {}


async def get_event(request: web.Request) -> web.Response:
    """The stored envelope of one event, named by ``source`` and ``id``."""
    office = request.app[OFFICE]
    bearer = office.bearer(request, Scope.READ)
    source, id = request.query.get("source"), request.query.get("id")
    if not source or not id:
        return problem(400, "bad_query", "say which event: ?source=SOURCE&id=ID")
    row = office.store.event(source, id)
    if row is None:
        return problem(404, "no_such_event", f"no event {id!r} of {source!r} is stored")
    listening = office.setup.registry.listening.get(row.type)
    if bearer.is_admin and listening is not None and listening.event.private_fields():
        office.record(bearer, f"event {source}#{id}", request.query.get("purpose", "read by admin"))
    viewer = Viewer(office.setup, office.clock.now(), bearer.is_admin)
    return web.Response(
        body=orjson.dumps(viewer.event(row.type, row.body)),
        content_type="application/cloudevents+json",
        headers={"X-Civicloop-State": row.state},
    )
