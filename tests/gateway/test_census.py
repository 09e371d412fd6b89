"""A count that takes long is made beside the work, and nobody but the first waits for it."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Mapping

import pytest

from civicloop.core.gateway.census import FEW, REST, Census
from civicloop.core.stores.base import StoreError

TAKES = 2.0
"""Seconds of the story's clock."""


class Counter:
    """Counts how often it has counted, beside so many ``cases``, once it may go on."""

    def __init__(self, cases: int) -> None:
        self.cases = cases
        self.now = 100.0
        self.times = 0
        self.trouble = ""
        self.begun, self.go_on = threading.Event(), threading.Event()
        self.go_on.set()
        self.census = Census(self.count, lambda: self.now)

    def count(self) -> Mapping[str, int]:
        self.begun.set()
        assert self.go_on.wait(10)
        if self.trouble:
            raise StoreError(self.trouble)
        self.times += 1
        self.now += TAKES
        return {"events": self.times, "cases": self.cases}

    async def read(self) -> int:
        return (await self.census.read())["events"]


def tell(story: Callable[[Counter], Awaitable[None]], cases: int = FEW) -> None:
    async def told() -> None:
        await story(Counter(cases))

    asyncio.run(told())


def counting() -> list["asyncio.Task[object]"]:
    """The counts that are being made."""
    return [task for task in asyncio.all_tasks() if task.get_name() == "census"]


def test_what_is_little_is_counted_for_everybody() -> None:
    async def story(counter: Counter) -> None:
        assert [await counter.read() for _ in range(3)] == [1, 2, 3]

    tell(story, cases=FEW - 3)


def test_a_long_count_is_told_again_until_it_has_rested() -> None:
    async def story(counter: Counter) -> None:
        await counter.read()
        counter.now += REST * TAKES - 1
        assert [await counter.read() for _ in range(9)] == [1] * 9
        assert not counting()

    tell(story)


def test_nobody_waits_for_a_long_count_that_is_made_again() -> None:
    async def story(counter: Counter) -> None:
        await counter.read()
        counter.now += REST * TAKES
        counter.go_on.clear()
        assert [await counter.read() for _ in range(3)] == [1] * 3
        (task,) = counting()
        counter.go_on.set()
        await task
        assert await counter.read() == counter.times == 2

    tell(story)


def test_all_who_ask_first_wait_for_one_count_and_whoever_leaves_does_not_end_it() -> None:
    async def story(counter: Counter) -> None:
        counter.go_on.clear()
        asking = [asyncio.create_task(counter.read()) for _ in range(3)]
        await asyncio.to_thread(counter.begun.wait, 10)
        asking[0].cancel()
        counter.go_on.set()
        assert await asyncio.gather(*asking[1:]) == [1, 1]

    tell(story)


def test_a_store_that_cannot_be_counted_says_so_until_it_was_counted_once() -> None:
    async def story(counter: Counter) -> None:
        counter.trouble = "the database is damaged"
        with pytest.raises(StoreError, match="damaged"):
            await counter.read()
        counter.trouble = ""
        assert await counter.read() == 1
        counter.trouble = "the disk is gone"
        counter.now += REST * TAKES
        assert await counter.read() == 1
        (task,) = counting()
        await task
        assert await counter.read() == 1

    tell(story)
