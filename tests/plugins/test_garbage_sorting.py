"""Full bins and bagged litter, told on a clock: who is asked when, and what ends it."""

from collections.abc import Callable, Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from civicloop import Limit, NoticeKind, Reason, days, hours, minutes
from civicloop.plugins.garbage_sorting import BaggedLitter, Overflow
from civicloop.testing import Status, Town

BIN, POINT = "garbage_sorting.overflow/B7", "garbage_sorting.bagged_litter/P1"

CLEAN = ["cleaner", "property_company"]
MANAGE = ["property_manager", "party_secretary"]
STREET = ["ops_center", "sanitation_station"]
DISTRICT = ["greening_sanitation_bureau"]
MEETING = ["neighborhood_committee", "hauler", "property_company"]
EVERYBODY = [CLEAN, MANAGE, STREET, DISTRICT, MEETING]

Builder = Callable[..., Town]


@pytest.fixture
def full(town: Builder) -> Town:
    """A town in which bin B7 has just been found full, on a Friday at 08:00."""
    one = town(Overflow)
    one.hear("waste.bin.level", subject="B7", fill_percent=95)
    return one


@pytest.fixture
def littered(town: Builder) -> Town:
    """A town in which bags have just been seen at drop point P1."""
    one = town(BaggedLitter)
    one.hear("waste.litter.seen", subject="P1", confidence=0.9, bags=3)
    return one


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Asia/Shanghai"))


def asked_at(town: Town) -> list[tuple[str, str]]:
    """Who was asked for the first time at each step, and when, in Shanghai."""
    shanghai = ZoneInfo("Asia/Shanghai")
    return [
        (f"{notice.at.astimezone(shanghai):%a %H:%M}", notice.party)
        for notice in town.notices
        if notice.kind is NoticeKind.ASK
    ]


def rows(*steps: tuple[str, list[str]]) -> Iterator[tuple[str, str]]:
    return ((when, party) for when, parties in steps for party in parties)


# --- the chain of the domain reference, 7.8


def test_a_full_bin_that_nobody_accepts_climbs_to_the_joint_meeting(full: Town) -> None:
    full.wait(days(5))

    # The joint meeting has one working day to accept: 5 h 05 are left of Friday, 2 h 55 fall on Monday.
    assert asked_at(full) == list(
        rows(
            ("Fri 08:00", CLEAN),
            ("Fri 08:10", MANAGE),
            ("Fri 08:25", STREET),
            ("Fri 08:55", DISTRICT),
            ("Fri 10:55", MEETING),
        )
    )
    ended = [entry for entry in full.journal(BIN) if entry.reason is Reason.CHAIN_ENDED]
    assert [entry.at for entry in ended] == [at("2025-09-15 10:55")]


def test_a_full_bin_that_everybody_accepts_but_nobody_empties_climbs_by_the_closing_buckets(full: Town) -> None:
    for parties, passes in zip(EVERYBODY, [hours(1), hours(3), hours(8), hours(24), days(7)], strict=True):
        full.answer("accept", BIN, parties[0])
        full.wait(passes)

    # 1 h, 4 h and 12 h count from the opening; a day and seven days from when the step was asked.
    assert asked_at(full) == list(
        rows(
            ("Fri 08:00", CLEAN),
            ("Fri 09:00", MANAGE),
            ("Fri 12:00", STREET),
            ("Fri 20:00", DISTRICT),
            ("Sat 20:00", MEETING),
        )
    )
    ended = [entry for entry in full.journal(BIN) if entry.reason is Reason.CHAIN_ENDED]
    assert [entry.at for entry in ended] == [at("2025-09-20 20:00")]


def test_the_loops_grow_from_the_estate_to_the_whole_of_society(full: Town) -> None:
    full.wait(days(3))

    loops = {entry.step: entry.loop for entry in full.journal(BIN) if entry.reason is not Reason.OPENED}
    assert loops == {
        "clean": "micro",
        "manage": "micro",
        "street": "small",
        "district": "medium",
        "joint_meeting": "large",
    }


def test_a_case_at_the_end_of_its_chain_stays_open_and_is_repeated_every_day(full: Town) -> None:
    full.wait(days(7))

    assert not full.is_quiet
    repeats = [entry.at for entry in full.journal(BIN) if entry.reason is Reason.REPEATED]
    assert repeats == [at(f"2025-09-{day} 10:55") for day in (16, 17, 18)]


def test_the_housing_bureau_hears_of_what_reaches_the_district(full: Town) -> None:
    full.wait(minutes(54))
    assert full.told("housing_bureau") == []

    full.wait(minutes(1))
    assert full.told("housing_bureau") == [NoticeKind.INFORM]


def test_either_of_those_asked_may_take_a_step(full: Town) -> None:
    full.answer("accept", BIN, "property_company")
    full.wait(minutes(59))

    assert full.asked == CLEAN


def test_a_street_without_a_list_of_cleaners_asks_the_property_company_alone(town: Builder) -> None:
    one = town(Overflow, nobody=["cleaner"])
    one.hear("waste.bin.level", subject="B7", fill_percent=95)

    assert one.asked == ["property_company"]
    assert one.wait(minutes(9)).asked == ["property_company"]
    assert one.wait(minutes(1)).asked == ["property_company", *MANAGE]


# --- solved by the estate, verified by the sensor


def test_a_bin_that_is_emptied_closes_after_ten_quiet_minutes(full: Town) -> None:
    full.answer("accept", BIN, "cleaner")
    full.wait(minutes(20))
    full.hear("waste.bin.level", subject="B7", fill_percent=3)

    assert not full.wait(minutes(9)).is_quiet
    assert full.wait(minutes(1)).is_quiet
    assert full.asked == CLEAN
    assert full.story(BIN)[-3:] == [Reason.CLEARED, Reason.VERIFIED, Reason.CLOSED]


def test_a_reported_clearing_is_verified_by_ten_minutes_in_which_the_camera_sees_nothing(littered: Town) -> None:
    littered.answer("report", POINT, "cleaner", result="done")

    assert not littered.wait(minutes(9)).is_quiet
    assert littered.wait(minutes(1)).is_quiet
    verified = next(entry for entry in littered.journal(POINT) if entry.reason is Reason.VERIFIED)
    assert verified.party == "sensor"


def test_litter_that_is_back_within_ten_minutes_was_not_gone(littered: Town) -> None:
    littered.wait(minutes(5))
    littered.hear("waste.litter.gone", subject="P1", confidence=0.9)
    littered.wait(minutes(4))
    littered.hear("waste.litter.seen", subject="P1", confidence=0.9)

    assert littered.story(POINT)[-1] is Reason.REAPPEARED
    assert not littered.wait(minutes(30)).is_quiet
    assert littered.asked[:4] == CLEAN + MANAGE


# --- checked by people, and done again


def test_litter_still_seen_after_the_report_is_rework_for_whoever_reported(littered: Town) -> None:
    littered.answer("report", POINT, "cleaner", result="done")
    littered.wait(minutes(3))
    littered.hear("waste.litter.seen", subject="P1", confidence=0.9)

    assert littered.story(POINT)[-1] is Reason.CHECK_FAILED
    assert littered.case(POINT).tracks[0].rework == 1
    assert littered.told("cleaner") == [NoticeKind.ASK, NoticeKind.REWORK]

    littered.wait(minutes(5))
    littered.answer("report", POINT, "cleaner", result="done")
    assert littered.wait(minutes(10)).is_quiet


def test_the_committee_may_look_instead_of_the_camera(littered: Town) -> None:
    littered.answer("report", POINT, "property_company", result="done")
    littered.wait(minutes(2))
    littered.answer("verify", POINT, "neighborhood_committee", result="pass")

    assert littered.is_quiet
    assert littered.story(POINT)[-2:] == [Reason.VERIFIED, Reason.CLOSED]


def test_the_street_may_find_that_it_was_not_done(littered: Town) -> None:
    littered.answer("report", POINT, "property_company", result="done")
    assert NoticeKind.CHECK in littered.told("ops_center")
    littered.answer("verify", POINT, "ops_center", result="fail")

    assert littered.told("property_company")[-1] is NoticeKind.REWORK


def test_whoever_cleared_it_does_not_verify_it(littered: Town) -> None:
    littered.answer("report", POINT, "property_company", result="done")
    receipt = littered.answer("verify", POINT, "property_company", result="pass")

    assert (receipt.status, receipt.reason) == (Status.REFUSED, Reason.SAME_HANDS)


@pytest.mark.parametrize("result", ["irregular_management", "nobody_responded"])
def test_what_supervision_finds_unsolved_goes_to_the_district(full: Town, result: str) -> None:
    full.wait(minutes(30))
    full.answer("report", BIN, "ops_center", result=result)
    full.answer("report", BIN, "sanitation_station", result=result)

    assert full.asked == CLEAN + MANAGE + STREET + DISTRICT


def test_what_was_cleared_too_late_is_clear_all_the_same(full: Town) -> None:
    full.wait(minutes(30))
    full.answer("report", BIN, "sanitation_station", result="not_in_time")

    assert full.wait(minutes(10)).is_quiet
    assert full.case(BIN).result == "not_in_time"


# --- when is a bin full, when is a camera believed


def test_a_bin_between_full_and_empty_changes_nothing(town: Builder) -> None:
    one = town(Overflow)
    for percent in (51, 89.9):
        one.hear("waste.bin.level", subject="B7", fill_percent=percent)
    assert one.cases == []

    one.hear("waste.bin.level", subject="B7", fill_percent=90)
    for percent in (89, 60, 51):
        one.hear("waste.bin.level", subject="B7", fill_percent=percent)
    assert one.story(BIN) == [Reason.OPENED, Reason.ASKED, Reason.ASKED]

    one.hear("waste.bin.level", subject="B7", fill_percent=50)
    assert one.story(BIN)[-1] is Reason.CLEARED


def test_a_street_moves_the_levels(town: Builder) -> None:
    one = town(Overflow, config={"garbage_sorting.overflow": {"full_at_percent": 70, "empty_at_percent": 10}})
    one.hear("waste.bin.level", subject="B7", fill_percent=70)
    one.hear("waste.bin.level", subject="B7", fill_percent=11)

    assert one.story(BIN)[-1] is Reason.ASKED


def test_a_camera_that_is_not_sure_does_nothing(town: Builder) -> None:
    one = town(BaggedLitter)
    one.hear("waste.litter.seen", subject="P1", confidence=0.59)
    assert one.cases == []

    one.hear("waste.litter.seen", subject="P1", confidence=0.6)
    one.hear("waste.litter.gone", subject="P1", confidence=0.59)
    assert one.story(POINT)[-1] is Reason.ASKED


def test_two_bins_are_two_cases_and_one_bin_is_one(full: Town) -> None:
    full.wait(minutes(1))
    full.hear("waste.bin.level", subject="B7", fill_percent=99)
    full.hear("waste.bin.level", subject="B8", fill_percent=91)

    assert [case.key for case in full.open_cases] == ["B7", "B8"]


@pytest.mark.parametrize("passes", [hours(1), days(30)])
def test_a_bin_that_fills_again_opens_the_next_round(full: Town, passes: Limit) -> None:
    full.hear("waste.bin.level", subject="B7", fill_percent=0)
    full.wait(passes)
    full.hear("waste.bin.level", subject="B7", fill_percent=95)

    assert [case.round for case in full.cases] == [1, 2]
    assert full.asked == CLEAN + CLEAN
