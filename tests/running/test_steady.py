"""A clock that is set back or leaps: no deadline is lost or doubled, no journal goes back, no silence is invented."""

import asyncio
from datetime import timedelta

import pytest

from civicloop import Reason
from civicloop.core.engine.engine import Engine
from civicloop.core.engine.receipt import Input
from civicloop.core.running.runner import Runner
from civicloop.core.running.steady import SteadyClock
from civicloop.core.stores.sqlite import SqliteStore

from ..engine.stage import NOON, Full, Silent, Stage, beat, fill
from .test_courier import HandClock
from .test_runner import breathe


class Machine:
    """A machine whose clock may be set, while time goes by all the same."""

    def __init__(self) -> None:
        self.clock = HandClock()
        self.seconds = 0.0

    def pass_by(self, **span: float) -> None:
        went = timedelta(**span)
        self.clock.at += went
        self.seconds += went.total_seconds()

    def steady(self, since=None) -> SteadyClock:
        return SteadyClock(self.clock, since, lambda: self.seconds)


@pytest.mark.parametrize(
    ("passed", "step", "shown", "behind", "leaps"),
    [
        (1, 0, 1, 0, False),
        (60, 0, 60, 0, False),
        (61, 0, 61, 0, True),
        (0, 3600, 3600, 0, True),
        (1, 30, 31, 0, False),
        (1, -1, 0, 0, False),
        (1, -2, 0.5, 1.5, False),
        (10, -3600, 5, 3595, False),
        (10, -86400, 5, 86395, False),
        (3600, -1800, 1800, 0, True),
        (0, -1, 0, 1, False),
    ],
)
def test_what_a_steady_clock_makes_of_a_step(passed, step, shown, behind, leaps):
    machine = Machine()
    clock = machine.steady()
    assert clock.now() == NOON
    machine.pass_by(seconds=passed)
    machine.clock.wait(seconds=step)
    assert clock.now() == NOON + timedelta(seconds=shown)
    assert (clock.behind, clock.has_leapt) == (timedelta(seconds=behind), leaps)


def test_it_takes_up_where_the_engine_stood_and_is_overtaken_in_the_end():
    machine = Machine()
    clock = machine.steady(since=NOON + timedelta(hours=1))
    shown = [clock.now()]
    for _ in range(3 * 60):
        machine.pass_by(minutes=1)
        shown.append(clock.now())
    assert shown == sorted(shown)
    assert shown[60] == NOON + timedelta(hours=1, minutes=30)
    assert shown[119] == NOON + timedelta(hours=1, minutes=59)
    assert shown[121] == NOON + timedelta(hours=2, minutes=1)
    assert (shown[-1], clock.behind) == (machine.clock.now(), timedelta())


class Watched:
    """A real runner on a steady clock, driven look by look."""

    def __init__(self, machine: Machine, *scenarios, lateness: timedelta = timedelta()) -> None:
        self.machine = machine
        self.stage = Stage(*scenarios, store=SqliteStore(None), lateness=lateness)
        self.runner = Runner(self.stage.engine, machine.steady())

    async def look(self, times: int = 1, **span: float) -> None:
        for _ in range(times):
            self.machine.pass_by(**span)
            self.runner.poke()
            for _ in range(12):
                await breathe()

    async def hear(self, envelope) -> None:
        hearing = asyncio.create_task(self.runner.submit([Input(envelope)]))
        await self.look(seconds=1)
        [receipt] = await hearing
        assert receipt.status == "accepted"

    def times(self, reason: Reason):
        return [entry.at for _, entry in self.stage.store.journal_after(0, 10_000) if entry.reason is reason]


def story(told) -> None:
    async def bounded() -> None:
        watched = Watched(Machine(), Full, Silent, lateness=timedelta(minutes=10))
        running = asyncio.create_task(watched.runner.run())
        await asyncio.wait_for(told(watched), 60)
        watched.runner.stop()
        await running
        at = [entry.at for _, entry in watched.stage.store.journal_after(0, 10_000)]
        assert at == sorted(at)

    asyncio.run(bounded())


@pytest.mark.parametrize("step", [-60, -24 * 60])
def test_a_clock_set_back_makes_a_deadline_at_most_twice_as_long_and_fires_it_once(step):
    async def told(watched: Watched) -> None:
        await watched.hear(fill(95))
        watched.machine.clock.wait(minutes=step)
        await watched.look(9 * 6, seconds=10)
        assert watched.times(Reason.ESCALATED) == []
        await watched.look(12 * 6, seconds=10)
        assert len(watched.times(Reason.ESCALATED)) == 1
        before = len(watched.stage.journal())
        watched.machine.clock.wait(minutes=-step)
        await watched.look(3, seconds=1)
        assert len(watched.times(Reason.ESCALATED)) == 1
        assert len(watched.stage.journal()) >= before

    story(told)


@pytest.mark.parametrize("step", [60, 24 * 60])
def test_a_leap_fires_what_is_due_once_and_is_nobodys_silence(step):
    async def told(watched: Watched) -> None:
        await watched.hear(fill(95))
        await watched.hear(beat(0))
        watched.machine.clock.wait(minutes=step)
        await watched.look(3, seconds=1)
        assert len(watched.times(Reason.ESCALATED)) == 1
        assert ("bins.silent/B1", 1) not in watched.stage.refs()
        await watched.look(68 * 2, seconds=30)  # the watchdog is an hour old only now, and the allowance not over
        assert ("bins.silent/B1", 1) not in watched.stage.refs()
        await watched.look(4 * 2, seconds=30)
        assert ("bins.silent/B1", 1) in watched.stage.refs()
        watched.machine.clock.wait(minutes=-step)
        await watched.look(3, seconds=1)
        assert len(watched.times(Reason.ESCALATED)) == 1

    story(told)


def test_devices_keep_the_true_time_while_a_clock_that_was_ahead_is_caught_up_with():
    async def told(watched: Watched) -> None:
        watched.machine.clock.wait(hours=2)  # the machine was two hours ahead of its devices from the first
        await watched.look(2, seconds=1)
        await watched.hear(beat(0))
        watched.machine.clock.wait(hours=-2)
        for minute in range(5, 120, 5):
            await watched.look(10, seconds=30)
            await watched.hear(beat(minute))
            assert ("bins.silent/B1", 1) not in watched.stage.refs(), minute
        await watched.look(80 * 2, seconds=30)
        assert ("bins.silent/B1", 1) in watched.stage.refs()

    story(told)


def test_an_engine_never_takes_a_turn_before_the_one_before():
    stage = Stage(Full)
    stage.hear(fill(95, minute=30), minute=30)
    other = Engine(stage.store, stage.engine.setup)
    assert other.start(NOON) == timedelta()
    other.turn([Input(fill(96, minute=0, id="2", subject="B2"))], NOON)
    assert [entry.at for _, entry in stage.store.journal_after(0, 100)] == [NOON + timedelta(minutes=30)] * len(
        stage.journal()
    )
    assert stage.store.last_turn() == NOON + timedelta(minutes=30)
