"""What lies grows graver, the bin room speaks, photos are looked at, and a missed pickup is the cause."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from civicloop import Limit, NoticeKind, Reason, Severity, days, hours, minutes
from civicloop.core.sdk.binding import PluginError, bind
from civicloop.plugins.garbage_sorting import BaggedLitter, MissedPickup, Overflow, closing_bucket, stranding_level
from civicloop.testing import Status, Town

BIN, POINT = "garbage_sorting.overflow/B7", "garbage_sorting.bagged_litter/P1"

HASH = "sha256:" + 32 * "a7"

Builder = Callable[..., Town]


def level(town: Town, ref: str = POINT) -> str:
    case = town.case(ref)
    return stranding_level(case.opened_at, case.closed_at or town.now)


def is_stranded(town: Town, ref: str = POINT) -> bool:
    return town.case(ref).severity is Severity.P2


@pytest.fixture
def littered(town: Builder) -> Town:
    """A town in which a bag has just been seen at drop point P1, which has a loudspeaker."""
    one = town(BaggedLitter)
    one.add_device("P1-voice", kind="speaker").add_device("elsewhere", place="building", kind="speaker")
    one.hear("waste.litter.seen", subject="P1", confidence=0.9)
    return one


# --- lying, stranded, super-stranded


def test_a_bag_that_lies_is_stranded_after_an_hour_and_super_stranded_after_four(littered: Town) -> None:
    assert level(littered.wait(minutes(59))) == "lying"
    assert littered.case(POINT).severity is Severity.P3

    assert level(littered.wait(minutes(1))) == "stranded"
    assert is_stranded(littered)

    assert level(littered.wait(hours(3))) == "super_stranded"
    assert littered.story(POINT).count(Reason.SEVERITY_RAISED) == 1


def test_a_camera_that_looks_every_five_minutes_does_not_put_the_levels_off(littered: Town) -> None:
    for _ in range(12):
        littered.wait(minutes(5)).hear("waste.litter.seen", subject="P1", confidence=0.9)

    assert is_stranded(littered)


def test_what_is_super_stranded_is_the_streets_whatever_its_chain_leaves_to_the_estate(town: Builder) -> None:
    patient = {"clean": {"finish": "9 hours"}, "manage": {"finish": "10 hours"}}
    one = town(BaggedLitter, config={BaggedLitter.name: {"chain": patient}})
    one.hear("waste.litter.seen", subject="P1", confidence=0.9)
    one.answer("accept", POINT, "cleaner")

    assert "ops_center" not in one.wait(minutes(239)).asked
    assert one.wait(minutes(1)).asked[-2:] == ["ops_center", "sanitation_station"]


def test_an_extension_that_was_granted_holds(town: Builder) -> None:
    patient = {"clean": {"finish": "3 hours"}, "manage": {"finish": "10 hours"}}
    one = town(BaggedLitter, config={BaggedLitter.name: {"chain": patient}})
    one.hear("waste.litter.seen", subject="P1", confidence=0.9)
    one.answer("accept", POINT, "cleaner")
    one.answer("extend", POINT, "cleaner")
    one.answer("approve", POINT, "ops_center")

    assert one.wait(hours(5)).asked == ["cleaner", "property_company"]


def test_a_bag_that_is_gone_in_time_was_never_stranded(littered: Town) -> None:
    littered.wait(minutes(50)).hear("waste.litter.gone", subject="P1", confidence=0.9)
    littered.wait(days(2))

    assert littered.is_quiet
    assert [case.severity for case in littered.cases] == [Severity.P3]


def test_a_level_that_comes_up_during_the_check_fails_nothing(littered: Town) -> None:
    littered.wait(minutes(55)).answer("report", POINT, "cleaner", result="done")

    assert littered.wait(minutes(10)).is_quiet
    assert littered.case(POINT).tracks[0].rework == 0


def test_a_level_that_came_up_during_a_check_that_failed_counts_ten_minutes_later(littered: Town) -> None:
    littered.wait(minutes(55)).answer("report", POINT, "cleaner", result="done")
    littered.wait(minutes(6)).hear("waste.litter.seen", subject="P1", confidence=0.9)
    assert littered.story(POINT)[-1] is Reason.CHECK_FAILED

    assert is_stranded(littered.wait(minutes(9)))


def test_the_next_bag_begins_to_lie_anew(littered: Town) -> None:
    littered.wait(minutes(30)).hear("waste.litter.gone", subject="P1", confidence=0.9)
    littered.wait(minutes(20)).hear("waste.litter.seen", subject="P1", confidence=0.9)
    littered.wait(minutes(59))
    assert [case.severity for case in littered.cases] == [Severity.P3, Severity.P3]

    assert is_stranded(littered.wait(minutes(1)))


def test_a_full_bin_strands_as_well_and_a_street_moves_the_minutes(town: Builder) -> None:
    one = town(Overflow, config={Overflow.name: {"stranded_minutes": 20, "super_stranded_minutes": 40}})
    one.hear("waste.bin.level", subject="B7", fill_percent=95)

    assert not is_stranded(one.wait(minutes(19)), BIN)
    assert is_stranded(one.wait(minutes(1)), BIN)


def test_levels_in_the_wrong_order_are_refused() -> None:
    with pytest.raises(PluginError, match="super_stranded_minutes"):
        bind(Overflow, {"stranded_minutes": 300})


@pytest.mark.parametrize(
    ("took", "bucket"),
    [
        (minutes(10), "1h"),
        (hours(1), "1h"),
        (minutes(61), "4h"),
        (hours(4), "4h"),
        (hours(12), "12h"),
        (hours(13), "over_12h"),
    ],
)
def test_a_closing_falls_into_the_buckets_of_practice(littered: Town, took: Limit, bucket: str) -> None:
    littered.wait(took.span - timedelta(minutes=10)).hear("waste.litter.gone", subject="P1", confidence=0.9)
    case = littered.wait(minutes(10)).case(POINT)

    assert case.closed_at is not None
    assert closing_bucket(case.opened_at, case.closed_at) == bucket


# --- the bin room speaks


def spoken(town: Town) -> list[tuple[str, str]]:
    return [(one.party, one.message) for one in town.notices if one.kind is NoticeKind.COMMAND]


def test_the_bin_room_speaks_once_a_round_and_only_where_the_bag_lies(littered: Town) -> None:
    littered.wait(minutes(5)).hear("waste.litter.seen", subject="P1", confidence=0.9)
    assert spoken(littered) == [("P1-voice", "voice_litter")]

    littered.hear("waste.litter.gone", subject="P1", confidence=0.9)
    littered.wait(hours(1)).hear("waste.litter.seen", subject="P1", confidence=0.9)
    assert len(spoken(littered)) == 2


# --- the after-photo


def photo(town: Town, hash: str = HASH, place: str = "estate") -> dict[str, str]:
    return {"kind": "photo_after", "hash": hash, "place": place, "taken_at": town.now.isoformat()}


def test_an_after_photo_is_checked_by_somebody_else(littered: Town) -> None:
    littered.wait(minutes(5))
    assert littered.answer("report", POINT, "cleaner", result="done", evidence=[photo(littered)]).status is not (
        Status.REFUSED
    )
    littered.answer("verify", POINT, "neighborhood_committee", result="pass")

    assert littered.is_quiet


def test_a_photo_from_elsewhere_or_from_before_is_no_proof(littered: Town) -> None:
    littered.wait(minutes(5))
    old = {**photo(littered), "taken_at": "2025-09-11T10:00:00+08:00"}
    for wrong in (photo(littered, place="street"), old):
        receipt = littered.answer("report", POINT, "cleaner", result="done", evidence=[wrong])
        assert (receipt.status, receipt.reason) == (Status.REFUSED, Reason.EVIDENCE_MISSING)


def test_the_same_photo_clears_nothing_twice(littered: Town) -> None:
    littered.answer("report", POINT, "cleaner", result="done", evidence=[photo(littered)])
    littered.wait(minutes(10)).hear("waste.litter.seen", subject="P1", confidence=0.9)
    receipt = littered.answer("report", POINT, "cleaner", result="done", evidence=[photo(littered)])

    assert receipt.status is Status.REFUSED


# --- an overflow whose cause is a pickup that did not come


@pytest.fixture
def waiting(town: Builder) -> Town:
    """An estate with two bins at drop point P1, whose wet garbage was not collected."""
    one = town(Overflow, MissedPickup)
    one.add_device("wet", kind="bin").add_device("dry", kind="bin")
    one.hear("waste.haul.missed", subject="P1", category="wet")
    return one.wait(hours(2))


def test_an_overflow_after_a_missed_pickup_is_linked_to_it(waiting: Town) -> None:
    waiting.hear("waste.bin.level", subject="wet", fill_percent=95, category="wet")
    waiting.hear("waste.bin.level", subject="dry", fill_percent=95, category="dry")

    missed = waiting.case("garbage_sorting.missed_pickup/P1:wet")
    assert waiting.case("garbage_sorting.overflow/wet").parent == missed.id
    assert waiting.case("garbage_sorting.overflow/dry").parent is None


def test_a_bin_that_does_not_say_its_category_is_linked_to_the_latest(waiting: Town) -> None:
    waiting.hear("waste.bin.level", subject="dry", fill_percent=95)
    assert waiting.case("garbage_sorting.overflow/dry").parent is not None


@pytest.mark.parametrize("is_emptied", [True, False])
def test_a_pickup_long_ago_or_made_good_is_no_cause(waiting: Town, is_emptied: bool) -> None:
    if is_emptied:
        waiting.hear("waste.bin.level", subject="wet", fill_percent=5, category="wet")
    waiting.wait(hours(1) if is_emptied else hours(23))
    waiting.hear("waste.bin.level", subject="wet", fill_percent=95, category="wet")

    assert waiting.case("garbage_sorting.overflow/wet").parent is None
