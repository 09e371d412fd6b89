"""What falls silent: a device, its gateway, the only sensor of a home, or the elder."""

from collections.abc import Callable
from datetime import timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from civicloop import Level, Reason, Scenario, Severity, hours, minutes
from civicloop.plugins.elderly_care.away_call import AwayCall
from civicloop.plugins.elderly_care.gateway_lost import GatewayLost
from civicloop.plugins.elderly_care.no_sign_of_life import NoSignOfLife
from civicloop.plugins.elderly_care.protection_lost import ProtectionLost
from civicloop.plugins.elderly_care.traffic import SLOT, Days, note, usual_pause
from civicloop.plugins.elderly_care.unwatched import Unwatched
from civicloop.testing import MORNING, Town

DEVICE = "elderly_care.protection_lost"
GATEWAY = "elderly_care.gateway_lost/hub"
UNWATCHED = "elderly_care.unwatched/household"
Build = Callable[..., Town]
KIT = ("door", "pir", "smoke")


def behind_a_gateway(build: Build, *scenarios: type[Scenario], **options) -> Town:
    """Three devices that report through one gateway, which stands in the building."""
    street = build(GatewayLost, ProtectionLost, *scenarios, **options)
    street.add_device("hub", "building", "gateway")
    for kind in KIT:
        street.add_device(kind, "household", kind, via="hub")
    return street


def report(street: Town, *devices: str) -> None:
    for device in devices:
        street.hear("care.device", subject=device, status="online")


def refs(street: Town) -> list[str]:
    return [case.ref for case in street.open_cases]


# one case for the gateway ------------------------------------------------------------------------------------


def test_a_silent_gateway_is_one_case_and_not_one_for_each_device(town: Build):
    street = behind_a_gateway(town)
    for device in KIT:
        report(street, device)
        street.wait(hours(3))
    assert street.wait(timedelta(hours=20, minutes=59)).is_quiet
    street.wait(minutes(1))
    assert refs(street) == [GATEWAY]
    case = street.case(GATEWAY)
    assert (case.message, case.severity, case.place) == ("gateway_silent", Severity.P2, "building")
    assert case.variables == {"gateway": "hub", "hours": 24}
    assert street.asked == ["device_vendor", "property_company"]
    assert [kind.value for kind in street.told("neighborhood_committee")] == ["inform"]
    assert refs(street.wait(hours(48))) == [GATEWAY]


def test_whatever_comes_through_ends_it_and_the_devices_have_a_day_to_report(town: Build):
    street = behind_a_gateway(town)
    report(street, *KIT)
    street.wait(hours(30))
    assert refs(street) == [GATEWAY]
    report(street, "door", "pir")
    assert street.is_quiet
    assert street.case(GATEWAY).result == Reason.CLEARED
    for _ in range(23):
        street.wait(hours(1))
        report(street, "door", "pir")
    assert street.is_quiet
    street.wait(hours(1))
    assert refs(street) == [f"{DEVICE}/smoke"]


def test_a_device_that_is_silent_while_others_speak_is_lost_itself(town: Build):
    street = behind_a_gateway(town)
    report(street, *KIT)
    for _ in range(24):
        street.wait(hours(1))
        report(street, "door", "pir")
    assert refs(street) == [f"{DEVICE}/smoke"]


def test_a_quiet_night_only_puts_it_off_until_somebody_gets_up(town: Build):
    street = behind_a_gateway(town)
    street.hear("care.motion", subject="pir")
    for _ in range(7):
        street.wait(hours(2)).hear("care.door", subject="door", open=True)
    street.wait(hours(13))
    assert street.is_quiet
    street.hear("care.door", subject="door", open=True)
    street.wait(hours(1))
    assert refs(street) == [f"{DEVICE}/pir"]


def test_a_gateway_that_says_so_itself_is_lost_at_once_and_what_its_platform_calls_offline_is_not(town: Build):
    street = behind_a_gateway(town)
    report(street, *KIT)
    street.hear("care.device", subject="hub", status="offline")
    assert refs(street) == [GATEWAY]
    for device in KIT:
        street.wait(minutes(1)).hear("care.device", subject=device, status="offline")
    street.wait(hours(5))
    assert refs(street) == [GATEWAY]
    street.hear("care.device", subject="hub", status="online")
    report(street, "door", "pir")
    assert street.is_quiet
    street.wait(hours(12))
    report(street, "door", "pir")
    street.wait(hours(12))
    assert refs(street) == [f"{DEVICE}/smoke"]


@pytest.mark.parametrize(("status", "message"), [("fault", "gateway_faulty"), ("low_battery", "gateway_low_battery")])
def test_a_gateway_in_trouble_is_not_well_because_something_comes_through(town: Build, status, message):
    street = behind_a_gateway(town)
    street.hear("care.device", subject="hub", status=status)
    assert street.case(GATEWAY).message == message
    street.wait(minutes(1))
    report(street, "door")
    assert refs(street) == [GATEWAY]
    street.hear("care.device", subject="hub", status="online")
    assert street.is_quiet


def test_nobody_repairs_the_gateway_and_the_street_is_asked(town: Build):
    street = behind_a_gateway(town)
    street.hear("care.device", subject="hub", status="offline")
    assert street.wait(hours(4)).asked == ["device_vendor", "property_company", "ops_center"]


def test_a_gateway_that_nobody_registered_is_found_where_it_was_last_heard(town: Build):
    street = town(GatewayLost, ProtectionLost)
    street.add_device("pir", "household", "pir", via="cloud")
    report(street, "pir")
    street.wait(hours(24))
    assert street.case("elderly_care.gateway_lost/cloud").place == "household"
    assert len(street.cases) == 1


def test_where_gateways_are_not_watched_their_devices_are(town: Build):
    street = behind_a_gateway(town, config={"elderly_care.gateway_lost": {"silent_hours": 0}})
    report(street, *KIT)
    street.wait(hours(27))
    assert sorted(refs(street)) == [f"{DEVICE}/{device}" for device in sorted(KIT)]


# late and shuffled -------------------------------------------------------------------------------------------


def test_a_report_from_before_the_silence_was_called_one_ends_nothing_and_the_next_does(town: Build):
    street = one_sensor(town, via="hub").add_device("hub", "household", "gateway")
    report(street, "sos")
    street.wait(hours(24))
    lost = {f"{DEVICE}/sos", GATEWAY, UNWATCHED}
    assert {*refs(street)} == lost - {f"{DEVICE}/sos"}
    before = street.now - timedelta(hours=1)
    street.hear("care.device", subject="sos", status="online", at=before)
    assert {*refs(street)} == lost - {f"{DEVICE}/sos"}
    street.wait(minutes(1))
    report(street, "sos")
    assert street.is_quiet


def test_a_device_called_silent_is_well_again_with_its_next_report(town: Build):
    street = town(ProtectionLost).add_device("pir", "household", "pir")
    report(street, "pir")
    street.wait(hours(24))
    street.hear("care.motion", subject="pir", at=street.now - timedelta(hours=1))
    assert refs(street) == [f"{DEVICE}/pir"]
    street.wait(minutes(1))
    report(street, "pir")
    assert street.is_quiet


# the only sensor ---------------------------------------------------------------------------------------------


def one_sensor(build: Build, *scenarios: type[Scenario], via: str = "", **options) -> Town:
    street = build(Unwatched, ProtectionLost, GatewayLost, *scenarios, **options)
    return street.add_device("sos", "household", "sos", via=via).add_device("speaker", "household", "voice")


def test_the_only_sensor_is_silent_for_a_day_and_somebody_visits(town: Build):
    street = one_sensor(town)
    report(street, "sos")
    assert street.wait(timedelta(hours=23, minutes=59)).is_quiet
    street.wait(minutes(1))
    case = street.case(UNWATCHED)
    assert (case.severity, case.message) == (Severity.P1, "only_sensor_silent")
    assert street.case(f"{DEVICE}/sos").is_open
    street.wait(minutes(5))
    asked = ["device_vendor", "property_company", "neighborhood_committee", "peer_volunteer", "family"]
    assert street.asked == asked


def test_a_home_with_two_sensors_is_watched_by_the_other(town: Build):
    street = one_sensor(town).add_device("smoke", "household", "smoke")
    report(street, "sos", "smoke")
    street.wait(hours(24))
    assert sorted(refs(street)) == [f"{DEVICE}/smoke", f"{DEVICE}/sos"]


def test_a_word_of_the_sensor_calls_the_visit_off_before_anybody_was_sent(town: Build):
    street = one_sensor(town)
    report(street, "sos")
    street.wait(hours(24))
    report(street, "sos")
    assert street.is_quiet
    assert "neighborhood_committee" not in street.asked


def test_after_somebody_was_sent_only_a_visit_record_ends_it(town: Build):
    street = one_sensor(town)
    report(street, "sos")
    street.wait(timedelta(hours=24, minutes=5))
    report(street, "sos")
    assert street.case(UNWATCHED).is_open
    street.answer("report", UNWATCHED, "peer_volunteer", result="safe_at_home", evidence=["visit_record"])
    street.answer("verify", UNWATCHED, "call_center", result="pass")
    assert street.case(UNWATCHED).result == "safe_at_home"


def test_nobody_is_visited_who_is_away_but_an_absence_ends(town: Build):
    street = one_sensor(town)
    report(street, "sos")
    street.hear("care.away", subject="household", until="2025-09-15T08:00:00+08:00")
    street.wait(hours(95))
    assert refs(street) == [f"{DEVICE}/sos"]
    street.wait(hours(1))
    assert UNWATCHED in refs(street)


def test_an_absence_without_an_end_is_believed_for_a_week(town: Build):
    street = one_sensor(town)
    report(street, "sos")
    street.hear("care.away", subject="household")
    street.wait(timedelta(days=7, hours=23))
    assert UNWATCHED not in refs(street)
    street.wait(hours(1))
    assert UNWATCHED in refs(street)


def test_whoever_visits_for_the_silence_of_the_elder_is_not_sent_twice(town: Build):
    street = town(Unwatched, NoSignOfLife).add_device("pir", "household", "pir")
    street.hear("care.motion", subject="pir")
    street.wait(hours(24))
    assert refs(street) == ["elderly_care.no_sign_of_life/household"]


def test_a_silent_gateway_with_other_homes_behind_it_sends_nobody_to_each_of_them(town: Build):
    street = one_sensor(town, via="hub").add_device("hub", "building", "gateway")
    street.add_device("far", "estate", "pir", via="hub")
    report(street, "sos")
    street.wait(hours(1))
    report(street, "far")
    street.wait(hours(25))
    assert refs(street) == [GATEWAY]


def test_a_gateway_of_its_own_is_no_excuse(town: Build):
    street = one_sensor(town, via="hub").add_device("hub", "household", "gateway")
    report(street, "sos")
    street.wait(hours(24))
    assert {*refs(street)} == {UNWATCHED, GATEWAY}


def test_a_street_may_switch_it_off(town: Build):
    street = one_sensor(town, config={"elderly_care.unwatched": {"silent_hours": 0}})
    report(street, "sos")
    street.wait(hours(72))
    assert UNWATCHED not in refs(street)


def test_the_contact_is_called_first_where_the_street_does_so(town: Build):
    street = one_sensor(town, config={"elderly_care.unwatched": {"profile": "jingan_contact_first"}})
    report(street, "sos")
    street.wait(timedelta(hours=24, minutes=5))
    assert street.asked[2:] == ["family"]
    assert street.wait(minutes(15)).asked[3:] == ["ops_center"]
    assert street.wait(minutes(10)).asked[4:] == ["neighborhood_committee"]
    assert street.wait(minutes(10)).asked[5:] == ["peer_volunteer"]
    assert street.wait(minutes(10)).asked[6:] == ["ops_center", "police"]
    assert street.wait(minutes(10)).asked[8:] == ["call_center"]


# the elders behind a gateway ---------------------------------------------------------------------------------

SILENT, OTHER = "elderly_care.no_sign_of_life/household", "elderly_care.no_sign_of_life/neighbour"
CALL = "elderly_care.away_call/household"


def two_homes(build: Build, hub: str = "building", **options) -> Town:
    """Two homes whose elders were both heard of a minute ago, through one gateway."""
    street = build(NoSignOfLife, AwayCall, GatewayLost, ProtectionLost, **options)
    street.add_place("neighbour", Level.UNIT, "building").add_device("hub", hub, "gateway")
    for home, place in (("a", "household"), ("b", "neighbour")):
        for kind in ("door", "pir"):
            street.add_device(f"{kind}-{home}", place, kind, via="hub")
    move(street, "pir-a", "pir-b")
    return street.wait(minutes(1))


def move(street: Town, *sensors: str) -> None:
    for sensor in sensors:
        street.hear("care.motion", subject=sensor)


def gateway_is(street: Town, status: str) -> Town:
    street.hear("care.device", subject="hub", status=status)
    return street


def test_a_lost_gateway_is_one_case_and_no_visit_to_the_homes_behind_it(town: Build):
    street = gateway_is(two_homes(town), "offline")
    assert refs(street.wait(timedelta(hours=23, minutes=58))) == [GATEWAY]


def test_behind_a_lost_gateway_everybody_is_telephoned_after_a_day_and_looked_for_where_nobody_answers(town: Build):
    street = gateway_is(two_homes(town), "offline").wait(timedelta(hours=23, minutes=59))
    assert {*refs(street)} == {GATEWAY, CALL, CALL.replace("household", "neighbour")}
    case = street.case(CALL)
    assert (case.severity, case.message, case.variables["hours"]) == (Severity.P2, "unheard", 24)
    assert "peer_volunteer" not in street.asked
    street.wait(minutes(25))
    assert "peer_volunteer" in street.asked
    assert SILENT not in refs(street)


def test_who_answers_is_telephoned_again_the_next_day_while_the_gateway_is_lost(town: Build):
    street = gateway_is(two_homes(town), "offline").wait(timedelta(hours=24))
    street.answer("report", CALL, "call_center", result="safe_at_home")
    if street.case(CALL).is_open:  # a fifth of the answers is called back
        street.answer("verify", CALL, "neighborhood_committee", result="pass")
    assert CALL not in refs(street.wait(timedelta(hours=23, minutes=59)))
    assert CALL in refs(street.wait(minutes(1)))


def test_a_gateway_that_simply_falls_silent_is_one_case_too_where_it_is_noticed_before_the_elders_are(town: Build):
    street = two_homes(town, config={"elderly_care.gateway_lost": {"silent_hours": 4}})
    assert refs(street.wait(hours(23))) == [GATEWAY]


def beats(street: Town, days: int, *devices: str) -> Town:
    """Days of heartbeats every half-hour, the last of them now, with somebody to be seen every four hours."""
    for half_hour in range(days * 48):
        street.wait(minutes(30))
        report(street, *devices)
        if half_hour % 8 == 0:
            move(street, *devices)
    return street


def test_a_gateway_with_heartbeats_is_lost_after_twice_its_longest_usual_pause_and_no_elder_is_blamed(town: Build):
    street = beats(two_homes(town), 4, "pir-a", "pir-b")
    move(street, "pir-a", "pir-b")
    assert GATEWAY not in refs(street.wait(timedelta(hours=1, minutes=59)))
    street.wait(minutes(1))
    assert street.case(GATEWAY).message == "gateway_silent"
    assert street.case(GATEWAY).variables == {"gateway": "hub", "hours": 2}
    assert not {SILENT, OTHER} & {*refs(street.wait(hours(20)))}


def test_an_outage_of_yesterday_is_no_usual_pause(town: Build):
    street = beats(two_homes(town), 3, "pir-a", "pir-b").wait(hours(9))
    report(street, "pir-a")
    assert GATEWAY not in refs(street)
    assert GATEWAY in refs(beats(street, 1, "pir-a").wait(hours(2)))


@pytest.mark.parametrize("config", [{"pause_times": 0}, {}])
def test_a_gateway_that_is_new_or_not_judged_by_its_week_has_a_day(town: Build, config):
    street = beats(two_homes(town, config={"elderly_care.gateway_lost": config}), 4 if config else 2, "pir-a", "pir-b")
    assert GATEWAY not in refs(street.wait(timedelta(hours=23, minutes=59)))
    assert GATEWAY in refs(street.wait(minutes(1)))


def test_a_gateway_of_one_home_only_is_no_excuse_for_it_wherever_it_stands(town: Build):
    street = town(NoSignOfLife, AwayCall, GatewayLost).add_device("hub", "building", "gateway")
    street.add_device("pir-a", "household", "pir", via="hub")
    beats(street, 4, "pir-a")
    move(street, "pir-a")
    assert refs(street.wait(hours(12))) == [GATEWAY, SILENT]


@given(st.lists(st.integers(0, 10 * 48), min_size=1), st.randoms())
def test_what_came_through_is_remembered_alike_whatever_its_order(slots: list[int], chance: Random):
    shuffled = list(slots)
    chance.shuffle(shuffled)
    one, other = Days(), Days()
    for found, traffic in ((slots, one), (shuffled, other)):
        for slot in found:
            note(traffic, MORNING + slot * SLOT)
    assert one == other
    assert usual_pause(one) == usual_pause(other)
    assert len(one) <= 7


def test_after_the_gateway_is_back_each_home_has_its_time_anew_and_whoever_stays_silent_is_visited(town: Build):
    street = gateway_is(two_homes(town), "offline").wait(hours(20))
    gateway_is(street, "online")
    assert street.is_quiet
    for _ in range(11):
        street.wait(hours(1))
        move(street, "pir-b")
        assert SILENT not in refs(street)
    street.wait(hours(1))
    assert (SILENT in refs(street), OTHER in refs(street)) == (True, False)
    assert street.case(SILENT).severity is Severity.P1


def test_a_gateway_that_nobody_repairs_does_not_keep_the_homes_silent_for_ever(town: Build):
    street = gateway_is(two_homes(town), "offline").wait(timedelta(hours=71, minutes=58))
    assert not {SILENT, OTHER} & {*refs(street)}
    assert {SILENT, OTHER} <= {*refs(street.wait(minutes(2)))}


def test_a_gateway_that_comes_and_goes_does_not_either(town: Build):
    street = two_homes(town)
    for _ in range(12):
        gateway_is(street, "offline").wait(hours(3))
        gateway_is(street, "online").wait(hours(3))
    assert {SILENT, OTHER} <= {case.ref for case in street.cases}


def test_an_hour_without_the_gateway_changes_nothing(town: Build):
    street = gateway_is(two_homes(town).wait(hours(9)), "offline").wait(hours(1))
    gateway_is(street, "online")
    assert street.wait(timedelta(hours=1, minutes=58)).is_quiet
    assert {*refs(street.wait(minutes(1)))} == {SILENT, OTHER}


@pytest.mark.parametrize("status", ["fault", "low_battery"])
def test_a_gateway_in_trouble_that_still_passes_on_the_neighbour_is_no_excuse(town: Build, status: str):
    street = gateway_is(two_homes(town), status)
    for _ in range(12):
        street.wait(hours(1))
        move(street, "pir-b")
    assert {*refs(street)} == {GATEWAY, SILENT}


def test_a_sensor_that_does_not_report_through_the_gateway_would_have_been_heard(town: Build):
    street = two_homes(town).add_device("water-a", "household", "water")
    street.hear("care.water", subject="water-a")
    gateway_is(street, "offline")
    assert {*refs(street.wait(hours(12)))} == {GATEWAY, SILENT}


def test_a_silent_gateway_inside_the_home_is_no_excuse_for_it(town: Build):
    street = two_homes(town, "household", config={"elderly_care.gateway_lost": {"silent_hours": 4}})
    assert {*refs(street.wait(hours(12)))} == {GATEWAY, SILENT}


def test_who_left_is_telephoned_later_where_the_gateway_was_lost_meanwhile(town: Build):
    street = two_homes(town)
    street.hear("care.door", subject="door-a", open=True)
    gateway_is(street, "offline").wait(hours(8))
    gateway_is(street, "online")
    street.wait(timedelta(hours=12, minutes=59))
    assert CALL not in refs(street)
    assert CALL in refs(street.wait(minutes(1)))
