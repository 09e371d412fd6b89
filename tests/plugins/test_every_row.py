"""Every row of the default chains (domain 7.8, 10.6) has its story, and every rule; one that is missing is seen here.

Elderly care tells its rows in ``test_elderly_care_chains.py``.
"""

import ast
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from civicloop import Reason, Scenario, days, minutes
from civicloop.core.sdk.binding import bind
from civicloop.plugins import ebike_charging, garbage_sorting
from civicloop.plugins.ebike_charging import Corridor, CrowdedPlace, Dwelling, FireLane, FlyingWire, Lift, Pile, Thermal
from civicloop.plugins.garbage_sorting import (
    BaggedLitter,
    Leakage,
    MissedPickup,
    OffWindow,
    Overflow,
    Refusal,
    Unsorted,
)
from civicloop.testing import Town

SHANGHAI = ZoneInfo("Asia/Shanghai")
Kind = type[Scenario[Any, Any]]

# --- rows that come by themselves while nobody answers and every review is approved

LYING = """
    12 08:00 clean micro: cleaner property_company
    12 08:10 manage micro: property_manager party_secretary
    12 08:25 street small: ops_center sanitation_station
    12 08:55 district medium: greening_sanitation_bureau
    12 10:55 joint_meeting large: neighborhood_committee hauler property_company
"""

BREACH = """
    12 08:00 confirm micro: ops_center
    12 08:05 dissuade micro: property_company
    12 08:10 visit micro: party_secretary neighborhood_committee block_cadre property_manager
    12 08:10 report_breach micro: property_company
    12 08:25 review small: ops_center
    12 08:25 enforce medium: AUTHORITY
    13 08:00 press_report small: ops_center
    14 08:00 supervise_company medium: housing_bureau
    15 08:25 facility large: housing_bureau fire_rescue ops_center neighborhood_committee owners_committee
"""


def breach(where: str, activity: str, *authority: str) -> tuple[str, str, dict[str, Any], str]:
    """A doubtful picture, so that the row before the dissuasion comes as well."""
    data = {"where": where, "activity": activity, "confidence": 0.5}
    return "ebike.seen", "C1", data, BREACH.replace("AUTHORITY", " ".join(authority))


SURE = {"confidence": 0.9}
ROWS: dict[Kind, tuple[str, str, dict[str, Any], str]] = {
    Overflow: ("waste.bin.level", "B1", {"fill_percent": 95}, LYING),
    BaggedLitter: ("waste.litter.seen", "P1", SURE, LYING),
    Unsorted: (
        "waste.drop.unsorted",
        "P1",
        SURE,
        """
        12 08:00 guide micro: neighborhood_committee block_cadre
        12 12:00 visit micro: party_secretary property_manager
        12 18:00 street small: ops_center
        """,
    ),
    OffWindow: (
        "waste.drop.off_window",
        "P1",
        SURE,
        """
        12 12:00 guide micro: neighborhood_committee block_cadre
        12 18:00 visit micro: party_secretary property_manager
        15 12:00 street small: ops_center
        """,
    ),
    MissedPickup: (
        "waste.haul.missed",
        "P1",
        {"category": "wet"},
        """
        12 08:00 haul micro: hauler
        12 08:15 street small: ops_center sanitation_station
        12 08:45 district medium: greening_sanitation_bureau
        """,
    ),
    Leakage: (
        "waste.haul.leak",
        "V1",
        {},
        """
        12 08:00 control_room micro: hauler
        12 08:10 street small: ops_center sanitation_station
        12 08:40 bureau medium: greening_sanitation_bureau
        12 08:40 decide medium: urban_enforcement
        """,
    ),
    Refusal: (
        "waste.haul.refused",
        "P1",
        {"notice": "red", "holder": "unit"},
        """
        12 08:00 mediate small: ops_center
        12 12:00 district medium: greening_sanitation_bureau
        12 14:00 joint_meeting large: neighborhood_committee hauler property_company
        """,
    ),
    Corridor: breach("corridor", "charging", "urban_enforcement"),
    FlyingWire: breach("corridor", "flying_wire", "urban_enforcement"),
    FireLane: breach("exit", "parking", "fire_rescue"),
    CrowdedPlace: breach("crowded_indoor", "parking", "fire_rescue"),
    Dwelling: breach("dwelling", "parking", "urban_enforcement"),
    Lift: breach("lift", "entering", "urban_enforcement", "fire_rescue"),
    Thermal: (
        "ebike.smoke",
        "C1",
        {"alarm": True},
        """
        12 08:00 fight micro: micro_fire_station
        12 08:00 call_119 micro: fire_rescue call_center
        12 08:00 evacuate micro: property_company neighborhood_committee
        12 08:01 press_119 small: ops_center police
        12 08:01 evacuate_again small: party_secretary block_cadre ops_center
        12 08:01 take_command small: ops_center police
        12 08:04 rescue medium: fire_rescue
        """,
    ),
    Pile: (
        "ebike.pile",
        "C1",
        {"status": "overload"},
        """
        12 08:00 inspect micro: property_company
        12 08:05 repair micro: device_vendor property_manager
        12 09:05 supervise small: ops_center
        """,
    ),
}


@pytest.mark.parametrize("scenario", ROWS, ids=lambda scenario: scenario.name)
def test_while_nobody_answers_each_row_comes_at_its_minute(scenario: Kind) -> None:
    kind, subject, data, rows = ROWS[scenario]
    hour = 12 if scenario is OffWindow else 8  # at eight the point is open
    town = Town(scenario, start=datetime(2025, 9, 12, hour, tzinfo=SHANGHAI))
    town.hear(kind, subject=subject, data=data)
    (case,) = town.cases
    approve_the_review(town, case.ref)
    town.wait(days(40))
    assert asked(town, case.ref) == [row.strip() for row in rows.strip().splitlines()]
    town.close()


def approve_the_review(town: Town, ref: str) -> None:
    """Wait for the review, at most a day, and let the case through; nothing where the chain has none."""
    if not any(step.review for step in town.case(ref).rules.chain("main")):
        return
    for _ in range(24 * 12):
        case = town.case(ref)
        step = case.step(case.tracks[0])
        if step.review:
            town.answer("approve", ref, step.parties[0])
            return
        town.wait(minutes(5))


def asked(town: Town, ref: str) -> list[str]:
    """Who was asked when, at which step and in which loop, on all lines of work."""
    rows: dict[str, list[str]] = {}
    for entry in town.journal(ref):
        if entry.reason in (Reason.ASKED, Reason.ESCALATED):
            when = f"{entry.at.astimezone(SHANGHAI):%d %H:%M} {entry.step} {entry.loop}"
            rows.setdefault(when, []).append(entry.party)
    return [f"{when}: {' '.join(parties)}" for when, parties in rows.items()]


# --- rows that only come about by what people or other cases do, and the rules beside the chains

REVIEWED = "drops::a_repeated_drop_is_reviewed_by_a_person_before_anybody_orders_anything"
NOISY = "doubt::three_denials_in_a_row_move_a_new_camera_to_confirm_first_and_say_so"

ELSEWHERE = {
    "garbage_sorting.correction review": REVIEWED,
    "garbage_sorting.correction order": "drops::whoever_corrects_it_promptly_is_not_punished",
    "garbage_sorting.penalty review": "drops::a_penalty_is_reviewed_decided_by_people_and_numbered",
    "garbage_sorting.penalty decide": "drops::a_penalty_is_reviewed_decided_by_people_and_numbered",
    "garbage_sorting.refusal correct": "hauling::after_the_time_to_correct_the_street_mediates",
    "garbage_sorting.reconciliation steward": "weights::a_data_steward_who_is_silent_is_passed",
    "garbage_sorting.reconciliation bureau": "weights::a_loss_that_the_data_steward_confirms_goes_to_the_bureau",
    "ebike_charging.camera_precision tune": NOISY,
    "ebike_charging.camera_precision supervise": "doubt::a_noisy_camera_that_nobody_tunes_becomes_the_streets",
    "ebike_charging.three_meetings hearing": "meetings::every_meeting_has_its_days",
    "ebike_charging.three_meetings coordination": "meetings::every_meeting_has_its_days",
    "ebike_charging.three_meetings vote": "meetings::every_meeting_has_its_days",
    "ebike_charging.three_meetings build": "meetings::hearing_coordination_vote_building_and_review_follow_each_other",
    "ebike_charging.three_meetings evaluation": "meetings::the_review_is_due_thirty_days_after_it_was_built",
}

RULES = {
    "garbage_sorting": {
        "7.2 on the ground, stranded, super-stranded": "levels::a_bag_that_lies_is_stranded_after_an_hour_"
        "and_super_stranded_after_four",
        "7.2 result codes of supervision": "::what_supervision_finds_unsolved_goes_to_the_district",
        "7.2 not in time is done all the same": "::what_was_cleared_too_late_is_clear_all_the_same",
        "7.3 windows per point, dated exceptions": "drops::points_have_windows_of_their_own_and_dated_exceptions",
        "7.4 article 57: after a refusal only": "drops::a_refusal_counts_only_once_somebody_else_confirms_it",
        "7.4 article 57: which mixings of individuals": "drops::article_57_lists_some_mixings_for_individuals",
        "7.4 off-window is never fined": "drops::whoever_drops_at_the_wrong_time_is_guided_visited_and_never_fined",
        "7.4 fines are dated": "drops::fines_are_data_with_the_day_they_begin",
        "6.5 review before an order": REVIEWED,
        "6.5 minor and promptly corrected": "drops::whoever_corrects_it_promptly_is_not_punished",
        "7.5 yellow notice, 3 and 7 days": "hauling::after_the_time_to_correct_the_street_mediates",
        "7.5 red notice": "hauling::a_red_notice_ends_the_time_to_correct",
        "7.5 mediation fails": "hauling::mediation_that_fails_goes_to_the_district_and_to_a_joint_meeting",
        "7.5 re-check passed: resume": "hauling::what_is_sorted_now_is_checked_by_the_hauler_and_collected_again",
        "7.6 closing buckets": "levels::a_closing_falls_into_the_buckets_of_practice",
        "7.6 closing buckets as limits": "::a_full_bin_that_everybody_accepts_but_nobody_empties_climbs_by_the_"
        "closing_buckets",
        "7.7 tolerance by day and category": "weights::the_link_that_leaks_is_named",
        "7.7 a category flips": "weights::wet_that_was_received_as_dry_is_one_case_of_wet",
        "7.7 late weighings": "weights::a_weighing_that_comes_after_the_closing_puts_it_right",
        "7.7 missing weighings": "weights::a_load_that_turns_up_nowhere_is_asked_for",
        "7.7 duplicate weighings": "weights::the_same_ticket_counts_once_and_a_newer_one_corrects_it",
        "7.8 voice prompt": "levels::the_bin_room_speaks_once_a_round_and_only_where_the_bag_lies",
        "7.8 (i) guidance, repeat within 30 days": "drops::whoever_drops_unsorted_again_within_thirty_days_is_"
        "visited_at_once",
        "7.8 (ii) missed pickup: hauler at once, 4 h": "hauling::the_hauler_is_asked_at_once_and_has_four_hours",
        "7.8 (ii) the overflow that follows": "levels::an_overflow_after_a_missed_pickup_is_linked_to_it",
        "7.8 (iii) leakage: 10 min, 4 h": "hauling::the_control_room_has_four_hours_to_clean_up",
        "7.8 (iii) penalty only by the bureau's word": "hauling::enforcement_is_asked_only_when_the_bureau_has_said_so",
        "7.8 (iv) steward, then bureau": "weights::a_loss_that_the_data_steward_confirms_goes_to_the_bureau",
        "7.8 housing bureau, credit record": "::the_housing_bureau_hears_of_what_reaches_the_district",
        "7.8 step 5 stays open": "::a_case_at_the_end_of_its_chain_stays_open_and_is_repeated_every_day",
        "7.8 quiet for 10 minutes": "::a_reported_clearing_is_verified_by_ten_minutes_in_which_the_camera_sees_nothing",
        "7.8 or an after-photo, checked by another": "levels::an_after_photo_is_checked_by_somebody_else",
    },
    "ebike_charging": {
        "10.2 place decides the authority": "routes::every_act_at_every_place_has_at_most_one_row_and_its_authority",
        "10.2 wording conflict is configurable": "routes::a_street_may_send_corridors_to_the_housing_bureau",
        "10.2 fines of the law": "routes::the_fines_are_those_of_the_law",
        "10.2 fines are dated": "events::a_notice_names_the_fine_of_the_place_and_a_street_may_change_it",
        "10.3 report within 24 hours": "duties::dissuasion_in_vain_owes_a_report_within_24_hours_of_the_alarm",
        "10.3 nobody reports": "duties::nobody_reports_and_everybody_is_told_at_the_hour",
        "10.4 lift blocker and voice": "routes::a_lift_blocker_holds_the_door_and_a_speaker_prompts_once_an_alarm",
        "10.4 meter": "routes::a_meter_recognises_charging_at_home",
        "10.5 event types": "events::every_breach_is_judged_and_has_a_kind_of_the_districts_list",
        "10.5 piles": "heat::a_pile_in_trouble",
        "10.5 a silent pile": "heat::a_pile_that_says_nothing_for_a_day_is_offline_until_it_speaks",
        "10.6 flying wire: visit within 4 h": "::a_flying_wire_gives_the_joint_visit_four_hours",
        "10.6 finish limits": "::what_everybody_accepts_but_nobody_solves_climbs_by_the_finish_limits",
        "10.6 nothing passes the review": "::what_nobody_answers_climbs_to_the_review_and_never_past_it",
        "10.6 repeat rule": "::a_second_alarm_goes_to_the_review_and_then_to_the_authority",
        "10.6 memory of 90 days": "::an_alarm_is_forgotten_after_ninety_days",
        "10.6 smoke is P0, without dissuasion": "heat::smoke_calls_119_the_micro_station_and_the_residents_at_once",
        "10.6 runaway": "heat::heat_that_only_a_runaway_makes",
        "10.6 false positive closes at review": "::a_denied_review_closes_as_a_false_alarm",
        "10.6 label kept": "doubt::the_labels_are_kept_for_tuning",
        "10.6 a human confirms first": "doubt::how_sure_a_camera_is_decides_who_looks_first",
        "10.6 noisy camera moves to confirm-first": NOISY,
        "10.6 never for life safety": "heat::a_camera_that_sees_smoke_is_believed_however_noisy_it_is",
        "10.6 one case for one object": "::one_bicycle_is_one_case_over_any_number_of_pictures",
        "10.6 meetings at 3 events in 30 days": "meetings::three_cases_in_a_month_open_the_meetings_beside_the_third",
        "10.6 meetings at step 4": "meetings::one_case_that_goes_to_the_authority_opens_them_and_is_not_held_up",
        "10.6 quorum and majorities": "meetings::what_owners_have_decided",
        "10.6 results are published": "meetings::a_hearing_without_minutes_or_published_results_was_none",
        "10.6 nothing built without a vote": "meetings::a_meeting_that_is_overdue_is_pressed_every_day_and_nothing_is_"
        "built_on_it",
        "10.6 nothing seen for 2 hours": "::a_report_is_verified_by_two_hours_in_which_the_camera_sees_nothing",
        "10.6 no repeat in 24 hours": "lasting::what_is_back_within_a_day_of_its_closing_was_dissuaded_in_vain",
        "10.6 step 4: document and result": "duties::a_case_that_went_to_the_authority_closes_only_with_its_document",
        "10.6 re-check by another role": "::the_committee_may_look_instead_of_the_camera",
    },
}


@cache
def stories(file: str) -> frozenset[str]:
    """The names of the tests in a file of this folder."""
    source = ast.parse((Path(__file__).parent / file).read_text(encoding="utf-8"))
    return frozenset(node.name for node in source.body if isinstance(node, ast.FunctionDef))


def is_told(plugin: str, story: str) -> bool:
    part, _, name = story.partition("::")
    file = "_".join(filter(None, ("test", plugin, part)))
    return f"test_{name}" in stories(f"{file}.py")


def steps() -> Iterator[str]:
    for plugin in (garbage_sorting, ebike_charging):
        for scenario in plugin.civicloop_scenarios():
            for rule in bind(scenario, {}).rules.tracks:
                yield from (f"{scenario.name} {step.name}" for step in rule.chain)


def test_every_row_of_every_chain_has_its_story() -> None:
    here = {f"{one.name} {row.split()[2]}" for one, told in ROWS.items() for row in told[3].strip().splitlines()}
    assert set(steps()) - here - set(ELSEWHERE) == set(), "rows without a story"
    assert set(ELSEWHERE) - set(steps()) == set(), "stories of rows that there are not"
    assert set(ELSEWHERE) & here == set(), "told here already"


@pytest.mark.parametrize(("row", "story"), ELSEWHERE.items())
def test_a_row_that_is_told_elsewhere_is_told_there(row: str, story: str) -> None:
    assert is_told(row.partition(".")[0], story)


@pytest.mark.parametrize(
    ("plugin", "rule", "story"),
    [(plugin, rule, story) for plugin, rules in RULES.items() for rule, story in rules.items()],
)
def test_every_rule_has_its_story(plugin: str, rule: str, story: str) -> None:
    assert is_told(plugin, story), rule
