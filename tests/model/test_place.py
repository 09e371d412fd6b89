"""The directory: who answers for a place, how places lie in each other, who is on duty."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from civicloop.core.model.chain import Severity
from civicloop.core.model.place import OPS, Directory, Level, Page, Party, Person, Place, Reach
from civicloop.core.model.roster import Roster, Rotation, Shift

NOON = datetime(2025, 9, 12, 12, tzinfo=UTC)


def place(code: str, level: Level, parent: str | None) -> tuple[str, Place]:
    return code, Place(code, code.title(), level, parent)


def party(at: str, role: str, organisation: str) -> tuple[tuple[str, str], Party]:
    return (at, role), Party(at, role, organisation, (), (Page("app"),))


def at(hour: int) -> datetime:
    return datetime(2025, 9, 12, hour, tzinfo=UTC)


def shift(begins: int, ends: int, person: str) -> Shift:
    return Shift(at(begins), at(ends), (person,))


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
    roster={
        ("estate", "manager"): Roster(
            ZoneInfo("UTC"), (shift(8, 12, "early"), shift(11, 14, "noon"), shift(14, 20, "late"))
        )
    },
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
    [(8, ("early",)), (11, ("early", "noon")), (12, ("noon",)), (14, ("late",)), (19, ("late",))],
)
def test_who_is_on_duty(now: int, people: tuple[str, ...]) -> None:
    holder = TOWN.holder("manager", "unit", at(now))
    assert holder is not None
    assert holder.people == people
    assert holder.place == "estate"


@pytest.mark.parametrize(
    ("role", "code", "hour", "vacant"),
    [
        ("manager", "estate", 7, True),
        ("manager", "unit", 20, True),  # though the street has a manager too
        ("manager", "unit", 8, False),
        ("manager", "park", 7, False),  # held by the street, which keeps no roster
        ("ghost", "unit", 7, False),  # nobody holds it
    ],
)
def test_a_gap_in_a_roster_is_told_from_a_role_that_nobody_holds(role: str, code: str, hour: int, vacant: bool) -> None:
    assert TOWN.is_vacant(role, code, at(hour)) is vacant
    assert (TOWN.holder(role, code, at(hour)) is None) is (vacant or role == "ghost")


def test_ops_are_reached_as_a_whole_in_a_gap() -> None:
    pages, roster = (Page("console"),), Roster(ZoneInfo("UTC"), (shift(8, 12, "early"),))
    parties = {("street", OPS): Party("street", OPS, "Street", (), pages)}
    town = Directory("street", TOWN.places, parties=parties, roster={("street", OPS): roster})
    holder = town.holder(OPS, "unit", at(13))
    assert holder is not None
    assert (holder.people, holder.reaches) == ((), (Reach("", pages),))
    assert town.is_vacant(OPS, "unit", at(13))


APP, SMS, VOICE = Page("app"), Page("sms", timedelta(minutes=5)), Page("voice", timedelta(), Severity.P1)
NIGHT, LUNCH = (time(22), time(7)), (time(12), time(14))
ANN = Person("ann", ("1",), (APP, SMS), LUNCH)
BEN = Person("ben", ("2",))


@pytest.mark.parametrize(
    ("pages", "quiet", "people", "reaches"),
    [
        ((), None, (), ()),
        ((), None, ("eve",), ()),
        ((VOICE,), NIGHT, (), (Reach("", (VOICE,), NIGHT),)),
        ((VOICE,), NIGHT, ("eve",), (Reach("", (VOICE,), NIGHT),)),  # who has no ways of her own
        ((VOICE,), NIGHT, ("eve", "adam"), (Reach("", (VOICE,), NIGHT),)),
        ((VOICE,), NIGHT, ("ann",), (Reach("ann", (APP, SMS), LUNCH),)),
        ((VOICE,), NIGHT, ("ben",), (Reach("ben", (VOICE,), NIGHT),)),  # whose own are his contacts only
        ((VOICE,), None, ("ann", "eve"), (Reach("ann", (APP, SMS), LUNCH), Reach("", (VOICE,)))),
        ((), None, ("ann", "eve"), (Reach("ann", (APP, SMS), LUNCH), Reach())),
        ((), NIGHT, (), (Reach("", (), NIGHT),)),
    ],
)
def test_how_those_who_hold_a_role_are_reached(
    pages: tuple[Page, ...], quiet: tuple[time, time] | None, people: tuple[str, ...], reaches: tuple[Reach, ...]
) -> None:
    seat = ("estate", "manager")
    roster = {seat: Roster(ZoneInfo("UTC"), (Shift(at(0), at(23), people),))} if people else {}
    known = {"ann": ANN, "ben": BEN}
    party = Party("estate", "manager", "Estate Co", (), pages, quiet)
    holder = Directory("street", TOWN.places, {}, {seat: party}, roster, known).holder("manager", "unit", NOON)
    assert holder is not None
    assert (holder.people, holder.reaches) == (people, reaches)


def test_who_is_on_duty_does_not_depend_on_who_was_asked_for_before() -> None:
    turns = Rotation((("a",), ("b",)), date(2025, 9, 1))
    parties = {("estate", "manager"): TOWN.parties["estate", "manager"]}
    roster = {("estate", "manager"): Roster(ZoneInfo("UTC"), (), (turns,))}
    town = Directory("street", TOWN.places, parties=parties, roster=roster)
    for day, person in [(1, "a"), (2, "b"), (1, "a"), (30, "b"), (2, "b"), (29, "a")]:
        for hour in (0, 12, 23):
            holder = town.holder("manager", "unit", datetime(2025, 9, day, hour, tzinfo=UTC))
            assert holder is not None
            assert holder.people == (person,)


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
