"""Whatever a listing walks, it finds what was asked for: every combination of filters against plain Python."""

from itertools import product

import pytest

from civicloop.core.model.case import Case, Stage
from civicloop.core.stores.base import CaseQuery
from civicloop.core.stores.casebook import late_at
from civicloop.core.stores.listings import FEW_PLACES, Way, find_cases, is_impossible, must_be_open, way_of
from civicloop.core.stores.sqlite import SqliteStore

from .desk import Desk

FEW = frozenset({"e1", "e2"})
MANY = FEW | {f"x{number}" for number in range(FEW_PLACES)}
PLACES = (None, FEW, MANY, frozenset({"nowhere"}))
SCENARIOS = (None, "bins.full", "bins.none")
STAGES = (None, Stage.DISPATCH, Stage.CLOSING, Stage.VERIFICATION)
PARTIES = (None, "cleaner", "police")


@pytest.fixture(scope="module")
def desk() -> Desk:
    desk = Desk(SqliteStore())
    cases = [
        desk.case(f"B{number}", minute=number // 2, due=10 + number % 7, place=f"e{number % 4}") for number in range(40)
    ]
    desk.put(cases=[desk.closed(case) if number % 3 == 0 else case for number, case in enumerate(cases)])
    return desk


def is_asked_for(query: CaseQuery, case: Case) -> bool:
    late = late_at(case)
    return (
        (query.places is None or case.place in query.places)
        and query.scenario in (None, case.scenario)
        and query.stage in (None, str(case.stage))
        and (query.party is None or any(order.party == query.party for order in case.tracks[0].orders))
        and (query.overdue_at is None or (late is not None and late < query.overdue_at))
        and query.is_open in (None, case.is_open)
    )


def queries(desk: Desk) -> list[CaseQuery]:
    overdue = (None, desk.at(20))
    return [
        CaseQuery(places, scenario, stage, party, late, is_open)
        for places, scenario, stage, party, late, is_open in product(
            PLACES, SCENARIOS, STAGES, PARTIES, overdue, (None, True, False)
        )
    ]


def test_every_combination_of_filters_finds_what_it_asks_for(desk: Desk) -> None:
    everything, _ = desk.store.find_cases(CaseQuery(most=100))
    assert len(everything) == 40
    ways = set()
    for query in queries(desk):
        wanted = [case.id for case in everything if is_asked_for(query, case)]
        found, after = [], None
        for _ in range(20):
            page, after = desk.store.find_cases(query._replace(after=after, most=7))
            found += [case.id for case in page]
            if after is None:
                break
        assert found == wanted, query
        ways.add(way_of(query, few_asked=False))
    assert ways == set(Way)


def test_a_party_that_was_asked_often_has_its_cases_found_as_well(desk: Desk) -> None:
    everything, _ = desk.store.find_cases(CaseQuery(most=100))
    for query in queries(desk):
        if query.party is not None and not is_impossible(query):
            statement = find_cases(query)
            given = {"party": query.party, "scenario": query.scenario, "stage": query.stage, "most": 100}
            given |= {
                "overdue_at": 1_777_638_000_000_000,
                "places": "[" + ",".join(f'"{one}"' for one in query.places or ()) + "]",
            }
            rows = desk.store._reads.rows(statement, **given)
            assert [row[3] for row in rows] == [case.id for case in everything if is_asked_for(query, case)], query


@pytest.mark.parametrize(
    ("query", "is_open", "impossible"),
    [
        (CaseQuery(), None, False),
        (CaseQuery(is_open=False), False, False),
        (CaseQuery(stage="dispatch"), True, False),
        (CaseQuery(stage="dispatch", is_open=False), True, True),
        (CaseQuery(stage="closing"), False, False),
        (CaseQuery(stage="closing", is_open=True), False, True),
    ],
)
def test_a_stage_says_whether_a_case_is_open(query: CaseQuery, is_open: bool | None, impossible: bool) -> None:
    assert must_be_open(query) is is_open
    assert is_impossible(query) is impossible
