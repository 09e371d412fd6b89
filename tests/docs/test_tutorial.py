"""The tutorial's files, written down as it says, work as it says."""

import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from civicloop.core.engine.opening import open_street
from civicloop.core.sdk.hooks import GROUP
from civicloop.core.sdk.loader import Plugin, find_plugins
from civicloop.core.street.complaint import StreetError
from civicloop.core.street.sample import write_sample

from .pages import DOCS, Block, blocks

PAGE = DOCS / "write-a-scenario.md"
SCENARIO_LINES_MAX = 60
RUN_SECONDS_MAX = 60
STREET_FILES = ("civicloop.toml", "parties.csv", "devices.csv")

FILES = [block for block in blocks(PAGE) if block.title and block.title not in STREET_FILES]
"""The plugin's files in the order of the page; a later one of the same name replaces the earlier."""

FIRST = [block for block in FILES if block.language == "python"][:3]


def write(folder: Path, files: list[Block]) -> Path:
    for block in files:
        path = folder / block.title
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text, encoding="utf-8")
    return folder


def run_tests(folder: Path) -> str:
    """Run the tests in ``folder`` as a reader would, in a process of their own."""
    paths = os.pathsep.join([str(folder), *filter(None, sys.path)])
    options = ["-q", "-p", "no:cacheprovider", "--rootdir", str(folder)]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "tests"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS_MAX,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Plugin]:
    """The finished plugin as its entry point brings it."""
    folder = write(tmp_path / "manhole-covers", FILES)
    monkeypatch.syspath_prepend(str(folder))
    with (folder / "pyproject.toml").open("rb") as file:
        [(name, value)] = tomllib.load(file)["project"]["entry-points"][GROUP].items()
    found, faults = find_plugins([EntryPoint(name, value, GROUP)])
    assert faults == []
    yield found[name]
    for module in [module for module in sys.modules if module.split(".")[0] == value]:
        del sys.modules[module]


def test_the_scenario_and_its_test_fit_in_sixty_lines() -> None:
    assert [block.title.split("/")[0] for block in FIRST] == ["manhole_covers", "manhole_covers", "tests"]
    assert sum(len(block.text.splitlines()) for block in FIRST) <= SCENARIO_LINES_MAX


def test_the_first_scenario_passes_its_test(tmp_path: Path) -> None:
    texts = [block for block in FILES if block.title.endswith("texts.toml")]
    assert "1 passed" in run_tests(write(tmp_path, [*FIRST, *texts]))


def test_the_finished_plugin_passes_its_tests(tmp_path: Path) -> None:
    assert "4 passed" in run_tests(write(tmp_path, FILES))


def test_the_entry_point_brings_all_scenarios(plugin: Plugin) -> None:
    assert [scenario.name for scenario in plugin.scenarios] == [
        "manhole_covers.cover_moved",
        "manhole_covers.sensor_silent",
        "manhole_covers.covers_again",
    ]
    assert all(scenario.name.startswith(f"{plugin.name}.") for scenario in plugin.scenarios)


def enable(folder: Path, *files: str) -> Path:
    """The sample street with what the page adds to these of its files."""
    write_sample(folder)
    for block in blocks(PAGE):
        if block.title in files:
            with (folder / block.title).open("a", encoding="utf-8") as file:
                file.write(block.text)
    return folder


def everybody(plugin: Plugin) -> list[Plugin]:
    installed, faults = find_plugins()
    assert faults == []
    return [*installed.values(), plugin]


def test_the_sample_street_runs_it_once_it_is_enabled(tmp_path: Path, plugin: Plugin) -> None:
    opened = open_street(enable(tmp_path / "street", *STREET_FILES), everybody(plugin))
    binding = opened.setup.registry.bindings["manhole_covers.cover_moved"]
    assert binding.scenario.config.model_dump() == {"tilt_degrees_min": 20, "readings_min": 2}
    assert str(binding.rules.chain("main")[0].accept) == "10 minutes"
    assert "cover-9" in opened.setup.street.directory.devices


def test_without_the_party_the_street_is_refused_as_the_page_says(tmp_path: Path, plugin: Plugin) -> None:
    folder = enable(tmp_path / "street", "civicloop.toml", "devices.csv")
    with pytest.raises(
        StreetError, match=r"nobody holds cover_owner, for step .restore. of manhole_covers\.cover_moved"
    ):
        open_street(folder, everybody(plugin))
