"""Electric bicycles where they may not be, told on a clock: dissuaded, visited, reviewed, and only then punished."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from civicloop import Notice, NoticeKind, Reason, days, hours, minutes, seconds, work_days
from civicloop.plugins.ebike_charging import Corridor, FlyingWire
from civicloop.testing import Status, Town

SHANGHAI = ZoneInfo("Asia/Shanghai")
CORRIDOR = "ebike_charging.corridor/household"

DISSUADE = ["property_company"]
VISIT = ["party_secretary", "neighborhood_committee", "block_cadre", "property_manager"]
REVIEW = ["ops_center"]
FACILITY = ["housing_bureau", "fire_rescue", "ops_center", "neighborhood_committee", "owners_committee"]

Builder = Callable[..., Town]


def seen(town: Town, where: str = "corridor", activity: str = "charging", **data: Any) -> None:
    """A camera sees it; the household is known unless ``household`` says otherwise."""
    content = {"confidence": 0.9, "household": "household"} | data
    town.hear("ebike.seen", subject="C1", where=where, activity=activity, **content)


def gone(town: Town, where: str = "corridor", activity: str = "charging", **data: Any) -> None:
    content = {"confidence": 0.9, "household": "household"} | data
    town.hear("ebike.gone", subject="C1", where=where, activity=activity, **content)


BESIDE = {"report_breach", "press_report", "supervise_company"}
"""Steps of the statutory report, which runs beside the chain and has stories of its own."""


def asks(town: Town) -> list[Notice]:
    return [one for one in town.notices if one.kind is NoticeKind.ASK and one.step not in BESIDE]


def asked(town: Town) -> list[str]:
    return [one.party for one in asks(town)]


def asked_at(town: Town) -> list[tuple[str, str]]:
    return [(f"{one.at.astimezone(SHANGHAI):%d %H:%M}", one.party) for one in asks(town)]


def rows(*steps: tuple[str, list[str]]) -> Iterator[tuple[str, str]]:
    return ((when, party) for when, parties in steps for party in parties)


def times(town: Town, ref: str, reason: Reason) -> list[str]:
    main = (entry for entry in town.journal(ref) if entry.track == "main")
    return [f"{entry.at.astimezone(SHANGHAI):%d %H:%M}" for entry in main if entry.reason is reason]


@pytest.fixture
def charging(town: Builder) -> Town:
    """A town in which a household has just been seen charging in the corridor, on Friday the 12th at 08:00."""
    one = town(Corridor)
    seen(one)
    return one


# --- the chain of the domain reference, 10.6


def test_what_nobody_answers_climbs_to_the_review_and_never_past_it(charging: Town) -> None:
    charging.wait(days(3))

    assert asked_at(charging) == list(rows(("12 08:00", DISSUADE), ("12 08:05", VISIT), ("12 08:20", REVIEW)))
    assert times(charging, CORRIDOR, Reason.REVIEW_AWAITED) == ["12 08:35"]
    assert times(charging, CORRIDOR, Reason.REPEATED) == ["13 08:35", "14 08:35"]
    assert not charging.is_quiet


def test_what_everybody_accepts_but_nobody_solves_climbs_by_the_finish_limits(charging: Town) -> None:
    charging.answer("accept", CORRIDOR, "property_company")
    charging.wait(minutes(30))
    charging.answer("accept", CORRIDOR, "block_cadre")
    charging.wait(hours(2))
    charging.answer("accept", CORRIDOR, "ops_center")
    charging.wait(hours(1))

    assert asked_at(charging) == list(rows(("12 08:00", DISSUADE), ("12 08:30", VISIT), ("12 10:30", REVIEW)))
    assert times(charging, CORRIDOR, Reason.REVIEW_AWAITED) == ["12 11:30"]

    charging.answer("approve", CORRIDOR, "ops_center")
    charging.answer("accept", CORRIDOR, "urban_enforcement")
    charging.wait(days(7))
    charging.answer("accept", CORRIDOR, "housing_bureau")
    charging.wait(days(90))

    # Five working days from Friday 11:30 are up on Friday the 19th at the same hour.
    later = rows(("12 11:30", ["urban_enforcement"]), ("19 11:30", FACILITY))
    assert asked_at(charging)[len(DISSUADE + VISIT + REVIEW) :] == list(later)
    assert times(charging, CORRIDOR, Reason.CHAIN_ENDED) == ["18 11:30"]


def test_what_the_authority_ignores_becomes_a_programme_for_a_charging_facility(charging: Town) -> None:
    charging.wait(minutes(30))
    charging.answer("approve", CORRIDOR, "ops_center")
    charging.wait(days(11))

    # One working day, then five, each until 08:30.
    later = rows(("12 08:30", ["urban_enforcement"]), ("15 08:30", FACILITY))
    assert asked_at(charging)[len(DISSUADE + VISIT + REVIEW) :] == list(later)
    assert times(charging, CORRIDOR, Reason.CHAIN_ENDED) == ["22 08:30"]


def test_the_loops_grow_from_the_estate_to_the_whole_of_society(charging: Town) -> None:
    charging.wait(minutes(30))
    charging.answer("approve", CORRIDOR, "ops_center")
    charging.wait(days(4))

    loops = {entry.step: entry.loop for entry in charging.journal(CORRIDOR) if entry.track == "main"}
    assert loops.pop("confirm") == "micro"  # where it was opened; nobody was asked there
    assert loops == {
        "dissuade": "micro",
        "visit": "micro",
        "review": "small",
        "enforce": "medium",
        "facility": "large",
    }


def test_a_flying_wire_gives_the_joint_visit_four_hours(town: Builder) -> None:
    one = town(FlyingWire)
    ref = "ebike_charging.flying_wire/household"
    seen(one, where="corridor", activity="flying_wire")
    one.answer("accept", ref, "property_company")
    one.wait(minutes(30))
    one.answer("accept", ref, "party_secretary")
    one.wait(hours(4))

    assert asked_at(one)[-1] == ("12 12:30", "ops_center")


def test_the_owners_committee_hears_of_dissuasion_in_vain_long_before_24_hours(charging: Town) -> None:
    charging.wait(minutes(5))

    assert charging.told("owners_committee") == [NoticeKind.INFORM] * 2  # of the visit, and of the report it is owed


def test_a_working_day_to_accept_is_a_working_day(charging: Town) -> None:
    charging.wait(minutes(20))
    charging.answer("approve", CORRIDOR, "ops_center")

    (order,) = (order for order in charging.case(CORRIDOR).tracks[0].orders if order.step == "enforce")
    assert order.accept_by == datetime(2025, 9, 15, 8, 20, tzinfo=SHANGHAI)
    step = next(step for step in charging.case(CORRIDOR).rules.chain("main") if step.name == "enforce")
    assert (step.accept, step.finish) == (work_days(1), work_days(5))


# --- solved by the estate, verified by the camera or by somebody else


def test_a_household_that_is_dissuaded_is_left_alone_after_two_quiet_hours(charging: Town) -> None:
    charging.answer("accept", CORRIDOR, "property_company")
    charging.wait(minutes(20))
    gone(charging)

    assert not charging.wait(minutes(119)).is_quiet
    assert charging.wait(minutes(1)).is_quiet
    assert asked(charging) == DISSUADE
    assert charging.story(CORRIDOR)[-3:] == [Reason.CLEARED, Reason.VERIFIED, Reason.CLOSED]


def test_a_report_is_verified_by_two_hours_in_which_the_camera_sees_nothing(charging: Town) -> None:
    charging.answer("report", CORRIDOR, "property_company", result="done")

    assert not charging.wait(minutes(119)).is_quiet
    assert charging.wait(minutes(1)).is_quiet


def test_a_bicycle_that_is_back_after_the_report_is_rework(charging: Town) -> None:
    charging.answer("report", CORRIDOR, "property_company", result="done")
    charging.wait(minutes(40))
    seen(charging)

    assert charging.story(CORRIDOR)[-1] is Reason.CHECK_FAILED
    assert charging.told("property_company") == [NoticeKind.ASK, NoticeKind.REWORK]
    assert charging.case(CORRIDOR).tracks[0].rework == 1


def test_the_committee_may_look_instead_of_the_camera(charging: Town) -> None:
    charging.answer("report", CORRIDOR, "property_company", result="done")
    charging.wait(minutes(10))
    charging.answer("verify", CORRIDOR, "neighborhood_committee", result="pass")

    assert charging.is_quiet


def test_the_property_company_does_not_verify_its_own_report(charging: Town) -> None:
    charging.answer("report", CORRIDOR, "property_company", result="done")
    receipt = charging.answer("verify", CORRIDOR, "property_company", result="pass")

    assert (receipt.status, receipt.reason) == (Status.REFUSED, Reason.SAME_HANDS)


def test_one_bicycle_is_one_case_over_any_number_of_pictures(charging: Town) -> None:
    for _ in range(50):
        charging.wait(seconds(2))
        seen(charging)

    assert [case.round for case in charging.cases] == [1]
    assert asked(charging) == DISSUADE


# --- review before enforcement


def test_a_denied_review_closes_as_a_false_alarm(charging: Town) -> None:
    charging.wait(minutes(20))
    charging.answer("deny", CORRIDOR, "ops_center")

    assert charging.is_quiet
    assert charging.case(CORRIDOR).result == "false_alarm"
    assert "urban_enforcement" not in charging.asked


def test_the_authority_is_asked_once_a_person_has_looked_at_the_evidence(charging: Town) -> None:
    charging.wait(minutes(20))
    assert "urban_enforcement" not in charging.asked
    charging.answer("approve", CORRIDOR, "ops_center")

    assert asked(charging)[-1] == "urban_enforcement"
    assert charging.told("property_company")[-1] is NoticeKind.INFORM


def test_nobody_but_the_reviewer_approves(charging: Town) -> None:
    charging.wait(minutes(20))
    receipt = charging.answer("approve", CORRIDOR, "property_company")

    assert (receipt.status, receipt.reason) == (Status.REFUSED, Reason.NOT_PERMITTED)


# --- the second alarm of the same household


def solved(town: Town) -> Town:
    """The household takes it away, and the case closes."""
    gone(town)
    return town.wait(hours(2))


def test_a_second_alarm_goes_to_the_review_and_then_to_the_authority(charging: Town) -> None:
    solved(charging).wait(days(30))
    seen(charging)

    assert asked(charging) == DISSUADE + REVIEW
    assert charging.told("neighborhood_committee") == [NoticeKind.INFORM]
    assert charging.case(CORRIDOR).variables["alarms"] == 2

    charging.answer("approve", CORRIDOR, "ops_center")
    assert asked(charging) == DISSUADE + REVIEW + ["urban_enforcement"]
    assert charging.told("neighborhood_committee") == [NoticeKind.INFORM] * 2


def test_a_second_alarm_that_the_reviewer_denies_is_no_second_alarm(charging: Town) -> None:
    solved(charging).wait(days(1))
    seen(charging)
    charging.answer("deny", CORRIDOR, "ops_center")

    assert charging.is_quiet
    assert asked(charging) == DISSUADE + REVIEW


def test_an_alarm_is_forgotten_after_ninety_days(charging: Town) -> None:
    solved(charging).wait(days(90))
    seen(charging)

    assert asked(charging) == DISSUADE + DISSUADE


def test_pictures_of_the_same_evening_are_not_a_second_alarm(charging: Town) -> None:
    # The committee has passed the case, but the camera goes on seeing the bicycle that was there all the time.
    charging.answer("report", CORRIDOR, "property_company", result="done")
    charging.wait(minutes(10))
    charging.answer("verify", CORRIDOR, "neighborhood_committee", result="pass")
    charging.wait(minutes(10))
    seen(charging)

    assert [case.round for case in charging.open_cases] == [2]
    assert asked(charging) == DISSUADE + VISIT  # no review: it is no second alarm, but the first one was not solved


def test_somebody_who_walks_through_the_picture_makes_no_second_alarm(charging: Town) -> None:
    charging.answer("accept", CORRIDOR, "property_company")
    charging.wait(minutes(10))
    gone(charging)
    charging.wait(minutes(5))
    seen(charging)
    charging.answer("report", CORRIDOR, "property_company", result="done")
    charging.answer("verify", CORRIDOR, "neighborhood_committee", result="pass")
    charging.wait(hours(1))
    seen(charging)

    assert asked(charging) == DISSUADE + VISIT


def test_seen_again_once_it_was_gone_is_a_second_alarm_however_often_the_camera_says_gone(charging: Town) -> None:
    charging.answer("report", CORRIDOR, "property_company", result="done")
    charging.answer("verify", CORRIDOR, "neighborhood_committee", result="pass")
    for _ in range(6):
        gone(charging)
        charging.wait(minutes(5))
    seen(charging)

    assert asked(charging) == DISSUADE + REVIEW


def test_a_bicycle_whose_household_nobody_knows_is_dissuaded_every_time(town: Builder) -> None:
    one = town(Corridor)
    for _ in range(3):
        seen(one, household=None)
        gone(one, household=None)
        one.wait(days(2))

    assert asked(one) == DISSUADE * 3


def test_a_late_picture_changes_nothing(charging: Town) -> None:
    charging.wait(minutes(30))
    gone(charging)
    charging.wait(minutes(30))
    charging.hear(
        "ebike.seen",
        subject="C1",
        at=charging.now - timedelta(minutes=45),
        where="corridor",
        activity="charging",
        confidence=0.9,
        household="household",
    )

    assert charging.wait(minutes(90)).is_quiet


def test_a_street_that_is_more_patient_dissuades_twice(town: Builder) -> None:
    one = town(Corridor, config={"ebike_charging.corridor": {"repeat_at": 3}})
    for _ in range(3):
        seen(one)
        solved(one).wait(days(2))

    assert asked(one) == DISSUADE + DISSUADE + REVIEW
