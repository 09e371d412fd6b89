"""Leads (domain 5): who found a case, whether it was registered, and whether there was anything; else unknown."""

from collections.abc import Iterator

import pytest

from civicloop import (
    CLOSE,
    CaseClosed,
    Check,
    Cleared,
    Event,
    Expect,
    Finding,
    Scenario,
    Step,
    hours,
    minutes,
)
from civicloop.core.gateway.indicators import Finder, Period, Record
from civicloop.core.gateway.leads import finder_of, leads
from civicloop.core.model.case import Reason
from civicloop.core.sdk.loader import Registry
from civicloop.testing import Town


class Seen(Event, type="lead.seen"):
    """A camera sees something, and is or is not sure."""

    sure: bool = True


class Gone(Event, type="lead.gone"):
    """It sees it no more."""


class Told(Event, type="lead.told", by_people=True):
    """Somebody has called."""


class Matter(Scenario[Seen | Gone | Told]):
    """Doubtful pictures are looked at before anybody is sent."""

    name = "lead.matter"
    on_cleared = CLOSE
    chain = (
        Step("look", "ops_center", accept=minutes(5), finish=minutes(15), pre_verify=True),
        Step("go", "property_company", accept=minutes(10), finish=hours(1)),
    )
    check = Check(parties="neighborhood_committee", within=hours(24))
    outcomes: dict = {}
    texts = {name: {"zh": name, "en": name} for name in ("matter", "look", "go", "seen", "silent")}

    def assess(self, event: Seen | Gone | Told, context: object) -> Iterator[Finding | Cleared | Expect]:
        if isinstance(event, Gone):
            yield Cleared()
            yield Expect("camera", event.at + hours(1).span)
        else:
            yield Finding("seen", start="look" if isinstance(event, Seen) and not event.sure else "go")

    def overdue(self, expectation: Expect, context: object) -> Iterator[Finding]:
        yield Finding("silent")


class After(Scenario[CaseClosed]):
    """Whatever follows from a case."""

    name = "lead.after"
    chain = (Step("go", "ops_center", accept=minutes(10), finish=hours(1)),)
    texts = {name: {"zh": name, "en": name} for name in ("after", "go", "seen")}

    def assess(self, event: CaseClosed, context: object) -> Iterator[Finding]:
        if event.scenario == Matter.name:
            yield Finding("seen")


@pytest.fixture
def town() -> Iterator[Town]:
    town = Town(Matter, After)
    yield town
    town.close()


def looked_at(town: Town) -> list[Record]:
    registry, store = town._setup.registry, town._store
    journals = [(case, town.journal(case.ref)) for case in town.cases]
    return [Record(case, journal, finder_of(journal, store, registry)) for case, journal in journals]


def measured(town: Town) -> dict[str, tuple[int, int, int]]:
    rates = leads(looked_at(town), Period(None, town.now + hours(1).span))
    return {one.name: (one.numerator, one.denominator, one.unknown) for one in rates}


def test_what_a_sure_camera_sees_is_registered_and_nobody_knows_yet_whether_it_is_true(town: Town) -> None:
    town.hear("lead.seen", "A")
    town.hear("lead.seen", "A")
    assert measured(town) == {"registration": (1, 1, 0), "valid_report": (0, 0, 1), "smart_discovery": (1, 1, 0)}


def test_what_people_tell_is_found_by_people(town: Town) -> None:
    town.hear("lead.told", "A")
    town.hear("lead.seen", "B")
    assert measured(town)["smart_discovery"] == (1, 2, 0)


def test_a_silence_was_found_by_the_devices_that_fell_silent(town: Town) -> None:
    town.hear("lead.gone", "A")
    town.wait(hours(2))
    assert [record.finder for record in looked_at(town)] == [Finder.DEVICES]


def test_a_lead_that_nobody_has_looked_at_is_neither_registered_nor_declined(town: Town) -> None:
    town.hear("lead.seen", "A", sure=False)
    assert measured(town) == {"registration": (0, 0, 1), "valid_report": (0, 0, 1), "smart_discovery": (0, 0, 0)}
    town.hear("lead.gone", "A")
    assert not town.case("lead.matter/A").is_open
    assert measured(town)["registration"] == (0, 0, 1)


@pytest.mark.parametrize(("verb", "registered"), [("approve", (1, 1, 0)), ("deny", (0, 1, 0)), ("void", (0, 1, 0))])
def test_whoever_looks_first_registers_or_declines(town: Town, verb: str, registered: tuple[int, int, int]) -> None:
    town.hear("lead.seen", "A", sure=False)
    town.answer(verb, "lead.matter/A", "ops_center", reason="a cart")
    assert measured(town)["registration"] == registered
    assert measured(town)["valid_report"] == ((0, 0, 1) if verb == "approve" else (0, 1, 0))


@pytest.mark.parametrize(("result", "valid"), [("done", (1, 1, 0)), ("false_alarm", (0, 1, 0))])
def test_whoever_was_there_says_whether_there_was_anything(
    town: Town, result: str, valid: tuple[int, int, int]
) -> None:
    town.hear("lead.seen", "A")
    town.answer("report", "lead.matter/A", "property_company", result=result)
    town.answer("verify", "lead.matter/A", "neighborhood_committee", result="pass")
    assert measured(town)["valid_report"] == valid


def test_what_the_camera_alone_saw_come_and_go_was_judged_by_nobody(town: Town) -> None:
    town.hear("lead.seen", "A")
    town.hear("lead.gone", "A")
    assert measured(town)["valid_report"] == (0, 0, 1)


def test_what_follows_from_a_case_is_no_lead(town: Town) -> None:
    town.hear("lead.seen", "A")
    town.hear("lead.gone", "A")
    assert {case.scenario for case in town.cases} == {"lead.matter", "lead.after"}
    assert measured(town)["registration"] == (1, 1, 0)


def test_who_found_it_is_unknown_once_the_event_or_its_plugin_is_gone(town: Town) -> None:
    town.hear("lead.seen", "A")
    (case,) = town.cases
    journal = town.journal(case.ref)
    assert finder_of(journal, town._store, Registry()) is None
    purged = [entry._replace(event="//elsewhere#1") for entry in journal]
    assert finder_of(purged, town._store, town._setup.registry) is None
    assert finder_of([entry for entry in journal if entry.reason is not Reason.OPENED], town._store, Registry()) is None
    rates = leads([Record(case, journal, None)], Period(None, town.now + hours(1).span))
    assert rates[2][1:] == (0, 0, None, 1)


def test_what_came_in_before_the_period_is_another_periods(town: Town) -> None:
    town.hear("lead.seen", "A")
    later = Period(town.now + hours(1).span, town.now + hours(2).span)
    assert {one[1:3] for one in leads(looked_at(town), later)} == {(0, 0)}
