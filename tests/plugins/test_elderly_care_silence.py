"""No sign of life: when a household has been silent for too long, who goes and looks, and what ends it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from civicloop import Reason, Severity, days, hours, minutes, seconds
from civicloop.core.model.event import Envelope
from civicloop.plugins.elderly_care.alarms import Smoke
from civicloop.plugins.elderly_care.events import Away, Back, Door, Motion, Water
from civicloop.plugins.elderly_care.limits import SilenceConfig
from civicloop.plugins.elderly_care.no_sign_of_life import NoSignOfLife
from civicloop.plugins.elderly_care.signs import Signs
from civicloop.testing import MORNING, Status, Town

NAME = "elderly_care.no_sign_of_life"
ZONE = ZoneInfo("Asia/Shanghai")
REF = f"{NAME}/household"
Build = Callable[..., Town]


def home(build: Build, *others, start: datetime = MORNING, lateness: timedelta = timedelta(), **settings) -> Town:
    """A town with a kit in one household; ``settings`` are those of the scenario."""
    town = build(NoSignOfLife, *others, config={NAME: settings}, start=start, lateness=lateness)
    for kind in ("door", "pir", "water", "smoke"):
        town.add_device(kind, "household", kind)
    return town


def moves(town: Town) -> None:
    town.hear("care.motion", subject="pir")


def leaves(town: Town) -> None:
    town.hear("care.door", subject="door", open=True)
    town.wait(seconds(10)).hear("care.door", subject="door", open=False)


@pytest.fixture
def silent(town: Build) -> Town:
    """Somebody moved at 08:00, and nothing was heard in the twelve hours since."""
    street = home(town)
    moves(street)
    return street.wait(hours(12))


# when it is an alarm -----------------------------------------------------------------------------------------


def test_twelve_hours_without_a_sign_open_a_case(town: Build):
    street = home(town)
    moves(street)
    street.wait(timedelta(hours=12) - timedelta(seconds=1))
    assert street.cases == []
    street.wait(seconds(1))
    case = street.case(REF)
    assert case.opened_at == MORNING + timedelta(hours=12)
    assert case.severity is Severity.P1
    assert (case.message, case.variables) == ("silent_inside", {"since": "09-12 08:00", "hours": 12})


def test_a_household_that_was_never_heard_of_is_not_silent(town: Build):
    assert home(town).wait(days(3)).is_quiet


@pytest.mark.parametrize(("type", "data"), [("care.motion", {}), ("care.water", {}), ("care.water", {"litres": 6.0})])
def test_every_sign_of_life_begins_the_wait_anew(town: Build, type, data):
    street = home(town)
    moves(street)
    street.wait(hours(11)).hear(type, subject="water", **data)
    assert street.wait(timedelta(hours=11, minutes=59)).is_quiet
    assert not street.wait(minutes(1)).is_quiet


def test_a_dripping_tap_is_no_sign_of_life(town: Build):
    street = home(town)
    moves(street)
    street.wait(hours(11)).hear("care.water", subject="water", litres=0.2)
    assert not street.wait(hours(1)).is_quiet


def test_late_facts_are_waited_for(town: Build):
    street = home(town, lateness=timedelta(minutes=10))
    moves(street)
    street.wait(timedelta(hours=12, minutes=9))
    street.hear("care.motion", subject="pir", at=MORNING + timedelta(hours=11, minutes=58))
    assert street.wait(hours(11)).cases == []
    assert not street.wait(timedelta(hours=1)).is_quiet


def test_shuffled_facts_end_in_the_same_wait(town: Build):
    street = home(town, lateness=timedelta(minutes=10))
    moves(street)
    street.wait(minutes(9))
    for minute in (7, 3, 5):
        street.hear("care.motion", subject="pir", at=MORNING + timedelta(minutes=minute))
    # The newest sign is of 08:07; ten minutes are allowed for what is late.
    street.wait(timedelta(hours=12, minutes=8) - timedelta(seconds=1))
    assert street.cases == []
    street.wait(seconds(1))
    assert street.case(REF).variables["since"] == "09-12 08:07"


def test_only_waking_hours_count_where_a_street_says_so(town: Build):
    street = home(town, start=MORNING.replace(hour=20), waking_from_hour=7, waking_until_hour=22)
    moves(street)
    # Two hours until 22:00, and ten from 07:00 on.
    assert street.wait(timedelta(hours=20, minutes=59)).is_quiet
    street.wait(minutes(1))
    assert street.now == (MORNING + timedelta(days=1)).replace(hour=17)
    assert not street.is_quiet


@given(
    st.lists(st.tuples(st.sampled_from(["door", "pir", "drop", "away", "until", "back"]), st.integers(0, 40))),
    st.randoms(),
)
def test_what_is_remembered_does_not_depend_on_the_order_of_arrival(facts: list[tuple[str, int]], chance: Random):
    shuffled = list(facts)
    chance.shuffle(shuffled)
    assert remembered(facts) == remembered(shuffled)


def remembered(facts: list[tuple[str, int]]) -> Signs:
    signs = Signs()
    for kind, minute in facts:
        at = MORNING + timedelta(minutes=minute)
        event, data = {
            "door": (Door, {"open": True}),
            "pir": (Motion, {}),
            "drop": (Water, {"litres": 0.1}),
            "away": (Away, {}),
            "until": (Away, {"until": (at + timedelta(hours=minute)).isoformat()}),
            "back": (Back, {}),
        }[kind]
        signs.take(
            event.read(Envelope("1", "//test", event.type, "x", at, data, None, "", None, b""), at),
            SilenceConfig(),
            ZONE,
        )
    return signs


def test_a_door_sensor_outside_any_household_concerns_nobody(town: Build):
    street = town(NoSignOfLife)
    street.add_device("gate", "building").hear("care.door", subject="gate", open=True)
    assert street.wait(days(3)).is_quiet


# probably out ------------------------------------------------------------------------------------------------


def test_after_the_door_silence_means_probably_out_but_not_for_ever(town: Build):
    street = home(town)
    moves(street)
    leaves(street)
    assert street.wait(timedelta(hours=47, minutes=59)).is_quiet
    street.wait(minutes(1))
    case = street.case(REF)
    assert (case.message, case.variables["since"]) == ("silent_after_door", "09-12 08:00")
    assert case.opened_at == MORNING + timedelta(hours=48, seconds=10)


def test_who_moves_after_the_door_has_come_home(town: Build):
    street = home(town)
    leaves(street)
    street.wait(minutes(1))
    moves(street)
    street.wait(hours(12))
    assert street.case(REF).message == "silent_inside"


def test_a_door_that_never_moves_again_needs_somebody_to_look(town: Build):
    street = home(town, out_hours=36)
    leaves(street)
    assert street.wait(hours(35)).is_quiet
    assert not street.wait(hours(1)).is_quiet


# the away register -------------------------------------------------------------------------------------------


def test_an_absence_is_believed_until_its_end_and_then_silence_counts(town: Build):
    street = home(town)
    moves(street)
    until = MORNING + timedelta(days=3)
    street.hear("care.away", subject="household", until=until.isoformat(), reason="family")
    assert street.wait(timedelta(days=3, hours=11, minutes=59)).is_quiet
    street.wait(minutes(1))
    case = street.case(REF)
    assert (case.message, case.variables) == ("not_back", {"until": "09-15 08:00"})


def test_an_absence_without_an_end_is_believed_for_a_week(town: Build):
    street = home(town)
    street.hear("care.away", subject="household", reason="travel")
    assert street.wait(timedelta(days=7, hours=11)).is_quiet
    assert not street.wait(hours(1)).is_quiet


def test_no_absence_lasts_for_ever(town: Build):
    street = home(town, away_days_max=30)
    street.hear("care.away", subject="household", until=(MORNING + timedelta(days=900)).isoformat())
    assert street.wait(timedelta(days=30, hours=11)).is_quiet
    assert not street.wait(hours(1)).is_quiet


def test_whoever_is_back_is_waited_for_as_before(town: Build):
    street = home(town)
    street.hear("care.away", subject="household")
    street.wait(days(2)).hear("care.back", subject="household")
    assert street.wait(timedelta(hours=11, minutes=59)).is_quiet
    assert not street.wait(minutes(1)).is_quiet


def test_an_absence_that_is_reported_late_still_counts(town: Build):
    street = home(town)
    street.wait(hours(1))
    moves(street)
    street.hear("care.away", subject="household", at=MORNING, until=(MORNING + timedelta(days=1)).isoformat())
    assert street.wait(timedelta(hours=34, minutes=59)).is_quiet
    assert not street.wait(minutes(1)).is_quiet


def test_a_report_without_a_zone_is_sent_back(town: Build):
    street = home(town)
    assert street.hear("care.away", subject="household", until="2025-09-20T08:00:00").status is Status.REJECTED


def test_an_absence_never_silences_smoke(town: Build):
    street = home(town, Smoke)
    street.hear("care.away", subject="household")
    street.hear("care.smoke", subject="smoke", alarm=True)
    assert "micro_fire_station" in street.asked


# before and after somebody is sent ---------------------------------------------------------------------------


def test_nobody_is_asked_during_the_first_five_minutes(silent: Town):
    silent.wait(timedelta(minutes=4, seconds=59))
    assert silent.asked == []
    silent.wait(seconds(1))
    assert silent.asked == ["neighborhood_committee", "peer_volunteer", "family"]


@pytest.mark.parametrize(
    ("type", "subject", "data"),
    [
        ("care.motion", "pir", {}),
        ("care.door", "door", {"open": True}),
        ("care.water", "water", {}),
        ("care.away", "household", {}),
        ("care.back", "household", {}),
    ],
)
def test_a_sign_in_these_five_minutes_closes_without_asking_anybody(silent: Town, type, subject, data):
    silent.wait(minutes(2)).hear(type, subject=subject, **data)
    assert silent.is_quiet
    assert silent.wait(hours(1)).asked == []
    assert silent.case(REF).result == Reason.CLEARED


def test_a_drop_of_water_closes_nothing(silent: Town):
    silent.wait(minutes(2)).hear("care.water", subject="water", litres=0.1)
    assert not silent.is_quiet


def test_once_somebody_was_sent_a_sign_is_only_evidence(silent: Town):
    silent.wait(minutes(6)).hear("care.motion", subject="pir")
    case = silent.case(REF)
    assert case.is_open
    assert [evidence.kind for evidence in case.evidence] == ["silent_inside", "cleared"]
    assert case.evidence[0].event == "silence/silence#2025-09-12T00:00:00+00:00"


def test_the_chain_climbs_from_the_committee_to_the_rescue(silent: Town):
    silent.wait(minutes(5))
    seen = len(silent.asked)
    for span, parties in (
        (10, ["party_secretary", "property_company"]),
        (10, ["ops_center", "police"]),
        (10, ["call_center"]),
    ):
        silent.wait(minutes(span))
        assert silent.asked[seen:] == parties
        seen = len(silent.asked)
    assert silent.case(REF).is_open


def test_one_acceptance_stops_paging_the_other_and_the_visit_has_half_an_hour(silent: Town):
    silent.wait(minutes(5)).answer("accept", REF, "peer_volunteer")
    silent.wait(minutes(29))
    assert silent.asked == ["neighborhood_committee", "peer_volunteer", "family"]
    silent.wait(minutes(1))
    assert silent.asked[3:] == ["party_secretary", "property_company"]
    silent.answer("accept", REF, "property_company")
    # Finished within an hour, counted from the opening of the case.
    silent.wait(minutes(24))
    assert len(silent.asked) == 5
    silent.wait(minutes(1))
    assert silent.asked[5:] == ["ops_center", "police"]


def test_a_visit_is_reported_by_the_committee_and_called_back_by_the_centre(silent: Town):
    silent.wait(minutes(5)).answer("accept", REF, "neighborhood_committee")
    silent.wait(minutes(20)).answer(
        "report", REF, "neighborhood_committee", result="safe_at_home", evidence=["visit_record"]
    )
    refused = silent.answer("verify", REF, "neighborhood_committee", result="pass")
    assert (refused.status, refused.reason) == (Status.REFUSED, Reason.SAME_HANDS)
    silent.answer("verify", REF, "call_center", result="pass")
    assert silent.case(REF).result == "safe_at_home"


def test_when_neither_could_reach_the_elder_the_keys_are_asked_for(silent: Town):
    silent.wait(minutes(5))
    silent.answer("report", REF, "neighborhood_committee", result="not_reachable")
    assert len(silent.asked) == 3
    silent.answer("report", REF, "peer_volunteer", result="not_reachable")
    assert silent.asked[3:] == ["party_secretary", "property_company"]
    assert silent.case(REF).is_open


def test_a_voice_in_the_home_calls_out_before_anybody_is_sent(town: Build):
    street = home(town)
    street.add_device("speaker", "household", "voice")
    moves(street)
    street.wait(hours(12))
    command = next(notice for notice in street.notices if notice.party == "speaker")
    assert (command.kind.value, command.message, street.asked) == ("command", "are_you_well", [])


# the same elder again ----------------------------------------------------------------------------------------


def test_the_same_elder_is_left_in_peace_for_twelve_hours(town: Build):
    street = home(town, silence_hours=2)
    moves(street)
    street.wait(hours(2))
    moves(street)
    assert street.is_quiet
    assert street.wait(timedelta(hours=11, minutes=59)).is_quiet
    assert not street.wait(minutes(1)).is_quiet
    assert [case.round for case in street.cases] == [1, 2]


def test_who_stays_silent_after_the_visit_is_visited_again(silent: Town):
    silent.wait(minutes(5)).answer("report", REF, "neighborhood_committee", result="away_ok", evidence=["visit_record"])
    silent.answer("verify", REF, "call_center", result="pass")
    # Twelve hours from the closing, however long the visit took.
    assert silent.wait(timedelta(hours=11, minutes=59)).is_quiet
    assert not silent.wait(minutes(1)).is_quiet


def test_while_the_case_is_open_further_silence_is_evidence_of_it(silent: Town):
    silent.wait(hours(12))
    assert [(case.round, case.sightings) for case in silent.cases] == [(1, 2)]


def test_impossible_settings_are_refused_before_anything_runs(town: Build):
    for wrong in ({"silence_hours": 49}, {"waking_from_hour": 22, "waking_until_hour": 22}, {"zone": "Asia/Shanghai"}):
        with pytest.raises(Exception, match=f"plugins.{NAME}"):
            home(town, **wrong)


def test_a_visit_of_which_nobody_writes_a_record_is_not_over(silent: Town):
    silent.wait(minutes(5)).answer("report", REF, "neighborhood_committee", result="safe_at_home")
    refused = silent.answer("verify", REF, "call_center", result="pass")
    assert refused.status is Status.REFUSED
    silent.wait(days(2))
    assert silent.case(REF).is_open


def test_the_record_may_follow_the_report(silent: Town):
    silent.wait(minutes(5)).answer("report", REF, "peer_volunteer", result="helped")
    silent.answer("comment", REF, "peer_volunteer", evidence=[{"kind": "visit_record", "outcome": "helped"}])
    silent.answer("verify", REF, "call_center", result="pass")
    assert silent.case(REF).result == "helped"


def test_where_the_contact_is_called_first_a_sign_closes_only_until_then(town: Build):
    for wait, is_open in ((minutes(4), False), (minutes(6), True)):
        street = home(town, profile="jingan_contact_first")
        moves(street)
        street.wait(hours(12)).wait(wait)
        moves(street)
        assert street.case(REF).is_open is is_open
