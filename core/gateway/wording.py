"""The words in which cases are told, in Chinese and English."""

from __future__ import annotations

from typing import Final

from ..sdk.texts import Texts, read_texts, render

STORY: Final[Texts] = read_texts(__file__, "story.toml")


def role_name(language: str, role: str) -> str:
    """A role in words, or several joined by ``+``; one that the street has added is its own name."""
    names = (known(language, f"role_{one}", one) for one in role.split("+"))
    return render(STORY, language, "join", {}).join(names) if role else render(STORY, language, "nobody", {})


def loop_name(language: str, loop: str) -> str:
    """A loop in words."""
    return render(STORY, language, f"loop_{loop}", {})


def known(language: str, key: str, default: str) -> str:
    """The text ``key``; ``default`` where the catalogue does not have it, as for a word that a street has added."""
    return render(STORY, language, key, {}) if key in STORY else default
