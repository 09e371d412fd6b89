"""What the garbage plugin reads, what it refuses to read, and what it says."""

import json
import re
from pathlib import Path
from string import Formatter
from typing import Any

import pytest
from pydantic import ValidationError

from civicloop import Event, Finding, Privacy, days, hours
from civicloop.core.sdk.binding import PluginError, bind
from civicloop.core.sdk.texts import render
from civicloop.plugins.garbage_sorting import Overflow, Penalty, civicloop_scenarios, events
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


GAPS = ({"wet": 700}, {"wet": 1300}, {"wet": 200, "dry": 1000}, {})
"""What a station weighs in of 1,000 kg wet: too little, too much, as something else, nothing."""


def messages() -> list[Finding]:
    """One finding for every message that opens a case."""
    town = Town(*(scenario for scenario in civicloop_scenarios() if scenario is not Penalty))
    town.hear("waste.bin.level", subject="B7", fill_percent=95)
    town.hear("waste.litter.seen", subject="P1", confidence=0.9)
    town.hear("waste.litter.seen", subject="P2", confidence=0.9, bags=2)
    town.wait(hours(4))
    for household in (None, "household"):
        mixed = {"household": household, "expected": "dry", "found": "wet"} if household else {}
        town.hear("waste.drop.unsorted", subject="P1", confidence=0.9, **mixed)
        town.hear("waste.drop.off_window", subject="P1", confidence=0.9)
    town.answer("close", "garbage_sorting.unsorted_drop/P1:household", "ops_center", reason="guided on the spot")
    town.wait(hours(1)).hear(
        "waste.drop.unsorted", subject="P1", confidence=0.9, household="household", expected="dry", found="wet"
    )
    for number, (notice, holder) in enumerate([("yellow", "unit"), ("yellow", "residential"), ("red", "unit")]):
        town.hear("waste.haul.refused", subject=f"P{number}", notice=notice, holder=holder)
    for category in ("dry", "wet", "recyclable", "hazardous"):
        town.hear("waste.haul.missed", subject="P1", category=category)
    town.hear("waste.haul.leak", subject="V1")
    for number, came in enumerate(GAPS):
        vehicle = f"V{number}"
        town.hear("waste.haul.weighed", subject=vehicle, category="wet", kg=1000, kind="point")
        for category, kg in came.items():
            data = {"from": vehicle, "category": category, "kg": kg, "kind": "compaction"}
            town.hear("waste.node.weighed", subject="S", data=data)
    town.wait(days(1))
    found = {case.message: Finding(case.message, **case.variables) for case in town.cases}
    town.close()
    return [*found.values(), Finding("refused_to_correct", article="57", yuan="50-200")]


@pytest.fixture(scope="module")
def found() -> list[Finding]:
    return messages()


OTHER_TEXTS = {"stranded", "super_stranded", "correction_overdue"} | {
    f"voice_{what}" for what in ("litter", "full", "unsorted", "off_window")
}
"""Findings about a case that is open already, and what the bin room says."""


def test_every_text_is_used(found: list[Finding]) -> None:
    steps = {step.name for scenario in civicloop_scenarios() for step in scenario.chain}
    names = {scenario.short_name() for scenario in civicloop_scenarios()}
    results = {result for scenario in civicloop_scenarios() for result in scenario.outcomes}
    said = {finding.message for finding in found}
    assert set(Overflow.texts) == steps | names | results | said | OTHER_TEXTS


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_message_has_a_text_with_all_its_variables(language: str, found: list[Finding]) -> None:
    for finding in found:
        template = Overflow.texts[finding.message][language]
        assert {name for _, name, _, _ in Formatter().parse(template) if name} <= set(finding.variables)
        assert "{" not in render(Overflow.texts, language, finding.message, finding.variables)


@pytest.mark.parametrize("scenario", civicloop_scenarios())
def test_every_setting_says_where_it_comes_from_and_stands_in_the_readme(scenario: Any) -> None:
    readme = (Path(events.__file__).parent / "README.md").read_text(encoding="utf-8")
    defaults = scenario.config_type()().model_dump(mode="json")
    for name, field in scenario.config_type().model_fields.items():
        assert re.search(r"assumption|Practice|practice|Law", field.description or ""), name
        assert readme.count(f"| `{scenario.short_name()}` | `{name}` | `{json.dumps(defaults[name])}` |") == 2, name


@pytest.mark.parametrize("scenario", civicloop_scenarios())
def test_every_result_has_a_text(scenario: Any) -> None:
    assert set(scenario.outcomes) <= set(scenario.texts)
