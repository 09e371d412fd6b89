"""How HTTP says what went wrong: problem documents, and where an error of ours becomes one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

import orjson
import structlog
from aiohttp import web

from ..engine.runner import QueueFull, Unavailable
from ..stores.base import StoreError
from .cloudevents import EnvelopeError
from .problems import MEDIA_TYPE, Problem
from .tokens import Forbidden, Unknown

log = structlog.get_logger(__name__)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

TITLES: Final = {
    400: "The request cannot be read",
    401: "Who are you?",
    403: "Not permitted",
    404: "There is no such thing",
    405: "Not this method",
    409: "Refused",
    413: "Too large",
    415: "Not this media type",
    422: "The data does not fit",
    429: "Too much at once",
    503: "Not ready",
}


def problem(status: int, code: str, detail: str, **extra: Any) -> web.Response:
    """A problem document (RFC 9457) as a response."""
    document = Problem(status=status, code=code, title=TITLES.get(status, "Error"), detail=detail, extra=extra)
    return web.Response(status=status, body=document.body(), content_type=MEDIA_TYPE)


def json_response(value: Any, status: int = 200) -> web.Response:
    """A JSON response; times as RFC 3339."""
    return web.Response(status=status, body=orjson.dumps(value), content_type="application/json")


@web.middleware
async def problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn every error into the problem document it deserves."""
    try:
        return await handler(request)
    except EnvelopeError as error:
        return problem(415 if error.code == "charset" else 400, "bad_envelope", str(error), rule=error.code)
    except Unknown as error:
        answer = problem(401, "unknown_token", str(error))
        answer.headers["WWW-Authenticate"] = "Bearer"
        return answer
    except Forbidden as error:
        return problem(403, "forbidden", str(error))
    except (QueueFull, Unavailable) as error:
        # The contract promises no 5xx to senders of events: what could not be stored is asked for again.
        code = "queue_full" if isinstance(error, QueueFull) else "store_unavailable"
        answer = problem(429, code, str(error))
        answer.headers["Retry-After"] = str(error.retry_after_seconds)
        return answer
    except StoreError as error:
        answer = problem(503, "store_unavailable", str(error))
        answer.headers["Retry-After"] = "5"
        return answer
    except web.HTTPException as error:
        if error.status < 400:
            raise
        answer = problem(error.status, f"http_{error.status}", error.reason)
        if "Allow" in error.headers:
            answer.headers["Allow"] = error.headers["Allow"]
        return answer
