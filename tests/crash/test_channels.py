"""Webhooks that hang, fail, reset, or answer too late for a whole day: bounded, and nobody else waits."""

from __future__ import annotations

import asyncio
import itertools
import os
import threading
from collections import defaultdict
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from civicloop import Message, Severity
from civicloop.core.running.courier import BACKOFF_FIRST, BACKOFF_MAX, Courier
from civicloop.core.stores.base import Writes
from civicloop.core.stores.sqlite import SqliteStore
from civicloop.plugins.message_channels.file_drop import FileDrop
from civicloop.plugins.message_channels.webhook import Webhook

from ..engine.stage import NOON
from ..running.test_courier import HandClock, notice

ATTEMPTS_MAX = 12
STEP = timedelta(minutes=15)
TIMEOUT_SECONDS = 0.2
WAIT_SECONDS_MAX = 60

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


async def hangs(_: web.Request) -> web.StreamResponse:
    await asyncio.Event().wait()
    raise AssertionError("it never answers")


async def fails(_: web.Request) -> web.StreamResponse:
    return web.Response(status=500)


async def resets(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def dribbles(request: web.Request) -> web.StreamResponse:
    """Begins its answer and never ends the head of it."""
    assert request.transport is not None
    request.transport.write(b"HTTP/1.1 200 O")  # type: ignore[attr-defined]  # a transport of a connection
    await asyncio.Event().wait()
    raise AssertionError("it never answers")


class Seen:
    """What a server was sent, when, on the clock of the test; answers as it is told."""

    def __init__(self, clock: HandClock, answer: Handler | None = None) -> None:
        self.clock, self.answer = clock, answer
        self.at: dict[str, list[datetime]] = defaultdict(list)
        self.came = asyncio.Event()

    async def take(self, request: web.Request) -> web.StreamResponse:
        self.at[request.headers["Idempotency-Key"]].append(self.clock.now())
        self.came.set()
        return await self.answer(request) if self.answer else web.Response()


def serve(handler: Handler) -> TestServer:
    app = web.Application()
    app.router.add_post("/", handler)
    return TestServer(app)


@pytest.mark.slow
@pytest.mark.parametrize("fault", [hangs, fails, resets, dribbles], ids=lambda fault: fault.__name__)
def test_a_webhook_that_fails_for_a_day_delays_no_other_and_its_notices_are_kept(
    tmp_path: Path, fault: Handler
) -> None:
    store, clock = SqliteStore(), HandClock()

    async def day() -> tuple[Seen, Seen]:
        bad, good = Seen(clock, fault), Seen(clock)
        async with serve(bad.take) as here, serve(good.take) as there:
            config = {"timeout_seconds": TIMEOUT_SECONDS}
            hooks = {
                name: Webhook(Webhook.Config(url=str(server.make_url("/")), **config), tmp_path)
                for name, server in (("bad", here), ("good", there))
            }
            courier = Courier(store, hooks, lambda one: Message(one, "t", "t", ()), clock, ATTEMPTS_MAX)
            rounds = asyncio.create_task(courier.run())
            for number in range(timedelta(days=1) // STEP):
                one = notice(f"n{number}", Severity.P0 if number % 2 else Severity.P2)
                with store.turn() as turn:
                    turn.commit(Writes(clock.now(), notices=[(one, "bad"), (one, "good")]))
                courier.poke()
                async with asyncio.timeout(WAIT_SECONDS_MAX):
                    while one.key not in good.at:
                        good.came.clear()
                        await good.came.wait()
                clock.at += STEP
            courier.stop()
            await asyncio.wait_for(rounds, WAIT_SECONDS_MAX)
            await courier.close()
        return bad, good

    bad, good = asyncio.run(day())
    begun = [NOON + number * STEP for number in range(timedelta(days=1) // STEP)]
    assert [good.at[f"n{number}"] for number in range(len(begun))] == [[at] for at in begun]
    assert bad.at
    for times in bad.at.values():
        assert len(times) <= ATTEMPTS_MAX
        assert all(later - earlier >= BACKOFF_FIRST for earlier, later in itertools.pairwise(times))
    counts = store.counts()
    assert counts["pending_notices"] + counts["dead_notices"] == len(begun)
    assert store.revive(None, clock.now()) == counts["dead_notices"]
    store.close()


def test_the_patience_with_one_notice_is_bounded() -> None:
    waits = [min(BACKOFF_FIRST * 2**number, BACKOFF_MAX) for number in range(ATTEMPTS_MAX - 1)]
    assert sum(waits, timedelta()) < timedelta(hours=4)


@pytest.mark.slow
def test_an_answer_that_comes_too_late_is_a_second_delivery_under_the_same_key(tmp_path: Path) -> None:
    store, clock = SqliteStore(), HandClock()

    async def story() -> Seen:
        later = asyncio.Event()

        async def slow_once(_: web.Request) -> web.StreamResponse:
            if len(seen.at["n"]) == 1:
                await later.wait()
            return web.Response()

        seen = Seen(clock, slow_once)
        async with serve(seen.take) as server:
            config = Webhook.Config(url=str(server.make_url("/")), timeout_seconds=TIMEOUT_SECONDS)
            courier = Courier(store, {"hook": Webhook(config, tmp_path)}, lambda one: Message(one, "t", "t", ()), clock)
            with store.turn() as turn:
                turn.commit(Writes(clock.now(), notices=[(notice("n"), "hook")]))
            await courier.deliver("hook")
            later.set()  # the receiver has it now, and its answer finds nobody
            clock.wait(seconds=10)
            await courier.deliver("hook")
            await courier.deliver("hook")
            await courier.close()
        return seen

    seen = asyncio.run(story())
    assert len(seen.at["n"]) == 2
    assert (store.counts()["pending_notices"], store.counts()["dead_notices"]) == (0, 0)
    store.close()


@pytest.mark.slow
def test_a_hundred_hanging_requests_do_not_keep_a_danger_to_life_from_the_same_webhook(tmp_path: Path) -> None:
    store, clock = SqliteStore(), HandClock()

    async def story() -> None:
        async def stuck_unless_grave(request: web.Request) -> web.StreamResponse:
            if request.headers["Idempotency-Key"] != "grave":
                return await hangs(request)
            return web.Response()

        seen = Seen(clock, stuck_unless_grave)
        async with serve(seen.take) as server:
            config = Webhook.Config(url=str(server.make_url("/")), timeout_seconds=20)
            courier = Courier(store, {"hook": Webhook(config, tmp_path)}, lambda one: Message(one, "t", "t", ()), clock)
            rounds = asyncio.create_task(courier.run())
            with store.turn() as turn:
                turn.commit(Writes(clock.now(), notices=[(notice(f"n{n}"), "hook") for n in range(150)]))
            courier.poke()
            async with asyncio.timeout(10):
                while len(seen.at) < 150:
                    seen.came.clear()
                    await seen.came.wait()
                with store.turn() as turn:
                    turn.commit(Writes(clock.now(), notices=[(notice("grave", Severity.P0), "hook")]))
                courier.poke()
                while "grave" not in seen.at:
                    seen.came.clear()
                    await seen.came.wait()
            rounds.cancel()
            await asyncio.wait([rounds])
            await courier.close()

    asyncio.run(story())
    store.close()


def test_files_that_hang_keep_a_few_threads_and_no_danger_to_life(tmp_path: Path) -> None:
    """A named pipe that nobody reads stands for a disk that hangs: whoever opens it to write waits for ever."""

    async def story() -> None:
        drop = FileDrop(FileDrop.Config(directory=Path("drop")), tmp_path)
        (tmp_path / "drop").mkdir()
        before = threading.active_count()
        pipes = [tmp_path / "drop" / f".n{number}.part" for number in range(20)]
        for pipe in pipes:
            os.mkfifo(pipe)
        stuck = [asyncio.create_task(drop.send(Message(notice(f"n{n}"), "t", "t", ()))) for n in range(20)]
        async with asyncio.timeout(10):
            await drop.send(Message(notice("grave", Severity.P0), "t", "t", ()))
        assert (tmp_path / "drop" / "grave.json").exists()
        assert threading.active_count() - before <= 8
        for task in stuck:
            task.cancel()
        await asyncio.wait(stuck)
        await drop.close()
        for pipe in pipes[:4]:  # let the threads go, which a real disk would do when it comes back
            os.close(os.open(pipe, os.O_RDWR))

    asyncio.run(story())
