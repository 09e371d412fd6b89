"""The indicators of domain 5: the arithmetic of the rates, what counts as due, and whose hands solved it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from civicloop import VERIFY, Check, Cleared, Event, Finding, Scenario, Step, hours, minutes
from civicloop.core.gateway.indicators import (
    Period,
    Policy,
    Rate,
    Record,
    closed_by_level,
    concerns,
    counts,
    indicators,
    rate,
)
from civicloop.core.model.case import Appeal
from civicloop.core.model.place import Directory, Party
from civicloop.core.testing.town import PLACES
from civicloop.testing import Town


@pytest.mark.parametrize(
    ("name", "numerator", "denominator", "percent"),
    [
        ("closing", 911, 972, 93.72),
        ("closing on time", 737, 972, 75.82),
        ("closing of events", 902, 956, 94.35),
        ("closing of components", 9, 16, 56.25),
        ("reports of inspectors", 953, 996, 95.68),
    ],
)
def test_tianmen_in_december_2016(name: str, numerator: int, denominator: int, percent: float) -> None:
    assert rate(name, numerator, denominator) == Rate(name, numerator, denominator, percent)


def test_nothing_to_measure_is_neither_nought_nor_a_hundred_unless_its_policy_says_so() -> None:
    assert rate("closing", 0, 0).value is None
    assert rate("compliant_disposal", 0, 0, empty=100.0).value == 100.0


class Full(Event, type="month.full"):
    """Full."""


class Empty(Event, type="month.empty"):
    """Not full any more."""


class Bins(Scenario[Full | Empty]):
    """Bins that are full."""

    name = "month.bins"
    on_cleared = VERIFY
    quiet = minutes(10)
    chain = (
        Step("clean", "cleaner", accept=minutes(10), finish=hours(1)),
        Step("manage", "neighborhood_committee", accept=minutes(15), finish=hours(4)),
        Step("street", "sanitation_station", accept=minutes(30), finish=hours(12)),
    )
    check = Check(parties="ops_center", within=hours(24))
    texts = {
        "bins": {"zh": "满", "en": "full"},
        "full": {"zh": "满", "en": "full"},
        "clean": {"zh": "清", "en": "clean"},
        "manage": {"zh": "管", "en": "manage"},
        "street": {"zh": "街", "en": "street"},
    }

    def key(self, event: Full | Empty, context: object) -> str:
        return event.subject

    def assess(self, event: Full | Empty, context: object) -> Iterator[Finding | Cleared]:
        yield Finding("full") if isinstance(event, Full) else Cleared()


SEATS = Directory(
    "street",
    {place.code: place for place in PLACES},
    {},
    {
        seat: Party(*seat, f"{seat[1]} Ltd.")
        for seat in (
            ("estate", "cleaner"),
            ("committee", "neighborhood_committee"),
            ("street", "sanitation_station"),
            ("street", "ops_center"),
        )
    },
)


@pytest.fixture
def town() -> Iterator[Town]:
    town = Town(Bins, directory=lambda known: replace(known, parties=SEATS.parties))
    yield town
    town.close()


def split_of(town: Town) -> list[tuple[str, int]]:
    split = closed_by_level(looked_at(town), Period(None, town.now + timedelta(days=1)), SEATS)
    return [(one.name.removeprefix("closed_by_"), one.numerator) for one in split]


def looked_at(town: Town) -> list[Record]:
    return [Record(case, town.journal(case.ref)) for case in town.cases]


def measured(town: Town, policy: Policy | None = None) -> dict[str, tuple[int, int]]:
    period = Period(None, town.now + timedelta(days=30))
    rates = indicators(looked_at(town), period, policy or Policy())
    return {one.name: (one.numerator, one.denominator) for one in rates}


def solve(town: Town, name: str, party: str, verdict: str = "pass") -> None:
    ref = f"month.bins/{name}"
    town.answer("accept", ref, party)
    town.answer("report", ref, party)
    town.answer("verify", ref, "ops_center", result=verdict)


def test_what_the_cleaner_does_in_time_is_disposed_closed_and_compliant(town: Town) -> None:
    town.hear("month.full", "B1")
    solve(town, "B1", "cleaner")
    assert measured(town) == {
        "disposal": (1, 1),
        "disposal_on_time": (1, 1),
        "closing": (1, 1),
        "closing_on_time": (1, 1),
        "rework": (0, 1),
        "return": (0, 1),
        "extension": (0, 1),
        "compliant_disposal": (1, 1),
        "check_passed": (1, 1),
    }


def test_whose_hands_solved_it(town: Town) -> None:
    for name in ("B1", "B2", "B3"):
        town.hear("month.full", name)
    solve(town, "B1", "cleaner")
    town.wait(minutes(11))
    solve(town, "B2", "neighborhood_committee")
    town.wait(minutes(16))
    solve(town, "B3", "sanitation_station")
    assert split_of(town) == [("property", 1), ("committee", 1), ("street", 1), ("district", 0)]


def test_what_sensors_close_counts_for_whoever_was_last_asked(town: Town) -> None:
    town.hear("month.full", "B1")
    town.wait(minutes(11)).hear("month.empty", "B1")
    town.wait(minutes(15))
    assert town.is_quiet
    assert split_of(town) == [("property", 0), ("committee", 1), ("street", 0), ("district", 0)]


def test_a_finish_that_passed_is_late_until_an_appeal_is_granted(town: Town) -> None:
    town.hear("month.full", "B1")
    town.answer("accept", "month.bins/B1", "cleaner")
    town.wait(hours(2))
    solve(town, "B1", "neighborhood_committee")
    assert measured(town)["disposal_on_time"] == (0, 1)
    assert measured(town)["compliant_disposal"] == (0, 1)
    (record,) = looked_at(town)
    forgiven = record._replace(case=record.case._replace(appeal=Appeal("cleaner", town.now, "甲", "granted")))
    period = Period(None, town.now + timedelta(days=1))
    by_policy = [
        indicators([forgiven], period, Policy(exempt_appealed=exempt))[1].numerator for exempt in (True, False)
    ]
    assert by_policy == [1, 0]


def test_void_and_suspended_cases_are_not_due_unless_the_policy_counts_them(town: Town) -> None:
    for name in ("B1", "B2"):
        town.hear("month.full", name)
        town.answer("accept", f"month.bins/{name}", "cleaner")
    town.answer("void", "month.bins/B1", "ops_center", reason="twice")
    until = (town.now + timedelta(days=3)).isoformat()
    town.answer("suspend", "month.bins/B2", "ops_center", reason="road works", until=until)
    assert measured(town)["closing"] == (0, 0)
    assert measured(town, Policy(exclude_suspended=False))["closing"] == (0, 1)
    assert measured(town, Policy(exclude_void=False))["closing"] == (1, 1)


def test_rework_returns_and_failed_checks_are_counted(town: Town) -> None:
    town.hear("month.full", "B1")
    solve(town, "B1", "cleaner", verdict="fail")
    town.hear("month.full", "B2")
    town.answer("return", "month.bins/B2", "cleaner", reason="not ours")
    told = measured(town)
    assert (told["rework"], told["return"], told["check_passed"]) == ((1, 2), (1, 2), (0, 1))
    assert counts(looked_at(town), Period(None, town.now + timedelta(1)))[:6] == (2, {"month.bins": 2}, 2, 2, 0, 0)


def test_a_period_counts_what_was_due_in_it(town: Town) -> None:
    town.hear("month.full", "B1")
    solve(town, "B1", "cleaner")
    later = Period(town.now + timedelta(days=1), town.now + timedelta(days=2))
    told = {one.name: one.value for one in indicators(looked_at(town), later)}
    assert told.pop("compliant_disposal") == 100.0
    assert set(told.values()) == {None}


def test_every_case_is_due_once_and_in_the_period_of_its_deadline(town: Town) -> None:
    opened = town.now
    town.hear("month.full", "B1")
    solve(town, "B1", "cleaner")
    halves = (
        Period(opened, opened + timedelta(minutes=30)),
        Period(opened + timedelta(minutes=30), opened + timedelta(1)),
    )
    assert [indicators(looked_at(town), half)[0].denominator for half in halves] == [0, 1]
    assert [concerns(town.case("month.bins/B1"), half) for half in halves] == [True, True]
