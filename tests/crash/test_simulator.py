"""The simulator's gate: a fixed list of seeds, each a week; and the simulator itself, which must not be blind."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta

import pytest
import structlog

from civicloop.core.stores.crash import CrashPoint

from .simulator.happenings import Crash, Errand, Fact, Hear, Line, describe
from .simulator.planted import PLANTED, ROOT, Planted
from .simulator.scenery import make_scene
from .simulator.script import NEVER_DRAWN, WEEK, may_differ
from .simulator.seeds import cut_down, history_of, judge, judge_history, story
from .simulator.virtual_time import SPEED, LeapingLoop, StandsStillError
from .simulator.week import Week, scratch

GATE = range(24)
"""About a minute of one core. The long profile goes on where the record ends."""

DEADLY = (0, 3, 21, 22)
"""Seeds whose weeks die everywhere between them."""

MOODY = 656
"""A seed whose street has a scenario that raises over a reading of 85."""


@pytest.fixture(autouse=True)
def silent() -> Iterator[None]:
    """The daemon's log would be long, and is not what is looked at."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    yield
    structlog.configure(**before)


@pytest.mark.slow
@pytest.mark.parametrize("seed", GATE)
def test_a_simulated_week_keeps_the_laws(seed: int) -> None:
    verdict = judge(seed)
    assert verdict.is_clean, story(verdict)


def test_a_seed_always_takes_the_same_course() -> None:
    weeks = []
    for _ in range(2):
        with scratch() as path:
            weeks.append(Week(make_scene(1), history_of(1, make_scene(1)), path).play())
    assert weeks[0].tables == weeks[1].tables
    assert weeks[0].counts == weeks[1].counts
    assert weeks[0].counts["crashes"] > 0


def test_the_gate_has_crashes_at_every_point_and_troubles_of_every_kind() -> None:
    histories = [history_of(seed, make_scene(seed)) for seed in GATE]
    crashes = [one for history in histories for one in history if isinstance(one, Crash)]
    assert {crash.point for crash in crashes} == set(CrashPoint) - NEVER_DRAWN
    kinds = {type(one).__name__ for history in histories for one in history}
    assert kinds == {"Hear", "Say", "Again", "SetClock", "Line", "Disk", "Crash", "Errand", "Reload"}
    assert {may_differ(history) for history in histories} == {True, False}
    assert all(one.at <= 3 * WEEK for history in histories for one in history)


def test_the_weeks_die_at_every_point_that_is_drawn() -> None:
    died: set[CrashPoint] = set()
    for seed in DEADLY:
        with scratch() as path:
            died |= set(Week(make_scene(seed), history_of(seed, make_scene(seed)), path).play().died)
    assert died == set(CrashPoint) - NEVER_DRAWN


ERRANDS = [
    ("retry", CrashPoint.TURN_WRITTEN),
    ("retry", CrashPoint.TURN_COMMITTED),
    ("sweep", CrashPoint.PIECE_PURGED),
    ("backup", CrashPoint.STORE_COPIED),
    ("backup", CrashPoint.COPY_CHECKED),
    ("backup", CrashPoint.COPY_RENAMED),
    ("checkpoint", CrashPoint.CHECKPOINT_BEGUN),
    ("checkpoint", CrashPoint.CHECKPOINT_COPIED),
    ("checkpoint", CrashPoint.CHECKPOINT_DONE),
]


@pytest.mark.parametrize(("what", "point"), ERRANDS)
def test_whoever_is_cut_off_on_an_errand_begins_it_again(what: str, point: CrashPoint) -> None:
    """The calm week has it done once: one that is done a second time, or not at all, would be told by the tables."""
    at = timedelta(days=3)
    history = [
        Hear(0, timedelta(hours=1), (Fact("raises", "sim.reading", "d6", {"value": 85, "image": "a picture"}),)),
        Crash(1, at, point, 0, timedelta()),
        Errand(2, at, what),
        Line(3, at + timedelta(hours=1), "console", "works"),
    ]
    verdict = judge_history(MOODY, make_scene(MOODY), history)
    assert verdict.is_clean, verdict.detail
    assert verdict.outcome is not None
    assert verdict.outcome.died == {point: 1}


def test_a_failing_history_is_cut_down_to_what_it_needs() -> None:
    history = [Line(number, timedelta(hours=number), "app", "fails") for number in range(40)]
    kept = cut_down(list(history), lambda some: {3, 17} <= {one.number for one in some})
    assert [one.number for one in kept] == [3, 17]


def test_time_leaps_and_never_stands_still() -> None:
    loop = LeapingLoop()

    async def wait() -> timedelta:
        await asyncio.sleep(7)
        return loop.elapsed

    async def spin() -> None:
        while True:  # noqa: ASYNC110  # it spins on purpose
            await asyncio.sleep(0)

    try:
        assert loop.run_until_complete(wait()) == timedelta(seconds=7 * SPEED)
        with pytest.raises(StandsStillError):
            loop.run_until_complete(spin())
    finally:
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.close()


def test_a_history_says_what_happens_in_it() -> None:
    history = history_of(3, make_scene(3))
    lines = [describe(one) for one in history]
    assert len(lines) == len(history)
    assert any("sim.reading" in line for line in lines)
    assert any(isinstance(one, Hear) for one in history)


@pytest.mark.parametrize("one", PLANTED, ids=lambda one: one.name)
def test_a_planted_fault_has_a_place_in_the_code(one: Planted) -> None:
    """They are played by hand, ``python -m tests.crash.simulator.planted``, for each takes a while."""
    assert (ROOT / one.file).read_text(encoding="utf-8").count(one.was) == 1, f"{one.file} has changed; plant it anew"
    assert one.was != one.now
