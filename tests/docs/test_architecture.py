"""What the pages on architecture and reliability name exists: files, tests, laws, rooms of the house."""

import ast
import re

import pytest

from civicloop.core.model.case import Entry

from .pages import DOCS, ROOT, read, rows, section

PAGE = DOCS / "architecture.md"
LAWS = 11
NAMED = re.compile(r"`((?:core|plugins|tests)/[\w/.-]+?)(?:::(\w+))?`")
PATHS = sorted(
    {(page, *named) for page in ("architecture.md", "reliability.md") for named in NAMED.findall(read(DOCS / page))}
)


@pytest.mark.parametrize(("page", "path", "name"), PATHS)
def test_what_the_page_names_exists(page: str, path: str, name: str) -> None:
    file = ROOT / path
    assert file.exists(), f"{path} is not there any more; correct docs/{page}"
    if name:
        defined = {node.name for node in ast.parse(read(file)).body if isinstance(node, ast.FunctionDef)}
        assert name in defined, f"{path} has no {name}; correct docs/{page}"


def test_every_law_says_where_it_is_enforced_and_tested() -> None:
    laws = rows(section(PAGE, "The laws"))
    assert [int(law[0].partition(".")[0]) for law in laws] == list(range(1, LAWS + 1))
    assert all("core/" in enforced and "tests/" in tested for _, enforced, tested in laws)


def test_every_room_of_the_house_has_its_paragraph() -> None:
    rooms = {path.name for path in (ROOT / "core").iterdir() if path.is_dir() and not path.name.startswith("_")}
    assert {room for room in rooms if f"**`core/{room}`**" not in read(PAGE)} == set()


def test_the_journal_is_the_documented_one() -> None:
    assert f"`(v, {', '.join(Entry._fields)})`" in read(PAGE)
