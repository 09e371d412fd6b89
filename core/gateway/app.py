"""The HTTP application: which door leads to which handler."""

from __future__ import annotations

from typing import Final

import orjson
from aiohttp import web

from .http_answers import json_response, problem, problems, try_again
from .http_body import expect_continue
from .http_cases import get_case, list_cases, post_answer
from .http_events import get_event, post_events
from .metrics import CONTENT_TYPE, Numbers, render
from .office import OFFICE, Office
from .openapi import document

NUMBERS: Final = web.AppKey("numbers", Numbers)
OPENAPI: Final = web.AppKey("openapi", bytes)

READY_RETRY_SECONDS: Final = 5


def make_app(office: Office, numbers: Numbers, version: str, body_bytes_max: int) -> web.Application:
    """The application. Bodies above ``body_bytes_max`` are refused with 413 before they are read whole."""
    app = web.Application(middlewares=[problems], client_max_size=body_bytes_max)
    app[OFFICE] = office
    app[NUMBERS] = numbers
    app[OPENAPI] = orjson.dumps(document(version))
    app.add_routes(
        [
            web.post("/events", post_events, expect_handler=expect_continue),
            web.get("/events", get_event),
            web.get("/cases", list_cases),
            web.get("/cases/{ref:.+}", get_case),
            web.post("/cases/{ref:.+}", post_answer, expect_handler=expect_continue),
            web.get("/healthz", healthz),
            web.get("/readyz", readyz),
            web.get("/metrics", metrics),
            web.get("/openapi.json", openapi),
        ]
    )
    return app


async def healthz(_: web.Request) -> web.Response:
    """The process is alive."""
    return json_response({"status": "alive"})


async def readyz(request: web.Request) -> web.Response:
    """Whether events can be taken in now, and if not, why; if so, what else is wrong."""
    office = request.app[OFFICE]
    trouble = office.ready()
    if trouble:
        return try_again(problem(503, "not_ready", trouble), READY_RETRY_SECONDS)
    return json_response({"status": "ready", "warnings": office.warnings()})


async def metrics(request: web.Request) -> web.Response:
    """Numbers for Prometheus."""
    return web.Response(body=render(await request.app[NUMBERS].read()), headers={"Content-Type": CONTENT_TYPE})


async def openapi(request: web.Request) -> web.Response:
    """What this daemon understands."""
    return web.Response(body=request.app[OPENAPI], content_type="application/json")
