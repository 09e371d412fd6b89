"""The three meetings of a building: when they open, how they go, what owners decide; and never in enforcement's way."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from civicloop import Level, NoticeKind, Reason, days, hours, minutes
from civicloop.plugins.ebike_charging import Corridor, Dwelling, ThreeMeetings, events
from civicloop.plugins.ebike_charging.vote import result_of
from civicloop.testing import Town

MEETINGS = "ebike_charging.three_meetings/building"
CORRIDOR = "ebike_charging.corridor/household"

MINUTES = {"kind": "minutes", "number": "听证〔2025〕3号"}
PUBLISHED = {"kind": "publication"}

Builder = Callable[..., Town]


def seen(town: Town, object: str | None = None, **data: Any) -> None:
    content = {"confidence": 0.9, "building": "building"} | ({"object": object} if object else {}) | data
    town.hear("ebike.seen", subject="C1", where="corridor", activity="charging", data=content)


# --- when they open


@pytest.fixture
def three(town: Builder) -> Town:
    """A building with three bicycles in its corridors within one month."""
    one = town(Corridor, ThreeMeetings)
    for number in range(3):
        seen(one, f"bike-{number}")
        one.wait(days(10))
    return one


def test_three_cases_in_a_month_open_the_meetings_beside_the_third(three: Town) -> None:
    case = three.case(MEETINGS)
    assert (case.message, case.variables) == ("often_in_building", {"events": 3, "days": 30})
    assert case.parent == three.case("ebike_charging.corridor/C1:bike-2").id
    assert case.place == "building"


def test_pictures_of_one_bicycle_are_one_case_however_many(town: Builder) -> None:
    one = town(Corridor, ThreeMeetings)
    for _ in range(30):
        seen(one, "bike-1")
        one.wait(minutes(2))
    assert [case.scenario for case in one.cases] == [Corridor.name]


def test_two_cases_or_three_in_more_than_a_month_open_nothing(town: Builder) -> None:
    one = town(Corridor, ThreeMeetings)
    for number, wait in enumerate((16, 16, 1)):
        seen(one, f"bike-{number}")
        one.wait(days(wait))
    assert {case.scenario for case in one.cases} == {Corridor.name}


def test_denied_alarms_do_not_count(town: Builder) -> None:
    one = town(Corridor, ThreeMeetings)
    for number in range(6):
        seen(one, f"cart-{number}", confidence=0.5)
        one.answer("deny", f"ebike_charging.corridor/C1:cart-{number}", "ops_center")
    assert {case.scenario for case in one.cases} == {Corridor.name}


def test_cases_of_other_buildings_count_there(town: Builder) -> None:
    one = town(Corridor, Dwelling, ThreeMeetings).add_place("building-2", Level.BUILDING, "estate")
    seen(one, "bike-1")
    seen(one, "bike-2", building="building-2")
    one.hear("ebike.meter", subject="M1", charging=True, household="household")
    seen(one, "bike-4", building="a building nobody knows")
    assert {case.scenario for case in one.cases} == {Corridor.name, Dwelling.name}
    seen(one, "bike-5")
    assert one.case(MEETINGS).variables["events"] == 3


def test_one_case_that_goes_to_the_authority_opens_them_and_is_not_held_up(town: Builder) -> None:
    one = town(Corridor, ThreeMeetings)
    seen(one, household="household")
    one.wait(minutes(20))
    one.answer("approve", CORRIDOR, "ops_center")

    case = one.case(MEETINGS)
    assert (case.message, case.parent) == ("gone_to_authority", one.case(CORRIDOR).id)
    assert "urban_enforcement" in one.asked
    decision = [{"kind": "decision", "number": "1", "outcome": "warned"}]
    one.answer("report", CORRIDOR, "urban_enforcement", result="warned", evidence=decision)
    one.wait(hours(2))
    assert (one.case(CORRIDOR).is_open, case.is_open) == (False, True)


# --- how they go


def report(town: Town, party: str, *evidence: dict[str, str], **data: str) -> Any:
    return town.answer("report", MEETINGS, party, evidence=list(evidence), **data)


def vote_result(outcome: str) -> dict[str, str]:
    return {"kind": "vote_result", "number": "表决〔2025〕1号", "outcome": outcome}


@pytest.fixture
def voting(three: Town) -> Town:
    report(three, "neighborhood_committee", MINUTES, PUBLISHED)
    report(three, "neighborhood_committee", MINUTES, PUBLISHED)
    return three


def steps(town: Town) -> list[str]:
    return [entry.step for entry in town.journal(MEETINGS) if entry.reason is Reason.ASKED]


def test_hearing_coordination_vote_building_and_review_follow_each_other(voting: Town) -> None:
    report(voting, "owners_committee", vote_result("passed"), PUBLISHED, result="passed")
    report(voting, "property_company")
    report(voting, "neighborhood_committee", PUBLISHED)
    assert list(dict.fromkeys(steps(voting))) == ["hearing", "coordination", "vote", "build", "evaluation"]
    voting.answer("verify", MEETINGS, "ops_center", result="pass")
    assert not voting.case(MEETINGS).is_open


@pytest.mark.parametrize(
    ("answered", "step", "limit"),
    [(0, "hearing", days(15)), (1, "coordination", days(30)), (2, "vote", days(60))],
)
def test_every_meeting_has_its_days(three: Town, answered: int, step: str, limit: Any) -> None:
    for _ in range(answered):
        report(three, "neighborhood_committee", MINUTES, PUBLISHED)
    orders = [order for order in three.case(MEETINGS).tracks[0].orders if order.step == step]
    assert {order.finish_by - order.asked_at for order in orders} == {limit.span}


def test_the_review_is_due_thirty_days_after_it_was_built(voting: Town) -> None:
    report(voting, "owners_committee", vote_result("passed"), PUBLISHED, result="passed")
    voting.wait(days(40))
    report(voting, "property_company")
    (order,) = [order for order in voting.case(MEETINGS).tracks[0].orders if order.step == "evaluation"]
    assert order.finish_by == voting.now + timedelta(days=30)


@pytest.mark.parametrize(("answered", "step", "limit"), [(0, "hearing", 15), (1, "coordination", 30), (2, "vote", 60)])
def test_a_meeting_that_is_overdue_is_pressed_every_day_and_nothing_is_built_on_it(
    three: Town, answered: int, step: str, limit: int
) -> None:
    for _ in range(answered):
        report(three, "neighborhood_committee", MINUTES, PUBLISHED)
    three.wait(days(limit + 30))
    case = three.case(MEETINGS)
    assert case.step(case.tracks[0]).name == step
    assert set(steps(three)) <= {"hearing", "coordination", "vote"}
    assert three.told("neighborhood_committee").count(NoticeKind.REPEAT) > 30
    assert case.is_open


def test_a_vote_that_failed_is_no_leave_to_build(voting: Town) -> None:
    for party in ("owners_committee", "neighborhood_committee"):
        outcome = vote_result("rejected")
        voting.answer("report", MEETINGS, party, result="failed", evidence=[outcome, PUBLISHED])
    assert "build" not in steps(voting)


@pytest.mark.parametrize("missing", [MINUTES, PUBLISHED])
def test_a_hearing_without_minutes_or_published_results_was_none(three: Town, missing: dict[str, str]) -> None:
    brought = [one for one in (MINUTES, PUBLISHED) if one is not missing]
    assert report(three, "neighborhood_committee", *brought).reason is Reason.EVIDENCE_MISSING


@pytest.mark.parametrize("outcome", ["rejected", "no_quorum"])
def test_a_no_or_a_missing_quorum_ends_the_meetings(voting: Town, outcome: str) -> None:
    assert report(voting, "owners_committee", PUBLISHED, result=outcome).reason is Reason.EVIDENCE_MISSING
    report(voting, "owners_committee", vote_result(outcome), PUBLISHED, result=outcome)
    voting.answer("verify", MEETINGS, "ops_center", result="pass")
    assert voting.case(MEETINGS).result == outcome
    assert "build" not in steps(voting)


def test_a_document_that_says_otherwise_than_the_report_is_refused(voting: Town) -> None:
    receipt = report(voting, "owners_committee", vote_result("rejected"), PUBLISHED, result="passed")
    assert receipt.reason is Reason.EVIDENCE_MISSING


def test_after_the_meetings_the_building_rests(voting: Town) -> None:
    report(voting, "owners_committee", vote_result("rejected"), PUBLISHED, result="rejected")
    voting.answer("verify", MEETINGS, "ops_center", result="pass")
    for number in range(9):
        seen(voting, f"later-{number}")
    assert voting.case(MEETINGS).round == 1
    voting.wait(days(90))
    for number in range(3):
        seen(voting, f"much-later-{number}")
    assert voting.case(MEETINGS).round == 2


# --- the vote

WHOLE = {"area": 9000, "owners": 90}


@pytest.mark.parametrize(
    ("vote", "result"),
    [
        ({"area_voted": 6000, "area_for": 3001, "owners_voted": 60, "owners_for": 31}, "passed"),
        ({"area_voted": 5999.99, "area_for": 5000, "owners_voted": 60, "owners_for": 60}, "no_quorum"),
        ({"area_voted": 6000, "area_for": 6000, "owners_voted": 59, "owners_for": 59}, "no_quorum"),
        ({"area_voted": 6000, "area_for": 3000, "owners_voted": 60, "owners_for": 60}, "rejected"),
        ({"area_voted": 6000, "area_for": 6000, "owners_voted": 60, "owners_for": 30}, "rejected"),
        ({"area_voted": 8000, "area_for": 6000, "owners_voted": 80, "owners_for": 60, "changes_use": True}, "passed"),
        (
            {"area_voted": 8000, "area_for": 5999.99, "owners_voted": 80, "owners_for": 80, "changes_use": True},
            "rejected",
        ),
        ({"area_voted": 8000, "area_for": 8000, "owners_voted": 80, "owners_for": 59, "changes_use": True}, "rejected"),
        ({"area_voted": 0, "area_for": 0, "owners_voted": 0, "owners_for": 0}, "no_quorum"),
    ],
)
def test_what_owners_have_decided(vote: dict[str, Any], result: str) -> None:
    assert result_of(events.EbikeVote(**WHOLE, **vote)) == result


def test_a_vote_that_does_not_add_up_is_no_vote() -> None:
    with pytest.raises(ValidationError, match="more in favour"):
        events.EbikeVote(**WHOLE, area_voted=6000, area_for=6001, owners_voted=60, owners_for=60)


def test_the_count_is_evidence_for_the_meetings_and_opens_none(voting: Town) -> None:
    counted = {"area_voted": 7000, "area_for": 6000, "owners_voted": 70, "owners_for": 60}
    voting.hear("ebike.vote", subject="building", data=WHOLE | counted)
    voting.hear("ebike.vote", subject="estate", data=WHOLE | counted)
    assert voting.case(MEETINGS).evidence[-1].kind == "vote_passed"
    assert [case.key for case in voting.cases if case.scenario == ThreeMeetings.name] == ["building"]
