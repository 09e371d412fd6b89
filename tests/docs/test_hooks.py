"""The hook list is complete, its signatures are exact, and every hook has a bundled plugin that uses it."""

import ast
import asyncio
import inspect
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from civicloop import Message, Notice, NoticeKind, Refused, Severity
from civicloop.core.running.courier import BACKOFF_FIRST, BACKOFF_MAX, BATCH, SEND_SECONDS_MAX
from civicloop.core.sdk.channel import config_type
from civicloop.core.sdk.hooks import Hooks
from civicloop.core.sdk.loader import find_plugins, read_plugin

from .pages import DOCS, ROOT, blocks, headings, read

PAGE = DOCS / "hooks.md"
HOOKS = {name: hook for name, hook in vars(Hooks).items() if name.startswith("civicloop_")}


def documented() -> dict[str, str]:
    """Name to signature of every hook on the page."""
    found = (re.match(r"def (civicloop_\w+)(\(.*)", block.text) for block in blocks(PAGE, "python"))
    return {match[1]: match[2].strip() for match in found if match}


def users(hook: str) -> list[str]:
    """The bundled plugins that implement a hook, by reading their code."""
    return [
        path.parent.name
        for path in sorted((ROOT / "plugins").glob("*/__init__.py"))
        if any(isinstance(node, ast.FunctionDef) and node.name == hook for node in ast.parse(read(path)).body)
    ]


def named_users(hook: str) -> list[str]:
    found = re.search(rf"^## {hook}\n.*?Used by ([^.]+)\.", read(PAGE), re.MULTILINE | re.DOTALL)
    assert found, f"{hook}: say which bundled plugins use it"
    return sorted(re.findall(r"`(\w+)`", found[1]))


def test_every_hook_is_documented_and_no_other() -> None:
    assert documented().keys() == HOOKS.keys()
    assert {text for _, text in headings(PAGE) if text.startswith("civicloop_")} == HOOKS.keys()


@pytest.mark.parametrize("hook", HOOKS)
def test_the_signature_of_a_hook_is_the_documented_one(hook: str) -> None:
    signature = inspect.signature(HOOKS[hook])
    without_self = signature.replace(parameters=[p for p in signature.parameters.values() if p.name != "self"])
    assert re.sub(r"'", "", str(without_self)) == documented()[hook]


@pytest.mark.parametrize("hook", HOOKS)
def test_a_hook_ships_with_plugins_that_use_it(hook: str) -> None:
    assert users(hook), f"{hook} has no bundled plugin (house rule 4)"
    assert named_users(hook) == sorted(users(hook))


def test_what_the_page_calls_bundled_is_installed() -> None:
    plugins, faults = find_plugins()
    assert faults == []
    assert {name for hook in HOOKS for name in named_users(hook)} <= plugins.keys()


def test_the_courier_keeps_the_figures_of_the_page() -> None:
    assert (BATCH, SEND_SECONDS_MAX) == (256, 30.0)
    assert BACKOFF_FIRST.total_seconds() == 5
    assert BACKOFF_MAX.total_seconds() == 3600


def channel_of_the_page() -> Any:
    [block] = [block for block in blocks(PAGE, "python") if "hookimpl" in block.text]
    space: dict[str, Any] = {"__name__": "pager"}
    exec(compile(block.text, "docs/hooks.md", "exec"), space)

    class Module:
        civicloop_channels = staticmethod(space["civicloop_channels"])

    return read_plugin("pager", Module).channels["pager"]


def message(text: str) -> Message:
    at = datetime(2025, 9, 12, tzinfo=UTC)
    notice = Notice(
        "k1",
        NoticeKind.ASK,
        "c1",
        "a.b/c",
        at,
        Severity.P2,
        "ops_center",
        "",
        "s",
        "x",
        "m",
        {},
        "c1.1",
        None,
        "asked",
        (),
    )
    return Message(notice, "title", text, ())


def test_the_channel_of_the_page_keeps_the_contract(tmp_path: Path) -> None:
    kind = channel_of_the_page()
    pager = kind(config_type(kind).model_validate({"path": "pages.txt"}), tmp_path)
    asyncio.run(pager.send(message("a bin is full")))
    assert (tmp_path / "pages.txt").read_text(encoding="utf-8") == "k1 a bin is full\n"
    with pytest.raises(Refused):
        asyncio.run(pager.send(message("x" * 141)))
    asyncio.run(pager.close())
