"""Texts in Chinese and English: a message key and named variables become a sentence where somebody reads it."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from string import Formatter
from typing import Any, Final, cast

LANGUAGES: Final = ("zh", "en")

Texts = Mapping[str, Mapping[str, str]]
"""Message key -> language -> template with ``{named}`` variables."""


def read_texts(beside: str, name: str = "texts.toml") -> Texts:
    """Read the catalogue that lies beside a module: ``texts = read_texts(__file__)``.

    Each table of the file is one key with its ``zh`` and ``en`` templates.
    """
    with (Path(beside).parent / name).open("rb") as file:
        return tomllib.load(file)


def render(texts: Texts, language: str, key: str, variables: Mapping[str, object]) -> str:
    """The sentence for ``key``; a key the catalogue does not know shows itself and its variables, never nothing."""
    template = texts.get(key, {}).get(language)
    if template is not None:
        return _filled(template, variables)
    shown = ", ".join(f"{name}={value}" for name, value in variables.items())
    return f"{key} ({shown})" if shown else key


def _filled(template: str, variables: Mapping[str, object]) -> str:
    shown = _Shown({name: str(value) for name, value in variables.items()})
    try:
        return template.format_map(shown)
    except (ValueError, LookupError, AttributeError):  # a template that faults() would have refused
        return template


class _Shown(dict[str, object]):
    """Variables of a template; one that a finding did not bring is shown by name rather than lost."""

    def __missing__(self, name: str) -> str:
        return f"{{{name}}}"


def variables_of(template: str) -> frozenset[str]:
    """The names between braces.

    Raises ``ValueError`` for a template that is not well-formed, looks inside a variable, or formats one.
    """
    names = set()
    for _, name, form, conversion in Formatter().parse(template):
        if name is None:
            continue
        if not name.isidentifier():
            raise ValueError(f"{{{name}}} is not a plain name; write {{name}}")
        if form or conversion:
            raise ValueError(f"{{{name}}} is formatted; write {{{name}}}, and round or format it in the finding")
        names.add(name)
    return frozenset(names)


def faults(texts: Texts, needed: Iterable[str]) -> list[str]:
    """What is wrong with a catalogue: missing languages or keys, variables that differ. Empty texts need nothing."""
    if not texts:
        return []
    found = [f"texts lack {key!r}; add [{key}] with zh and en" for key in needed if key not in texts]
    for key, entry in cast(Mapping[str, Any], texts).items():
        if not isinstance(entry, Mapping) or not all(isinstance(text, str) for text in entry.values()):
            found.append(f'text {key!r} is no table of texts; write [{key}] with zh = "..." and en = "..."')
            continue
        missing = [language for language in LANGUAGES if not entry.get(language)]
        if missing:
            found.append(f'text {key!r} lacks {", ".join(missing)}; add {missing[0]} = "..."')
            continue
        try:
            zh, en = (variables_of(entry[language]) for language in LANGUAGES)
        except ValueError as error:
            found.append(f"text {key!r} is not a template: {error}")
            continue
        if zh != en:
            found.append(f"text {key!r} names different variables in zh and en: {', '.join(sorted(zh ^ en))}")
    return found
