"""Which act at which place is whose: keys, authorities, lifts and dwellings."""

from collections.abc import Callable
from datetime import date
from itertools import product
from typing import Any, get_args

import pytest
from pydantic import ValidationError

from civicloop import NoticeKind, Reason, days, hours, minutes, seconds
from civicloop.plugins.ebike_charging import BREACHES, Corridor, Dwelling, FireLane, FlyingWire, Lift
from civicloop.plugins.ebike_charging.events import Activity, Where
from civicloop.plugins.ebike_charging.routes import Table
from civicloop.testing import Town

CORRIDOR = "ebike_charging.corridor/household"
LIFT = "ebike_charging.lift/C1"

DISSUADE = ["property_company"]
VISIT = ["party_secretary", "neighborhood_committee", "block_cadre", "property_manager"]
REPORT = ["property_company"]
"""Who is asked for the statutory report, which runs beside the chain."""
REVIEW = ["ops_center"]

Builder = Callable[..., Town]


def seen(town: Town, where: str = "corridor", activity: str = "charging", **data: Any) -> None:
    """A camera sees it; the household is known unless ``household`` says otherwise."""
    content = {"confidence": 0.9, "household": "household"} | data
    town.hear("ebike.seen", subject="C1", where=where, activity=activity, **content)


def gone(town: Town, where: str = "corridor", activity: str = "charging", **data: Any) -> None:
    content = {"confidence": 0.9, "household": "household"} | data
    town.hear("ebike.gone", subject="C1", where=where, activity=activity, **content)


# --- which place leads to whom

AUTHORITY: dict[str, list[str]] = {
    "corridor": ["urban_enforcement"],
    "flying_wire": ["urban_enforcement"],
    "fire_lane": ["fire_rescue"],
    "crowded_place": ["fire_rescue"],
    "dwelling": ["urban_enforcement"],
    "lift": ["urban_enforcement", "fire_rescue"],
}


def scenario_of(where: str, activity: str) -> str | None:
    """The row of the routing table, as the regulation tells it."""
    if activity == "flying_wire":
        return "flying_wire"
    if where in ("lift", "dwelling"):
        return where
    if activity == "entering":
        return None
    rows = {"exit": "fire_lane", "fire_lane": "fire_lane", "crowded_indoor": "crowded_place"}
    return rows.get(where, "corridor")


@pytest.mark.parametrize(("where", "activity"), list(product(get_args(Where), get_args(Activity))))
def test_every_act_at_every_place_has_at_most_one_row_and_its_authority(
    town: Builder, where: str, activity: str
) -> None:
    one = town(*BREACHES)
    seen(one, where=where, activity=activity)
    expected = scenario_of(where, activity)
    if expected is None:
        assert one.cases == []
        return

    (case,) = one.cases
    assert case.scenario == f"ebike_charging.{expected}"
    one.wait(minutes(20))
    before = len(one.asked)
    one.answer("approve", case.ref, "ops_center")
    assert one.asked[before:] == AUTHORITY[expected]


def test_a_street_may_send_corridors_to_the_housing_bureau(town: Builder) -> None:
    one = town(Corridor, config={"ebike_charging.corridor": {"chain": {"enforce": {"parties": ["housing_bureau"]}}}})
    seen(one)
    one.wait(minutes(20))
    one.answer("approve", CORRIDOR, "ops_center")

    assert one.asked[-1] == "housing_bureau"


def test_the_case_lies_where_the_household_or_the_building_is(town: Builder) -> None:
    one = town(Corridor, FlyingWire, FireLane)
    seen(one)
    seen(one, activity="flying_wire", household=None, building="building")
    seen(one, where="fire_lane", household="somebody the street does not know")

    assert sorted(case.place for case in one.cases) == ["building", "estate", "household"]
    assert one.asked == DISSUADE * 3


@pytest.mark.parametrize(
    ("data", "key"),
    [
        ({"household": "H101", "object": "bike-7"}, "H101"),
        ({"object": "bike-7"}, "C1:bike-7"),
        ({}, "C1:corridor"),
    ],
)
def test_what_a_case_is_about(town: Builder, data: dict[str, str], key: str) -> None:
    one = town(Corridor)
    one.hear("ebike.seen", subject="C1", where="corridor", activity="parking", confidence=0.9, **data)
    one.hear("ebike.gone", subject="C1", where="corridor", activity="parking", confidence=0.9, **data)

    assert [case.key for case in one.cases] == [key]
    assert one.wait(hours(2)).is_quiet


def test_a_camera_that_is_not_sure_does_nothing(town: Builder) -> None:
    one = town(Corridor)
    seen(one, confidence=0.29)
    assert one.cases == []

    seen(one, confidence=0.6)
    gone(one, confidence=0.59)
    assert one.story(CORRIDOR)[-1] is Reason.ASKED
    assert one.case(CORRIDOR).variables["alarms"] == 1


# --- lifts and dwellings


def test_a_lift_is_clear_after_ten_quiet_minutes(town: Builder) -> None:
    one = town(Lift)
    seen(one, where="lift", activity="entering")
    one.wait(minutes(2))
    gone(one, where="lift", activity="entering")

    assert not one.wait(minutes(9)).is_quiet
    assert one.wait(minutes(1)).is_quiet
    assert one.asked == DISSUADE


def test_a_lift_that_nobody_looks_after_climbs_like_the_rest(town: Builder) -> None:
    one = town(Lift)
    seen(one, where="lift", activity="parking")
    one.wait(minutes(20))
    assert one.asked == DISSUADE + VISIT + REPORT + REVIEW

    one.answer("approve", LIFT, "ops_center")
    assert one.asked == DISSUADE + VISIT + REPORT + REVIEW + ["urban_enforcement", "fire_rescue"]


def test_neighbours_in_one_lift_are_not_one_habit(town: Builder) -> None:
    one = town(Lift)
    for household in ("H101", "H202", "H101"):
        seen(one, where="lift", activity="entering", household=household)
        gone(one, where="lift", activity="entering", household=household)
        one.wait(minutes(30))

    assert one.asked == DISSUADE * 3
    assert one.case(LIFT).variables["alarms"] == 3


def test_a_meter_recognises_charging_at_home(town: Builder) -> None:
    one = town(Dwelling)
    ref = "ebike_charging.dwelling/household"
    one.hear("ebike.meter", subject="M1", charging=False, household="household")
    assert one.cases == []

    one.wait(hours(3))
    one.hear("ebike.meter", subject="M1", charging=True, household="household")
    assert one.asked == DISSUADE
    one.wait(minutes(3))
    one.hear("ebike.meter", subject="M1", charging=False, household="household")
    assert one.wait(hours(2)).is_quiet

    one.wait(days(40))
    one.hear("ebike.meter", subject="M1", charging=True, household="household")
    assert one.asked == DISSUADE + REVIEW + REPORT
    assert one.case(ref).message == "meter_charging"


# --- machines on the spot


def commands(town: Town) -> list[tuple[str, str]]:
    return [(one.party, one.message) for one in town.notices if one.kind is NoticeKind.COMMAND]


def test_a_lift_blocker_holds_the_door_and_a_speaker_prompts_once_an_alarm(town: Builder) -> None:
    one = town(Lift).add_device("LB1", "estate", "lift_blocker").add_device("SP1", "estate", "speaker")
    for _ in range(5):
        seen(one, where="lift", activity="entering")
        one.wait(seconds(10))
    assert commands(one) == [("LB1", "hold_door"), ("SP1", "voice_prompt")]

    one.wait(minutes(11))
    seen(one, where="lift", activity="entering")
    assert len(commands(one)) == 4


def test_machines_are_not_told_what_a_camera_only_believes(town: Builder) -> None:
    one = town(Lift).add_device("LB1", "estate", "lift_blocker")
    seen(one, where="lift", activity="entering", confidence=0.5)
    assert (one.asked, commands(one)) == (["ops_center"], [])


def test_who_stands_in_the_corridor_is_told_by_its_speaker(town: Builder) -> None:
    one = town(Corridor).add_device("SP1", "estate", "speaker").add_device("SP2", "building", "speaker")
    seen(one)
    assert commands(one) == [("SP1", "voice_prompt")]


@pytest.mark.parametrize("scenario", BREACHES)
def test_every_row_names_its_article_and_the_day_of_its_fine(scenario: Any) -> None:
    assert scenario.route.article.startswith("29(")
    assert [row.since.isoformat() for row in scenario.route.rows] == ["2024-06-01"]
    assert all("条" in row.law for row in scenario.route.rows)


FINES = {
    "flying_wire": ("50-200", None),
    "corridor": ("1000-10000", 100_000),
    "fire_lane": ("0-500", None),
    "crowded_place": ("1000-10000", 50_000),
    "dwelling": ("200-500", None),
    "lift": ("200-500", None),
}
"""Domain reference 10.2: the usual fine, and what a serious case may cost."""


def test_the_fines_are_those_of_the_law() -> None:
    rows = {one.short_name(): one.route.rows[0] for one in BREACHES}
    assert {name: (row.yuan, row.serious_yuan_max) for name, row in rows.items()} == FINES
    assert (FireLane.route.rows[0].unit_yuan_min, FireLane.route.rows[0].unit_yuan_max) == (5000, 50000)


def test_a_table_whose_authority_changes_with_the_day_is_refused() -> None:
    row = Corridor.route.rows[0]
    later = row.model_copy(update={"since": date(2027, 1, 1), "authority": ("housing_bureau",)})
    with pytest.raises(ValidationError, match=r"chain\.enforce\.parties"):
        Table(forbidden_by="29(2)(1)", rows=(row, later))
