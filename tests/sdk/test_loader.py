"""Finding plugins: each by itself, one failing stops no other, and nothing is overridden in silence."""

import sys
from importlib.metadata import EntryPoint
from types import ModuleType
from typing import Any

import pytest

from civicloop import ChannelConfig, Event, hookimpl
from civicloop.core.sdk.faults import PluginError
from civicloop.core.sdk.loader import Plugin, assemble, find_plugins, read_plugin

from .test_binding import Full, Level


class Post:
    class Config(ChannelConfig):
        pass

    def __init__(self, config: object, folder: object) -> None:
        self.config = config


class OtherLevel(Event, type="bins.level"):
    percent: int = 0


class Other(Full):
    name = "other.full"
    listens = (OtherLevel,)


class Twin(Full):
    pass


def module(name: str, **hooks: Any) -> ModuleType:
    """A plugin whose hooks return these values, or raise them."""
    made = ModuleType(name)

    def hook(answer: Any) -> Any:
        def scenarios() -> Any:
            if isinstance(answer, Exception):
                raise answer
            return answer

        return scenarios

    for hook_name, answer in hooks.items():
        setattr(made, hook_name, hookimpl(hook(answer)))
    return made


@pytest.fixture
def entry(monkeypatch: pytest.MonkeyPatch):
    """Entry points to modules of the test's own."""

    def make(name: str, made: ModuleType | None, value: str = "") -> EntryPoint:
        value = value or f"civicloop_test_{name}"
        if made is not None:
            monkeypatch.setitem(sys.modules, value, made)
        return EntryPoint(name, value, "civicloop")

    return make


def test_plugins_are_found_and_one_that_fails_stops_no_other(entry, tmp_path, monkeypatch):
    (tmp_path / "civicloop_test_broken.py").write_text("raise RuntimeError('not today')")
    monkeypatch.syspath_prepend(tmp_path)
    plugins, faults = find_plugins(
        [
            entry("broken", None),
            entry("gone", None),
            entry("raises", module("raises", civicloop_scenarios=KeyError("x"))),
            entry("bins", module("bins", civicloop_scenarios=[Full], civicloop_channels={"post": Post})),
        ]
    )
    assert list(plugins) == ["bins"]
    assert (plugins["bins"].scenarios, dict(plugins["bins"].channels)) == ((Full,), {"post": Post})
    assert plugins["bins"].origin == "civicloop_test_bins"
    told = {fault.culprit: (fault.complaint, fault.remedy) for fault in faults}
    assert told["plugin broken"] == (
        "cannot be loaded: RuntimeError: not today",
        "try: python -c 'import civicloop_test_broken'",
    )
    assert "No module named 'civicloop_test_gone'" in told["plugin gone"][0]
    assert told["plugin raises"][0] == "civicloop_scenarios raised KeyError: 'x'"


def test_two_packages_of_one_name_are_said(entry):
    first, second = (module(name, civicloop_scenarios=[Full]) for name in ("one", "two"))
    plugins, [fault] = find_plugins([entry("bins", first, "one"), entry("bins", second, "two")])
    assert plugins["bins"].origin == "one"
    assert fault.complaint == "is brought twice: by one and by two"
    assert fault.remedy == "uninstall one of the two packages"


@pytest.mark.parametrize(
    ("hooks", "complaint", "remedy"),
    [
        ({"civicloop_scenarios": Full}, "civicloop_scenarios returned <class", "return a list of Scenario classes"),
        ({"civicloop_scenarios": [Level]}, "civicloop_scenarios returned <class", "return a list of Scenario classes"),
        ({"civicloop_scenarios": ["Full"]}, "civicloop_scenarios returned 'Full'", "return a list"),
        ({"civicloop_scenarios": 7}, "civicloop_scenarios returned 7", "return a list of Scenario classes"),
        ({"civicloop_channels": [Post]}, "civicloop_channels returned [<class", "return a mapping of kinds"),
        ({"civicloop_channels": {7: Post}}, "7 is not a kind of channel", "name it by a word"),
        (
            {"civicloop_channels": {"x": Full}},
            "has no Config; nest class Config(ChannelConfig)",
            "contract of a channel",
        ),
        ({"civicloop_channels": ValueError("no")}, "civicloop_channels raised ValueError: no", "only name what"),
        ({"civicloop_sensors": []}, "unknown hook 'civicloop_sensors'", "docs/hooks.md"),
    ],
)
def test_a_plugin_that_answers_nonsense_is_refused(hooks, complaint, remedy):
    with pytest.raises(PluginError) as raised:
        read_plugin("bins", module("bins", **hooks))
    [fault] = raised.value.faults
    assert fault.culprit == "plugin bins"
    assert complaint in fault.complaint
    assert remedy in fault.remedy


def test_a_hook_that_brings_nothing_is_fine():
    assert read_plugin("bins", module("bins", civicloop_scenarios=[], civicloop_channels=None)).scenarios == ()


BINS = Plugin("bins", "", (Full,), {"post": Post})
OTHER = Plugin("other", "", (Other,), {"post": Post})

TABLES = [
    ([BINS], {"bin": {}}, "[plugins.bin]", "is not installed", "there are: bins"),
    ([], {"bins": {}}, "[plugins.bins]", "is not installed", "there are: none"),
    ([BINS], {"bins": {"empty": {}}}, "[plugins.bins] empty", "is not a scenario", "the scenarios are: full"),
    ([Plugin("bins", "")], {"bins": {"full": {}}}, "[plugins.bins] full", "is not a scenario", "@hookimpl missing?"),
    ([BINS], {"bins": {"full": 3}}, "[plugins.bins] full", "is not a table", "write [plugins.bins.full]"),
    ([Plugin("bins", "", (Full, Twin))], {"bins": {}}, "plugin bins", "bins.full exists twice", "rename one of them"),
    ([Plugin("tins", "", (Full,))], {"tins": {}}, "plugin tins", "not named after its plugin", 'name = "tins.full"'),
    (
        [BINS, Plugin("other", "", (Other,))],
        {"bins": {}, "other": {}},
        "other.full",
        f"event type bins.level is declared by {__name__.rpartition('.')[0]}.test_binding and by {__name__}",
        "import OtherLevel from",
    ),
    ([BINS, OTHER], {"bins": {}}, "plugin other", "brings the channel kind 'post', and so does bins", "disable one"),
]


@pytest.mark.parametrize(("plugins", "tables", "culprit", "complaint", "remedy"), TABLES)
def test_what_a_street_cannot_enable_is_refused(plugins, tables, culprit, complaint, remedy):
    with pytest.raises(PluginError) as raised:
        assemble(plugins, tables)
    [fault] = raised.value.faults
    assert fault.culprit == culprit
    assert complaint in fault.complaint
    assert remedy in fault.remedy


def test_a_class_that_cannot_even_be_looked_at_stops_no_other():
    class Worse(Full):
        name = "bins.worse"

    Worse.texts = 7
    with pytest.raises(PluginError, match="Worse cannot be bound: TypeError"):
        assemble([Plugin("bins", "", (Worse, Full))], {"bins": {}})


def test_the_faults_of_all_plugins_come_together():
    with pytest.raises(PluginError) as raised:
        assemble(
            [BINS, Plugin("other", "", (Other,))], {"bins": {"full": {"quiet": "x"}}, "other": {"odd": {}}, "gone": {}}
        )
    assert len(raised.value.faults) == 3


def test_only_what_is_enabled_is_bound_while_channels_are_there_unless_switched_off():
    assert list(assemble([BINS], {"bins": {}}).bindings) == ["bins.full"]
    assert not assemble([BINS], {"bins": {"full": {"enabled": False}}}).bindings
    without = assemble([BINS], {})
    assert (dict(without.bindings), list(without.channels)) == ({}, ["post"])
    off = assemble([BINS], {"bins": {"enabled": False}})
    assert (dict(off.bindings), dict(off.channels)) == ({}, {})


def test_scenarios_that_share_an_event_type_both_listen():
    class Second(Full):
        name = "bins.second"

    registry = assemble([Plugin("bins", "", (Full, Second))], {"bins": {}})
    assert [binding.name for binding in registry.listening["bins.level"].bindings] == ["bins.full", "bins.second"]
    assert registry.texts("gone.away") == {}
