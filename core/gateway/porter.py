"""The porter: how many may come in, and how long they may stay without saying anything."""

from __future__ import annotations

import asyncio
import resource
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Final, NamedTuple

import structlog
from aiohttp import http_exceptions, web

from .http_answers import problem, try_again

BACKLOG: Final = 1024
"""How many connections may wait to be taken."""

LINGER_SECONDS: Final = 3.0
"""How long whoever is refused may go on sending before the connection is cut: else many would not hear the refusal."""

FILES_KEPT: Final = 100
"""How many files are kept for everything that is no connection: database, channels, secrets."""

REFUSED_MAX: Final = 50
"""How many that are refused may linger at once; beyond it they are cut off unheard."""

RETRY_SECONDS: Final = 1

log = structlog.get_logger(__name__)
Handle = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class Patience(NamedTuple):
    """How many connections at once; how many seconds until the whole head of a request must be there, counted from the
    connection or the answer before; and how many seconds a sender may take to read what waits for it.
    """

    connections_max: int
    idle_seconds_max: float
    unread_seconds_max: float


class Porter:
    """Lets connections in, and sends them away.

    When all places are taken, the connection that has been longest without a request makes room: keeping a thousand
    silent ones open must not shut out one who has something to say. Whoever finds all others busy gets a 429.
    """

    def __init__(self, server: web.Server, patience: Patience) -> None:
        self._server = server
        self._patience = patience._replace(connections_max=_within_files(patience.connections_max))
        self._inside: set[web.RequestHandler] = set()
        self._idle: dict[web.RequestHandler, None] = {}
        self._refused = 0
        self._is_full = False
        self._door: asyncio.Server | None = None
        server.request_handler = self._watched(server.request_handler)

    @property
    def connections(self) -> int:
        """How many are open."""
        return len(self._inside)

    async def listen(self, host: str, port: int) -> int:
        """Take connections; returns the port, which is the real one where port 0 was asked for. Raises ``OSError``."""
        self._door = await asyncio.get_running_loop().create_server(self._meet, host, port, backlog=BACKLOG)
        found: int = self._door.sockets[0].getsockname()[1]
        return found

    def close(self) -> None:
        """Take no more connections; those that are open stay."""
        if self._door is not None:
            self._door.close()

    def left(self, connection: web.RequestHandler) -> None:
        """This connection is gone."""
        self._inside.discard(connection)
        self._idle.pop(connection, None)

    def refused_left(self) -> None:
        """One that was refused has gone."""
        self._refused -= 1

    def _meet(self) -> asyncio.Protocol:
        if len(self._inside) >= self._patience.connections_max and not self._make_room():
            self._refused += 1
            if not self._is_full:
                self._is_full = True
                log.warning("connections_refused", open=len(self._inside), setting="limits.connections_max")
            return Refused(self, LINGER_SECONDS if self._refused <= REFUSED_MAX else 0.0)
        self._is_full = False
        connection = Connection(self, self._server, self._patience)
        self._inside.add(connection)
        self._idle[connection] = None
        return connection

    def _make_room(self) -> bool:
        longest = next(iter(self._idle), None)
        if longest is None:
            return False
        self.left(longest)
        if longest.transport is not None:
            longest.transport.abort()
        return True

    def _watched(self, handle: Handle) -> Handle:
        """The handler of requests, with whoever has one under way not counted as idle meanwhile."""

        async def watched(request: web.BaseRequest) -> web.StreamResponse:
            connection = request.protocol
            self._idle.pop(connection, None)
            try:
                return await handle(request)
            finally:
                if connection in self._inside:
                    self._idle[connection] = None

        return watched


class Connection(web.RequestHandler):
    """One sender's connection. Content that is compressed is not unpacked: a few bytes could become any number."""

    __slots__ = ("_porter", "_unread", "_unread_seconds_max")

    def __init__(self, porter: Porter, server: web.Server, patience: Patience) -> None:
        super().__init__(
            server,
            loop=asyncio.get_running_loop(),
            keepalive_timeout=patience.idle_seconds_max,
            lingering_time=LINGER_SECONDS,
            access_log=None,  # type: ignore[arg-type]  # aiohttp's word for no log
            auto_decompress=False,
        )
        self._porter = porter
        self._unread: asyncio.TimerHandle | None = None
        self._unread_seconds_max = patience.unread_seconds_max

    def connection_lost(self, exc: BaseException | None) -> None:
        """Called by asyncio."""
        self._porter.left(self)
        self._cancel_unread()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Called by asyncio when so much waits to be read by the sender that no more is written."""
        super().pause_writing()
        if self.transport is not None:
            self._unread = asyncio.get_running_loop().call_later(self._unread_seconds_max, self.transport.abort)

    def resume_writing(self) -> None:
        """Called by asyncio when enough has been read."""
        self._cancel_unread()
        super().resume_writing()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002  # it quotes what was sent
    ) -> web.StreamResponse:
        """Answer what could not be read as a request with a problem document, which repeats nothing of what was sent.

        Raises ``ConnectionError`` when an answer has begun already.
        """
        if request.writer.output_size > 0:
            raise ConnectionError("an answer has begun already, and no second one can follow it")
        if isinstance(exc, ConnectionError) and self.transport is None:
            log.debug("sender_gone", method=request.method)
            answer = problem(400, "bad_body", "the connection ended within the request")  # which nobody reads
        elif status >= HTTPStatus.INTERNAL_SERVER_ERROR or exc is None:
            log.error("internal_error", method=request.method, status=status, exc_info=exc)
            answer = problem(500, "internal_error", "this is a fault of the daemon; its log says more")
        else:
            log.debug("not_http", peer=request.remote, error=type(exc).__name__)
            answer = _not_http(exc, self)
        answer.force_close()
        return answer

    def _cancel_unread(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None


class Refused(asyncio.Protocol):
    """A connection for which there is no place: it hears so, and is cut."""

    def __init__(self, porter: Porter, seconds_max: float) -> None:
        self._porter = porter
        self._seconds_max = seconds_max
        self._cut: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by asyncio."""
        assert isinstance(transport, asyncio.Transport)
        if not self._seconds_max:
            transport.abort()
            return
        transport.write(FULL)
        transport.write_eof()
        self._cut = asyncio.get_running_loop().call_later(self._seconds_max, transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # asyncio's signature
        """Called by asyncio."""
        self._porter.refused_left()
        if self._cut is not None:
            self._cut.cancel()


def _not_http(exc: BaseException, connection: Connection) -> web.Response:
    match exc:
        case http_exceptions.LineTooLong():
            longest = f"lines of more than {connection.max_line_size} bytes are not read"
            return problem(431, "head_too_large", f"{longest}; shorten the URL and the headers")
        case http_exceptions.BadHttpMessage() if "many headers" in exc.message.lower():
            most = f"more than {connection.max_headers} headers are not read"
            return problem(431, "head_too_large", f"{most}; send fewer")
        case http_exceptions.ContentEncodingError():
            return problem(400, "bad_body", "the body cannot be unpacked; send it uncompressed")
    return problem(400, "bad_request", "this is not a request of HTTP/1.1 as RFC 9112 wants it; see what was sent")


def _full() -> bytes:
    detail = "all connections that are allowed at once are busy; send again in a moment"
    answer = try_again(problem(429, "too_many_connections", detail), RETRY_SECONDS)
    body = answer.body
    assert isinstance(body, bytes)
    head = {**answer.headers, "Content-Length": str(len(body)), "Connection": "close"}
    lines = ["HTTP/1.1 429 Too Many Requests", *(f"{name}: {value}" for name, value in head.items()), "", ""]
    return "\r\n".join(lines).encode("ascii") + body


FULL: Final = _full()


def _within_files(connections_max: int) -> int:
    """So many connections, or as many as this process may have files for; raises its own limit where that helps."""
    wanted = connections_max + FILES_KEPT
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted and soft != resource.RLIM_INFINITY:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return connections_max
    allowed = max(1, soft - FILES_KEPT)
    log.warning("fewer_connections", allowed=allowed, wanted=connections_max, remedy="raise the limit of open files")
    return allowed
