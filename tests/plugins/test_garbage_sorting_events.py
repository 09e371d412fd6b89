"""What the garbage plugin reads, what it refuses to read, and what it says."""

from string import Formatter
from typing import Any

import pytest
from pydantic import ValidationError

from civicloop import Event, Finding, Privacy
from civicloop.core.sdk.binding import PluginError, bind
from civicloop.core.sdk.texts import render
from civicloop.plugins.garbage_sorting import BaggedLitter, Overflow, civicloop_scenarios, events
from civicloop.testing import Status, Town

TYPES = {
    events.BinLevel: "waste.bin.level",
    events.LitterSeen: "waste.litter.seen",
    events.LitterGone: "waste.litter.gone",
    events.UnsortedDrop: "waste.drop.unsorted",
    events.OffWindowDrop: "waste.drop.off_window",
    events.HaulWeighed: "waste.haul.weighed",
    events.NodeWeighed: "waste.node.weighed",
    events.HaulLeak: "waste.haul.leak",
    events.HaulMissed: "waste.haul.missed",
    events.HaulRefused: "waste.haul.refused",
}

FITS: list[tuple[type[Event], dict[str, Any]]] = [
    (events.BinLevel, {"fill_percent": 0}),
    (events.BinLevel, {"fill_percent": 87.5, "category": "wet", "lid": "open"}),
    (events.LitterSeen, {"confidence": 1}),
    (events.LitterGone, {"confidence": 0.4, "image": "sha256:aa", "bags": 0}),
    (events.UnsortedDrop, {"confidence": 0.9, "household": "H101", "expected": "dry", "found": "wet"}),
    (events.OffWindowDrop, {"confidence": 0.9, "image": "https://images.example/1.jpg"}),
    (events.HaulWeighed, {"from": "P1", "category": "dry", "kg": 31.5, "kind": "point"}),
    (events.NodeWeighed, {"category": "hazardous", "kg": 0, "kind": "terminal"}),
    (events.HaulLeak, {}),
    (events.HaulMissed, {"category": "recyclable"}),
    (events.HaulRefused, {"notice": "yellow", "holder": "unit"}),
]

DOES_NOT_FIT: list[tuple[type[Event], dict[str, Any]]] = [
    (events.BinLevel, {}),
    (events.BinLevel, {"fill_percent": 101}),
    (events.BinLevel, {"fill_percent": -1}),
    (events.BinLevel, {"fill_percent": "95"}),
    (events.BinLevel, {"fill_percent": True}),
    (events.BinLevel, {"fill_percent": float("nan")}),
    (events.BinLevel, {"fill_percent": 5, "category": "glass"}),
    (events.LitterSeen, {"confidence": 1.1}),
    (events.LitterSeen, {"confidence": 0.9, "image": "data:image/png;base64,AAAA"}),
    (events.LitterSeen, {"confidence": 0.9, "bags": -1}),
    (events.UnsortedDrop, {"household": "H101"}),
    (events.HaulWeighed, {"category": "dry", "kg": -1, "kind": "point"}),
    (events.NodeWeighed, {"category": "dry", "kg": 1, "kind": "street"}),
    (events.HaulMissed, {}),
    (events.HaulRefused, {"notice": "green", "holder": "unit"}),
]


def test_every_event_has_the_type_that_senders_use() -> None:
    assert {event: event.type for event in TYPES} == TYPES


@pytest.mark.parametrize(("event", "data"), FITS)
def test_data_that_fits(event: type[Event], data: dict[str, Any]) -> None:
    event.model_validate(data)


@pytest.mark.parametrize(("event", "data"), DOES_NOT_FIT)
def test_data_that_does_not_fit(event: type[Event], data: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        event.model_validate(data)


def test_a_weighing_knows_where_it_came_from() -> None:
    weighed = events.HaulWeighed.model_validate({"from": "P1", "category": "dry", "kg": 3, "kind": "point"})
    assert weighed.origin == "P1"


def test_households_and_images_are_marked_as_personal() -> None:
    assert events.UnsortedDrop.private_fields() == {"household": Privacy.PERSONAL, "image": Privacy.SENSITIVE}
    assert events.LitterSeen.private_fields() == {"image": Privacy.SENSITIVE}


def test_a_town_refuses_a_level_that_no_bin_can_have() -> None:
    town = Town(Overflow)
    assert town.hear("waste.bin.level", subject="B7", fill_percent=140).status is Status.REJECTED
    town.close()


@pytest.mark.parametrize("scenario", civicloop_scenarios())
def test_a_scenario_binds_without_fault(scenario: Any) -> None:
    assert bind(scenario, {}).name == scenario.name


@pytest.mark.parametrize(
    "table",
    [
        {"full_at_percent": 40},  # below the default of empty_at_percent
        {"empty_at_percent": 90},
        {"full_at_percent": 101},
        {"full_at": 90},
    ],
)
def test_levels_that_cannot_work_are_refused_when_the_street_is_read(table: dict[str, Any]) -> None:
    with pytest.raises(PluginError, match=r"plugins\.garbage_sorting\.overflow"):
        bind(Overflow, table)


def messages() -> list[Finding]:
    """One finding for every message that the plugin can send."""
    found: list[Finding] = []
    town = Town(Overflow, BaggedLitter)
    town.hear("waste.bin.level", subject="B7", fill_percent=95)
    town.hear("waste.litter.seen", subject="P1", confidence=0.9)
    town.hear("waste.litter.seen", subject="P2", confidence=0.9, bags=2)
    found += [Finding(case.message, **case.variables) for case in town.cases]
    town.close()
    return found


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_message_has_a_text_with_all_its_variables(language: str) -> None:
    found = messages()
    assert {finding.message for finding in found} == {"bin_full", "bags_seen", "bags_counted"}
    for finding in found:
        template = Overflow.texts[finding.message][language]
        assert {name for _, name, _, _ in Formatter().parse(template) if name} == set(finding.variables)
        assert "{" not in render(Overflow.texts, language, finding.message, finding.variables)


def test_every_result_has_a_text() -> None:
    assert set(Overflow.outcomes) <= set(Overflow.texts)
