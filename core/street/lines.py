"""On which line of a TOML file a key stands, which the parser of the standard library does not tell."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from typing import Final, NamedTuple

Key = tuple[str, ...]

_TOKEN: Final = re.compile(
    r"""
    (?P<text> \"{3}(?:\\.|[^\\])*?\"{3}\"{0,2} | '{3}.*?'{3}'{0,2} | "(?:\\.|[^"\\\n])*" | '[^'\n]*' )
    | (?P<comment> \#[^\n]* )
    | (?P<newline> \n )
    | (?P<mark> [][{},=.] )
    | (?P<bare> [^\s][^\s\[\]{},=.\#"']* )
    """,
    re.VERBOSE | re.DOTALL,
)


class _Token(NamedTuple):
    kind: str
    text: str
    line: int


class Lines:
    """The line of every table, key and list member of a TOML text that the parser has accepted."""

    def __init__(self, text: str = "") -> None:
        self._found: dict[Key, int] = {}
        _Scanner(text, self._found).scan()

    def locate(self, key: str | Key) -> int:
        """The line of ``limits.repeat_hours``, or of the nearest table around it that is written; else 1.

        Give a tuple where a name holds a dot; members of a list count from 0: ``delivery.default.0``.
        """
        path = tuple(key.split(".")) if isinstance(key, str) else key
        while path and path not in self._found:
            path = path[:-1]
        return self._found.get(path, 1)


class _Scanner:
    """Walks the statements of a TOML text that is known to be valid."""

    def __init__(self, text: str, found: dict[Key, int]) -> None:
        self._tokens = list(_tokens(text))
        self._at = 0
        self._found = found
        self._members: dict[Key, int] = {}

    def scan(self) -> None:
        table: Key = ()
        while (token := self._peek()) is not None:
            if token.text == "[":
                table = self._header(token.line)
            elif token.kind in ("bare", "text"):
                self._assignment(table)
            else:
                self._at += 1

    def _peek(self) -> _Token | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _skip_blank(self) -> _Token | None:
        while (token := self._peek()) is not None and token.kind in ("comment", "newline"):
            self._at += 1
        return token

    def _keep(self, path: Key, line: int) -> None:
        for end in range(1, len(path) + 1):
            self._found.setdefault(path[:end], line)

    def _header(self, line: int) -> Key:
        opening = 0
        while (token := self._peek()) is not None and token.text == "[":
            opening += 1
            self._at += 1
        path = self._key("]")
        while (token := self._peek()) is not None and token.kind not in ("newline", "comment"):
            self._at += 1
        self._keep(path, line)
        if opening == 1:
            # A table's own header is a better place than that of a table inside it which happened to come first.
            self._found[path] = line
        else:
            number = self._members.get(path, 0)
            self._members[path] = number + 1
            path = (*path, str(number))
            self._keep(path, line)
        return path

    def _key(self, end: str) -> Key:
        parts: list[str] = []
        while (token := self._peek()) is not None and token.text != end and token.kind != "newline":
            self._at += 1
            if token.kind == "bare":
                parts.append(token.text)
            elif token.kind == "text":
                parts.append(_unquoted(token.text))
        if token is not None and token.text == end:
            self._at += 1
        return tuple(parts)

    def _assignment(self, table: Key) -> None:
        token = self._tokens[self._at]
        path = (*table, *self._key("="))
        self._keep(path, token.line)
        self._value(path)

    def _value(self, path: Key) -> None:
        token = self._peek()
        if token is None or token.text not in ("[", "{"):
            return self._scalar()
        self._at += 1
        closing, number = ("]" if token.text == "[" else "}"), 0
        while (member := self._skip_blank()) is not None and member.text != closing:
            before = self._at
            if closing == "]":
                self._keep((*path, str(number)), member.line)
                self._value((*path, str(number)))
                number += 1
            else:
                self._assignment(path)
            if (comma := self._skip_blank()) is not None and comma.text == ",":
                self._at += 1
            if self._at == before:
                return None
        self._at += member is not None
        return None

    def _scalar(self) -> None:
        while (token := self._peek()) is not None and token.kind not in ("newline", "comment"):
            if token.text in (",", "]", "}"):
                return
            self._at += 1


def _tokens(text: str) -> Iterator[_Token]:
    line = 1
    for match in _TOKEN.finditer(text):
        yield _Token(match.lastgroup or "", match[0], line)
        line += match[0].count("\n")


def _unquoted(text: str) -> str:
    return str(tomllib.loads(f"it = {text}")["it"])
