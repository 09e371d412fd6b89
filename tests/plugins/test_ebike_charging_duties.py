"""The 24-hour report of the property company, and the document without which no enforcement closes."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from civicloop import NoticeKind, Reason, days, hours, minutes
from civicloop.plugins.ebike_charging import BREACHES, Corridor
from civicloop.testing import Status, Town

SHANGHAI = ZoneInfo("Asia/Shanghai")
CORRIDOR = "ebike_charging.corridor/household"
TRACK = "statutory_report"
REPORTED = [{"kind": "breach_report", "number": "柳新〔2025〕17号"}]

Builder = Callable[..., Town]


def seen(town: Town, **data: Any) -> None:
    content = {"confidence": 0.9, "household": "household"} | data
    town.hear("ebike.seen", subject="C1", where="corridor", activity="charging", **content)


def gone(town: Town) -> None:
    town.hear("ebike.gone", subject="C1", where="corridor", activity="charging", confidence=0.9, household="household")


@pytest.fixture
def vain(town: Builder) -> Town:
    """A town in which dissuasion has just been in vain: Friday the 12th at 08:05, the alarm was at 08:00."""
    one = town(Corridor)
    seen(one)
    return one.wait(minutes(5))


def told(town: Town, kind: NoticeKind) -> list[tuple[str, str, str]]:
    return [
        (f"{one.at.astimezone(SHANGHAI):%d %H:%M}", one.party, one.step) for one in town.notices if one.kind is kind
    ]


# --- the report


def test_whoever_is_dissuaded_leaves_nothing_to_report(town: Builder) -> None:
    one = town(Corridor)
    seen(one)
    one.answer("accept", CORRIDOR, "property_company")
    gone(one)
    assert one.wait(hours(2)).is_quiet
    assert one.case(CORRIDOR).track(TRACK) is None


def test_dissuasion_in_vain_owes_a_report_within_24_hours_of_the_alarm(vain: Town) -> None:
    track = vain.case(CORRIDOR).track(TRACK)
    assert track is not None
    (order,) = track.orders
    assert (order.party, order.step, order.accept_by) == ("property_company", "report_breach", None)
    assert order.finish_by == datetime(2025, 9, 13, 8, tzinfo=SHANGHAI)
    assert vain.told("owners_committee") == [NoticeKind.INFORM] * 2


def test_nobody_reports_and_everybody_is_told_at_the_hour(vain: Town) -> None:
    vain.wait(days(12))
    story = [
        (f"{entry.at.astimezone(SHANGHAI):%d %H:%M}", entry.reason.value, entry.step)
        for entry in vain.journal(CORRIDOR)
        if entry.track == TRACK
    ]
    assert story == [
        ("12 08:05", "track_opened", "report_breach"),
        ("12 08:05", "asked", "report_breach"),
        ("13 02:00", "reminded", "report_breach"),
        ("13 08:00", "not_finished", "report_breach"),
        ("13 08:00", "escalated", "press_report"),
        ("14 02:00", "reminded", "press_report"),
        ("14 08:00", "not_finished", "press_report"),
        ("14 08:00", "escalated", "supervise_company"),
        ("15 18:00", "not_accepted", "supervise_company"),
        ("15 18:00", "track_lapsed", "supervise_company"),
        ("15 18:00", "track_closed", "supervise_company"),
    ]
    assert vain.case(CORRIDOR).is_open
    late = [order.is_late for order in vain.case(CORRIDOR).track(TRACK).orders]
    assert late == [True, True, True]


def test_the_report_needs_the_number_of_its_document(vain: Town) -> None:
    assert vain.answer("report", CORRIDOR, "property_company", track=TRACK).reason is Reason.EVIDENCE_MISSING
    nameless = [{"kind": "breach_report"}]
    receipt = vain.answer("report", CORRIDOR, "property_company", track=TRACK, evidence=nameless)
    assert (receipt.reason, "number" in receipt.detail) == (Reason.EVIDENCE_MISSING, True)


def test_a_report_that_the_street_has_received_ends_the_duty_and_nothing_else(vain: Town) -> None:
    vain.answer("report", CORRIDOR, "property_company", track=TRACK, evidence=REPORTED)
    assert told(vain, NoticeKind.CHECK) == [("12 08:05", "ops_center", "report_breach")]
    seen(vain)  # the bicycle is still there, which is no fault of the report
    vain.answer("verify", CORRIDOR, "ops_center", track=TRACK, result="pass")

    case = vain.case(CORRIDOR)
    assert not case.track(TRACK).is_open
    assert case.is_open
    assert case.track(TRACK).rework == 0


def test_an_ordinary_report_is_one_of_the_dissuasion_not_of_the_duty(vain: Town) -> None:
    receipt = vain.answer("report", CORRIDOR, "property_company", result="done")
    assert receipt.status is Status.ACCEPTED
    case = vain.case(CORRIDOR)
    assert (case.tracks[0].result, case.track(TRACK).is_open) == ("done", True)


def test_a_camera_that_sees_it_gone_does_not_stop_the_clock_of_the_report(vain: Town) -> None:
    due = vain.case(CORRIDOR).track(TRACK).due
    gone(vain)
    assert vain.case(CORRIDOR).track(TRACK).due == due


def test_what_is_solved_within_the_day_is_not_held_up_by_the_report(vain: Town) -> None:
    vain.wait(hours(4))
    gone(vain)
    assert vain.wait(hours(2)).is_quiet


def test_a_repeated_breach_owes_the_report_at_once(town: Builder) -> None:
    one = town(Corridor)
    seen(one)
    gone(one)
    one.wait(days(3))
    seen(one)
    (order,) = one.case(CORRIDOR).track(TRACK).orders
    assert order.finish_by == one.now + timedelta(hours=24)


@pytest.mark.parametrize("scenario", BREACHES)
def test_the_duty_stands_at_every_place(town: Builder, scenario: Any) -> None:
    assert [rule.name for rule in scenario.tracks] == [TRACK]
    assert (scenario.tracks[0].required, scenario.tracks[0].opens_at) == (False, "visit")


def test_a_street_changes_who_supervises_and_how_long_it_presses(town: Builder) -> None:
    changed = {"press_report": {"finish": "2 hours"}, "supervise_company": {"parties": ["district_office"]}}
    one = town(Corridor, config={"ebike_charging.corridor": {"chain": changed}})
    seen(one)
    one.wait(hours(26))
    assert one.asked[-1] == "district_office"


def test_a_street_that_keeps_this_duty_elsewhere_leaves_its_steps_out(town: Builder) -> None:
    changed = {name: {"enabled": False} for name in ("report_breach", "press_report", "supervise_company")}
    one = town(Corridor, config={"ebike_charging.corridor": {"chain": changed}})
    seen(one)
    one.wait(minutes(5))
    assert [track.name for track in one.case(CORRIDOR).tracks] == ["main"]


def test_a_street_that_has_no_joint_visits_owes_it_with_the_review(town: Builder) -> None:
    one = town(Corridor, config={"ebike_charging.corridor": {"chain": {"visit": {"enabled": False}}}})
    seen(one)
    one.wait(minutes(5))
    assert one.asked == ["property_company", "ops_center", "property_company"]


# --- the decision of the authority


@pytest.fixture
def enforced(vain: Town) -> Town:
    vain.wait(minutes(15))
    vain.answer("approve", CORRIDOR, "ops_center")
    vain.answer("accept", CORRIDOR, "urban_enforcement")
    return vain


def decision(**more: str) -> list[dict[str, str]]:
    return [{"kind": "decision", "number": "沪浦城管罚字〔2025〕第0912号", "outcome": "fined"} | more]


def test_a_fine_closes_with_its_number_and_its_result(enforced: Town) -> None:
    enforced.answer("report", CORRIDOR, "urban_enforcement", result="fined", evidence=decision())
    assert enforced.wait(hours(2)).is_quiet
    assert enforced.case(CORRIDOR).result == "fined"


@pytest.mark.parametrize("missing", ["number", "outcome"])
def test_a_decision_without_number_or_result_is_none(enforced: Town, missing: str) -> None:
    told = [{name: value for name, value in decision()[0].items() if name != missing}]
    receipt = enforced.answer("report", CORRIDOR, "urban_enforcement", result="done", evidence=told)
    assert receipt.reason is Reason.EVIDENCE_MISSING


def test_a_case_that_went_to_the_authority_closes_only_with_its_document(enforced: Town) -> None:
    gone(enforced)
    enforced.wait(hours(2))
    assert not enforced.is_quiet
    assert Reason.PROOF_AWAITED in enforced.story(CORRIDOR)

    settled = decision(outcome="no_penalty")
    enforced.answer("report", CORRIDOR, "urban_enforcement", result="no_penalty", evidence=settled)
    assert enforced.wait(hours(2)).is_quiet
    assert enforced.case(CORRIDOR).result == "no_penalty"


def test_the_property_companys_report_needs_no_decision_of_the_authority(enforced: Town) -> None:
    enforced.answer("report", CORRIDOR, "property_company", track=TRACK, evidence=REPORTED)
    enforced.answer("verify", CORRIDOR, "ops_center", track=TRACK, result="pass")
    assert not enforced.case(CORRIDOR).track(TRACK).is_open


def test_what_the_estate_has_solved_needs_no_document(vain: Town) -> None:
    vain.answer("report", CORRIDOR, "property_company", result="done")
    assert vain.wait(hours(2)).is_quiet
