"""Reading a TOML file into a model: every fault with its line, and the key that was probably meant."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from .complaint import Complaints, nearest
from .lines import Key, Lines
from .source import text_of

TOML_BYTES_MAX: Final = 2**20
"""A settings file is written by people; more than a mebibyte is a mistake."""

DOTS_MAX: Final = 100
"""How many dots a line may have that is no comment; our keys have six. A key of n parts costs the parser n squared."""

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True)
class Tables:
    """A parsed TOML file: its raw tables, and the lines they stand on."""

    file: str
    raw: Mapping[str, Any]
    lines: Lines

    def get(self, *path: str) -> object:
        """The raw value at ``path``, ``None`` where nothing is written."""
        value: object = self.raw
        for name in path:
            value = value.get(name) if isinstance(value, Mapping) else None
        return value

    def table(self, *path: str) -> Mapping[str, Any]:
        """The raw table at ``path``; empty where there is none."""
        value = self.get(*path)
        return value if isinstance(value, Mapping) else {}


def parse_toml(file: str, content: bytes, complaints: Complaints) -> Tables | None:
    """The tables of a TOML file, or ``None`` after a complaint."""
    text = text_of(file, content, complaints)
    if text is None:
        return None
    if len(content) > TOML_BYTES_MAX:
        complaints.give_up(file, 0, f"it is larger than {TOML_BYTES_MAX} bytes", "keep settings only in it")
        return None
    for number, row in enumerate(text.split("\n"), 1):
        if row.count(".") > DOTS_MAX and not row.lstrip().startswith("#"):
            complaints.give_up(file, number, f"the line has more than {DOTS_MAX} dots", "write one value on each line")
            return None
    try:
        return Tables(file, tomllib.loads(text), Lines(text))
    except RecursionError:
        complaints.give_up(file, 0, "its lists are nested too deeply", "write them flat")
    except ValueError as error:
        what, line = _toml_fault(str(error), text)
        complaints.give_up(file, line, f"it is not TOML: {what}", 'write NAME = VALUE, texts in "quotes"')
    return None


def _toml_fault(message: str, text: str) -> tuple[str, int]:
    what, _, place = message.partition(" (at ")
    words = place.replace(",", " ").split()
    if len(words) > 1 and words[0] == "line":
        return what, int(words[1])
    return what, text.count("\n") + 1 if place else 1


def fit(model: type[Model], tables: Tables, known: Mapping[Key, Iterable[str]], complaints: Complaints) -> Model | None:
    """The tables as ``model``, or ``None`` after one complaint for each fault.

    ``known`` has the keys that may stand in each table; ``*`` in a path stands for any name.
    """
    try:
        return model.model_validate(dict(tables.raw))
    except ValidationError as error:
        for fault in error.errors(include_url=False):
            _complain(tables, fault, known, complaints)
    return None


def _complain(tables: Tables, fault: ErrorDetails, known: Mapping[Key, Iterable[str]], complaints: Complaints) -> None:
    path = tuple(map(str, fault["loc"]))
    name = ".".join(path) or "the file"
    if fault["type"] == "extra_forbidden":
        what, remedy = f"unknown key {name!r}", _nearest_key(path, known)
    elif fault["type"] == "missing":
        what, remedy = f"{name} is missing", _how_to_add(path)
    else:
        what, remedy = _misfit(name, fault)
    complaints.add(tables.file, tables.lines.locate(path), what, remedy)


def _misfit(name: str, fault: ErrorDetails) -> tuple[str, str]:
    # A text is never repeated: it may be a secret, a phone number, or a web address that holds a key.
    given = fault["input"]
    is_short = isinstance(given, float) or (isinstance(given, int) and abs(given) < 10**18)
    shown = repr(given) if is_short else _KINDS.get(type(given), "of another kind")
    message = fault["msg"]
    if fault["type"] == "value_error":
        what, _, remedy = message.removeprefix("Value error, ").partition("; ")
        return f"{name}: {what}", remedy
    for theirs, ours in _WORDS.items():
        message = message.replace(theirs, ours)
    return f"{name} is {shown}", message.partition(" or instance of ")[0]


_WORDS: Final = {
    "Input should": "it should",
    "Tuple should": "it should",
    "valid tuple": "list",
    "valid dictionary": "table",
    "valid string": "text in quotes",
    "valid integer": "whole number",
    "valid boolean": "plain true or false",
}
"""What the validator says, in the words of a TOML file."""

_KINDS: Final[Mapping[type, str]] = {str: "a text", int: "a huge number", dict: "a table", list: "a list"}


def _nearest_key(path: Key, known: Mapping[Key, Iterable[str]]) -> str:
    around = path[:-1] if len(path) < 3 else (path[0], "*")
    keys = list(known.get(around, ()))
    return nearest(path[-1], keys, f"known are {', '.join(keys)}" if keys else "remove it")


def _how_to_add(path: Key) -> str:
    if len(path) == 1:
        return f"add the table [{path[0]}]"
    return f"add {path[-1]} = ... to [{'.'.join(path[:-1])}]"
