"""Connections that are slow, silent, too many or not HTTP at all: each is bounded, and a working sender is served."""

import asyncio
import json
import resource
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from yarl import URL

from ..daemon.kit import PROBLEM, STREET, Served, serving, write_street

IMPATIENT = "body_seconds_max = 1\nidle_seconds_max = 1\nconnections_max = 4\nbody_bytes_max = 65536"
HEAD = b"POST /events HTTP/1.1\r\nHost: here\r\nContent-Type: application/cloudevents+json\r\n"
PLACES = 4
Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@pytest.fixture
def impatient(tmp_path: Path) -> Iterator[Served]:
    with serving(write_street(tmp_path, STREET.replace("body_bytes_max = 65536", IMPATIENT))) as served:
        yield served


@asynccontextmanager
async def connected(served: Served, *sent: bytes) -> AsyncIterator[Ends]:
    url = URL(served.daemon.url)
    reader, writer = await asyncio.open_connection(url.host, url.port)
    try:
        writer.writelines(sent)
        yield reader, writer
    finally:
        writer.close()


async def told(reader: asyncio.StreamReader) -> tuple[int, bytes, dict[str, object]]:
    """Everything that comes until the connection is closed, as one problem: its status, head and document."""
    said = await reader.read()
    head, _, body = said.partition(b"\r\n\r\n")
    assert f"Content-Type: {PROBLEM}".encode() in head, said
    return int(head.split()[1]), head, json.loads(body)


def level(served: Served) -> bytes:
    """A whole request that reports a level."""
    body = json.dumps(served.level()).encode()
    return HEAD + f"Content-Length: {len(body)}\r\n\r\n".encode() + body


# slow senders, slow readers


@pytest.mark.parametrize("sent", [b"", b"POST /events HT", HEAD + b"X-Never-"])
def test_a_head_that_does_not_come_to_its_end_is_cut_off(impatient: Served, sent: bytes) -> None:
    async def story() -> None:
        async with connected(impatient, sent) as (reader, _):
            assert await reader.read() == b""

    impatient.run(story())


def test_dripping_byte_by_byte_does_not_keep_a_head_alive(impatient: Served) -> None:
    async def story() -> None:
        async with connected(impatient, HEAD + b"X-Never: ") as (reader, writer):
            end = asyncio.create_task(reader.read())
            while not (await asyncio.wait({end}, timeout=0.05))[0]:
                writer.write(b"x")
            assert end.exception() is not None or end.result() == b""

    impatient.run(story())


@pytest.mark.parametrize("framing", [b"Content-Length: 100\r\n\r\n{", b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n"])
def test_a_body_that_does_not_come_to_its_end_is_a_408_and_the_end(impatient: Served, framing: bytes) -> None:
    async def story() -> None:
        async with connected(impatient, HEAD + framing) as (reader, _):
            status, head, problem = await told(reader)
        assert (status, problem["code"]) == (408, "too_slow")
        assert b"Connection: close" in head

    impatient.run(story())


def test_who_asks_and_does_not_read_is_cut_off(impatient: Served) -> None:
    async def story() -> None:
        url = URL(impatient.daemon.url)
        mute = socket.socket()
        mute.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        mute.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(mute, (url.host, url.port))
        asking = asyncio.create_task(
            loop.sock_sendall(mute, b"GET /openapi.json HTTP/1.1\r\nHost: here\r\n\r\n" * 100_000)
        )
        # Nothing is read here. The daemon's patience ends, and with it what is still being sent.
        with pytest.raises(ConnectionError):
            await asking
        mute.close()
        assert (await impatient.fetch("GET", "/healthz")).status == 200

    impatient.run(story())


# heads and bodies that are too large, or no HTTP


BROKEN = {
    "a long URL": (
        b"GET /cases?scenario=" + b"s3cret" * 3_000 + b" HTTP/1.1\r\nHost: here\r\n\r\n",
        431,
        "head_too_large",
    ),
    "a long header": (HEAD + b"Authorization: Bearer " + b"s3cret" * 3_000 + b"\r\n\r\n", 431, "head_too_large"),
    "many headers": (
        HEAD + b"".join(b"X-%d: s3cret\r\n" % number for number in range(500)) + b"\r\n",
        *(431, "head_too_large"),
    ),
    "no HTTP": (b"s3cret\r\n\r\n", 400, "bad_request"),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 s3cret\r\n\r\n", 400, "bad_request"),
    "NULs": (b"GET /\x00s3cret HTTP/1.1\r\nHost: here\r\n\r\n", 400, "bad_request"),
    "a header without a name": (b"GET / HTTP/1.1\r\nHost: here\r\n: s3cret\r\n\r\n", 400, "bad_request"),
    "two lengths": (HEAD + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\ns3cret", 400, "bad_request"),
    "a length and chunks": (
        HEAD + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\ns3cret",
        *(400, "bad_request"),
    ),
    "a negative length": (HEAD + b"Content-Length: -1\r\n\r\ns3cret", 400, "bad_request"),
    "an endless length": (HEAD + b"Content-Length: " + b"9" * 400 + b"\r\n\r\ns3cret", 400, "bad_request"),
    "a chunk without a length": (
        HEAD + b"Transfer-Encoding: chunked\r\n\r\ns3cret\r\n",
        *(400, "bad_request"),
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_no_request_gets_a_problem_that_repeats_nothing_of_it(impatient: Served, name: str) -> None:
    sent, status, code = BROKEN[name]

    async def story() -> None:
        async with connected(impatient, sent) as (reader, _):
            answered, head, problem = await told(reader)
        assert (answered, problem["code"]) == (status, code)
        assert len(head) + len(json.dumps(problem)) < 1_000
        assert "s3cret" not in json.dumps(problem)

    impatient.run(story())


def test_a_body_in_tiny_chunks_is_read_like_any_other_and_bounded_like_any_other(impatient: Served) -> None:
    async def story(body: bytes) -> bytes:
        chunks = b"".join(b"1\r\n" + body[at : at + 1] + b"\r\n" for at in range(len(body)))
        closing = HEAD + b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
        async with connected(impatient, closing, chunks, b"0\r\n\r\n") as (reader, _):
            return await reader.read()

    assert impatient.run(story(json.dumps(impatient.level()).encode())).startswith(b"HTTP/1.1 202 ")
    assert impatient.run(story(b" " * 70_000)).startswith(b"HTTP/1.1 413 ")


# many connections


def test_the_longest_idle_connection_makes_room(impatient: Served) -> None:
    async def story() -> None:
        async with AsyncExitStack() as open_ones:
            ends = [await open_ones.enter_async_context(connected(impatient)) for _ in range(PLACES)]
            await spoken(*ends[0])  # so it is not the one that is longest without a request
            for taken_from in (1, 2):
                await spoken(*await open_ones.enter_async_context(connected(impatient)))
                assert await gone(ends[taken_from][0])
            await spoken(*ends[0])
            await spoken(*ends[3])

    impatient.run(story())


async def spoken(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: here\r\n\r\n")
    assert (await reader.readuntil(b"}")).startswith(b"HTTP/1.1 200 ")


async def gone(reader: asyncio.StreamReader) -> bool:
    try:
        return await reader.read() == b""
    except ConnectionError:
        return True


def test_where_all_are_busy_a_new_one_hears_429_and_a_place_that_is_free_again_is_given(impatient: Served) -> None:
    slow = HEAD + b"Content-Length: 2\r\nExpect: 100-continue\r\n\r\n"

    async def story() -> None:
        async with AsyncExitStack() as open_ones:
            busy = [await open_ones.enter_async_context(connected(impatient, slow)) for _ in range(PLACES)]
            for reader, _ in busy:
                assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
            answer = await impatient.fetch("GET", "/healthz")
            assert (answer.status, answer.json["code"]) == (429, "too_many_connections")
            assert answer.is_problem
            assert answer.headers["Retry-After"] == "1"
            for reader, writer in busy:
                writer.write(b"{]")
                assert (await reader.readuntil(b"\r\n")).startswith(b"HTTP/1.1 400 ")
            assert (await impatient.fetch("GET", "/healthz")).status == 200

    impatient.run(story())


HOLD = """
import resource, socket, sys
port, number = map(int, sys.argv[1:])
resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
held = [socket.create_connection(("127.0.0.1", port)) for _ in range(number)]
print(len(held), flush=True)
sys.stdin.read()
"""
IDLE = 10_000
IDLE_BYTES_MAX = 20_000


@pytest.mark.slow
def test_ten_thousand_idle_connections_cost_little_each_and_keep_nobody_out(tmp_path: Path) -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    idle = IDLE if hard == resource.RLIM_INFINITY else min(IDLE, hard - 500)
    patient = STREET.replace("body_bytes_max = 65536", f"idle_seconds_max = 600\nconnections_max = {idle + 1}")
    with serving(write_street(tmp_path, patient)) as served:

        async def story() -> None:
            before = resident()
            port = str(URL(served.daemon.url).port)
            holder = await asyncio.create_subprocess_exec(
                *(sys.executable, "-c", HOLD, port, str(idle)),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
            )
            assert holder.stdout is not None
            assert holder.stdin is not None
            async with connected(served) as (reader, writer):
                assert int(await holder.stdout.readline()) == idle
                # One that has been here before, and ones that come now, each of which takes the place of an idle one.
                writer.write(level(served))
                assert (await reader.readuntil(b"\r\n")).startswith(b"HTTP/1.1 202 ")
                for _ in range(20):
                    sent = json.dumps(served.level()).encode()
                    answer = await served.fetch(
                        "POST", "/events", headers={"Content-Type": "application/cloudevents+json"}, data=sent
                    )
                    assert answer.status == 202
            each = (resident() - before) / idle
            assert each < IDLE_BYTES_MAX, each
            holder.stdin.close()
            assert await holder.wait() == 0

        served.run(story())


def resident() -> int:
    """Bytes of this process in memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


# senders who leave


def tasks_besides_this() -> int:
    return len(asyncio.all_tasks()) - 1


@pytest.mark.parametrize("parting", ["abort", "close", "half"])
def test_a_sender_who_leaves_before_the_answer_leaves_nothing_behind(impatient: Served, parting: str) -> None:
    async def story() -> None:
        before = tasks_besides_this()
        for _ in range(20):
            async with connected(impatient, level(impatient)) as (reader, writer):
                if parting == "abort":
                    writer.transport.abort()
                elif parting == "half":
                    writer.write_eof()
                    await reader.read()  # an answer or none, and then the end
        answer = await impatient.fetch("GET", "/metrics")
        while b"civicloop_queue_events 0.0" not in answer.body:
            answer = await impatient.fetch("GET", "/metrics")
        while tasks_besides_this() > before + 1:  # the last fetch's own connection is just being closed
            assert (await impatient.fetch("GET", "/healthz")).status == 200
        assert (await impatient.fetch("GET", "/readyz")).status == 200

    impatient.run(story())


@pytest.mark.parametrize("framing", [b"Content-Length: 100\r\n\r\n{", b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n"])
def test_a_sender_who_leaves_within_the_body_is_no_fault_of_ours(impatient: Served, framing: bytes) -> None:
    async def story() -> None:
        before = tasks_besides_this()
        async with connected(impatient, HEAD + framing):
            assert (await impatient.fetch("GET", "/healthz")).status == 200
            assert tasks_besides_this() > before
        while tasks_besides_this() > before + 1:  # the last fetch's own connection is just being closed
            assert (await impatient.fetch("GET", "/healthz")).status == 200

    with capture_logs() as logged:
        impatient.run(story())
    assert [line["event"] for line in logged if line["log_level"] == "error"] == []


def test_many_requests_at_once_on_one_connection_are_answered_in_their_order(impatient: Served) -> None:
    async def story() -> None:
        requests = [b"GET /cases/x/%d HTTP/1.1\r\nHost: here\r\n\r\n" % number for number in range(500)]
        async with connected(impatient, *requests) as (reader, _):
            for number in range(500):
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
                assert f"'x/{number}'".encode() in await reader.readexactly(length)

    impatient.run(story())
