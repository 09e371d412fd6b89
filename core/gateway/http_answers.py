"""How HTTP says what went wrong: problem documents, and where an error of ours becomes one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

import orjson
import structlog
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.web_exceptions import HTTPException
from aiohttp.web_protocol import RequestPayloadError

from ..running.runner import MemoryShort, QueueFull, Unavailable
from ..stores.base import StoreError
from .cloudevents import EnvelopeError
from .problems import MEDIA_TYPE, Problem
from .tokens import Forbidden, Unknown

log = structlog.get_logger(__name__)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

ERRORS_SHOWN_MAX: Final = 20
"""How many refused members of a batch a problem document names."""

STORE_RETRY_SECONDS: Final = 5

TITLES: Final = {
    400: "The request cannot be read",
    401: "Who are you?",
    403: "Not permitted",
    404: "There is no such thing",
    405: "Not this method",
    408: "The request came too slowly",
    409: "Refused",
    413: "Too large",
    415: "Not this media type",
    417: "This cannot be expected",
    422: "The data does not fit",
    429: "Too much at once",
    431: "The head of the request is too large",
    500: "A fault of this daemon",
    503: "Not ready",
}


class Refusal(Exception):
    """A request that is refused with this problem."""

    def __init__(self, status: int, code: str, detail: str, **extra: Any) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail, self.extra = status, code, detail, extra


def problem(status: int, code: str, detail: str, **extra: Any) -> web.Response:
    """A problem document (RFC 9457) as a response."""
    document = Problem(status=status, code=code, title=TITLES.get(status, "Error"), detail=detail, extra=extra)
    return web.Response(status=status, body=document.body(), content_type=MEDIA_TYPE)


def json_response(value: Any, status: int = 200) -> web.Response:
    """A JSON response; the times in it are texts of RFC 3339 already."""
    return web.Response(status=status, body=orjson.dumps(value), content_type="application/json")


def bad_envelope(errors: Sequence[EnvelopeError]) -> web.Response:
    """What is wrong with an event, or with the members of a batch; nothing of the request was stored."""
    first = errors[0]
    extra: dict[str, Any] = {"rule": first.code}
    if first.attribute:
        extra["attribute"] = first.attribute
    if first.member is not None:
        extra["errors"] = [
            {"member": error.member, "rule": error.code, "attribute": error.attribute, "detail": str(error)}
            for error in errors[:ERRORS_SHOWN_MAX]
        ]
        extra["errors_total"] = len(errors)
    return problem(first.status, "bad_envelope", str(first), **extra)


@web.middleware
async def problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn every error into the problem document it deserves."""
    try:
        return await handler(request)
    except Exception as error:  # noqa: BLE001  # nothing leaves here but an answer; faults of ours are logged
        return _answer_to(error, request)


def _answer_to(error: Exception, request: web.Request) -> web.StreamResponse:
    match error:
        case Refusal():
            answer = problem(error.status, error.code, error.detail, **error.extra)
            if error.status == 408:  # what is still to come of the body is not a request
                answer.force_close()
            return answer
        case EnvelopeError():
            return bad_envelope([error])
        case Unknown():
            return _with_header(problem(401, "unknown_token", str(error)), "WWW-Authenticate", "Bearer")
        case Forbidden():
            return problem(403, "forbidden", str(error))
        case QueueFull() | Unavailable():
            # The contract promises no 5xx to senders of events: what could not be stored is asked for again.
            return try_again(problem(429, error.code, str(error)), error.retry_after_seconds)
        case MemoryError():
            detail = "there is not enough memory for this request; nothing was stored, send again"
            return try_again(problem(429, MemoryShort.code, detail), MemoryShort.retry_after_seconds)
        case StoreError():
            return try_again(problem(503, "store_unavailable", str(error)), STORE_RETRY_SECONDS)
        case HTTPException():
            return _of_aiohttp(error, request)
        case RequestPayloadError() | HttpProcessingError():
            answer = problem(400, "bad_body", f"the body cannot be read: {' '.join(str(error).split())[:200]}")
            answer.force_close()
            return answer
        case ConnectionError():
            raise error
    log.error("internal_error", method=request.method, path=request.path, exc_info=error)
    return problem(500, "internal_error", "this is a fault of the daemon, not of the request; its log says more")


def _of_aiohttp(error: HTTPException, request: web.Request) -> web.StreamResponse:
    if error.status < 400:
        raise error
    if error.status == 413:
        return too_large(request)
    allowed = error.headers.get("Allow", "")
    code, detail = {
        404: ("no_such_path", "nothing is here; GET /openapi.json lists what there is"),
        405: ("no_such_method", f"{request.method} is not for {request.path}; allowed: {allowed}"),
    }.get(error.status, ("bad_request", error.reason))
    answer = problem(error.status, code, detail)
    return _with_header(answer, "Allow", allowed) if allowed else answer


def too_large(request: web.Request) -> web.Response:
    """413; the connection is closed, because the rest of the body will not be read."""
    detail = f"the body is larger than {request.client_max_size} bytes; send it in several requests"
    answer = problem(413, "body_too_large", detail)
    answer.force_close()
    return answer


def try_again(answer: web.Response, seconds: int) -> web.Response:
    """The answer with the advice to send the same again after ``seconds``."""
    return _with_header(answer, "Retry-After", str(seconds))


def _with_header(answer: web.Response, name: str, value: str) -> web.Response:
    answer.headers[name] = value
    return answer
