"""Water that never stops, or far too much of it; and the sums by half hours beneath."""

from collections.abc import Callable
from datetime import timedelta
from itertools import permutations

import pytest

from civicloop import Reason, Severity, hours, minutes
from civicloop.plugins.elderly_care.leak import Leak
from civicloop.plugins.elderly_care.water import SLOTS_KEPT, Flow, slot_of, slot_start
from civicloop.testing import MORNING, Town

LEAK = "elderly_care.leak/household"
Build = Callable[..., Town]


def home(build: Build, **settings) -> Town:
    street = build(Leak, config={"elderly_care.leak": settings})
    return street.add_device("meter", "household", "water").add_device("door", "household", "door")


def drip(street: Town, half_hours: int, litres: float | None = 0.2) -> None:
    """Water flows once in each of so many half hours; the clock ends at the start of the next."""
    for _ in range(half_hours):
        street.hear("care.water", subject="meter", **({} if litres is None else {"litres": litres}))
        street.wait(minutes(30))


@pytest.mark.parametrize("litres", [0.2, None])
def test_flow_in_every_half_hour_of_a_day_is_a_leak_for_the_property_company(town: Build, litres):
    street = home(town)
    drip(street, 47, litres)
    assert street.is_quiet
    drip(street, 1, litres)
    case = street.case(LEAK)
    assert (case.message, case.variables, case.severity) == ("flow_never_stops", {"hours": 24}, Severity.P2)
    assert street.asked == ["property_company"]
    assert [kind.value for kind in street.told("family")] == ["inform"]


def test_one_dry_half_hour_in_a_day_is_no_leak(town: Build):
    street = home(town)
    drip(street, 47)
    street.wait(minutes(30))
    drip(street, 47)
    assert street.is_quiet


@pytest.mark.parametrize(("litres", "leaks"), [(2000, False), (2001, True)])
def test_more_than_two_cubic_metres_within_a_day_is_a_leak(town: Build, litres, leaks):
    street = home(town)
    street.hear("care.water", subject="meter", litres=1000)
    street.wait(hours(20)).hear("care.water", subject="meter", litres=litres - 1000)
    assert street.is_quiet is not leaks
    if leaks:
        assert (street.case(LEAK).message, street.case(LEAK).variables) == ("too_much_water", {"litres": 2001})


def test_two_cubic_metres_in_two_days_are_not(town: Build):
    street = home(town)
    street.hear("care.water", subject="meter", litres=1500)
    street.wait(hours(24)).hear("care.water", subject="meter", litres=1500)
    assert street.is_quiet


def test_a_meter_that_says_nothing_is_not_dry(town: Build):
    street = home(town)
    drip(street, 48)
    street.wait(hours(10))
    street.hear("care.device", subject="door", status="online")
    street.hear("care.device", subject="meter", status="offline")
    assert street.case(LEAK).is_open


@pytest.mark.parametrize("word", ["use", "zero", "status"])
def test_a_report_after_a_dry_half_hour_ends_it(town: Build, word):
    street = home(town)
    drip(street, 48)
    street.wait(minutes(30))
    if word == "status":
        street.hear("care.device", subject="meter", status="online")
    else:
        street.hear("care.water", subject="meter", litres=3 if word == "use" else 0)
    assert street.case(LEAK).result == Reason.CLEARED


def test_what_was_counted_is_not_counted_again(town: Build):
    street = home(town)
    street.hear("care.water", subject="meter", litres=2500)
    street.wait(hours(1)).hear("care.water", subject="meter", litres=5)
    assert street.is_quiet
    street.wait(hours(2)).hear("care.water", subject="meter", litres=5)
    assert street.is_quiet
    street.wait(hours(1)).hear("care.water", subject="meter", litres=2001)
    assert street.case(LEAK).round == 2


def test_a_late_reading_that_makes_it_a_leak_is_acted_upon_with_the_next_one(town: Build):
    street = home(town)
    street.hear("care.water", subject="meter", litres=1500)
    street.wait(hours(2)).hear("care.water", subject="meter", litres=5)
    street.hear("care.water", subject="meter", litres=1000, at=street.now - timedelta(hours=1))
    assert street.is_quiet
    street.wait(minutes(1)).hear("care.water", subject="meter", litres=5)
    assert street.case(LEAK).variables == {"litres": 2510}


def test_it_is_one_case_while_it_runs(town: Build):
    street = home(town)
    drip(street, 60)
    assert street.case(LEAK).sightings == 1
    assert len(street.cases) == 1


def test_whoever_stopped_it_is_believed_once_the_meter_says_so_or_somebody_looked(town: Build):
    street = home(town)
    drip(street, 48)
    street.answer("report", LEAK, "property_company", result="done")
    assert street.case(LEAK).is_open
    street.answer("verify", LEAK, "neighborhood_committee", result="pass")
    assert street.is_quiet


def test_nobody_stops_it_and_the_street_is_asked(town: Build):
    street = home(town)
    drip(street, 48)
    assert street.wait(hours(4)).asked == ["property_company", "ops_center"]


def test_a_street_may_count_otherwise(town: Build):
    street = home(town, unbroken_hours=12, litres_a_day_max=300)
    drip(street, 24)
    assert street.case(LEAK).variables == {"hours": 12}


# the sums ----------------------------------------------------------------------------------------------------


def test_half_hours_begin_on_the_hour_and_in_its_middle():
    assert slot_start(slot_of(MORNING + timedelta(minutes=29))) == MORNING
    assert slot_start(slot_of(MORNING + timedelta(minutes=30))) == MORNING + timedelta(minutes=30)


def test_the_order_of_arrival_does_not_matter():
    drawn = [(0, 1.0), (10, 2.0), (40, 4.0), (200, 8.0)]
    flows = []
    for order in permutations(drawn):
        flow = Flow()
        for minute, litres in order:
            flow.add(MORNING + timedelta(minutes=minute), litres)
        flows.append(flow)
    assert all(flow == flows[0] for flow in flows)
    at = MORNING + timedelta(minutes=200)
    assert flows[0].total(at) == 15
    assert flows[0].total(at, span=timedelta(hours=1)) == 8
    assert flows[0].total(at, since=MORNING + timedelta(minutes=30)) == 12
    assert (flows[0].unbroken(at), flows[0].unbroken(MORNING + timedelta(minutes=59))) == (1, 2)
    assert flows[0].is_dry(at)
    assert not flows[0].is_dry(MORNING + timedelta(minutes=59))


def test_the_sums_are_bounded_and_keep_the_newest():
    flow = Flow()
    for half_hour in range(500):
        flow.add(MORNING + timedelta(minutes=30 * half_hour), 1.0)
    assert len(flow.litres) == SLOTS_KEPT
    assert flow.unbroken(MORNING + timedelta(minutes=30 * 499)) == SLOTS_KEPT
    assert len(flow.model_dump_json()) < 4096
