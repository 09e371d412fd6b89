"""The plugin's page: its tables say what the code does."""

import re
from pathlib import Path

import pytest

from civicloop.plugins import elderly_care

PAGE = Path(elderly_care.__file__).parent / "README.md"
TEXT = PAGE.read_text(encoding="utf-8")
MARK = "<!-- settings: "
SCENARIOS = elderly_care.civicloop_scenarios()


def settings() -> list[str]:
    """The settings of each scenario as rows of a table."""
    rows = ["| scenario | setting | default | meaning and source |", "|---|---|---|---|"]
    for scenario in SCENARIOS:
        for name, field in scenario.config_type().model_fields.items():
            meaning = " ".join((field.description or "").split()).replace("|", "or")
            rows.append(f"| `{scenario.short_name()}` | `{name}` | `{field.default}` | {meaning} |")
    return rows


def test_every_setting_stands_on_the_page_with_its_default_and_its_source():
    found = TEXT[TEXT.index(MARK) :].split("-->", 1)[1].strip().splitlines()
    assert found == settings(), f"write them anew: python {Path(__file__).name}"


@pytest.mark.parametrize("language", ["## 中文", "## English"])
def test_every_scenario_is_told_in_both_languages(language):
    part = TEXT.split(f"\n{language}\n")[1].split("\n## ")[0]
    for scenario in SCENARIOS:
        assert re.search(rf"`(elderly_care)?\.{scenario.short_name()}`", part), scenario.name
        for outcome in scenario.outcomes:
            assert f"`{outcome}`" in part
        for profile in scenario.profiles():
            assert f"`{profile}`" in part


def test_every_setting_has_a_description_that_says_where_it_comes_from():
    for scenario in SCENARIOS:
        for name, field in scenario.config_type().model_fields.items():
            assert field.description, f"{scenario.name}.{name}"


if __name__ == "__main__":
    end = TEXT.index("-->", TEXT.index(MARK)) + len("-->")
    PAGE.write_text(TEXT[:end] + "\n\n" + "\n".join(settings()) + "\n", encoding="utf-8")
