"""README's first screen runs, and the Chinese one says the same; what the pages point to is there."""

import re
from pathlib import Path
from typing import Any

import click
import pytest

from civicloop.cli import civicloop

from .pages import DOCS, README, README_ZH, ROOT, anchors, blocks, headings, links, pages, read

FIRST_SCREEN_LINES_MAX = 85
SCENARIO_LINES_MAX = 30


def run(code: str, name: str) -> dict[str, Any]:
    space: dict[str, Any] = {"__name__": f"readme_{name}"}
    exec(compile(code, name, "exec"), space)
    return space


@pytest.mark.parametrize("page", [README, README_ZH], ids=lambda page: page.name)
def test_the_scenario_of_the_first_screen_works_and_its_test_passes(page: Path) -> None:
    space = run("\n".join(block.text for block in blocks(page, "python")), page.name)
    stories = [thing for name, thing in space.items() if name.startswith("test_")]
    assert stories, f"{page.name} shows no test"
    for story in stories:
        story()


def test_the_first_screen_is_short() -> None:
    scenario, story = blocks(README, "python")
    assert len(scenario.text.splitlines()) <= SCENARIO_LINES_MAX
    before = read(README).index(story.text)
    assert read(README)[:before].count("\n") + story.text.count("\n") <= FIRST_SCREEN_LINES_MAX


def test_the_commands_of_the_first_screen_are_recipes() -> None:
    makefile = read(ROOT / "Makefile")
    for recipe in ("demo", "test"):
        assert f"make {recipe}" in read(README)
        assert f"\n{recipe}:" in makefile


def test_the_chinese_readme_has_the_same_headings_blocks_and_links() -> None:
    assert [level for level, _ in headings(README)] == [level for level, _ in headings(README_ZH)]
    assert [block.text for block in blocks(README, "python")] == [block.text for block in blocks(README_ZH, "python")]
    assert len(blocks(README)) == len(blocks(README_ZH))
    swapped = {"README.md": "README.zh-CN.md"}
    assert [swapped.get(link, link) for link in links(README_ZH)] == [swapped.get(link, link) for link in links(README)]
    for english, chinese in zip(blocks(README, "sh"), blocks(README_ZH, "sh"), strict=True):
        commands = [[line.split("#")[0].strip() for line in text.splitlines()] for text in (english.text, chinese.text)]
        assert commands[0] == commands[1]


def test_the_folder_list_names_every_folder_and_no_other() -> None:
    named = {line.split("`")[1].rstrip("/") for line in read(README).splitlines() if line.startswith("| `")}
    there = {path.name for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith((".", "_"))}
    assert {"core", "plugins", "tests", "examples", "benchmarks", "docs"} <= named
    assert named - {"cli.py", "src/civicloop"} <= there


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in links(page):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{page.relative_to(ROOT)}: {link} leads nowhere"
        if anchor:
            assert anchor in anchors(target), f"{page.relative_to(ROOT)}: {link} names no heading"


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached, todo = set(), [README]
    while todo:
        page = todo.pop()
        if page in reached or page.suffix != ".md" or not page.exists():
            continue
        reached.add(page)
        todo += [(page.parent / link.partition("#")[0]).resolve() for link in links(page) if link.partition("#")[0]]
    lost = [page.relative_to(ROOT).as_posix() for page in sorted(DOCS.rglob("*.md")) if page not in reached]
    assert lost == [], "no page links there"


def commands(page: Path) -> set[str]:
    """The commands of civicloop that a page shows, in code spans and shell blocks."""
    shown = [*re.findall(r"`civicloop ([^`]+)`", read(page))]
    shown += [line.partition("civicloop ")[2] for block in blocks(page, "sh") for line in block.text.splitlines()]
    return {line for line in shown if line[:1].islower()}


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_command_there_is_a_command(page: Path) -> None:
    for line in commands(page):
        group: click.Command = civicloop
        for word in line.split():
            if not isinstance(group, click.Group) or not word.isalpha():
                break
            assert word in group.commands, f"{page.relative_to(ROOT)}: civicloop {line} is not a command"
            group = group.commands[word]
