"""Protection lost: a device says that something is wrong with it, or says nothing any more."""

from collections.abc import Callable
from datetime import timedelta
from itertools import permutations

import pytest

from civicloop import Reason, Scenario, Severity, days, hours, minutes
from civicloop.plugins import elderly_care
from civicloop.plugins.elderly_care.protection_lost import ProtectionLost
from civicloop.testing import MORNING, Town

NAME = "elderly_care.protection_lost"
Build = Callable[..., Town]


def home(build: Build, lateness: timedelta = timedelta(), **settings) -> Town:
    town = build(ProtectionLost, config={NAME: settings}, lateness=lateness)
    for kind in ("door", "pir", "smoke"):
        town.add_device(kind, "household", kind)
    return town


@pytest.mark.parametrize(
    ("status", "message"),
    [("offline", "device_offline"), ("fault", "device_faulty"), ("low_battery", "device_low_battery")],
)
def test_a_bad_status_sends_the_vendor_and_a_good_one_ends_it(town: Build, status, message):
    street = home(town)
    street.hear("care.device", subject="smoke", status=status)
    case = street.case(f"{NAME}/smoke")
    assert (case.message, case.severity, case.place) == (message, Severity.P2, "household")
    assert street.asked == ["device_vendor", "property_company"]
    street.wait(hours(1)).hear("care.device", subject="smoke", status="online")
    assert street.case(f"{NAME}/smoke").result == Reason.CLEARED


def test_a_device_that_reports_again_is_not_offline_any_more(town: Build):
    street = home(town)
    street.hear("care.device", subject="pir", status="offline")
    street.wait(minutes(1)).hear("care.motion", subject="pir")
    assert street.is_quiet


def test_a_weak_battery_is_not_charged_by_moving(town: Build):
    street = home(town)
    street.hear("care.device", subject="pir", status="low_battery")
    street.wait(minutes(1)).hear("care.motion", subject="pir")
    assert not street.is_quiet


def test_a_day_without_a_word_is_a_loss_until_the_next_word(town: Build):
    street = home(town)
    street.hear("care.door", subject="door", open=True)
    assert street.wait(timedelta(hours=23, minutes=59)).is_quiet
    street.wait(minutes(1))
    case = street.case(f"{NAME}/door")
    assert (case.message, case.variables) == ("device_silent", {"device": "door", "hours": 24})
    street.wait(hours(2)).hear("care.door", subject="door", open=True)
    assert street.is_quiet


def test_a_sign_of_its_own_keeps_a_device_that_is_not_used(town: Build):
    street = home(town)
    for _ in range(5):
        street.hear("care.device", subject="smoke", status="online")
        street.wait(hours(23))
    assert street.is_quiet
    assert not street.wait(hours(1)).is_quiet


def test_a_detector_that_only_ever_raised_its_alarm_owes_no_daily_word(town: Build):
    street = home(town)
    street.hear("care.smoke", subject="smoke", alarm=True)
    assert street.wait(days(5)).is_quiet


def test_silence_is_no_loss_where_the_street_says_so(town: Build):
    street = home(town, silent_hours=0)
    street.hear("care.motion", subject="pir")
    assert street.wait(days(5)).is_quiet


def test_a_device_that_was_repaired_by_word_only_is_missed_again(town: Build):
    street = home(town)
    street.hear("care.motion", subject="pir")
    street.wait(hours(24)).answer("report", f"{NAME}/pir", "device_vendor", result="done")
    street.answer("verify", f"{NAME}/pir", "call_center", result="pass")
    assert street.is_quiet
    assert not street.wait(hours(24)).is_quiet
    assert street.case(f"{NAME}/pir").round == 2


def test_nobody_repairs_it_and_the_street_is_asked(town: Build):
    street = home(town)
    street.hear("care.device", subject="pir", status="fault")
    street.wait(hours(4))
    assert street.asked[2:] == ["ops_center"]


def test_late_reports_end_in_the_same_health_in_any_order(town: Build):
    told = [
        ("care.device", {"status": "low_battery"}, 1),
        ("care.motion", {}, 2),
        ("care.device", {"status": "fault"}, 3),
    ]
    for order in permutations(told):
        street = home(town, lateness=timedelta(minutes=10))
        street.wait(minutes(5))
        for kind, data, minute in order:
            street.hear(kind, subject="pir", at=MORNING + timedelta(minutes=minute), **data)
        street.wait(minutes(1)).hear("care.motion", subject="pir")
        assert not street.is_quiet
        street.hear("care.device", subject="pir", status="online")
        assert street.is_quiet


def test_the_vendor_and_the_property_company_have_a_day(town: Build):
    street = home(town)
    street.hear("care.device", subject="pir", status="low_battery")
    street.answer("accept", f"{NAME}/pir", "property_company")
    assert street.wait(timedelta(hours=23, minutes=59)).asked == ["device_vendor", "property_company"]
    assert street.wait(minutes(1)).asked[2:] == ["ops_center"]
    assert street.case(f"{NAME}/pir").is_open


def test_a_gateway_in_a_household_is_no_device_of_the_kit(town: Build):
    street = home(town).add_device("hub", "household", "gateway")
    street.hear("care.device", subject="hub", status="offline")
    assert street.cases == []


def test_a_device_outside_any_household_is_somebody_elses(town: Build):
    street = town(ProtectionLost)
    street.hear("care.device", subject="lamp", status="fault")
    assert street.cases == []


def test_the_plugin_brings_its_scenarios_with_texts_for_every_word():
    found: list[type[Scenario]] = elderly_care.civicloop_scenarios()
    names = [scenario.short_name() for scenario in found]
    assert names[:4] == ["sos", "smoke", "gas", "no_sign_of_life"]
    assert {"away_call", "unwatched", "protection_lost", "gateway_lost", "leak"} <= {*names}
    for scenario in found:
        assert {*scenario.outcomes} <= {*scenario.texts}
        chains = [*scenario.profiles().values(), *(track.chain for track in scenario.tracks)]
        assert {role for chain in chains for step in chain for role in (*step.parties, *step.inform)} <= {*ROLES}


ROLES = (
    *("property_company", "neighborhood_committee", "party_secretary", "peer_volunteer", "micro_fire_station"),
    *("call_center", "ops_center", "police", "fire_rescue", "gas_company", "device_vendor"),
    *("family", "medical_rescue"),
)
