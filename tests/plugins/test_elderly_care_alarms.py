"""SOS, smoke and gas: everybody is asked at once, and only people end what people were sent to."""

from collections.abc import Callable

import pytest

from civicloop import Reason, Scenario, Severity, minutes, seconds
from civicloop.plugins.elderly_care.alarms import Gas, Smoke, Sos
from civicloop.testing import Status, Town

SOS = "elderly_care.sos/household"
SMOKE = "elderly_care.smoke/household"
NEARBY = ["call_center", "property_company", "micro_fire_station", "neighborhood_committee"]
Build = Callable[..., Town]


def home(build: Build, *scenarios: type[Scenario], **options) -> Town:
    """A town with one kit in its household."""
    town = build(*scenarios, **options)
    for kind in ("sos", "smoke", "gas"):
        town.add_device(kind, "household", kind)
    return town


@pytest.fixture
def pressed(town: Build) -> Town:
    """Somebody has just called for help."""
    street = home(town, Sos)
    street.hear("care.sos", subject="sos")
    return street


def test_everybody_nearby_is_asked_at_once_and_the_family_is_told(pressed: Town):
    case = pressed.case(SOS)
    assert pressed.asked == NEARBY
    assert [kind.value for kind in pressed.told("family")] == ["inform"]
    assert case.severity is Severity.P0
    assert case.place == "household"


@pytest.mark.parametrize(
    ("event", "services"),
    [("care.sos", ["police"]), ("care.smoke", ["fire_rescue", "police"]), ("care.gas", ["fire_rescue", "police"])],
)
def test_nobody_accepts_in_three_minutes_and_the_street_and_the_services_are_asked(town: Build, event, services):
    street = home(town, Sos, Smoke, Gas)
    street.hear(event, subject=event.removeprefix("care."), **({} if event == "care.sos" else {"alarm": True}))
    before = street.asked
    street.wait(seconds(179))
    assert street.asked == before
    street.wait(seconds(1))
    assert street.asked[len(before) :] == ["ops_center", *services]
    street.wait(minutes(3))
    assert street.asked[-1] == "call_center"


def test_the_gas_company_is_asked_for_gas_only(town: Build):
    street = home(town, Smoke, Gas)
    street.hear("care.gas", subject="gas", alarm=True)
    assert street.asked == [*NEARBY, "gas_company"]
    street.hear("care.smoke", subject="smoke", alarm=True)
    assert street.asked[5:] == NEARBY


def test_one_acceptance_stops_the_climb(pressed: Town):
    pressed.wait(seconds(40)).answer("accept", SOS, "micro_fire_station")
    pressed.wait(minutes(29))
    assert pressed.asked == NEARBY


def test_an_accepted_alarm_that_nobody_finishes_climbs_after_half_an_hour(pressed: Town):
    pressed.answer("accept", SOS, "micro_fire_station")
    pressed.wait(minutes(30))
    assert pressed.asked[4:] == ["ops_center", "police"]
    assert Reason.NOT_FINISHED in pressed.story(SOS)


def test_every_further_press_is_evidence_of_the_same_case(pressed: Town):
    pressed.wait(minutes(1)).hear("care.sos", subject="sos")
    assert pressed.asked == NEARBY
    assert pressed.case(SOS).sightings == 2


def test_sensors_never_end_what_somebody_was_sent_to(town: Build):
    street = home(town, Smoke)
    street.hear("care.smoke", subject="smoke", alarm=True)
    street.wait(minutes(1)).hear("care.smoke", subject="smoke", alarm=False)
    case = street.case(SMOKE)
    assert case.is_open
    assert [evidence.kind for evidence in case.evidence] == ["smoke_alarm", "cleared"]
    street.wait(minutes(2))
    assert street.asked[4:] == ["ops_center", "fire_rescue", "police"]


@pytest.mark.parametrize(("event", "device"), [("care.smoke", "smoke"), ("care.gas", "gas")])
def test_a_test_of_the_device_sends_nobody(town: Build, event, device):
    street = home(town, Smoke, Gas)
    assert street.hear(event, subject=device, alarm=True, test=True).status is Status.ACCEPTED
    assert street.cases == []
    assert street.asked == []


def test_a_test_does_not_end_a_real_alarm(town: Build):
    street = home(town, Smoke)
    street.hear("care.smoke", subject="smoke", alarm=True)
    street.wait(minutes(1)).hear("care.smoke", subject="smoke", alarm=False, test=True)
    assert [evidence.kind for evidence in street.case(SMOKE).evidence] == ["smoke_alarm"]


def test_an_alarm_says_clearly_whether_it_is_one(town: Build):
    street = home(town, Smoke)
    assert street.hear("care.smoke", subject="smoke").status is Status.REJECTED
    assert street.hear("care.smoke", subject="smoke", alarm="yes").status is Status.REJECTED


def test_the_visit_is_reported_and_called_back_by_somebody_else(pressed: Town):
    pressed.answer("accept", SOS, "neighborhood_committee")
    pressed.wait(minutes(12)).answer("report", SOS, "neighborhood_committee", result="helped")
    assert [kind.value for kind in pressed.told("call_center")] == ["ask", "inform", "check"]
    refused = pressed.answer("verify", SOS, "neighborhood_committee", result="pass")
    assert (refused.status, refused.reason) == (Status.REFUSED, Reason.SAME_HANDS)
    assert not pressed.is_quiet
    assert pressed.answer("verify", SOS, "call_center", result="pass").status is Status.ACCEPTED
    assert pressed.is_quiet
    assert pressed.case(SOS).result == "helped"


def test_the_call_centre_that_reported_does_not_call_itself_back(pressed: Town):
    pressed.answer("report", SOS, "call_center", result="hospitalised")
    assert [kind.value for kind in pressed.told("ops_center")] == ["check"]


def test_whom_nobody_reached_is_not_closed_but_climbs(pressed: Town):
    pressed.answer("accept", SOS, "neighborhood_committee")
    pressed.wait(minutes(5)).answer("report", SOS, "neighborhood_committee", result="not_reachable")
    assert pressed.case(SOS).is_open
    assert pressed.asked[4:] == ["ops_center", "police"]
    for party in ("call_center", "property_company", "micro_fire_station"):
        assert pressed.answer("report", SOS, party, result="not_reachable").status is Status.ACCEPTED
    assert pressed.case(SOS).is_open


@pytest.mark.parametrize(
    "result",
    ["done", "false_alarm", "safe_at_home", "away_ok", "helped", "hospitalised", "deceased", "device_fault"],
)
def test_every_other_outcome_is_called_back_and_closed(pressed: Town, result):
    pressed.answer("report", SOS, "property_company", result=result)
    assert pressed.case(SOS).is_open
    pressed.answer("verify", SOS, "call_center", result="pass")
    assert pressed.case(SOS).result == result
    assert not pressed.case(SOS).is_open


def test_a_step_that_nobody_holds_is_passed_and_the_rest_is_asked(town: Build):
    street = home(town, Sos, nobody=["micro_fire_station", "family"])
    street.hear("care.sos", subject="sos")
    assert street.asked == ["call_center", "property_company", "neighborhood_committee"]


def test_a_call_from_a_corridor_is_never_lost(town: Build):
    street = town(Sos)
    street.add_device("hall", "building", "sos").hear("care.sos", subject="hall")
    assert street.case("elderly_care.sos/building").is_open
