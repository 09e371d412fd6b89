"""The door for events: ``POST /events`` and ``GET /events``."""

from __future__ import annotations

from typing import Final

import orjson
from aiohttp import web

from ..engine.receipt import FORBIDDEN, Receipt, Status
from ..model.case import Reason
from ..model.event import Envelope
from .cloudevents_http import Mode, read_request
from .http_answers import Refusal, bad_envelope, json_response, problem
from .http_body import read_body
from .office import OFFICE
from .problems import TEXT_CHARS_MAX
from .tokens import Scope

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
    # Facts need ingest and answers need answer; whoever has either may come in, each member is looked at by itself.
    bearer = office.bearer(request, Scope.INGEST, Scope.ANSWER)
    body = await read_body(request, office.limits.body_seconds_max)
    read = read_request(request.headers, body, office.limits)
    if errors := read.errors:
        return bad_envelope(errors)
    envelopes = read.envelopes
    receipts = await office.take(bearer, envelopes)
    if read.mode is Mode.BATCH:
        return json_response({"results": [show(*pair) for pair in zip(envelopes, receipts, strict=True)]}, 202)
    return single(envelopes[0], receipts[0])


def show(envelope: Envelope, receipt: Receipt) -> dict[str, object]:
    """One receipt as JSON."""
    shown: dict[str, object] = {"status": receipt.status, "id": envelope.id, "source": envelope.source}
    if receipt.reason:
        shown["reason"] = receipt.reason
    if receipt.detail:
        shown["detail"] = receipt.detail[:TEXT_CHARS_MAX]
    if receipt.cases:
        shown["cases"] = receipt.cases
    return shown


def single(envelope: Envelope, receipt: Receipt) -> web.Response:
    """The answer to a request that carried one event."""
    status = STATUS[receipt.status]
    if status < 400:
        return json_response(show(envelope, receipt), status)
    if receipt.reason == FORBIDDEN:
        status = 403
    elif receipt.reason == Reason.NO_SUCH_CASE:
        status = 404
    cases = {"cases": list(receipt.cases)} if receipt.cases else {}
    return problem(status, receipt.reason or receipt.status, receipt.detail, **cases)


async def get_event(request: web.Request) -> web.Response:
    """The stored envelope of one event, named by ``source`` and ``id``."""
    office = request.app[OFFICE]
    bearer = office.bearer(request, Scope.READ)
    source, name = request.query.get("source"), request.query.get("id")
    if not source or not name:
        raise Refusal(400, "bad_query", "say which event: ?source=SOURCE&id=ID")
    row = office.store.event(source, name)
    if row is None or not office.covers(bearer, row.place):
        raise Refusal(404, "no_such_event", f"no event {name!r} of {source!r} is known")
    viewer = office.viewer(request, bearer, f"event {source}#{name}")
    return web.Response(
        body=orjson.dumps(viewer.event(row.type, row.body)),
        content_type="application/cloudevents+json",
        headers={"X-Civicloop-State": row.state},
    )
