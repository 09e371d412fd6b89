"""Reading the documentation: its pages, code blocks, tables and links."""

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
README = ROOT / "README.md"
README_ZH = ROOT / "README.zh-CN.md"

_FENCE = re.compile(r'^```(\w+)?(?: title="([^"]+)")?[^\n]*\n(.*?)^```$', re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


class Block(NamedTuple):
    """A fenced block: its language, the file it is, if it says so, and its text."""

    language: str
    title: str
    text: str


def pages() -> list[Path]:
    return [README, README_ZH, *sorted(DOCS.rglob("*.md")), *sorted((ROOT / "examples").rglob("*.md"))]


def read(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def blocks(page: Path, language: str = "") -> list[Block]:
    found = [Block(*(part or "" for part in match.groups())) for match in _FENCE.finditer(read(page))]
    return [block for block in found if language in ("", block.language)]


def prose(page: Path) -> str:
    return _FENCE.sub("", read(page))


def headings(page: Path) -> list[tuple[int, str]]:
    lines = (line for line in prose(page).splitlines() if line.startswith("#"))
    return [(len(line) - len(line.lstrip("#")), line.lstrip("# ").strip()) for line in lines]


def section(page: Path, heading: str) -> str:
    """The text below a heading, up to the next one of its level or above."""
    found = re.search(rf"^(#+) {re.escape(heading)}\n(.*?)(?=^#{{1,6}} |\Z)", prose(page), re.MULTILINE | re.DOTALL)
    assert found, f"{page.name} has no heading {heading!r}; write it, or correct the test"
    return found[2]


def rows(text: str) -> list[list[str]]:
    """The rows of the tables in ``text``, header and rule left out; backticks and blanks around cells removed."""
    found: list[list[str]] = []
    lines = text.splitlines()
    for at, line in enumerate(lines):
        is_rule = set(line) <= set("|-: ") and "-" in line
        is_header = at + 1 < len(lines) and lines[at + 1].startswith("|-")
        if line.startswith("|") and not is_rule and not is_header:
            found.append([cell.strip().strip("`") for cell in line.strip("|").split("|")])
    return found


def links(page: Path) -> list[str]:
    return [link for link in _LINK.findall(prose(page)) if "://" not in link]


def anchors(page: Path) -> set[str]:
    """What GitHub makes of the headings of a page."""
    return {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for _, text in headings(page)}
