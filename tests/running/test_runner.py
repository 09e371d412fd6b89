"""The turn loop: a bounded queue, one commit for what waits, and waking for what is due."""

import asyncio
from datetime import timedelta

import pytest

from civicloop import Reason
from civicloop.core.engine.receipt import Input, Status
from civicloop.core.running.clock import FastClock
from civicloop.core.running.runner import QueueFull, Runner, Unavailable

from ..engine.stage import NOON, Full, Stage, answer, fill
from .test_courier import HandClock


def inputs(*numbers: int) -> list[Input]:
    return [Input(fill(90, id=str(number), subject=f"B{number % 10}")) for number in numbers]


class Breath:
    """Lets everything else that is ready run once."""

    def __await__(self):
        yield


async def breathe() -> None:
    await Breath()


def run(story) -> None:
    asyncio.run(asyncio.wait_for(story, 5))


def test_what_waits_is_committed_at_once_and_everybody_gets_their_own_receipts(store):
    async def story() -> None:
        stage = Stage(Full, store=store)
        turns: list[int] = []
        runner = Runner(stage.engine, HandClock(), after_turn=lambda: turns.append(1))
        waiting = [asyncio.create_task(runner.submit(inputs(*numbers))) for numbers in ((1, 2), (3,), (1,))]
        await breathe()
        assert runner.waiting == 4
        running = asyncio.create_task(runner.run())
        receipts = await asyncio.gather(*waiting)
        assert [[one.status.value for one in some] for some in receipts] == [
            ["accepted", "accepted"],
            ["accepted"],
            ["duplicate"],
        ]
        assert (len(turns), runner.waiting) == (1, 0)
        runner.stop()
        await running

    run(story())


def test_submissions_stay_together_and_batches_have_a_bound():
    async def story() -> None:
        sizes: list[int] = []
        stage = Stage(Full)
        turn = stage.engine.turn

        class Counting(type(stage.engine)):
            def turn(self, inputs, now):
                sizes.append(len(inputs))
                return super().turn(inputs, now)

        assert turn is not None
        runner = Runner(Counting(stage.store, stage.engine.setup), HandClock(), batch_max=5)
        numbers = [(1, 2, 3), (4, 5, 6), tuple(range(7, 17)), (17,)]
        waiting = [asyncio.create_task(runner.submit(inputs(*some))) for some in numbers]
        await breathe()
        runner.stop()
        await runner.run()
        await asyncio.gather(*waiting)
        assert sizes == [6, 10, 1]

    run(story())


def test_a_full_queue_refuses_visibly_and_a_stopping_one_too():
    async def story() -> None:
        runner = Runner(Stage(Full).engine, HandClock(), queue_max=3)
        assert await runner.submit([]) == []
        with pytest.raises(QueueFull, match="4 events at once are more than may wait, 3"):
            await runner.submit(inputs(1, 2, 3, 4))
        first = asyncio.create_task(runner.submit(inputs(1, 2)))
        await breathe()
        with pytest.raises(QueueFull, match="2 events are waiting already"):
            await runner.submit(inputs(3, 4))
        runner.stop()
        with pytest.raises(Unavailable, match="stopping"):
            await runner.submit(inputs(5))
        await runner.run()  # what was taken in is still decided
        assert [one.status for one in await first] == [Status.ACCEPTED] * 2

    run(story())


def test_a_flood_fills_its_own_share_and_an_alarm_of_somebody_else_is_in_the_next_turn():
    async def story() -> None:
        sizes: list[list[str]] = []
        stage = Stage(Full)

        class Watched(type(stage.engine)):
            def turn(self, inputs, now):
                sizes.append([item.envelope.id for item in inputs])
                return super().turn(inputs, now)

        runner = Runner(Watched(stage.store, stage.engine.setup), HandClock(), queue_max=100, batch_max=10)
        flood = [asyncio.create_task(runner.submit(inputs(*range(n, n + 10)), "noisy")) for n in range(0, 50, 10)]
        await breathe()
        with pytest.raises(QueueFull, match="50 events are waiting already, 50 of them from this sender"):
            await runner.submit(inputs(99), "noisy")
        alarm = asyncio.create_task(runner.submit(inputs(77), "alarm"))
        await breathe()
        runner.stop()
        await runner.run()
        assert "77" in sizes[0] + sizes[1], "one turn of somebody else's at most"
        assert [one for turn in sizes for one in turn if one != "77"] == [str(number) for number in range(50)]
        assert [len(await one) for one in (*flood, alarm)] == [10] * 5 + [1]

    run(story())


def test_a_sender_who_has_gone_leaves_the_others_alone(store):
    async def story() -> None:
        runner = Runner(Stage(Full, store=store).engine, HandClock())
        gone = asyncio.create_task(runner.submit(inputs(1)))
        stays = asyncio.create_task(runner.submit(inputs(2)))
        await breathe()
        gone.cancel()
        await breathe()
        runner.stop()
        await runner.run()
        assert (await stays)[0].status is Status.ACCEPTED
        assert (runner.waiting, store.event("/gw", "1")) == (0, None)

    run(story())


def test_a_store_that_cannot_write_is_said_and_gone_on_from(store):
    async def story() -> None:
        runner = Runner(Stage(Full, store=store).engine, HandClock())
        running = asyncio.create_task(runner.run())
        store._writes.raw.execute("PRAGMA query_only = ON")
        with pytest.raises(Unavailable, match="may not be written"):
            await runner.submit(inputs(1))
        assert "may not be written" in runner.trouble
        store._writes.raw.execute("PRAGMA query_only = OFF")
        assert (await runner.submit(inputs(1)))[0].status is Status.ACCEPTED
        assert runner.trouble == ""
        runner.stop()
        await running

    run(story())


def test_it_wakes_for_deadlines_though_nothing_comes_in(store):
    async def story() -> None:
        stage = Stage(Full, store=store)
        happened = asyncio.Event()
        # Ten minutes pass in a twentieth of a second.
        runner = Runner(stage.engine, FastClock(NOON, 12_000), after_turn=happened.set)
        running = asyncio.create_task(runner.run())
        await runner.submit(inputs(1))
        happened.clear()
        await happened.wait()
        assert stage.story("bins.full/B1")[2:4] == [Reason.NOT_ACCEPTED, Reason.ESCALATED]
        runner.stop()
        await running

    run(story())


def test_what_comes_due_within_a_tick_shares_a_turn(store):
    async def story() -> None:
        stage = Stage(Full, store=store)
        for number in range(10):
            stage.hear(*(item.envelope for item in inputs(number)), minute=number / 60_000)  # a millisecond apart
        due = store.next_due()
        turns: list[int] = []
        done = asyncio.Event()

        def after_turn() -> None:
            turns.append(1)
            if all(Reason.NOT_ACCEPTED in stage.story(f"bins.full/B{number}") for number in range(10)):
                done.set()

        runner = Runner(stage.engine, FastClock(due, 1), after_turn=after_turn)
        running = asyncio.create_task(runner.run())
        await done.wait()
        assert len(turns) <= 2, "the first falls on a tick, the others on the next"
        runner.stop()
        await running

    run(story())


def test_what_came_due_waits_for_its_tick_whatever_wakes_the_loop(store):
    async def story() -> None:
        stage = Stage(Full, store=store)
        stage.hear(fill(90), minute=0.001)
        due, clock = store.next_due(), HandClock()
        runner = Runner(stage.engine, clock)
        running = asyncio.create_task(runner.run())
        clock.wait(seconds=(due - NOON).total_seconds() + 0.001)
        for _ in range(9):
            runner.poke()
            await breathe()
        assert Reason.NOT_ACCEPTED not in stage.story("bins.full/B1")
        clock.wait(seconds=0.05)
        for _ in range(9):
            runner.poke()
            await breathe()
        assert Reason.NOT_ACCEPTED in stage.story("bins.full/B1")
        runner.stop()
        await running

    run(story())


def test_a_fault_of_ours_turns_away_the_one_input_and_not_those_that_came_with_it(store):
    async def story() -> None:
        stage = Stage(Full, store=store)
        runner = Runner(stage.engine, HandClock())
        broken = Input(fill(90, id="x")._replace(body=None))  # no door makes such an envelope
        waiting = asyncio.create_task(runner.submit([*inputs(1), broken, *inputs(2)]))
        await breathe()
        runner.stop()
        await runner.run()
        assert [one.status.value for one in await waiting] == ["accepted", "rejected", "accepted"]
        assert stage.engine.counts["decision", Reason.INTERNAL_ERROR] == 2

    run(story())


def test_an_idle_engine_notes_that_it_is_alive(store):
    async def story() -> None:
        clock = HandClock()
        runner = Runner(Stage(Full, store=store).engine, clock)
        running = asyncio.create_task(runner.run())
        for _ in range(3):
            await breathe()
        assert store.last_turn() == NOON
        clock.wait(seconds=30)
        runner.poke()
        for _ in range(6):
            await breathe()
        assert store.last_turn() == NOON + timedelta(seconds=30)
        runner.stop()
        await running

    run(story())


def test_an_answer_and_its_case_may_come_together(store):
    async def story() -> None:
        runner = Runner(Stage(Full, store=store).engine, HandClock())
        running = asyncio.create_task(runner.run())
        both = [Input(answer("accept", "bins.full/B1", "cleaner")), *inputs(1)]
        assert [one.status for one in await runner.submit(both)] == [Status.ACCEPTED] * 2
        runner.stop()
        await running

    run(story())
