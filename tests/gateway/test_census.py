"""A count that takes long is made beside the work, and nobody but the first waits for it."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Mapping

import pytest

from civicloop.core.gateway.census import QUICK_SECONDS, REST, Census
from civicloop.core.stores.base import StoreError


class Counter:
    """Counts how often it has counted, taking ``takes`` seconds of a clock of its own, once it may go on."""

    def __init__(self, takes: float) -> None:
        self.takes = takes
        self.now = 100.0
        self.times = 0
        self.trouble = ""
        self.go_on = threading.Event()
        self.go_on.set()
        self.census = Census(self.count, lambda: self.now)

    def count(self) -> Mapping[str, int]:
        assert self.go_on.wait(10)
        if self.trouble:
            raise StoreError(self.trouble)
        self.times += 1
        self.now += self.takes
        return {"events": self.times}


def tell(story: Callable[[Counter], Awaitable[None]], takes: float) -> None:
    async def told() -> None:
        await story(Counter(takes))

    asyncio.run(told())


async def settled(counter: Counter, times: int) -> None:
    """Until that many counts are made; fails rather than wait for ever."""
    for _ in range(100_000):
        if (await counter.census.read())["events"] >= times:
            return
        await asyncio.sleep(0)
    raise AssertionError(f"{times} counts were never made")


def test_a_quick_count_is_always_new() -> None:
    async def story(counter: Counter) -> None:
        assert [await counter.census.read() for _ in range(3)] == [{"events": number} for number in (1, 2, 3)]

    tell(story, takes=QUICK_SECONDS / 2)


def test_a_long_count_is_told_again_until_it_has_rested() -> None:
    async def story(counter: Counter) -> None:
        await counter.census.read()
        counter.now += REST * 2.0 - 1
        assert [await counter.census.read() for _ in range(9)] == [{"events": 1}] * 9
        await asyncio.sleep(0)
        assert counter.times == 1

    tell(story, takes=2.0)


def test_nobody_waits_for_a_long_count_that_is_made_again() -> None:
    async def story(counter: Counter) -> None:
        await counter.census.read()
        counter.now += REST * 2.0
        counter.go_on.clear()
        assert [await counter.census.read() for _ in range(3)] == [{"events": 1}] * 3
        counter.go_on.set()
        await settled(counter, 2)
        assert counter.times == 2

    tell(story, takes=2.0)


def test_all_who_ask_first_wait_for_one_count() -> None:
    async def story(counter: Counter) -> None:
        counter.go_on.clear()
        asking = [asyncio.create_task(counter.census.read()) for _ in range(3)]
        await asyncio.sleep(0)
        asking[0].cancel()
        counter.go_on.set()
        assert await asyncio.gather(*asking[1:]) == [{"events": 1}] * 2

    tell(story, takes=2.0)


def test_a_store_that_cannot_be_counted_says_so_until_it_was_counted_once() -> None:
    async def story(counter: Counter) -> None:
        counter.trouble = "the database is damaged"
        with pytest.raises(StoreError, match="damaged"):
            await counter.census.read()
        counter.trouble = ""
        assert await counter.census.read() == {"events": 1}
        counter.trouble = "the disk is gone"
        counter.now += REST * 2.0
        assert [await counter.census.read() for _ in range(3)] == [{"events": 1}] * 3
        counter.trouble = ""
        counter.now += REST * 2.0
        await settled(counter, 2)

    tell(story, takes=2.0)
