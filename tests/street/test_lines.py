"""On which line a key of a TOML file stands."""

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from civicloop.core.street.lines import Lines

TEXT = '''\
# a comment with [a.table] = 1
[street]
code = "a # no comment" # a comment
[limits]
a.b = 3.5
members = [ # [not, counted]
  "a, b]",
  2025-01-01, [1,
  2],
]
inline = { x = 1, "y z" = [1, 2], deep = { w = """
=""" } }
[[many]]
q = 1
[[many]]
q = """
a = 3
""\\"""""
z = \'\'\'
[x]\'\'\'
["plug.in".'x']
[later.inside]
[later]
'''

FOUND = [
    ("street", 2),
    ("street.code", 3),
    ("street.missing", 2),
    ("nothing.at.all", 1),
    ("limits.a", 5),
    ("limits.a.b", 5),
    ("limits.members", 6),
    ("limits.members.0", 7),
    ("limits.members.1", 8),
    ("limits.members.2.1", 9),
    ("limits.members.3", 6),
    ("limits.inline.x", 11),
    (("limits", "inline", "y z", "1"), 11),
    ("limits.inline.deep.w", 11),
    ("many.0.q", 14),
    ("many.1.q", 16),
    ("many.1.z", 19),
    (("plug.in", "x"), 21),
    ("later.inside", 22),
    ("later", 23),
]


@pytest.mark.parametrize(("key", "line"), FOUND)
def test_a_key_is_found_on_its_line(key: str | tuple[str, ...], line: int) -> None:
    tomllib.loads(TEXT)
    assert Lines(TEXT).locate(key) == line


def test_windows_line_ends_count_once() -> None:
    assert Lines("a = 1\r\n\r\n[b]\r\nc = [\r\n1]\r\n").locate("b.c.0") == 5


def keys_of(value: Any, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [key for name, part in inner for key in ((*path, str(name)), *keys_of(part, (*path, str(name))))]


SOUP = st.lists(
    st.sampled_from(
        [
            "a",
            "b",
            "c.d",
            '"e f"',
            "'g'",
            " = ",
            "1",
            '"x"',
            "'y'",
            "[",
            "]",
            "{",
            "}",
            ", ",
            "\n",
            "# z\n",
            "\n[",
            "]\n",
        ]
    ),
    max_size=24,
).map("".join)
NAMES = st.text("ab.# \"'\\=[]", max_size=4)
VALUES = st.recursive(
    st.integers() | st.booleans() | st.text("a'\"\n\\#[]{}=,", max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)


def quoted(text: str) -> str:
    return '"' + "".join(f"\\u{ord(sign):04x}" if sign in '"\\\n' else sign for sign in text) + '"'


def written(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{quoted(key)} = {written(part)}" for key, part in value.items()) + "}"
    if isinstance(value, list):
        return "[\n" + "".join(f"{written(part)}, # ,]\n" for part in value) + "]"
    return quoted(value) if isinstance(value, str) else str(value).lower()


@given(SOUP)
def test_whatever_the_parser_accepts_can_be_located(text: str) -> None:
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    lines = Lines(text)
    for key in keys_of(tables):
        assert 1 <= lines.locate(key) <= text.count("\n") + 1


@given(st.dictionaries(NAMES, VALUES, max_size=4))
def test_every_key_of_a_written_file_is_found_where_it_was_written(tables: dict[str, Any]) -> None:
    text, expected = "", {}
    for key, value in tables.items():
        expected[key,] = text.count("\n") + 1
        text += f"{quoted(key)} = {written(value)}\n"
    lines = Lines(text)
    for path, line in expected.items():
        assert lines.locate(path) == line
    for key in keys_of(tables):
        assert lines.locate((*key, "beyond")) == lines.locate(key)
