"""What scenarios may know of the loop: how their own case stands, and how cases end."""

from typing import Any

from civicloop import (
    CLOSE,
    Case,
    CaseClosed,
    CaseReached,
    Cleared,
    Event,
    Expect,
    Finding,
    Memory,
    Scenario,
    Silence,
    Step,
    TrackRule,
    minutes,
)
from civicloop.core.engine.receipt import Status
from civicloop.testing import Town

CHAIN = (Step("look", "property_company", accept=minutes(30), finish=minutes(60)),)


class Alarm(Event, type="alarm"):
    is_on: bool = True


class Raised(Scenario[Alarm]):
    """Does not open again what was found to be false."""

    name = "alarms.raised"
    on_cleared = CLOSE
    chain = CHAIN

    def assess(self, event, context):
        before = context.case
        if not event.is_on:
            yield Cleared()
        elif before is None or before.is_open or before.result != "false_alarm":
            yield Finding("raised", key=context.key, zone=str(context.zone))


class Endings(Memory):
    results: list[str] = []


class Tired(Scenario[CaseClosed, Endings]):
    """Two false alarms of one thing are a fault of their own."""

    name = "alarms.tired"
    on_cleared = CLOSE
    chain = CHAIN

    def key(self, event, context):
        return event.key if event.scenario == "alarms.raised" else None

    def assess(self, event, context):
        context.memory.results.append(event.result)
        if context.memory.results.count("voided") >= 2:
            yield Finding("tired", results=",".join(context.memory.results), loop=event.loop.name)


class Watch(Scenario[Alarm, Endings]):
    """Looks at its case when silence ends, with the fact that opened it in the same batch."""

    name = "alarms.watch"
    on_cleared = CLOSE
    chain = CHAIN

    def assess(self, event, context):
        yield Finding("raised")
        yield Expect("more", event.at + minutes(5).span)

    def overdue(self, expectation, context):
        if context.case is not None and context.case.is_open:
            yield Cleared()


def void(town: Town, ref: str) -> None:
    assert town.answer("void", ref, "ops_center", reason="nothing there").status is Status.ACCEPTED


def variables(case: Case) -> dict[str, Any]:
    return case.variables


def test_a_scenario_knows_its_key_the_zone_and_how_its_last_round_ended() -> None:
    town = Town(Raised)
    town.hear("alarm", subject="B7")
    assert variables(town.case("alarms.raised/B7")) == {"key": "B7", "zone": "Asia/Shanghai"}
    town.answer("report", "alarms.raised/B7", "property_company", result="false_alarm")
    town.answer("verify", "alarms.raised/B7", "ops_center", result="pass")
    town.wait(minutes(5)).hear("alarm", subject="B7")
    assert town.is_quiet
    town.hear("alarm", subject="B8")
    assert [case.key for case in town.open_cases] == ["B8"]


def test_it_sees_what_earlier_facts_of_the_same_batch_have_done() -> None:
    town = Town(Watch)
    town.hear("alarm", subject="B7")
    town.wait(minutes(10))
    assert town.is_quiet, "the silence of the same key is asked when the case is open"


def test_how_cases_end_is_a_fact_for_those_who_listen() -> None:
    town = Town(Raised, Tired)
    for _ in range(2):
        town.hear("alarm", subject="B7")
        void(town, "alarms.raised/B7")
        town.wait(minutes(1))
    assert variables(town.case("alarms.tired/B7")) == {"results": "voided,voided", "loop": "MICRO"}
    assert town.case("alarms.tired/B7").place == "estate"


def test_a_closing_by_the_clock_is_told_too() -> None:
    class Once(Tired):
        name = "alarms.once"

        def assess(self, event, context):
            yield Finding("closed", result=event.result)

    town = Town(Raised, Once)
    town.hear("alarm", subject="B7")
    town.answer("report", "alarms.raised/B7", "property_company")
    town.wait(minutes(60 * 24 * 3))
    assert town.case("alarms.once/B7").variables == {"result": "unverified"}


def test_a_scenario_that_hears_of_its_own_closings_comes_to_an_end() -> None:
    class Echo(Scenario[Alarm | CaseClosed]):
        """Opens again whatever is closed, and clears it at once."""

        name = "alarms.echo"
        on_cleared = CLOSE
        chain = CHAIN

        def key(self, event, context):
            return "one"

        def assess(self, event, context):
            yield Finding("raised")
            yield Cleared()

    town = Town(Echo)
    town.hear("alarm", subject="B7")
    assert 1 < town.case("alarms.echo/one").round < 20
    assert town.is_quiet


def test_a_case_that_is_opened_and_closed_in_one_decision_is_told_once_as_closed() -> None:
    class Vain(Raised):
        name = "alarms.vain"
        tracks = (TrackRule("side", (Step("wail", "ghost", finish=minutes(5)),), silence=Silence.END),)
        join = 1

    class Fares(Scenario[CaseReached | CaseClosed, Endings]):
        """Writes down what it hears."""

        name = "alarms.fares"
        chain = CHAIN
        on_cleared = CLOSE

        def key(self, event, context):
            return event.key if event.scenario == "alarms.vain" else None

        def assess(self, event, context):
            context.memory.results.append(type(event).__name__)
            yield Finding("heard", heard=",".join(context.memory.results))

    town = Town(Vain, Fares, nobody=("ghost",))
    town.hear("alarm", subject="B7")
    assert not town.case("alarms.vain/B7").is_open
    assert town.case("alarms.fares/B7").variables == {"heard": "CaseClosed"}


def test_nobody_else_may_send_what_is_the_systems_own() -> None:
    town = Town(Raised, Tired)
    receipt = town.hear("civicloop.case.closed", subject="alarms.raised/B7", place="estate", result="voided")
    assert receipt.status is Status.REJECTED
    assert "civicloop's own" in receipt.detail
