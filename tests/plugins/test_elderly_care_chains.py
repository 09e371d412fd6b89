"""Chains B2 row by row: who is asked at which minute while nobody answers, in both orders, and what notices say."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from civicloop import Event, Privacy, Reason, Scenario, Severity, hours, minutes
from civicloop.core.sdk.binding import bind
from civicloop.plugins import elderly_care
from civicloop.plugins.elderly_care import events
from civicloop.plugins.elderly_care.alarms import Sos
from civicloop.plugins.elderly_care.no_sign_of_life import NoSignOfLife
from civicloop.plugins.elderly_care.protection_lost import ProtectionLost
from civicloop.plugins.elderly_care.unwatched import Unwatched
from civicloop.testing import Status, Town

SCENARIOS: list[type[Scenario[Any, Any]]] = elderly_care.civicloop_scenarios()
HOUSEHOLD = "household"
Build = Callable[..., Town]
Row = tuple[timedelta, str, str, str]


def minute(minutes: float) -> timedelta:
    return timedelta(minutes=minutes)


def climb(street: Town, ref: str, wait: timedelta) -> list[Row]:
    """When after the opening each party is asked at which step and in which loop, while nobody answers."""
    street.wait(wait)
    opened = street.case(ref).opened_at
    asked = (Reason.ASKED, Reason.ESCALATED)
    rows = [one for one in street.journal(ref) if one.reason in asked and one.track == "main"]
    return [(one.at - opened, one.step, one.loop, one.party) for one in rows]


P1 = [
    (minute(5), "visit", "micro", "neighborhood_committee"),
    (minute(5), "visit", "micro", "peer_volunteer"),
    (minute(15), "neighbours_and_keys", "micro", "party_secretary"),
    (minute(15), "neighbours_and_keys", "micro", "property_company"),
    (minute(25), "joint_visit", "small", "ops_center"),
    (minute(25), "joint_visit", "small", "police"),
    (minute(35), "rescue", "medium", "call_center"),
]
P1_CONTACT_FIRST = [
    (minute(5), "contact", "micro", "family"),
    (minute(20), "street_order", "micro", "ops_center"),
    (minute(30), "community_visit", "micro", "neighborhood_committee"),
    (minute(40), "volunteer_visit", "micro", "peer_volunteer"),
    (minute(50), "joint_visit", "small", "ops_center"),
    (minute(50), "joint_visit", "small", "police"),
    (minute(60), "rescue", "medium", "call_center"),
]
P0 = [
    (minute(0), "respond", "micro", "property_company"),
    (minute(0), "respond", "micro", "micro_fire_station"),
    (minute(0), "respond", "micro", "neighborhood_committee"),
    (minute(3), "take_command", "small", "ops_center"),
    (minute(3), "take_command", "small", "police"),
    (minute(6), "rescue", "medium", "call_center"),
]
P0_CONTACT_FIRST = [
    (minute(0), "contact", "micro", "family"),
    (minute(1), "street_order", "micro", "ops_center"),
    (minute(2), "community_visit", "micro", "neighborhood_committee"),
    (minute(2), "community_visit", "micro", "property_company"),
    (minute(2), "community_visit", "micro", "micro_fire_station"),
    (minute(5), "volunteer_visit", "micro", "peer_volunteer"),
    (minute(8), "take_command", "small", "ops_center"),
    (minute(8), "take_command", "small", "police"),
    (minute(11), "rescue", "medium", "call_center"),
]
P2 = [
    (minute(0), "repair", "micro", "device_vendor"),
    (minute(0), "repair", "micro", "property_company"),
    (minute(240), "supervise", "small", "ops_center"),
]
ROWS = [
    (Sos, {"type": "care.sos"}, minute(0), "hongkou_parallel", P0),
    (Sos, {"type": "care.sos"}, minute(0), "jingan_contact_first", P0_CONTACT_FIRST),
    (Unwatched, {"type": "care.device", "status": "online"}, timedelta(hours=24), "hongkou_parallel", P1),
    (
        Unwatched,
        {"type": "care.device", "status": "online"},
        timedelta(hours=24),
        "jingan_contact_first",
        P1_CONTACT_FIRST,
    ),
    (ProtectionLost, {"type": "care.device", "status": "fault"}, minute(0), "hongkou_parallel", P2),
]


@pytest.mark.parametrize(("scenario", "fact", "silence", "profile", "rows"), ROWS)
def test_nobody_answers_and_each_row_comes_at_its_minute(town: Build, scenario, fact, silence, profile, rows):
    street = town(scenario, config={scenario.name: {"profile": profile}}).add_device("kit", HOUSEHOLD, "pir")
    street.hear(subject="kit", **fact)
    key = "kit" if scenario is ProtectionLost else HOUSEHOLD
    assert climb(street, f"{scenario.name}/{key}", silence + timedelta(hours=5)) == rows


@pytest.mark.parametrize(
    ("profile", "steps"),
    [
        ("hongkou_parallel", ["check_first", "visit", "neighbours_and_keys", "joint_visit", "rescue"]),
        (
            "jingan_contact_first",
            ["check_first", "contact", "street_order", "community_visit", "volunteer_visit", "joint_visit", "rescue"],
        ),
    ],
)
def test_a_silent_elder_is_asked_after_in_the_same_orders(profile, steps):
    rules = bind(NoSignOfLife, {"profile": profile}).rules
    assert [step.name for step in rules.chain("main")] == steps
    assert rules.chain("main") == bind(Unwatched, {"profile": profile}).rules.chain("main")


def test_the_rows_of_p1_have_the_limits_of_the_table():
    check, visit, keys, joint, rescue = bind(NoSignOfLife, {}).rules.chain("main")
    assert (check.parties, check.finish) == ((), minutes(5))
    assert (visit.accept, visit.finish) == (minutes(10), minutes(30))
    assert (keys.accept, keys.finish, keys.from_opening) == (minutes(10), minutes(60), True)
    assert (joint.accept, joint.finish, joint.from_opening) == (minutes(10), minutes(90), True)
    assert rescue.parties == ("call_center",)


def test_one_acknowledgement_stops_paging_the_other_who_sees_it(town: Build):
    street = town(Unwatched).add_device("kit", HOUSEHOLD, "pir")
    street.hear("care.device", subject="kit", status="online")
    street.wait(timedelta(hours=24, minutes=6)).answer("accept", "elderly_care.unwatched/household", "peer_volunteer")
    assert [kind.value for kind in street.told("neighborhood_committee")] == ["ask", "inform"]
    street.wait(minutes(20))
    assert street.asked == ["neighborhood_committee", "peer_volunteer", "family"]


# row 1b: the family, beside the visit ------------------------------------------------------------------------

SILENT = "elderly_care.unwatched/household"


@pytest.fixture
def visited(town: Build) -> Town:
    """The volunteer is on the way to a home that nothing is heard of, and the family is asked."""
    street = town(Unwatched).add_device("kit", HOUSEHOLD, "pir")
    street.hear("care.device", subject="kit", status="online")
    street.wait(timedelta(hours=24, minutes=6)).answer("accept", SILENT, "peer_volunteer")
    return street


def test_the_family_has_a_quarter_of_an_hour_and_its_silence_is_told_to_those_on_the_way(visited: Town):
    opened = visited.case(SILENT).opened_at
    asked = [one for one in visited.notices if one.party == "family"]
    assert [(one.kind.value, one.step, one.at - opened) for one in asked] == [("ask", "whereabouts", minute(5))]
    before = len(visited.told("peer_volunteer"))
    assert len(visited.wait(timedelta(minutes=13, seconds=59)).told("peer_volunteer")) == before
    visited.wait(minutes(1))
    told = [one for one in visited.notices if one.party == "peer_volunteer"][before:]
    assert [(one.kind.value, one.reason) for one in told] == [("inform", "track_lapsed")]
    assert visited.asked == ["neighborhood_committee", "peer_volunteer", "family"]


def test_what_the_family_says_is_told_to_those_on_the_way_and_closes_nothing(visited: Town):
    said = visited.answer("report", SILENT, "family", result="away_ok")
    assert said.status is Status.ACCEPTED
    assert visited.told("peer_volunteer")[-1].value == "inform"
    assert visited.case(SILENT).is_open
    visited.answer("report", SILENT, "peer_volunteer", result="away_ok", evidence=["visit_record"])
    visited.answer("verify", SILENT, "call_center", result="pass")
    assert visited.is_quiet


def test_a_family_that_takes_it_on_is_waited_for_and_holds_nothing_up(visited: Town):
    visited.answer("accept", SILENT, "family")
    visited.wait(hours(1))
    assert Reason.TRACK_LAPSED not in visited.story(SILENT)
    assert "joint_visit" in [order.step for track in visited.case(SILENT).tracks for order in track.orders]


@pytest.mark.parametrize(("scenario", "fact"), [(Sos, "care.sos"), (Unwatched, "care.device")])
def test_a_contact_who_knows_by_telephone_that_all_is_well_needs_no_visit_record(town: Build, scenario, fact):
    street = town(scenario, config={scenario.name: {"profile": "jingan_contact_first"}})
    street.add_device("kit", HOUSEHOLD, "pir").hear(fact, subject="kit", data={"status": "online"})
    street.wait(timedelta() if scenario is Sos else timedelta(hours=24, minutes=6))
    ref = f"{scenario.name}/{HOUSEHOLD}"
    assert street.answer("report", ref, "family", result="safe_at_home").status is Status.ACCEPTED
    assert street.answer("verify", ref, "call_center", result="pass").status is Status.ACCEPTED
    assert street.is_quiet


def test_once_somebody_was_sent_a_call_of_the_contact_needs_their_record(town: Build):
    street = town(Sos, config={Sos.name: {"profile": "jingan_contact_first"}}).add_device("kit", HOUSEHOLD, "sos")
    ref = f"{Sos.name}/{HOUSEHOLD}"
    street.hear("care.sos", subject="kit")
    street.answer("accept", ref, "family")
    street.wait(minutes(10)).wait(minutes(1))
    assert "neighborhood_committee" in street.asked
    street.answer("report", ref, "family", result="safe_at_home")
    refused = street.answer("verify", ref, "call_center", result="pass")
    assert refused.reason == Reason.EVIDENCE_MISSING


def test_beside_a_chain_that_begins_with_the_family_it_is_not_asked_twice():
    tracks = bind(NoSignOfLife, {"profile": "jingan_contact_first"}).rules.tracks
    assert [track.name for track in tracks] == ["main"]


def test_the_severities_are_those_of_the_table():
    severities = {scenario.short_name(): scenario.severity for scenario in SCENARIOS}
    assert {name for name, severity in severities.items() if severity is Severity.P0} == {"sos", "smoke", "gas"}
    assert {"no_sign_of_life", "unwatched"} <= {name for name, one in severities.items() if one is Severity.P1}
    assert {"protection_lost", "gateway_lost", "leak"} <= {
        name for name, one in severities.items() if one is Severity.P2
    }


# privacy -----------------------------------------------------------------------------------------------------

NEUTRAL = {"open", "alarm", "test", "status"}
"""Fields that tell nothing of how somebody lives; ``open`` does, and is marked."""


def kinds_of_events() -> list[type[Event]]:
    return [one for one in vars(events).values() if isinstance(one, type) and issubclass(one, Event) and one.type]


@pytest.mark.parametrize("event", kinds_of_events(), ids=lambda event: event.type)
def test_every_field_that_tells_how_somebody_lives_is_marked(event):
    marked = {name for name, mark in event.private_fields().items() if mark is Privacy.SENSITIVE}
    assert {*event.model_fields} - marked <= NEUTRAL - {"open"}


def test_no_notice_says_why_or_where_somebody_is_away(town: Build):
    street = town(*SCENARIOS)
    for kind in ("sos", "smoke", "pir"):
        street.add_device(kind, HOUSEHOLD, kind)
    street.hear("care.motion", subject="pir")
    street.hear("care.away", subject=HOUSEHOLD, until="2025-09-13T08:00:00+08:00", reason="dialysis at Ruijin hospital")
    street.hear("care.smoke", subject="smoke", alarm=True)
    street.hear("care.sos", subject="sos")
    street.wait(hours(24 * 5))
    said = [str(notice.variables) for notice in street.notices]
    assert said
    assert not any(word in text for text in said for word in ("dialysis", "Ruijin"))


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_no_text_speaks_of_health(scenario):
    said = [text for key, texts in scenario.texts.items() if key != "hospitalised" for text in texts.values()]
    words = {word.strip(".,;:()") for text in said for word in text.lower().split()}
    assert not words & {"ill", "illness", "sick", "disabled", "disease", "dementia"}
    assert not [text for text in said if any(word in text for word in ("病", "失能", "残疾", "失智"))]
