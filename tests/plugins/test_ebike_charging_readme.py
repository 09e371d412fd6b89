"""The README names every setting with its default, every scenario and every step, in both languages."""

import re
from pathlib import Path
from typing import Any

import pytest

from civicloop.core.sdk.binding import bind
from civicloop.plugins import ebike_charging
from civicloop.plugins.ebike_charging import BREACHES, civicloop_scenarios

README = (Path(ebike_charging.__file__).parent / "README.md").read_text(encoding="utf-8")
LANGUAGES = dict(zip(("zh", "en"), re.split(r"^## .+$", README, flags=re.MULTILINE)[1:], strict=True))
ROW = re.compile(
    r"^\| (?P<where>[^|]+) \| `(?P<name>\w+)` \| `(?P<default>[^`]+)` \| (?P<meaning>[^|]+) \|$", re.MULTILINE
)
BREACH = {"zh": "违规", "en": "breaches"}


def settings_told(language: str) -> dict[tuple[str, str], str]:
    """Scenario and setting to the default that the table says, a row for all breaches standing for each."""
    told: dict[tuple[str, str], str] = {}
    for row in ROW.finditer(LANGUAGES[language]):
        named = re.findall(r"`(\w+)`", row["where"])
        if row["where"] == BREACH[language]:
            named = [scenario.short_name() for scenario in BREACHES]
        told |= {(scenario, row["name"]): row["default"] for scenario in named}
    return told


def settings_of_the_models() -> dict[tuple[str, str], Any]:
    return {
        (scenario.short_name(), name): field.default
        for scenario in civicloop_scenarios()
        for name, field in scenario.config_type().model_fields.items()
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_setting_stands_there_with_its_default(language: str) -> None:
    shown = {key: repr(value).replace("'", '"') for key, value in settings_of_the_models().items()}
    assert settings_told(language) == shown


def test_every_setting_says_its_unit_and_its_source() -> None:
    for scenario in civicloop_scenarios():
        for name, field in scenario.config_type().model_fields.items():
            says = (field.description or "").lower()
            sources = ("assumption", "practice", "article", "routing table")
            assert any(word in says for word in sources), f"{scenario.name}.{name} names no source"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_scenario_and_every_step_stands_there(language: str) -> None:
    rules = [bind(scenario, {}).rules for scenario in civicloop_scenarios()]
    steps = {step.name for one in rules for track in one.tracks for step in track.chain}
    names = steps | {scenario.short_name() for scenario in civicloop_scenarios()}
    assert {name for name in names if f"`{name}`" not in LANGUAGES[language]} == set()
