"""What the e-bike plugin reads, what it refuses to read, what it says, and what it remembers."""

from datetime import UTC, date, datetime, timedelta
from string import Formatter
from typing import Any, get_args

import pytest
from pydantic import ValidationError

from civicloop import Event, Privacy, days
from civicloop.core.sdk.binding import PluginError, bind
from civicloop.core.sdk.texts import render
from civicloop.plugins.ebike_charging import BREACHES, Corridor, FireLane, FlyingWire, civicloop_scenarios, events
from civicloop.plugins.ebike_charging.habit import OCCASIONS_MAX, Habit
from civicloop.plugins.ebike_charging.precision import JUDGED
from civicloop.plugins.ebike_charging.routes import Penalty, in_force
from civicloop.testing import Status, Town

SEEN = {"where": "corridor", "activity": "charging", "confidence": 0.9}

FITS: list[tuple[type[Event], dict[str, Any]]] = [
    (events.EbikeSeen, SEEN),
    (events.EbikeGone, SEEN),
    (events.EbikeSeen, SEEN | {"object": "b7", "image": "sha256:aa", "household": "H1", "building": "B1", "speed": 3}),
    (events.EbikeMeter, {"charging": True, "household": "H1"}),
    (events.EbikePile, {"status": "ok"}),
    (events.EbikePile, {"status": "overtemp", "amps": 12.5, "celsius": 81, "smoke": True}),
]

DOES_NOT_FIT: list[tuple[type[Event], dict[str, Any]]] = [
    (events.EbikeSeen, {"where": "corridor", "activity": "charging"}),
    (events.EbikeSeen, SEEN | {"where": "roof"}),
    (events.EbikeSeen, SEEN | {"activity": "riding"}),
    (events.EbikeSeen, SEEN | {"confidence": 90}),
    (events.EbikeSeen, SEEN | {"confidence": "0.9"}),
    (events.EbikeSeen, SEEN | {"household": ""}),
    (events.EbikeSeen, SEEN | {"image": "data:image/jpeg;base64,AAAA"}),
    (events.EbikeMeter, {"charging": True}),
    (events.EbikeMeter, {"charging": "yes", "household": "H1"}),
    (events.EbikePile, {"status": "burning"}),
    (events.EbikePile, {"amps": 3}),
]


def test_every_event_has_the_type_that_senders_use() -> None:
    named = [events.EbikeSeen, events.EbikeGone, events.EbikeMeter, events.EbikePile, events.EbikeSmoke]
    assert [event.type for event in named] == ["ebike.seen", "ebike.gone", "ebike.meter", "ebike.pile", "ebike.smoke"]
    assert events.EbikeVote.type == "ebike.vote"


@pytest.mark.parametrize(("event", "data"), FITS)
def test_data_that_fits(event: type[Event], data: dict[str, Any]) -> None:
    event.model_validate(data)


@pytest.mark.parametrize(("event", "data"), DOES_NOT_FIT)
def test_data_that_does_not_fit(event: type[Event], data: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        event.model_validate(data)


def test_households_and_images_are_marked_as_personal() -> None:
    assert events.EbikeSeen.private_fields() == {"household": Privacy.PERSONAL, "image": Privacy.SENSITIVE}
    assert events.EbikeGone.private_fields() == events.EbikeSeen.private_fields()
    assert events.EbikeMeter.private_fields() == {"household": Privacy.PERSONAL}


def test_a_town_refuses_a_place_that_there_is_not() -> None:
    town = Town(Corridor)
    assert town.hear("ebike.seen", subject="C1", **(SEEN | {"where": "roof"})).status is Status.REJECTED
    town.close()


@pytest.mark.parametrize("scenario", civicloop_scenarios())
def test_a_scenario_binds_without_fault(scenario: Any) -> None:
    assert bind(scenario, {}).name == scenario.name


@pytest.mark.parametrize("table", [{"repeat_at": 1}, {"confidence_min": 2}, {"patience": 3}])
def test_settings_that_cannot_work_are_refused_when_the_street_is_read(table: dict[str, Any]) -> None:
    with pytest.raises(PluginError, match=r"plugins\.ebike_charging\.corridor"):
        bind(Corridor, table)


@pytest.mark.parametrize("scenario", BREACHES)
def test_a_street_cannot_leave_out_the_review(scenario: Any) -> None:
    with pytest.raises(PluginError, match="human review"):
        bind(scenario, {"chain": {"review": {"enabled": False}}})


# --- texts


VOTES = {"vote_passed", "vote_rejected", "vote_no_quorum"}
"""What is counted is evidence for meetings that are on; it opens no case."""


COMMANDS = {"cut_power", "limit_power", "hold_door", "voice_prompt"}


def findings() -> dict[str, dict[str, Any]]:
    """Every message the plugin can send in a case, with the variables it brings."""
    town = Town(*civicloop_scenarios())
    for where in get_args(events.Where):
        for activity in get_args(events.Activity):
            data = SEEN | {"where": where, "activity": activity, "building": "building"}
            town.hear("ebike.seen", subject=f"{where}-{activity}", **data)
    town.hear("ebike.meter", subject="M1", charging=True, household="household")
    town.hear("ebike.smoke", subject="S1")
    for number, data in enumerate(PILES):
        town.hear("ebike.pile", subject=f"P{number}", **data)
    approve = town.case("ebike_charging.corridor/corridor-parking:corridor")
    town.answer("escalate", approve.ref, "ops_center", reason="at once")
    town.wait(timedelta(days=2))
    town.answer("approve", approve.ref, "ops_center")
    for number in range(3):
        ref = f"ebike_charging.corridor/C9:bike-{number}"
        town.hear("ebike.seen", subject="C9", **(SEEN | {"confidence": 0.5, "object": f"bike-{number}"}))
        town.answer("deny", ref, "ops_center")
    found = {case.message: case.variables for case in town.cases}
    town.close()

    away = Town(*civicloop_scenarios())
    away.hear("ebike.meter", subject="M1", charging=True, household="household", place="household")
    for _ in range(2):
        away.wait(timedelta(minutes=40))
    away.answer("approve", "ebike_charging.dwelling/household", "ops_center")
    found |= {case.message: case.variables for case in away.cases}
    away.close()
    return found


PILES: list[dict[str, Any]] = [
    {"status": "overtemp"},
    {"status": "overload"},
    {"status": "offline"},
    {"status": "ok", "smoke": True},
    {"status": "ok", "celsius": 120},
    {"status": "ok"},
]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_message_has_a_text_with_all_its_variables(language: str) -> None:
    found = findings()
    assert len(found) == 20 + 7 + 3
    for message, variables in found.items():
        template = Corridor.texts[message][language]
        # ``kind`` is for those who count, not for those who read.
        assert {name for _, name, _, _ in Formatter().parse(template) if name} == set(variables) - {"kind"}
        assert "{" not in render(Corridor.texts, language, message, variables)


def test_no_text_is_left_over() -> None:
    rules = [bind(scenario, {}).rules for scenario in civicloop_scenarios()]
    steps = {step.name for one in rules for track in one.tracks for step in track.chain}
    titles = {scenario.short_name() for scenario in civicloop_scenarios()}
    assert set(Corridor.texts) == steps | titles | set(findings()) | VOTES | COMMANDS


def test_every_breach_is_judged_and_has_a_kind_of_the_districts_list() -> None:
    assert {scenario.name for scenario in BREACHES} == JUDGED
    town = Town(*BREACHES)
    for where, activity in [("lobby", "parking"), ("corridor", "charging"), ("lift", "entering"), ("exit", "parking")]:
        town.hear("ebike.seen", subject=f"{where}", **(SEEN | {"where": where, "activity": activity}))
    kinds = [case.variables["kind"] for case in sorted(town.cases, key=lambda case: case.key)]
    assert kinds == ["corridor_charging", "fire_lane_blocked", "lift_entry", "corridor_parking"]
    town.close()


# --- fines


def test_a_fine_is_the_one_in_force_on_that_day_in_shanghai() -> None:
    penalties = (
        Penalty(since=date(2026, 1, 1), law="B", yuan_min=100, yuan_max=400),
        Penalty(since=date(2024, 6, 1), law="A", yuan_min=50, yuan_max=200),
    )
    assert in_force(datetime(2024, 5, 31, 15, 59, tzinfo=UTC), penalties) is None
    assert in_force(datetime(2024, 5, 31, 16, 0, tzinfo=UTC), penalties) is penalties[1]
    assert in_force(datetime(2025, 12, 31, 15, 59, tzinfo=UTC), penalties) is penalties[1]
    assert in_force(datetime(2025, 12, 31, 16, 0, tzinfo=UTC), penalties) is penalties[0]


def test_a_notice_names_the_fine_of_the_place_and_a_street_may_change_it() -> None:
    changed = [
        {"since": date(2025, 1, 1), "law": "《条例》修订", "yuan_min": 1, "yuan_max": 2},
        {"since": date(2025, 9, 13), "law": "《条例》再修订", "yuan_min": 3, "yuan_max": 4},
    ]
    town = Town(Corridor, FireLane, FlyingWire, config={"ebike_charging.corridor": {"penalties": changed}})
    town.hear("ebike.seen", subject="C1", **SEEN)
    town.hear("ebike.seen", subject="C2", **(SEEN | {"where": "exit"}))
    town.hear("ebike.seen", subject="C3", **(SEEN | {"activity": "flying_wire"}))

    assert {case.scenario.partition(".")[2]: case.variables["fine"] for case in town.cases} == {
        "corridor": "1-2",
        "fire_lane": "0-500",
        "flying_wire": "50-200",
    }
    assert town.case("ebike_charging.corridor/C1:corridor").variables["law"] == "《条例》修订"
    town.wait(days(1))
    town.hear("ebike.seen", subject="C4", **SEEN)
    assert town.case("ebike_charging.corridor/C4:corridor").variables["fine"] == "3-4"
    assert town.case("ebike_charging.corridor/C1:corridor").variables["fine"] == "1-2"  # what was told stays told
    town.close()


# --- memory

START = datetime(2025, 9, 12, 8, tzinfo=UTC)
TWO_HOURS, TEN_MINUTES, NINETY_DAYS = timedelta(hours=2), timedelta(minutes=10), timedelta(days=90)


def see(habit: Habit, at: datetime) -> int:
    return habit.see(at, TWO_HOURS, TEN_MINUTES, NINETY_DAYS)


@pytest.mark.parametrize(
    ("gone_after", "seen_after", "alarms"),
    [
        (None, timedelta(hours=2), 1),
        (None, timedelta(hours=2, seconds=1), 2),
        (timedelta(minutes=5), timedelta(minutes=14, seconds=59), 1),
        (timedelta(minutes=5), timedelta(minutes=15), 2),
        (timedelta(0), timedelta(minutes=10), 2),
    ],
)
def test_when_a_sighting_is_a_new_alarm(gone_after: timedelta | None, seen_after: timedelta, alarms: int) -> None:
    habit = Habit()
    assert see(habit, START) == 1
    if gone_after is not None:
        habit.lose(START + gone_after)
    assert see(habit, START + seen_after) == alarms


def test_a_sighting_that_arrives_late_is_no_new_alarm() -> None:
    habit = Habit()
    see(habit, START)
    habit.lose(START + TWO_HOURS)
    assert see(habit, START + timedelta(hours=1)) == 1
    assert see(habit, START - timedelta(days=3)) == 1
    assert habit.seen_at == START + timedelta(hours=1)


def test_an_alarm_is_remembered_for_less_than_ninety_days() -> None:
    habit = Habit()
    see(habit, START)
    assert see(habit, START + NINETY_DAYS - timedelta(seconds=1)) == 2
    assert see(habit, START + NINETY_DAYS * 2) == 1


def test_the_memory_of_a_busy_spot_stays_small() -> None:
    habit = Habit()
    for number in range(1000):
        see(habit, START + number * timedelta(minutes=121))
    assert len(habit.occasions) == OCCASIONS_MAX
    assert len(habit.model_dump_json()) < 4096
