"""Scenarios that follow cases: how far they have come, how they ended, and what another scenario has found out."""

from collections.abc import Callable
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from civicloop import (
    CLOSE,
    SMALL,
    CaseClosed,
    CaseReached,
    Cleared,
    Context,
    Event,
    Finding,
    Memory,
    Scenario,
    Step,
    hours,
    minutes,
)
from civicloop.testing import Status, Town

from .stage import Stage, answer, fact
from .test_rerun import journal, rerun

Builder = Callable[..., Town]


class Level(Event, type="test.level"):
    percent: int


class Tank(Scenario[Level]):
    """Full or not; a tank whose gauge is known to be broken is left to the second step's people."""

    name = "tanks.full"
    on_cleared = CLOSE
    chain = (
        Step("empty", "cleaner", accept=minutes(10), finish=hours(1)),
        Step("supervise", "ops_center", accept=minutes(30), finish=hours(4), loop=SMALL),
    )

    def assess(self, event: Level, context: Context[Memory]) -> Any:
        gauge = context.find_case(f"tanks.gauge/{event.subject}")
        if event.percent >= 80:
            yield Finding("full", start="supervise" if gauge and gauge.is_open else None)
        else:
            yield Cleared()


class Seen(Memory):
    loops: list[str] = []
    results: list[str] = []


class Gauge(Scenario[CaseReached | CaseClosed, Seen]):
    """A tank that twice was not full has a broken gauge."""

    name = "tanks.gauge"
    chain = (Step("repair", "neighborhood_committee", accept=hours(4)),)

    def key(self, event: CaseReached | CaseClosed, context: Context[Seen]) -> str | None:
        return event.key if event.scenario == Tank.name else None

    def assess(self, event: CaseReached | CaseClosed, context: Context[Seen]) -> Any:
        memory = context.memory
        if isinstance(event, CaseReached):
            memory.loops.append(f"{event.loop.name}{'*' if event.is_new else ''}")
            yield Finding("reached", loops=" ".join(memory.loops)) if event.loop is SMALL else Cleared()
        else:
            memory.results.append(event.result)


@pytest.fixture
def tanks(town: Builder) -> Town:
    return town(Tank, Gauge)


def test_a_scenario_hears_that_a_case_was_opened_and_that_it_has_climbed(tanks: Town) -> None:
    tanks.hear("test.level", subject="T1", percent=90)
    assert [case.scenario for case in tanks.cases] == ["tanks.full"]
    tanks.wait(minutes(10))
    assert tanks.case("tanks.gauge/T1").variables == {"loops": "MICRO* SMALL"}
    tanks.wait(hours(3))
    assert tanks.case("tanks.gauge/T1").sightings == 1


def test_one_scenario_asks_what_another_has_found_out(tanks: Town) -> None:
    for _ in range(2):
        tanks.hear("test.level", subject="T1", percent=90)
        tanks.wait(minutes(10))
        tanks.hear("test.level", subject="T1", percent=9)

    # The second time the gauge was known: nobody was sent to empty it.
    assert tanks.asked == ["cleaner", "ops_center", "neighborhood_committee", "ops_center"]
    tanks.hear("test.level", subject="T2", percent=90)
    assert tanks.asked[-1] == "cleaner"


def test_nobody_outside_may_say_how_a_case_fares(tanks: Town) -> None:
    receipt = tanks.hear("civicloop.case.reached", subject="tanks.full/T1", place="estate")
    assert receipt.status is Status.REJECTED


def test_cases_are_not_known_while_the_key_is_asked(town: Builder) -> None:
    class Curious(Tank):
        name = "tanks.curious"

        def key(self, event: Level, context: Context[Memory]) -> str | None:
            context.find_case(f"tanks.full/{event.subject}")
            return event.subject

    one = town(Curious)
    one.hear("test.level", subject="T1", percent=90)
    assert one.cases == []


def level(percent: int, subject: str, minute: int, id: str) -> Any:
    return fact("test.level", subject, minute, id, percent=percent)


facts = st.tuples(st.integers(0, 40), st.sampled_from(("B1", "B2")), st.sampled_from((5, 90)), st.booleans())


@given(st.lists(facts, max_size=12))
def test_what_was_heard_of_cases_is_heard_again_when_the_inputs_are_run_again(history: list[Any]) -> None:
    stage = Stage(Tank, Gauge)
    minute = 0
    for number, (gap, tank, percent, is_answered) in enumerate(history):
        minute += gap + 1
        stage.hear(level(percent, tank, minute, str(number)), minute=minute)
        if is_answered:
            said = answer(
                "report", f"tanks.full/{tank}", "cleaner", minute=minute, id=f"a{number}", result="false_alarm"
            )
            stage.hear(said, minute=minute)
    stage.wait(minute + 600)
    again = Stage(Tank, Gauge)
    rerun(stage.store, again)
    assert [orjson.loads(line) for line in journal(again.store)] == [orjson.loads(one) for one in journal(stage.store)]
