"""No repeat within 24 hours (domain 10.6): what is back by then was not solved, and the joint visit goes on with it."""

from collections.abc import Callable
from typing import Any

import pytest

from civicloop import NoticeKind, Reason, hours
from civicloop.plugins.ebike_charging import Corridor, Lift
from civicloop.testing import Town

DISSUADE = ["property_company"]
VISIT = ["party_secretary", "neighborhood_committee", "block_cadre", "property_manager"]
CONFIRM = ["ops_center"]

Builder = Callable[..., Town]


def seen(town: Town, where: str = "corridor", activity: str = "charging", **data: Any) -> None:
    """A camera sees one whose household nobody knows."""
    town.hear("ebike.seen", subject="C1", where=where, activity=activity, **{"confidence": 0.9} | data)


def gone(town: Town, where: str = "corridor", activity: str = "charging") -> None:
    town.hear("ebike.gone", subject="C1", where=where, activity=activity, confidence=0.9)


def asked(town: Town) -> list[str]:
    """Who was asked on the main line; the report that runs beside it has stories of its own."""
    asks = (one for one in town.notices if one.kind is NoticeKind.ASK)
    return [one.party for one in asks if one.step not in {"report_breach", "press_report", "supervise_company"}]


SPOT = "ebike_charging.corridor/C1:corridor"


@pytest.mark.parametrize(
    ("hours_later", "parties", "reasons"),
    [(23, VISIT, [Reason.OPENED, Reason.RECURRED]), (24, VISIT, [Reason.OPENED, Reason.RECURRED]), (25, DISSUADE, [])],
)
def test_what_is_back_within_a_day_of_its_closing_was_dissuaded_in_vain(
    town: Builder, hours_later: int, parties: list[str], reasons: list[Reason]
) -> None:
    one = town(Corridor)
    seen(one)
    gone(one)
    one.wait(hours(2))
    first = one.case(SPOT)
    one.wait(hours(hours_later))
    seen(one)

    case = one.case(SPOT)
    assert asked(one) == DISSUADE + parties
    assert case.previous == (first.id if reasons else None)
    assert one.story(SPOT)[:2] == (reasons or [Reason.OPENED, Reason.ASKED])
    assert (case.track("statutory_report") is not None) is bool(reasons)


def test_a_doubtful_picture_within_the_day_is_confirmed_first_all_the_same(town: Builder) -> None:
    one = town(Corridor)
    seen(one)
    gone(one)
    one.wait(hours(3))
    seen(one, confidence=0.5)

    assert asked(one) == DISSUADE + CONFIRM  # the operations centre, which looks at the picture
    assert one.case(SPOT).step(one.case(SPOT).tracks[0]).name == "confirm"


def test_a_false_alarm_does_not_come_back(town: Builder) -> None:
    one = town(Corridor)
    seen(one)
    one.answer("report", SPOT, "property_company", result="false_alarm")
    one.answer("verify", SPOT, "ops_center")
    one.wait(hours(13))
    seen(one)

    assert asked(one) == DISSUADE * 2
    assert one.case(SPOT).previous is None


def test_neighbours_in_one_lift_on_one_day_are_dissuaded_each(town: Builder) -> None:
    one = town(Lift)
    for _ in range(2):
        seen(one, where="lift", activity="entering")
        gone(one, where="lift", activity="entering")
        one.wait(hours(1))

    assert asked(one) == DISSUADE * 2


def test_a_street_sets_how_long_it_must_last(town: Builder) -> None:
    one = town(Corridor, config={"ebike_charging.corridor": {"recurrence": {"within": "1 hours"}}})
    seen(one)
    gone(one)
    one.wait(hours(4))
    seen(one)

    assert asked(one) == DISSUADE * 2
