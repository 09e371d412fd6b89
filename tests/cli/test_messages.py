"""The catalogue of messages is complete, and says nothing that nobody uses."""

import ast
import re
from pathlib import Path

import pytest

from civicloop.core.gateway.wording import STORY
from civicloop.core.model.case import Reason
from civicloop.core.sdk.texts import faults
from civicloop.core.street.folder import load_street
from civicloop.core.terminal.story import style_of
from civicloop.core.terminal.voice import MESSAGES, Voice

ROOT = Path(__file__).parents[2]
SOURCES = [ROOT / "cli.py", *sorted((ROOT / "core" / "terminal").glob("*.py"))]
FAMILIES = re.compile(r"head_|count_|rate_")
"""Keys that are put together when they are said."""


def said() -> set[str]:
    """Every text in the sources that could be a key."""
    nodes = (node for path in SOURCES for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    return {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def keys_said(tellers: bool) -> set[str]:
    """The keys that are said in the terminal's own words, or by the tellers of stories."""
    found = set()
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute) and node.args:
                name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
                first = node.args[0]
                owner = getattr(getattr(node.func, "value", None), "id", "")
                if name == "say" and isinstance(first, ast.Constant) and (owner in ("teller", "self")) is tellers:
                    found.add(first.value)
    return found


def test_every_message_is_there_in_both_languages() -> None:
    needed = keys_said(tellers=False)
    assert len(needed) > 80
    assert faults(MESSAGES, sorted(needed)) == []
    assert faults(STORY, sorted(keys_said(tellers=True))) == []


def test_every_message_is_used() -> None:
    texts = said()
    assert [key for key in MESSAGES if key not in texts and not FAMILIES.match(key)] == []
    heads = [key for key in MESSAGES if key.startswith("head_")]
    assert [key for key in heads if not {key, key.removeprefix("head_")} & texts] == []


def test_every_role_of_the_sample_has_a_name(sample: Path) -> None:
    roles = {role for _, role in load_street(sample).street.directory.parties}
    assert [role for role in roles if f"role_{role}" not in STORY] == []


def test_a_role_that_a_street_adds_is_its_own_name() -> None:
    assert Voice("zh").role("cleaner+dike_guard") == "保洁、dike_guard"


@pytest.mark.parametrize(("asked", "street", "spoken"), [(None, None, "en"), (None, "zh", "zh"), ("en", "zh", "en")])
def test_the_language_is_the_one_asked_for_else_the_streets(asked, street, spoken) -> None:
    voice = Voice(asked)
    voice.street = street
    assert voice.language == spoken


def test_a_loop_has_a_name() -> None:
    assert Voice("zh").loop("micro") == "微循环"


def test_only_some_entries_have_a_colour() -> None:
    assert style_of("brand_new") == ""
    assert style_of(Reason.ESCALATED) == "red"
