"""Reading a request's body: never more than the limit, never longer than a while."""

from __future__ import annotations

import asyncio

from aiohttp import HttpVersion11, web

from .http_answers import Refusal, problem, too_large


async def read_body(request: web.Request, seconds_max: float) -> bytes:
    """The body, at most ``seconds_max`` after it was asked for: a few slow senders would hold every connection.

    Raises ``Refusal`` for a slow sender (408) and a compressed body (415), and what aiohttp raises for one that is too
    large or broken.
    """
    if request.headers.get("Content-Encoding", "identity").lower() not in ("", "identity"):
        raise Refusal(415, "compressed_body", "compressed bodies are not read here; send it without Content-Encoding")
    if _is_too_long(request):
        raise web.HTTPRequestEntityTooLarge(max_size=request.client_max_size, actual_size=request.content_length or 0)
    if request.content.is_eof():
        return await request.read()
    try:
        async with asyncio.timeout(seconds_max):
            return await request.read()
    except TimeoutError:
        raise Refusal(408, "too_slow", f"the body did not come within {seconds_max:g} s; send it again") from None


def _is_too_long(request: web.Request) -> bool:
    length = request.content_length
    return length is not None and length > request.client_max_size


async def expect_continue(request: web.Request) -> web.StreamResponse | None:
    """Answer ``Expect: 100-continue`` with 413 rather than ask for a body that would not be read.

    aiohttp calls this before the middleware that makes problems of errors.
    """
    if request.headers.get("Expect", "").lower() != "100-continue":
        return problem(417, "unknown_expectation", "only Expect: 100-continue is understood")
    if _is_too_long(request):
        return too_large(request)
    if request.version == HttpVersion11:
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0
    return None
