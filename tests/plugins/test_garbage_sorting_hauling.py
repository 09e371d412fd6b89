"""The hauler: what it refuses, what it misses, and what it loses on the road."""

from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from civicloop import NoticeKind, Reason, days, hours, minutes
from civicloop.plugins.garbage_sorting import Leakage, MissedPickup, Refusal
from civicloop.testing import Town

REFUSAL, MISSED, LEAK = (
    "garbage_sorting.refusal/P1",
    "garbage_sorting.missed_pickup/P1:wet",
    "garbage_sorting.leakage/V1",
)

Builder = Callable[..., Town]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Asia/Shanghai"))


def asked_at(town: Town) -> list[tuple[str, str]]:
    shanghai = ZoneInfo("Asia/Shanghai")
    asked = [notice for notice in town.notices if notice.kind is NoticeKind.ASK]
    return [(f"{notice.at.astimezone(shanghai):%m-%d %H:%M}", notice.party) for notice in asked]


# --- refusal: yellow, time to correct, red, mediation


def refuse(town: Town, notice: str = "yellow", holder: str = "residential") -> Town:
    town.hear("waste.haul.refused", subject="P1", notice=notice, holder=holder)
    return town


@pytest.mark.parametrize(("holder", "day"), [("unit", "09-15"), ("residential", "09-19")])
def test_after_the_time_to_correct_the_street_mediates(town: Builder, holder: str, day: str) -> None:
    one = refuse(town(Refusal), holder=holder).wait(days(8))

    assert asked_at(one)[:3] == [
        ("09-12 08:00", "property_company"), ("09-12 08:00", "hauler"), (f"{day} 08:00", "ops_center")
    ]  # fmt: skip


def test_a_red_notice_ends_the_time_to_correct(town: Builder) -> None:
    one = refuse(town(Refusal)).wait(days(2))
    refuse(one, "red")

    assert one.asked == ["property_company", "hauler", "ops_center"]
    assert [case.sightings for case in one.cases] == [2]


def test_a_red_notice_without_a_yellow_one_begins_with_mediation(town: Builder) -> None:
    assert refuse(town(Refusal), "red").asked == ["ops_center"]


def test_a_second_yellow_notice_does_not_give_more_time(town: Builder) -> None:
    one = refuse(town(Refusal), holder="unit").wait(days(2))
    refuse(one, holder="unit").wait(days(1))

    assert one.asked[-1] == "ops_center"


def test_mediation_that_fails_goes_to_the_district_and_to_a_joint_meeting(town: Builder) -> None:
    one = refuse(town(Refusal), "red")
    one.answer("accept", REFUSAL, "ops_center")
    one.wait(days(30))

    # Three working days from Friday 08:00 end on Tuesday 18:00; the district has two hours to accept.
    assert asked_at(one) == [
        ("09-12 08:00", "ops_center"),
        ("09-16 18:00", "greening_sanitation_bureau"),
        ("09-16 20:00", "neighborhood_committee"),
        ("09-16 20:00", "hauler"),
        ("09-16 20:00", "property_company"),
    ]
    assert one.case(REFUSAL).is_open


def test_what_is_sorted_now_is_checked_by_the_hauler_and_collected_again(town: Builder) -> None:
    one = refuse(town(Refusal)).wait(days(1))
    one.answer("report", REFUSAL, "property_company", result="sorted_now")
    assert one.told("hauler")[-1] is NoticeKind.CHECK

    one.answer("verify", REFUSAL, "hauler", result="pass")
    assert (one.is_quiet, one.case(REFUSAL).result) == (True, "sorted_now")
    assert one.wait(days(10)).is_quiet
    assert "ops_center" not in one.asked


def test_a_failed_re_check_is_rework_and_the_time_to_correct_goes_on(town: Builder) -> None:
    one = refuse(town(Refusal)).wait(days(1))
    one.answer("report", REFUSAL, "property_company", result="sorted_now")
    one.answer("verify", REFUSAL, "hauler", result="fail")

    assert one.case(REFUSAL).tracks[0].rework == 1
    one.wait(days(6))
    assert asked_at(one)[-1] == ("09-19 08:00", "ops_center")


def test_what_is_collected_on_the_spot_ends_it(town: Builder) -> None:
    one = refuse(town(Refusal)).wait(minutes(20))
    one.answer("report", REFUSAL, "hauler", result="collected")
    one.answer("verify", REFUSAL, "ops_center", result="pass")

    assert (one.is_quiet, one.case(REFUSAL).result) == (True, "collected")


def test_an_old_watchdog_does_not_disturb_the_next_round(town: Builder) -> None:
    one = refuse(town(Refusal)).wait(minutes(20))
    one.answer("report", REFUSAL, "hauler", result="collected")
    one.answer("verify", REFUSAL, "ops_center", result="pass")
    refuse(one.wait(days(5)))

    assert "ops_center" not in one.wait(days(6)).asked
    assert one.wait(days(1)).asked[-1] == "ops_center"


# --- a pickup that did not come


@pytest.fixture
def missed(town: Builder) -> Town:
    one = town(MissedPickup)
    one.hear("waste.haul.missed", subject="P1", category="wet")
    return one


def test_the_hauler_is_asked_at_once_and_has_four_hours(missed: Town) -> None:
    missed.answer("accept", MISSED, "hauler")
    assert missed.asked == ["hauler"]

    missed.wait(days(2))
    assert asked_at(missed)[1:] == [
        ("09-12 12:00", "ops_center"),
        ("09-12 12:00", "sanitation_station"),
        ("09-12 12:30", "greening_sanitation_bureau"),
    ]


def test_each_category_is_a_case_of_its_own(missed: Town) -> None:
    missed.hear("waste.haul.missed", subject="P1", category="dry")
    assert [case.key for case in missed.cases] == ["P1:wet", "P1:dry"]


def test_a_weighing_at_the_point_is_evidence_and_people_confirm_it(missed: Town) -> None:
    missed.wait(hours(1))
    data = {"from": "P1", "category": "wet", "kg": 310, "kind": "point"}
    missed.hear("waste.haul.weighed", subject="V1", data=data)
    assert [one.kind for one in missed.case(MISSED).evidence] == ["missed_wet", "cleared"]
    assert missed.case(MISSED).is_open

    missed.answer("report", MISSED, "hauler", result="done")
    missed.answer("verify", MISSED, "property_company", result="pass")
    assert missed.is_quiet


def test_what_is_weighed_at_a_station_is_no_pickup(missed: Town) -> None:
    data = {"from": "P1", "category": "wet", "kg": 310, "kind": "compaction"}
    missed.hear("waste.haul.weighed", subject="V1", data=data)
    assert len(missed.case(MISSED).evidence) == 1


# --- a leak on the road


@pytest.fixture
def leaking(town: Builder) -> Town:
    one = town(Leakage)
    one.hear("waste.haul.leak", subject="V1", image="sha256:aa")
    return one


def test_a_leak_climbs_from_the_control_room_to_the_bureau(leaking: Town) -> None:
    leaking.wait(days(1))

    assert asked_at(leaking) == [
        ("09-12 08:00", "hauler"),
        ("09-12 08:10", "ops_center"),
        ("09-12 08:10", "sanitation_station"),
        ("09-12 08:40", "greening_sanitation_bureau"),
    ]
    assert leaking.case(LEAK).variables == {"vehicle": "V1", "article": "60", "yuan": "5000-50000"}


def test_the_control_room_has_four_hours_to_clean_up(leaking: Town) -> None:
    leaking.answer("accept", LEAK, "hauler")
    assert leaking.wait(minutes(239)).asked == ["hauler"]
    assert leaking.wait(minutes(1)).asked[1:] == ["ops_center", "sanitation_station"]


def test_enforcement_is_asked_only_when_the_bureau_has_said_so(leaking: Town) -> None:
    leaking.wait(days(20))
    assert "urban_enforcement" not in leaking.asked
    assert Reason.REVIEW_AWAITED in leaking.story(LEAK)

    leaking.answer("approve", LEAK, "greening_sanitation_bureau")
    assert leaking.asked[-1] == "urban_enforcement"


def test_a_road_that_is_clean_again_is_looked_at_by_others(leaking: Town) -> None:
    leaking.answer("report", LEAK, "hauler", result="done")
    leaking.answer("verify", LEAK, "sanitation_station", result="pass")
    assert leaking.is_quiet


def test_every_sighting_of_a_vehicle_is_one_case(leaking: Town) -> None:
    leaking.wait(minutes(2)).hear("waste.haul.leak", subject="V1")
    leaking.hear("waste.haul.leak", subject="V2")
    assert [(case.key, case.sightings) for case in leaking.cases] == [("V1", 2), ("V2", 1)]
