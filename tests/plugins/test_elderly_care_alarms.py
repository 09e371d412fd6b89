"""SOS, smoke and gas: everybody is asked at once, and only people end what people were sent to."""

from collections.abc import Callable

import pytest

from civicloop import MICRO, Reason, Scenario, Severity, hours, minutes, seconds
from civicloop.core.sdk.binding import bind
from civicloop.core.sdk.faults import PluginError
from civicloop.plugins.elderly_care.alarms import Gas, Smoke, Sos
from civicloop.testing import Status, Town

SOS = "elderly_care.sos/household"
SMOKE = "elderly_care.smoke/household"
GAS = "elderly_care.gas/household"
NEARBY = ["property_company", "micro_fire_station", "neighborhood_committee"]
RECORD = [{"kind": "visit_record", "outcome": "helped"}]
ALARMS = [("care.sos", Sos, SOS, ["police"]), ("care.smoke", Smoke, SMOKE, ["fire_rescue", "police"])]
ALARMS += [("care.gas", Gas, GAS, ["fire_rescue", "police"])]
Build = Callable[..., Town]


def home(build: Build, *scenarios: type[Scenario], **options) -> Town:
    """A town with one kit in its household."""
    town = build(*scenarios, **options)
    for kind in ("sos", "smoke", "gas"):
        town.add_device(kind, "household", kind)
    return town


def raise_alarm(street: Town, event: str) -> None:
    street.hear(event, subject=event.removeprefix("care."), **({} if event == "care.sos" else {"alarm": True}))


def automatic(*scenarios: type[Scenario]) -> dict:
    return {one.name: {"emergency_calls": "automatic"} for one in scenarios}


@pytest.fixture
def pressed(town: Build) -> Town:
    """Somebody has just called for help."""
    street = home(town, Sos)
    street.hear("care.sos", subject="sos")
    return street


# at once -----------------------------------------------------------------------------------------------------


def test_everybody_is_asked_at_once_and_the_family_is_told(pressed: Town):
    case = pressed.case(SOS)
    assert pressed.asked == [*NEARBY, "call_center"]
    assert {notice.at for notice in pressed.notices} == {case.opened_at}
    assert [kind.value for kind in pressed.told("family")] == ["inform"]
    assert (case.severity, case.place) == (Severity.P0, "household")


@pytest.mark.parametrize(("event", "scenario", "ref", "services"), ALARMS)
def test_nobody_accepts_in_three_minutes_and_the_street_and_the_services_are_asked(
    town: Build, event, scenario, ref, services
):
    street = home(town, scenario)
    raise_alarm(street, event)
    street.answer("accept", ref, "call_center")
    before = street.asked
    assert street.wait(seconds(179)).asked == before
    assert street.wait(seconds(1)).asked[len(before) :] == ["ops_center", *services]
    assert street.wait(minutes(3)).asked[-1] == "call_center"


def test_the_gas_company_is_asked_for_gas_only(town: Build):
    street = home(town, Smoke, Gas)
    raise_alarm(street, "care.gas")
    assert street.asked == [*NEARBY, "gas_company", "call_center"]
    raise_alarm(street, "care.smoke")
    assert street.asked[5:] == [*NEARBY, "call_center"]


def test_one_acceptance_stops_the_climb(pressed: Town):
    pressed.answer("accept", SOS, "call_center")
    pressed.wait(seconds(40)).answer("accept", SOS, "micro_fire_station")
    pressed.wait(minutes(29))
    assert pressed.asked == [*NEARBY, "call_center"]


def test_a_desk_that_confirms_is_nobody_on_the_way(pressed: Town):
    pressed.answer("accept", SOS, "call_center")
    pressed.wait(minutes(3))
    assert pressed.asked[4:] == ["ops_center", "police"]


def test_an_accepted_alarm_that_nobody_finishes_climbs_after_half_an_hour(pressed: Town):
    pressed.answer("accept", SOS, "call_center")
    pressed.answer("accept", SOS, "micro_fire_station")
    pressed.wait(minutes(30))
    assert pressed.asked[4:] == ["ops_center", "police"]
    assert Reason.NOT_FINISHED in pressed.story(SOS)


# 119 and 120 -------------------------------------------------------------------------------------------------


def emergency(street: Town, ref: str) -> list[tuple[str, str]]:
    """Who was asked on the emergency line, at which step."""
    asked = (Reason.ASKED, Reason.ESCALATED)
    return [
        (one.step, one.party) for one in street.journal(ref) if one.track == "emergency_line" and one.reason in asked
    ]


@pytest.mark.parametrize(("event", "scenario", "ref", "services"), ALARMS)
def test_a_person_confirms_within_sixty_seconds_else_the_street_does(town: Build, event, scenario, ref, services):
    street = home(town, scenario)
    raise_alarm(street, event)
    street.answer("accept", ref, "micro_fire_station")
    street.wait(seconds(59))
    assert emergency(street, ref) == [("confirm", "call_center")]
    street.wait(seconds(1))
    assert emergency(street, ref)[1:] == [("confirm_at_street", "ops_center")]
    assert Reason.NOT_ACCEPTED in street.story(ref)
    street.wait(minutes(2))
    assert Reason.CHAIN_ENDED in street.story(ref)
    assert not {"police", "fire_rescue", "medical_rescue"} & {*street.asked}


@pytest.mark.parametrize("party", ["call_center", "ops_center"])
def test_who_confirms_takes_the_line(pressed: Town, party):
    if party == "ops_center":
        pressed.wait(seconds(60))
    pressed.answer("accept", SOS, party)
    before = emergency(pressed, SOS)
    pressed.answer("accept", SOS, "micro_fire_station")
    pressed.wait(minutes(25))
    assert emergency(pressed, SOS) == before
    assert "medical_rescue" not in pressed.asked


@pytest.mark.parametrize(("event", "scenario", "ref", "services"), ALARMS)
def test_with_local_approval_the_services_are_asked_at_once_and_people_where_they_do_not_answer(
    town: Build, event, scenario, ref, services
):
    street = home(town, scenario, config=automatic(scenario))
    raise_alarm(street, event)
    first = ["medical_rescue", "police"] if scenario is Sos else ["fire_rescue"]
    assert [party for _, party in emergency(street, ref)] == first
    assert {notice.at for notice in street.notices} == {street.case(ref).opened_at}
    street.wait(seconds(60))
    assert emergency(street, ref)[len(first) :] == [("confirm", "call_center")]


def test_services_that_take_it_on_are_not_called_again(town: Build):
    street = home(town, Smoke, config=automatic(Smoke))
    raise_alarm(street, "care.smoke")
    street.answer("accept", SMOKE, "fire_rescue")
    street.wait(minutes(2))
    assert street.asked == [*NEARBY, "fire_rescue"]


def test_calling_for_help_is_no_climb_into_a_larger_loop(town: Build):
    street = home(town, Sos, config=automatic(Sos))
    street.hear("care.sos", subject="sos")
    street.answer("accept", SOS, "property_company")
    street.wait(minutes(10))
    assert {track.loop for track in street.case(SOS).tracks} == {MICRO}


def test_the_line_never_holds_up_a_case(pressed: Town):
    pressed.answer("accept", SOS, "property_company")
    pressed.answer("report", SOS, "property_company", result="helped", evidence=RECORD)
    pressed.answer("verify", SOS, "call_center", result="pass")
    assert pressed.is_quiet


def test_a_street_may_shorten_the_minute(town: Build):
    street = home(town, Sos, config={"elderly_care.sos": {"chain": {"confirm": {"accept": "30 seconds"}}}})
    street.hear("care.sos", subject="sos")
    street.wait(seconds(30))
    assert emergency(street, SOS)[1:] == [("confirm_at_street", "ops_center")]


# the contact first -------------------------------------------------------------------------------------------


def contact_first(build: Build, **options) -> Town:
    street = home(build, Sos, config={"elderly_care.sos": {"profile": "jingan_contact_first"}}, **options)
    street.hear("care.sos", subject="sos")
    street.answer("accept", SOS, "call_center")
    return street


def test_as_in_jingan_the_contact_is_called_first_then_street_community_and_volunteer(town: Build):
    street = contact_first(town)
    assert street.asked == ["family", "call_center"]
    assert street.wait(minutes(1)).asked[2:] == ["ops_center"]
    assert street.wait(minutes(1)).asked[3:] == ["neighborhood_committee", "property_company", "micro_fire_station"]
    assert street.wait(minutes(3)).asked[6:] == ["peer_volunteer"]
    assert street.wait(minutes(3)).asked[7:] == ["ops_center", "police"]
    assert street.wait(minutes(3)).asked[9:] == ["call_center"]


def test_the_contact_who_answers_takes_it_on(town: Build):
    street = contact_first(town)
    street.answer("accept", SOS, "family")
    assert street.wait(minutes(9)).asked == ["family", "call_center"]


def test_the_street_sends_the_order_on_by_hand(town: Build):
    street = contact_first(town).wait(minutes(1))
    street.answer("escalate", SOS, "ops_center")
    assert street.asked[3:] == ["neighborhood_committee", "property_company", "micro_fire_station"]


def test_without_a_contact_the_street_is_asked_at_once(town: Build):
    assert contact_first(town, nobody=["family"]).asked == ["ops_center", "call_center"]


@pytest.mark.parametrize("scenario", [Smoke, Gas])
def test_fire_and_gas_wait_for_no_contact(scenario):
    with pytest.raises(PluginError, match="'jingan_contact_first' is not a profile"):
        bind(scenario, {"profile": "jingan_contact_first"})
    assert bind(scenario, {"profile": "hongkou_parallel"}).rules == bind(scenario, {}).rules


# what an alarm ignores ---------------------------------------------------------------------------------------


def test_every_further_press_is_evidence_of_the_same_case(pressed: Town):
    for _ in range(5):
        pressed.wait(seconds(5)).hear("care.sos", subject="sos")
    assert pressed.asked == [*NEARBY, "call_center"]
    assert pressed.case(SOS).sightings == 6


@pytest.mark.parametrize(("event", "scenario", "ref", "services"), ALARMS)
def test_nobody_is_away_from_a_fire(town: Build, event, scenario, ref, services):
    street = home(town, scenario)
    street.hear("care.away", subject="household", until="2025-09-30T12:00:00+08:00")
    raise_alarm(street, event)
    assert street.case(ref).is_open
    assert street.asked[:3] == NEARBY


def test_quiet_hours_are_not_for_alarms_in_the_night(town: Build):
    street = home(town, Smoke).wait(hours(19))
    raise_alarm(street, "care.smoke")
    assert street.asked == [*NEARBY, "call_center"]
    assert all(sent.at == street.now for sent in street.sent)


def test_sensors_never_end_what_somebody_was_sent_to(town: Build):
    street = home(town, Smoke)
    raise_alarm(street, "care.smoke")
    street.answer("accept", SMOKE, "call_center")
    street.wait(minutes(1)).hear("care.smoke", subject="smoke", alarm=False)
    case = street.case(SMOKE)
    assert case.is_open
    assert [evidence.kind for evidence in case.evidence] == ["smoke_alarm", "cleared"]
    street.wait(minutes(2))
    assert street.asked[4:] == ["ops_center", "fire_rescue", "police"]


# tests of the devices ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("event", "device"), [("care.smoke", "smoke"), ("care.gas", "gas")])
def test_a_test_of_the_device_sends_nobody(town: Build, event, device):
    street = home(town, Smoke, Gas)
    assert street.hear(event, subject=device, alarm=True, test=True).status is Status.ACCEPTED
    assert street.cases == []
    assert street.notices == []


@pytest.mark.parametrize(("event", "device", "ref"), [("care.smoke", "smoke", SMOKE), ("care.gas", "gas", GAS)])
def test_tests_are_counted_and_an_alarm_soon_after_says_so_and_goes_out_all_the_same(town: Build, event, device, ref):
    street = home(town, Smoke, Gas)
    for _ in range(3):
        street.hear(event, subject=device, alarm=True, test=True)
        street.wait(minutes(20))
    raise_alarm(street, event)
    case = street.case(ref)
    assert (case.message, case.variables) == (f"{device}_alarm_after_tests", {"device": device, "tests": 3})
    assert street.asked[:3] == NEARBY


def test_a_test_of_yesterday_is_forgotten(town: Build):
    street = home(town, Smoke)
    street.hear("care.smoke", subject="smoke", alarm=True, test=True)
    street.wait(hours(24))
    raise_alarm(street, "care.smoke")
    assert street.case(SMOKE).message == "smoke_alarm"


def test_a_test_does_not_end_a_real_alarm(town: Build):
    street = home(town, Smoke)
    street.hear("care.smoke", subject="smoke", alarm=True)
    street.wait(minutes(1)).hear("care.smoke", subject="smoke", alarm=False, test=True)
    assert [evidence.kind for evidence in street.case(SMOKE).evidence] == ["smoke_alarm"]


def test_an_alarm_says_clearly_whether_it_is_one(town: Build):
    street = home(town, Smoke)
    assert street.hear("care.smoke", subject="smoke").status is Status.REJECTED
    assert street.hear("care.smoke", subject="smoke", alarm="yes").status is Status.REJECTED


# how it ends -------------------------------------------------------------------------------------------------


def test_the_visit_is_reported_and_called_back_by_somebody_else(pressed: Town):
    pressed.answer("accept", SOS, "neighborhood_committee")
    pressed.wait(minutes(12)).answer("report", SOS, "neighborhood_committee", result="helped", evidence=RECORD)
    assert pressed.told("call_center")[-1].value == "check"
    refused = pressed.answer("verify", SOS, "neighborhood_committee", result="pass")
    assert (refused.status, refused.reason) == (Status.REFUSED, Reason.SAME_HANDS)
    assert not pressed.is_quiet
    assert pressed.answer("verify", SOS, "call_center", result="pass").status is Status.ACCEPTED
    assert pressed.is_quiet
    assert pressed.case(SOS).result == "helped"


@pytest.mark.parametrize("result", ["helped", "false_alarm"])
def test_nobody_called_back_in_a_day_and_the_street_does_it(pressed: Town, result):
    pressed.answer("report", SOS, "neighborhood_committee", result=result, evidence=["visit_record"])
    pressed.wait(hours(24))
    assert Reason.CHECK_OVERDUE in pressed.story(SOS)
    assert "check" in [kind.value for kind in pressed.told("ops_center")]
    pressed.wait(hours(72))
    assert pressed.case(SOS).is_open


def test_a_call_back_that_finds_otherwise_sends_the_same_people_again(pressed: Town):
    pressed.answer("report", SOS, "neighborhood_committee", result="helped", evidence=RECORD)
    pressed.answer("verify", SOS, "call_center", result="fail")
    assert "rework" in [kind.value for kind in pressed.told("neighborhood_committee")]


def test_nothing_closes_without_a_visit_record_which_may_follow(pressed: Town):
    reported = pressed.answer("report", SOS, "property_company", result="helped")
    assert reported.status is Status.ACCEPTED
    assert reported.detail == (
        "visit_record is still missing, and the case does not close without it; bring it with the next answer, a "
        'comment for one, in \'evidence\', such as [{"kind":"visit_record","outcome":"done"}]'
    )
    refused = pressed.answer("verify", SOS, "call_center", result="pass")
    assert (refused.status, refused.reason) == (Status.REFUSED, Reason.EVIDENCE_MISSING)
    passed = pressed.answer("verify", SOS, "call_center", result="pass", evidence=RECORD)
    assert passed.status is Status.ACCEPTED
    assert pressed.is_quiet


def test_a_record_that_comes_with_a_report_need_not_say_it_twice(pressed: Town):
    said = pressed.answer("report", SOS, "property_company", result="done", evidence=["visit_record"])
    assert (said.status, said.detail) == (Status.ACCEPTED, "")
    unsaid = pressed.answer("comment", SOS, "property_company", evidence=["visit_record"])
    assert unsaid.reason == Reason.EVIDENCE_MISSING


def test_a_visit_at_which_nobody_was_met_is_no_visit_record(pressed: Town):
    record = [{"kind": "visit_record", "outcome": "not_reachable"}]
    refused = pressed.answer("report", SOS, "property_company", result="not_reachable", evidence=record)
    assert refused.reason == Reason.EVIDENCE_MISSING
    told = pressed.answer("report", SOS, "property_company", result="not_reachable", evidence=["visit_attempt"])
    assert told.status is Status.ACCEPTED


@pytest.mark.parametrize("scenario", [Sos, Smoke, Gas])
def test_no_photo_is_asked_for(scenario):
    assert [proof.kind for proof in bind(scenario, {}).rules.proofs] == ["visit_record"]


def test_the_call_centre_confirms_and_does_not_say_what_happened_there(pressed: Town):
    pressed.answer("report", SOS, "call_center", result="hospitalised", evidence=["visit_record"])
    assert pressed.case(SOS).is_open
    pressed.wait(minutes(3))
    assert pressed.asked[4:] == ["ops_center", "police"]


def test_whom_nobody_reached_is_not_closed_but_climbs(pressed: Town):
    pressed.answer("accept", SOS, "call_center")
    pressed.answer("accept", SOS, "neighborhood_committee")
    for party in NEARBY:
        pressed.wait(minutes(5)).answer("report", SOS, party, result="not_reachable")
    assert pressed.case(SOS).is_open
    assert pressed.asked[4:] == ["ops_center", "police"]


@pytest.mark.parametrize(
    "result",
    ["false_alarm", "safe_at_home", "away_ok", "helped", "hospitalised", "deceased", "device_fault"],
)
def test_every_other_outcome_is_called_back_and_closed(pressed: Town, result):
    pressed.answer("report", SOS, "property_company", result=result, evidence=["visit_record"])
    assert pressed.case(SOS).is_open
    pressed.answer("verify", SOS, "call_center", result="pass")
    assert pressed.case(SOS).result == result
    assert not pressed.case(SOS).is_open


# where nobody is, and outside homes --------------------------------------------------------------------------


def test_a_party_that_nobody_holds_is_left_out_and_the_rest_is_asked(town: Build):
    street = home(town, Sos, nobody=["micro_fire_station", "family"])
    street.hear("care.sos", subject="sos")
    assert street.asked == ["property_company", "neighborhood_committee", "call_center"]


def test_without_a_call_centre_the_street_confirms_at_once(town: Build):
    street = home(town, Smoke, nobody=["call_center"])
    raise_alarm(street, "care.smoke")
    assert street.asked == [*NEARBY, "ops_center"]


def test_a_call_from_a_corridor_is_never_lost(town: Build):
    street = town(Sos)
    street.add_device("hall", "building", "sos").hear("care.sos", subject="hall")
    assert street.case("elderly_care.sos/building").is_open
