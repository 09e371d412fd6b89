"""The directory: who answers for a place, how places lie in each other, who is on duty."""

from datetime import UTC, datetime

import pytest

from civicloop.core.model.place import Directory, Level, Party, Place, Shift

NOON = datetime(2025, 9, 12, 12, tzinfo=UTC)


def place(code: str, level: Level, parent: str | None) -> tuple[str, Place]:
    return code, Place(code, code.title(), level, parent)


def party(at: str, role: str, organisation: str) -> tuple[tuple[str, str], Party]:
    return (at, role), Party(at, role, organisation, (), ("app",))


def at(hour: int) -> datetime:
    return datetime(2025, 9, 12, hour, tzinfo=UTC)


def shift(begins: int, ends: int, person: str) -> Shift:
    return Shift("manager", "estate", at(begins), at(ends), person)


TOWN = Directory(
    "street",
    dict(
        [
            place("street", Level.STREET, None),
            place("area", Level.AREA, "street"),
            place("committee", Level.COMMITTEE, "area"),
            place("estate", Level.ESTATE, "committee"),
            place("building", Level.BUILDING, "estate"),
            place("unit", Level.UNIT, "building"),
            place("park", Level.ESTATE, "street"),
            place("lost", Level.ESTATE, "nowhere"),
            place("hen", Level.ESTATE, "egg"),
            place("egg", Level.ESTATE, "hen"),
        ]
    ),
    parties=dict(
        [
            party("street", "manager", "Street"),
            party("estate", "manager", "Estate Co"),
            party("committee", "cadre", "Committee"),
            party("unit", "family", ""),
        ]
    ),
    roster={("estate", "manager"): (shift(8, 12, "early"), shift(11, 14, "noon"), shift(14, 20, "late"))},
)


@pytest.mark.parametrize(
    ("role", "code", "organisation"),
    [
        ("manager", "estate", "Estate Co"),
        ("manager", "unit", "Estate Co"),
        ("manager", "committee", "Street"),
        ("manager", "park", "Street"),
        ("cadre", "unit", "Committee"),
        ("family", "unit", ""),
    ],
)
def test_the_nearest_place_around_it_that_has_one_answers(role: str, code: str, organisation: str) -> None:
    holder = TOWN.holder(role, code, NOON)
    assert holder is not None
    assert (holder.role, holder.organisation, holder.reaches[0].pages[0].channel) == (role, organisation, "app")


@pytest.mark.parametrize(
    ("role", "code"),
    [
        ("cadre", "area"),  # an area does not answer for what lies around it
        ("family", "building"),
        ("cadre", "park"),
        ("ghost", "unit"),
        ("manager", "atlantis"),
        ("manager", "lost"),
        ("manager", "hen"),
    ],
)
def test_nobody_answers(role: str, code: str) -> None:
    assert TOWN.holder(role, code, NOON) is None


@pytest.mark.parametrize(
    ("now", "people"),
    [(7, ()), (8, ("early",)), (11, ("early", "noon")), (12, ("noon",)), (14, ("late",)), (20, ())],
)
def test_who_is_on_duty(now: int, people: tuple[str, ...]) -> None:
    holder = TOWN.holder("manager", "unit", at(now))
    assert holder is not None
    assert holder.people == people
    assert holder.place == "estate"


def test_the_roster_of_another_place_does_not_count() -> None:
    holder = TOWN.holder("manager", "park", NOON)
    assert holder is not None
    assert holder.people == ()


@pytest.mark.parametrize(
    ("code", "partition"),
    [("unit", "committee"), ("committee", "committee"), ("area", "street"), ("park", "street"), ("atlantis", "street")],
)
def test_the_partition_is_the_committee_else_the_street(code: str, partition: str) -> None:
    assert TOWN.partition(code) == partition


def test_places_around_a_place() -> None:
    around = [place.code for place in TOWN.around("unit")]
    assert around == ["unit", "building", "estate", "committee", "area", "street"]
    assert [place.code for place in TOWN.around("lost")] == ["lost"]
    assert list(TOWN.around("atlantis")) == []


def test_places_that_lie_in_each_other_are_an_end_not_a_circle_without_one() -> None:
    assert len(list(TOWN.around("hen"))) <= 32
    assert TOWN.partition("hen") == "street"


def test_the_place_of_a_level() -> None:
    building = TOWN.enclosing("unit", Level.BUILDING)
    assert building is not None
    assert building.code == "building"
    assert TOWN.enclosing("street", Level.BUILDING) is None


@pytest.mark.parametrize(
    ("code", "subtree", "lies"),
    [("unit", "unit", True), ("unit", "committee", True), ("committee", "unit", False), ("park", "committee", False)],
)
def test_what_lies_in_what(code: str, subtree: str, lies: bool) -> None:
    assert TOWN.inside(code, subtree) is lies
