"""Messages of the command line in Chinese or English."""

from __future__ import annotations

from typing import Final

from ..gateway.wording import loop_name, role_name
from ..sdk.texts import Texts, read_texts, render

MESSAGES: Final[Texts] = read_texts(__file__, "messages.toml")
FALLBACK: Final = "en"


class Voice:
    """Speaks the language that was asked for, else the street's, else English.

    ``asked`` is what ``--language`` or CIVICLOOP_LANGUAGE said; ``street`` is known once a street has been read.
    ``owns_process`` says that the shell has started this process for one command, which may do with it what it needs.
    """

    def __init__(self, asked: str | None = None, owns_process: bool = False) -> None:
        self.asked = asked
        self.owns_process = owns_process
        self.street: str | None = None

    @property
    def language(self) -> str:
        """``zh`` or ``en``."""
        return self.asked or self.street or FALLBACK

    def say(self, key: str, /, **variables: object) -> str:
        """The message ``key`` with its variables filled in."""
        return render(MESSAGES, self.language, key, variables)

    def role(self, role: str) -> str:
        """A role in words, or several joined by ``+``; one that the street has added is its own name."""
        return role_name(self.language, role)

    def loop(self, loop: str) -> str:
        """A loop in words."""
        return loop_name(self.language, loop)
