"""Wrong drops: guidance first, a visit for the second time, and a penalty only behind two reviews and a refusal."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from civicloop import NoticeKind, Reason, Severity, days, hours, minutes
from civicloop.core.sdk.binding import PluginError, bind
from civicloop.plugins.garbage_sorting import Correction, OffWindow, Penalty, Unsorted
from civicloop.plugins.garbage_sorting.fines import INDIVIDUAL, Fine, fine_on, is_fined
from civicloop.testing import Status, Town

HOME = "P1:household"
DROP, AGAIN, FINE = (f"garbage_sorting.{name}/{HOME}" for name in ("unsorted_drop", "correction", "penalty"))
OFF = "garbage_sorting.off_window_drop"

Builder = Callable[..., Town]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Asia/Shanghai"))


def drop(town: Town, **data: Any) -> None:
    """Wet garbage in the bin for dry, by the household, seen clearly; unless the test says otherwise."""
    known = {"confidence": 0.95, "household": "household", "expected": "dry", "found": "wet"}
    town.hear("waste.drop.unsorted", subject="P1", **{**known, **data})


def guide(town: Town, ref: str = DROP) -> None:
    """Report the guidance, and have it looked at where the draw says so."""
    case = town.case(ref)
    party = "neighborhood_committee" if case.tracks[0].orders[0].step == "guide" else "party_secretary"
    town.answer("report", ref, party, result="guided")
    if town.case(ref).is_open:
        town.answer("verify", ref, "ops_center", result="pass")
    assert not town.case(ref).is_open


@pytest.fixture
def street(town: Builder) -> Town:
    return town(Unsorted, Correction, Penalty)


# --- guidance


def test_an_unsorted_drop_is_a_matter_of_guidance(street: Town) -> None:
    drop(street)

    assert street.asked == ["neighborhood_committee", "block_cadre"]
    assert street.case(DROP).severity is Severity.P3
    guide(street)
    assert street.case(DROP).result == "guided"


def test_guidance_that_nobody_gives_climbs_to_the_street_and_never_to_enforcement(street: Town) -> None:
    drop(street)
    street.wait(days(30))

    assert street.asked == [
        "neighborhood_committee", "block_cadre", "party_secretary", "property_manager", "ops_center"
    ]  # fmt: skip
    assert street.case(DROP).is_open


def test_a_household_that_nobody_knows_is_the_drop_points_case(street: Town) -> None:
    for _ in range(3):
        drop(street, household=None)

    case = street.case("garbage_sorting.unsorted_drop/P1")
    assert (case.sightings, len(street.cases)) == (3, 1)


def test_whoever_drops_unsorted_again_within_thirty_days_is_visited_at_once(street: Town) -> None:
    drop(street, found="recyclable")
    guide(street)
    street.wait(days(29))
    drop(street, found="recyclable")

    assert street.asked[2:] == ["party_secretary", "property_manager"]
    guide(street)
    street.wait(days(31))
    drop(street, found="recyclable")
    assert street.asked[4:] == ["neighborhood_committee", "block_cadre"]


def test_the_bin_room_speaks_at_most_every_ten_minutes(town: Builder) -> None:
    one = town(Unsorted).add_device("P1-voice", kind="speaker")
    for _ in range(3):
        drop(one)
        one.wait(minutes(5))

    assert [notice.party for notice in one.notices if notice.kind is NoticeKind.COMMAND] == ["P1-voice", "P1-voice"]


def test_a_camera_that_is_not_sure_says_nothing(street: Town) -> None:
    drop(street, confidence=0.59)
    assert street.cases == []


# --- the order to correct


def test_the_first_drop_and_one_before_any_guidance_bring_no_order(street: Town) -> None:
    drop(street)
    street.wait(hours(1))
    drop(street)

    assert [case.ref for case in street.cases] == [DROP]


@pytest.fixture
def repeated(street: Town) -> Town:
    """The household was guided, and has mixed wet into dry again three days later."""
    drop(street)
    guide(street)
    street.wait(days(3))
    drop(street)
    return street


def test_a_repeated_drop_is_reviewed_by_a_person_before_anybody_orders_anything(repeated: Town) -> None:
    case = repeated.case(AGAIN)
    assert case.parent == repeated.case(DROP).id
    assert case.variables == {"point": "P1", "drops": 2, "days": 30}
    assert repeated.asked[-1] == "ops_center"

    repeated.wait(days(10))
    assert "urban_enforcement" not in repeated.asked

    repeated.answer("approve", AGAIN, "ops_center")
    assert repeated.asked[-1] == "urban_enforcement"


def test_what_the_review_throws_out_goes_no_further(repeated: Town) -> None:
    repeated.answer("deny", AGAIN, "ops_center")

    assert repeated.case(AGAIN).result == "false_alarm"
    repeated.wait(days(10))
    assert "urban_enforcement" not in repeated.asked


def test_whoever_corrects_it_promptly_is_not_punished(repeated: Town) -> None:
    repeated.answer("approve", AGAIN, "ops_center")
    repeated.answer("report", AGAIN, "urban_enforcement", result="corrected")
    repeated.answer("verify", AGAIN, "neighborhood_committee", result="pass")

    assert repeated.case(AGAIN).result == "corrected"
    with pytest.raises(LookupError):
        repeated.wait(days(1)).case(FINE)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ({"expected": "dry", "found": "recyclable"}, "article 57 does not list it"),
        ({"expected": None}, "nobody knows what was mixed"),
        ({"household": None}, "nobody knows who it was"),
        ({"confidence": 0.79}, "the camera is not sure enough for an order"),
    ],
)
def test_what_no_order_follows_from(street: Town, data: dict[str, Any], why: str) -> None:
    for _ in range(3):
        drop(street, **data)
        guide(street, street.cases[-1].ref)
        street.wait(days(2))

    assert {case.scenario for case in street.cases} == {Unsorted.name}, why


def test_a_drop_long_after_the_guidance_is_a_first_one(street: Town) -> None:
    drop(street)
    guide(street)
    street.wait(days(31))
    drop(street)

    assert {case.scenario for case in street.cases} == {Unsorted.name}


def test_a_false_alarm_is_no_guidance(street: Town) -> None:
    drop(street)
    street.answer("void", DROP, "ops_center", reason="a child's toy")
    street.wait(days(1))
    drop(street)

    assert {case.scenario for case in street.cases} == {Unsorted.name}


# --- the penalty


@pytest.fixture
def refused(repeated: Town) -> Town:
    """Enforcement has ordered, and reports that the household refuses."""
    repeated.answer("approve", AGAIN, "ops_center")
    repeated.answer("report", AGAIN, "urban_enforcement", result="refused")
    return repeated


def test_a_refusal_counts_only_once_somebody_else_confirms_it(refused: Town) -> None:
    assert refused.case(AGAIN).is_open
    receipt = refused.answer("verify", AGAIN, "urban_enforcement", result="pass")
    assert (receipt.status, receipt.reason) == (Status.REFUSED, Reason.SAME_HANDS)

    refused.answer("verify", AGAIN, "neighborhood_committee", result="pass")
    case = refused.case(FINE)
    assert case.parent == refused.case(AGAIN).id
    assert case.variables == {"article": "57", "yuan": "50-200"}


def test_a_refusal_that_nobody_confirms_leads_to_no_penalty(refused: Town) -> None:
    refused.wait(days(20))

    assert refused.case(AGAIN).result == "unverified"
    assert Penalty.name not in {case.scenario for case in refused.cases}


def test_a_penalty_is_reviewed_decided_by_people_and_numbered(refused: Town) -> None:
    refused.answer("verify", AGAIN, "neighborhood_committee", result="pass")
    asked = len(refused.asked)
    refused.wait(days(30))
    assert "urban_enforcement" not in refused.asked[asked:]

    refused.answer("approve", FINE, "ops_center")
    assert refused.asked[-1] == "urban_enforcement"
    assert refused.answer("report", FINE, "urban_enforcement", result="fined").reason is Reason.EVIDENCE_MISSING
    decision = {"kind": "decision", "number": "沪绿罚〔2025〕12号"}
    refused.answer("report", FINE, "urban_enforcement", result="fined", evidence=[decision])
    refused.answer("verify", FINE, "ops_center", result="pass")
    assert refused.case(FINE).result == "fined"


def test_fines_are_data_with_the_day_they_begin(town: Builder) -> None:
    later = Fine(since=date(2026, 8, 15), article="57", yuan_min=100, yuan_max=300)
    assert fine_on(at("2019-06-30 23:59"), INDIVIDUAL) is None
    assert fine_on(at("2025-09-12 08:00"), (later, *INDIVIDUAL)) == INDIVIDUAL[0]
    assert fine_on(at("2026-08-15 00:00"), (later, *INDIVIDUAL)) == later


@pytest.mark.parametrize(
    ("expected", "found", "listed"),
    [
        ("dry", "wet", True),
        ("wet", "recyclable", True),
        ("hazardous", "dry", True),
        ("recyclable", "hazardous", True),
        ("dry", "recyclable", False),
        ("wet", "wet", False),
        ("wet", None, False),
    ],
)
def test_article_57_lists_some_mixings_for_individuals(expected: Any, found: Any, listed: bool) -> None:
    assert is_fined(expected, found) is listed


# --- off-window drops


def off(town: Town, time: str, point: str = "P1") -> bool:
    """Whether a drop at that time opens a case or speaks for one."""
    seen = sum(case.sightings for case in town.cases)
    town.wait(at(time) - town.now)
    town.hear("waste.drop.off_window", subject=point, confidence=0.9, household="household")
    return sum(case.sightings for case in town.cases) > seen


def test_a_drop_while_the_point_is_open_is_none(town: Builder) -> None:
    one = town(OffWindow, start=at("2025-09-12 05:00"))
    times = ("06:19", "06:20", "08:40", "08:41", "12:00", "17:20", "20:40", "20:41", "23:59")
    assert [off(one, f"2025-09-12 {time}") for time in times] == [
        True, False, False, True, True, False, False, True, True
    ]  # fmt: skip
    assert one.case(f"{OFF}/{HOME}").variables == {"point": "P1", "time": "06:19"}


def test_points_have_windows_of_their_own_and_dated_exceptions(town: Builder) -> None:
    table = {
        "grace_minutes": 0,
        "points": {"late": ["19:00-23:00", "22:00-02:00"]},
        "exceptions": [
            {"first": "2025-07-01", "last": "2025-08-31", "windows": ["06:00-09:00", "17:00-21:30"]},
            {"first": "2025-10-01", "last": "2025-10-08", "windows": ["00:00-24:00"]},
            {"first": "2025-10-03", "last": "2025-10-03", "points": ["P1"], "windows": []},
        ],
    }
    one = town(OffWindow, start=at("2025-06-30 00:00"), config={OFF: table})
    seen = [
        ("2025-06-30 21:00", "P1", True),
        ("2025-07-01 01:30", "late", True),  # the exception holds at every point
        ("2025-07-01 21:00", "P1", False),
        ("2025-08-31 21:00", "P1", False),
        ("2025-09-01 21:00", "P1", True),
        ("2025-09-01 22:30", "late", False),
        ("2025-09-02 01:30", "late", False),
        ("2025-09-02 02:30", "late", True),
        ("2025-10-01 03:00", "P1", False),
        ("2025-10-03 08:00", "P1", True),
        ("2025-10-03 08:00", "late", False),
        ("2025-10-08 23:59", "P1", False),
        ("2025-10-09 00:00", "P1", True),
    ]
    assert [(time, point, off(one, time, point)) for time, point, _ in seen] == seen


@pytest.mark.parametrize("window", ["6:30-08:30", "06:30", "06:30-24:30", "25:00-26:00"])
def test_a_window_that_is_none_is_refused_when_the_street_is_read(window: str) -> None:
    with pytest.raises(PluginError, match="windows"):
        bind(OffWindow, {"windows": [window]})


def test_an_exception_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(PluginError, match="lies before first"):
        bind(OffWindow, {"exceptions": [{"first": "2025-05-05", "last": "2025-05-01", "windows": []}]})


def test_whoever_drops_at_the_wrong_time_is_guided_visited_and_never_fined(town: Builder) -> None:
    one = town(OffWindow, Correction, Penalty, start=at("2025-09-12 12:00"))
    for _ in range(4):
        one.hear("waste.drop.off_window", subject="P1", confidence=0.99, household="household")
        guide(one, f"{OFF}/{HOME}")
        one.wait(days(2))

    assert one.asked[2:4] == ["party_secretary", "property_manager"]
    assert {case.scenario for case in one.cases} == {OFF}
    assert "urban_enforcement" not in one.asked
