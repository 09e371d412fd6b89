"""Alarms that a person confirms first, alarms that were denied, and cameras that are wrong too often."""

from collections.abc import Callable
from typing import Any

import pytest

from civicloop import CaseClosed, Loop, Reason, days, hours, minutes
from civicloop.plugins.ebike_charging import CameraPrecision, Corridor, Dwelling, Lift
from civicloop.plugins.ebike_charging.precision import PrecisionConfig, Record, Verdict, verdict_on
from civicloop.testing import Status, Town

CORRIDOR = "ebike_charging.corridor/household"
PRECISION = "ebike_charging.camera_precision/C1"

CONFIRM = ["ops_center"]
DISSUADE = ["property_company"]
VISIT = ["party_secretary", "neighborhood_committee", "block_cadre", "property_manager"]
REPORT = ["property_company"]
REVIEW = ["ops_center"]

Builder = Callable[..., Town]


def seen(town: Town, where: str = "corridor", activity: str = "charging", **data: Any) -> None:
    content = {"confidence": 0.9, "household": "household"} | data
    town.hear("ebike.seen", subject="C1", where=where, activity=activity, **content)


def gone(town: Town, where: str = "corridor", activity: str = "charging", **data: Any) -> None:
    content = {"confidence": 0.9, "household": "household"} | data
    town.hear("ebike.gone", subject="C1", where=where, activity=activity, **content)


# --- a person confirms first


@pytest.mark.parametrize(("confidence", "asked"), [(0.29, []), (0.3, CONFIRM), (0.59, CONFIRM), (0.6, DISSUADE)])
def test_how_sure_a_camera_is_decides_who_looks_first(town: Builder, confidence: float, asked: list[str]) -> None:
    one = town(Corridor)
    seen(one, confidence=confidence)
    assert one.asked == asked


def test_a_street_that_confirms_nothing_dissuades_at_once(town: Builder) -> None:
    one = town(Corridor, config={"ebike_charging.corridor": {"chain": {"confirm": {"enabled": False}}}})
    seen(one, confidence=0.5)
    assert one.asked == DISSUADE


def test_what_a_person_confirms_is_dissuaded_and_still_reviewed_before_enforcement(town: Builder) -> None:
    one = town(Corridor)
    seen(one, confidence=0.5)
    one.answer("approve", CORRIDOR, "ops_center")
    assert one.asked == CONFIRM + DISSUADE

    one.wait(days(1))
    assert "urban_enforcement" not in one.asked
    one.answer("approve", CORRIDOR, "ops_center")
    assert "urban_enforcement" in one.asked


def test_what_a_person_denies_bothers_nobody(town: Builder) -> None:
    one = town(Corridor)
    seen(one, confidence=0.5)
    one.answer("deny", CORRIDOR, "ops_center")

    assert one.asked == CONFIRM
    assert (one.is_quiet, one.case(CORRIDOR).result) == (True, "false_alarm")


def test_what_nobody_confirms_the_property_company_looks_at_on_the_spot(town: Builder) -> None:
    one = town(Corridor)
    seen(one, confidence=0.5)
    one.wait(minutes(5))
    assert one.asked == CONFIRM + DISSUADE


def test_a_doubtful_picture_does_not_say_that_it_is_gone(town: Builder) -> None:
    one = town(Corridor)
    seen(one)
    gone(one, confidence=0.5)
    assert one.story(CORRIDOR)[-1] is Reason.ASKED


def test_a_doubtful_second_alarm_goes_to_the_review_where_a_person_looks_anyway(town: Builder) -> None:
    one = town(Corridor)
    seen(one)
    gone(one)
    one.wait(days(1))
    seen(one, confidence=0.4)
    assert one.asked == DISSUADE + REVIEW + REPORT


# --- what was denied


@pytest.fixture
def denied(town: Builder) -> Town:
    """A town in which the first alarm of a household has just been denied at the review."""
    one = town(Corridor)
    seen(one)
    one.wait(minutes(20))
    one.answer("deny", CORRIDOR, "ops_center")
    return one


def test_the_next_picture_of_what_was_denied_opens_nothing(denied: Town) -> None:
    before = len(denied.asked)
    for _ in range(100):
        denied.wait(minutes(7))
        seen(denied)
    assert [case.round for case in denied.cases] == [1]
    assert len(denied.asked) == before


def test_what_comes_after_the_denied_thing_was_gone_is_another_matter(denied: Town) -> None:
    denied.wait(minutes(30))
    gone(denied)
    denied.wait(minutes(9))
    seen(denied)  # it had only been hidden for a while
    assert denied.is_quiet
    gone(denied)
    denied.wait(minutes(10))
    seen(denied)
    assert denied.case(CORRIDOR).round == 2
    assert denied.case(CORRIDOR).variables["alarms"] == 1


def test_a_denied_alarm_is_no_first_alarm(denied: Town) -> None:
    denied.wait(hours(12))
    seen(denied)
    assert denied.asked[-1:] == DISSUADE
    assert denied.case(CORRIDOR).variables["alarms"] == 1


def test_an_alarm_that_stood_is_still_remembered_after_another_was_denied(town: Builder) -> None:
    one = town(Corridor)
    seen(one)
    gone(one)
    one.wait(days(1))
    seen(one)
    one.answer("deny", CORRIDOR, "ops_center")
    one.wait(days(1))
    seen(one)
    assert one.asked == (DISSUADE + REVIEW + REPORT) + (REVIEW + REPORT)
    assert one.case(CORRIDOR).variables["alarms"] == 2


def test_what_was_voided_is_not_opened_by_the_next_picture_either(town: Builder) -> None:
    one = town(Corridor)
    seen(one)
    one.answer("void", CORRIDOR, "ops_center", reason="a drill")
    seen(one)
    assert one.is_quiet


@pytest.mark.parametrize(("camera", "activity"), [("C2", "charging"), ("C1", "parking")])
def test_another_camera_and_another_claim_are_heard_at_once(denied: Town, camera: str, activity: str) -> None:
    data = {"where": "corridor", "activity": activity, "confidence": 0.9, "household": "household"}
    denied.hear("ebike.seen", subject=camera, **data)
    assert denied.case(CORRIDOR).round == 2


def test_a_street_says_how_long_a_denial_holds(town: Builder) -> None:
    one = town(Corridor, config={"ebike_charging.corridor": {"denied_hours": 1}})
    seen(one)
    one.wait(minutes(20))
    one.answer("deny", CORRIDOR, "ops_center")
    seen(one)
    assert one.is_quiet
    one.wait(hours(1))
    seen(one)
    assert not one.is_quiet


# --- cameras that are wrong too often


def deny(town: Town, times: int, **data: Any) -> None:
    """Alarms about objects that have never been there."""
    number = len(town.cases)
    for at in range(number, number + times):
        ref = f"ebike_charging.corridor/C1:cart-{at}"
        seen(town, household=None, object=f"cart-{at}", **data)
        if town.answer("deny", ref, "ops_center").status is Status.REFUSED:  # not before it is asked to look
            town.wait(minutes(20)).answer("deny", ref, "ops_center")
        town.wait(minutes(1))


def confirm(town: Town, times: int) -> None:
    """Alarms that the property company finds true, and somebody else too."""
    number = len(town.cases)
    for at in range(number, number + times):
        ref = f"ebike_charging.corridor/C1:bike-{at}"
        seen(town, household=None, object=f"bike-{at}")
        town.answer("approve", ref, "ops_center")  # refused where nobody was asked to confirm
        town.answer("report", ref, "property_company", result="done")
        town.answer("verify", ref, "neighborhood_committee", result="pass")
        town.wait(minutes(1))


@pytest.fixture
def noisy(town: Builder) -> Town:
    one = town(Corridor, Lift, CameraPrecision)
    deny(one, 3)
    return one


def test_three_denials_in_a_row_move_a_new_camera_to_confirm_first_and_say_so(town: Builder) -> None:
    one = town(Corridor, CameraPrecision)
    deny(one, 2)
    assert [case.scenario for case in one.open_cases] == []

    deny(one, 1)
    (case,) = one.open_cases
    assert (case.ref, case.variables) == (PRECISION, {"device": "C1", "right": 0, "total": 3, "percent": 69})
    assert one.asked[-2:] == ["data_steward", "device_vendor"]
    assert "ops_center" in [notice.party for notice in one.notices if notice.ref == PRECISION]

    seen(one, confidence=0.99)
    assert one.asked[-1:] == CONFIRM


def test_a_noisy_camera_that_nobody_tunes_becomes_the_streets(noisy: Town) -> None:
    before = len(noisy.asked)
    noisy.wait(days(4))
    assert noisy.asked[before:] == ["ops_center"]
    case = noisy.case(PRECISION)
    assert (case.step(case.tracks[0]).name, case.tracks[0].loop.name) == ("supervise", "SMALL")


def test_other_cameras_are_believed_as_before(noisy: Town) -> None:
    noisy.hear("ebike.seen", subject="C2", where="corridor", activity="parking", confidence=0.9)
    assert noisy.asked[-1:] == DISSUADE


def test_a_lift_does_not_wait_for_anybody_to_confirm(noisy: Town) -> None:
    seen(noisy, where="lift", activity="entering")
    assert noisy.asked[-1:] == DISSUADE


def test_a_camera_that_is_right_again_is_believed_again(noisy: Town) -> None:
    confirm(noisy, 7)
    assert not noisy.case(PRECISION).is_open
    assert noisy.case(PRECISION).result == Reason.CLEARED

    seen(noisy)
    assert noisy.asked[-1:] == DISSUADE


def test_a_camera_that_was_put_right_begins_afresh(noisy: Town) -> None:
    noisy.answer("report", PRECISION, "device_vendor", result="done")
    noisy.answer("verify", PRECISION, "ops_center", result="pass")
    assert not noisy.case(PRECISION).is_open
    deny(noisy, 2)
    assert noisy.case(PRECISION).round == 1


def test_a_noisy_camera_that_is_only_voided_is_noisy_again_with_the_next_denial(noisy: Town) -> None:
    noisy.answer("void", PRECISION, "ops_center", reason="we know")
    deny(noisy, 1)
    assert noisy.case(PRECISION).round == 2


def test_what_a_camera_clears_by_itself_says_nothing_about_it(noisy: Town) -> None:
    for number in range(20):
        seen(noisy, household=None, object=f"bike-{number}")
        gone(noisy, household=None, object=f"bike-{number}")
        noisy.wait(hours(2))
    assert noisy.case(PRECISION).is_open


def closed(result: str, loop: Loop = Loop.MICRO, scenario: str = Corridor.name) -> CaseClosed:
    return CaseClosed(
        case="c1",
        scenario=scenario,
        key="k",
        round=1,
        severity="P2",
        loop=loop,
        message="corridor_parking",
        variables={"device": "C1"},
        result=result,
        rework=0,
        opened_at="2025-09-12T08:00:00+08:00",
    )


@pytest.mark.parametrize(
    ("result", "loop", "expected"),
    [
        ("done", Loop.MICRO, True),
        ("fined", Loop.MEDIUM, True),
        ("false_alarm", Loop.SMALL, False),
        ("false_alarm", Loop.MEDIUM, False),
        ("cleared", Loop.SMALL, None),
        ("cleared", Loop.MEDIUM, True),
        ("unverified", Loop.MICRO, None),
        ("voided", Loop.SMALL, None),
    ],
)
def test_what_an_ending_says_about_the_camera(result: str, loop: Loop, expected: bool | None) -> None:
    assert verdict_on(closed(result, loop)) is expected


@pytest.mark.parametrize(
    ("right", "wrong", "prior", "percent"),
    [(0, 0, 10, 90), (0, 3, 10, 69), (50, 0, 10, 98), (0, 0, 0, 100), (1, 3, 0, 25)],
)
def test_precision_begins_with_what_is_believed_of_any_camera(right: int, wrong: int, prior: int, percent: int) -> None:
    verdicts = [Verdict(case=str(at), message="m", is_right=at < right) for at in range(right + wrong)]
    scenario = CameraPrecision(PrecisionConfig(prior_cases=prior))
    assert round(scenario.percent(Record(verdicts=tuple(verdicts)))) == percent


def test_the_labels_are_kept_for_tuning(town: Builder) -> None:
    one = town(Corridor, CameraPrecision, config={"ebike_charging.camera_precision": {"verdicts_max": 5}})
    deny(one, 7)
    labels = [case for case in one.cases if case.scenario == Corridor.name and case.result == "false_alarm"]
    assert len(labels) == 7
    assert {(case.variables["device"], case.evidence[0].kind) for case in labels} == {("C1", "corridor_charging")}


def test_a_meter_that_is_wrong_too_often_is_confirmed_first_as_well(town: Builder) -> None:
    one = town(Dwelling, CameraPrecision, config={"ebike_charging.dwelling": {"denied_hours": 0}})
    for number in range(3):
        one.hear("ebike.meter", subject="M1", charging=True, household=f"H{number}")
        one.wait(minutes(20))
        one.answer("deny", f"ebike_charging.dwelling/H{number}", "ops_center")
    one.hear("ebike.meter", subject="M1", charging=True, household="H9")
    assert one.asked[-1:] == CONFIRM
