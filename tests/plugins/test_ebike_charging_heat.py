"""Smoke and runaway, where nobody is dissuaded; and piles that are overloaded, too hot, offline or silent."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from civicloop import NoticeKind, Reason, Severity, days, hours, minutes
from civicloop.plugins.ebike_charging import CameraPrecision, Corridor, Pile, Thermal
from civicloop.testing import Town

THERMAL = "ebike_charging.thermal/P1"
PILE = "ebike_charging.pile/P1"

FIGHT = ["micro_fire_station"]
CALL = ["fire_rescue", "call_center"]
EVACUATE = ["property_company", "neighborhood_committee"]

Builder = Callable[..., Town]


def pile(town: Town, status: str = "ok", **data: Any) -> None:
    town.hear("ebike.pile", subject="P1", status=status, **data)


def commands(town: Town) -> list[tuple[str, str]]:
    return [(one.party, one.message) for one in town.notices if one.kind is NoticeKind.COMMAND]


# --- danger to life


@pytest.fixture
def burning(town: Builder) -> Town:
    one = town(Thermal, Pile)
    pile(one, smoke=True, celsius=60)
    return one


def test_smoke_calls_119_the_micro_station_and_the_residents_at_once(burning: Town) -> None:
    assert burning.asked == FIGHT + CALL + EVACUATE
    (case,) = burning.cases
    assert (case.ref, case.severity, case.message) == (THERMAL, Severity.P0, "battery_smoke")
    assert [track.state.value for track in case.tracks] == ["working"] * 3


def test_who_takes_one_line_of_work_does_not_stop_the_others(burning: Town) -> None:
    burning.answer("accept", THERMAL, "micro_fire_station")
    burning.wait(minutes(1))
    assert burning.asked[5:] == ["ops_center", "police", "party_secretary", "block_cadre", "ops_center"]


def test_what_nobody_takes_goes_to_the_street_within_a_minute_and_to_the_fire_service(burning: Town) -> None:
    burning.wait(minutes(4))
    steps = [(entry.track, entry.step) for entry in burning.journal(THERMAL) if entry.reason is Reason.ESCALATED]
    assert set(steps) == {
        ("main", "take_command"),
        ("call_119", "press_119"),
        ("evacuate", "evacuate_again"),
        ("main", "rescue"),
    }


def test_no_sensor_ends_it_and_somebody_else_looks(burning: Town) -> None:
    pile(burning)
    burning.wait(hours(3))
    assert not burning.is_quiet

    burning.answer("report", THERMAL, "micro_fire_station", result="put_out")
    assert burning.told("fire_rescue")[-1] is NoticeKind.CHECK
    assert not burning.is_quiet
    burning.answer("verify", THERMAL, "fire_rescue", result="pass")
    assert (burning.is_quiet, burning.case(THERMAL).result) == (True, "put_out")


def test_that_119_was_called_and_everybody_is_out_is_taken_as_said(burning: Town) -> None:
    burning.answer("report", THERMAL, "call_center", result="done")
    burning.answer("report", THERMAL, "property_company", result="done")
    assert [(track.name, track.is_open) for track in burning.case(THERMAL).tracks] == [
        ("main", True),
        ("call_119", False),
        ("evacuate", False),
    ]


def test_that_there_was_no_fire_is_checked_as_well(burning: Town) -> None:
    burning.answer("report", THERMAL, "micro_fire_station", result="no_fire")
    assert not burning.is_quiet
    burning.answer("verify", THERMAL, "fire_rescue", result="pass")
    assert burning.case(THERMAL).result == "no_fire"


@pytest.mark.parametrize(
    ("readings", "message"),
    [
        ([(0, 90.0)], "thermal_runaway"),
        ([(0, 89.9)], None),
        ([(0, 30.0), (10, 40.0)], "thermal_runaway"),
        ([(0, 30.0), (10, 39.9)], None),
        ([(0, 30.0), (2, 80.0)], None),  # too short to tell
        ([(0, 30.0), (121, 85.0)], None),  # too far apart to tell
    ],
)
def test_heat_that_only_a_runaway_makes(town: Builder, readings: list[tuple[int, float]], message: str | None) -> None:
    one = town(Thermal)
    for at, celsius in readings:
        one.wait(timedelta(seconds=at))
        pile(one, celsius=celsius)
    assert [case.message for case in one.cases] == ([message] if message else [])


def test_a_burning_pile_is_switched_off_and_nobody_is_sent_to_inspect_it(burning: Town) -> None:
    assert commands(burning) == [("P1", "cut_power")]
    assert [case.scenario for case in burning.cases] == ["ebike_charging.thermal"]


def test_a_camera_that_sees_smoke_is_believed_however_noisy_it_is(town: Builder) -> None:
    one = town(Corridor, CameraPrecision, Thermal)
    for number in range(4):
        one.hear("ebike.seen", subject="C1", where="corridor", activity="parking", confidence=0.4, object=f"o{number}")
        one.answer("deny", f"ebike_charging.corridor/C1:o{number}", "ops_center")
    assert one.case("ebike_charging.camera_precision/C1").is_open

    one.wait(minutes(1)).add_device("SPK", "estate", "speaker")
    one.hear("ebike.smoke", subject="C1", confidence=0.1)
    assert set(one.asked[-5:]) == {*FIGHT, *CALL, *EVACUATE}
    assert commands(one) == [("SPK", "evacuate")]
    one.answer("report", "ebike_charging.thermal/C1", "micro_fire_station", result="no_fire")
    one.answer("verify", "ebike_charging.thermal/C1", "fire_rescue")
    one.hear("ebike.smoke", subject="C1")  # and denying it silences nothing
    assert one.case("ebike_charging.thermal/C1").round == 2


def test_a_test_of_the_detector_sends_nobody(town: Builder) -> None:
    one = town(Thermal)
    one.hear("ebike.smoke", subject="S1", test=True)
    one.hear("ebike.smoke", subject="S1", alarm=False)
    assert one.cases == []


# --- piles


@pytest.mark.parametrize(
    ("data", "message", "severity", "asked", "told"),
    [
        ({"status": "overload", "amps": 21}, "pile_overload", Severity.P2, ["property_company"], "limit_power"),
        ({"status": "overtemp"}, "pile_overtemp", Severity.P1, ["property_company"], "cut_power"),
        ({"status": "ok", "celsius": 75}, "pile_overtemp", Severity.P1, ["property_company"], "cut_power"),
        ({"status": "offline"}, "pile_offline", Severity.P3, ["device_vendor", "property_manager"], None),
    ],
)
def test_a_pile_in_trouble(
    town: Builder, data: dict[str, Any], message: str, severity: Severity, asked: list[str], told: str | None
) -> None:
    one = town(Pile)
    pile(one, **data)
    case = one.case(PILE)
    assert (case.message, case.severity, one.asked) == (message, severity, asked)
    assert commands(one) == ([("P1", told)] if told else [])


def test_a_pile_climbs_from_the_estate_to_the_street(town: Builder) -> None:
    one = town(Pile)
    pile(one, "overload")
    one.wait(minutes(5))
    assert one.asked == ["property_company", "device_vendor", "property_manager"]
    one.wait(hours(1))
    assert one.asked[3:] == ["ops_center"]


def test_a_pile_that_says_for_ten_minutes_that_all_is_well_is_closed(town: Builder) -> None:
    one = town(Pile)
    pile(one, "overload")
    one.wait(minutes(3))
    pile(one)
    assert not one.wait(minutes(9)).is_quiet
    assert one.wait(minutes(1)).is_quiet


def test_a_street_may_say_what_a_pile_may_carry(town: Builder) -> None:
    one = town(Pile, config={"ebike_charging.pile": {"amps_max": 16}})
    pile(one, amps=15.9)
    assert one.cases == []
    pile(one, amps=16)
    assert one.case(PILE).message == "pile_overload"


def test_a_pile_that_says_nothing_for_a_day_is_offline_until_it_speaks(town: Builder) -> None:
    one = town(Pile)
    pile(one)
    one.wait(hours(24))
    assert (one.case(PILE).message, one.asked) == ("pile_silent", ["device_vendor", "property_manager"])
    one.wait(minutes(5))
    pile(one)
    assert one.wait(minutes(10)).is_quiet


def test_a_street_whose_piles_speak_only_in_trouble_turns_the_silence_off(town: Builder) -> None:
    one = town(Pile, config={"ebike_charging.pile": {"silent_hours": 0}})
    pile(one)
    assert one.wait(days(30)).cases == []
