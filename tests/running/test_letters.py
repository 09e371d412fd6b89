"""Letters in both languages: no raw key is ever shown for what comes with civicloop."""

import ast
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from civicloop import Level, NoticeKind, Place, Reason, Severity
from civicloop.core.engine.setup import Setup
from civicloop.core.model.notice import Notice
from civicloop.core.model.place import Person
from civicloop.core.running.letters import FRAMES, place_name, write_letter
from civicloop.core.sdk.loader import find_plugins
from civicloop.core.sdk.texts import LANGUAGES, faults, variables_of

from ..engine.stage import NOON, Full, registry, street

PLUGINS = Path(__file__).parents[2] / "plugins"
SCENARIOS = [scenario for plugin in find_plugins()[0].values() for scenario in plugin.scenarios]
TOLD = list(Reason)[: list(Reason).index(Reason.SEEN_AGAIN)]
"""What changes a case, and so may be told to somebody."""
FAULTS = ("unknown_device", "unknown_place", "unknown_parent", "plugin_error", "purge_failed", "internal_error")


def letter(language: str, **changes: object) -> str:
    notice = Notice(
        key="k1",
        kind=NoticeKind.ASK,
        case="c1",
        ref="bins.full/B1",
        at=NOON,
        severity=Severity.P2,
        party="cleaner",
        organisation="",
        place="e1",
        step="",
        message="",
        variables={},
        order="c1.1",
        due=NOON + timedelta(minutes=10),
        reason="asked",
        channels=(),
    )
    setup = replace(Setup(street(), registry(*SCENARIOS)), language=language)
    message = write_letter(setup, notice._replace(**changes))
    return f"{message.title}\n{message.text}"


def test_the_frames_are_in_order():
    kinds = [*NoticeKind, "fault"]
    frames = [f"{kind}_{part}" for kind in kinds for part in ("title", "text")]
    assert faults(FRAMES, [*frames, *FAULTS, *(f"reason_{reason}" for reason in [*TOLD, *FAULTS, "commanded"])]) == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", NoticeKind)
@pytest.mark.parametrize("reason", TOLD)
def test_no_reason_shows_its_key(language, kind, reason):
    text = letter(language, kind=kind, reason=reason.value, ref="garbage_sorting.overflow/B1", message="bin_full")
    assert f"reason_{reason}" not in text
    assert "{" not in text.replace("{percent}", "").replace("{category}", "") or "bin_full" not in text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("fault", FAULTS)
def test_faults_are_told_in_words(language, fault):
    variables = {"culprit": "X9", "why": "because"}
    text = letter(language, kind=NoticeKind.OPS, ref="", message=fault, reason=fault, variables=variables)
    assert "X9" in text
    assert fault not in text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_titles_and_steps_of_bundled_scenarios_are_words(language, scenario):
    steps = [step.name for step in (*scenario.chain, *(step for track in scenario.tracks for step in track.chain))]
    for step in steps:
        text = letter(language, ref=f"{scenario.name}/K1", step=step, message=next(iter(scenario.texts)))
        assert scenario.texts[step][language] in text
        assert scenario.texts[scenario.short_name()][language] in text


def messages(folder: Path) -> list[tuple[str, str]]:
    """Every message key that a bundled plugin's code names in a Finding, and every action of a Command."""
    found = []
    for path in sorted(folder.glob("*/*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                at = {"Finding": 0, "Command": 1}.get(node.func.id)
                if at is not None and len(node.args) > at and isinstance(node.args[at], ast.Constant):
                    found.append((path.parent.name, node.args[at].value))
    return found


@pytest.mark.parametrize(("plugin", "message"), sorted(set(messages(PLUGINS))))
def test_every_message_of_bundled_plugins_is_in_their_catalogue(plugin, message):
    texts = next(scenario.texts for scenario in SCENARIOS if scenario.name.startswith(f"{plugin}."))
    assert message in texts


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_every_text_of_a_catalogue_is_filled(language, scenario):
    for key, entry in scenario.texts.items():
        variables = dict.fromkeys(variables_of(entry[language]), "7")
        text = letter(language, ref=f"{scenario.name}/K1", message=key, step="", variables=variables)
        assert "{" not in text
        assert not re.search(rf"(?<![\w ]){re.escape(key)} \(", text)


def test_a_scenario_that_is_gone_shows_its_keys_rather_than_nothing():
    assert "bin_full (percent=90)" in letter("en", ref="gone.full/B1", message="bin_full", variables={"percent": 90})


def test_the_due_time_is_the_street_s_own_with_the_day_where_it_is_another():
    assert "20:10" in letter("zh", message="bin_full")
    assert "05-02 20:00" in letter("zh", message="bin_full", due=NOON + timedelta(days=1))


def test_a_place_is_named_from_the_estate_inwards():
    directory = street().directory
    home = Place("u1", "301", Level.UNIT, "b1")
    places = {**directory.places, "b1": Place("b1", "Building 3", Level.BUILDING, "e1"), "u1": home}
    directory = replace(directory, places=places)
    assert [place_name(directory, code) for code in ("u1", "b1", "s1", "gone")] == [
        "Estate Building 3 301",
        "Estate Building 3",
        "Street",
        "gone",
    ]


def test_a_name_that_says_its_estate_is_not_said_twice():
    directory = street().directory
    homes = {
        "b1": Place("b1", "Estate Building 3", Level.BUILDING, "e1"),
        "u1": Place("u1", "Estate Building 3 flat 301", Level.UNIT, "b1"),
    }
    directory = replace(directory, places={**directory.places, **homes})
    assert place_name(directory, "u1") == "Estate Building 3 flat 301"


@pytest.mark.parametrize(
    ("person", "contacts"),
    [
        ("", "13800138000"),
        ("Ann", "13900139000"),
        ("Ben", "13800138000"),  # has a row without contacts
        ("Cid", "13800138000"),  # has left since
    ],
)
def test_a_notice_for_a_person_carries_that_persons_contacts(person, contacts):
    people = {"Ann": Person("Ann", ("13900139000",)), "Ben": Person("Ben")}
    here = replace(street(), directory=replace(street().directory, people=people))
    message = write_letter(Setup(here, registry(Full)), _ask()._replace(person=person))
    assert message.contacts == (contacts,)


def test_test_plugins_need_no_texts():
    assert write_letter(Setup(street(), registry(Full)), _ask()).title.endswith("full")


def _ask() -> Notice:
    values = ("k", NoticeKind.ASK, "c", "bins.full/B1", NOON, Severity.P2, "cleaner", "", "e1", "empty", "bin_full")
    return Notice(*values, {}, "c.1", None, "asked", ())
