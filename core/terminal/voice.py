"""Messages of the command line in Chinese or English."""

from __future__ import annotations

from typing import Final

from ..sdk.texts import Texts, read_texts, render

MESSAGES: Final[Texts] = read_texts(__file__, "messages.toml")
FALLBACK: Final = "en"


class Voice:
    """Speaks the language that was asked for, else the street's, else English.

    ``asked`` is what ``--language`` or CIVICLOOP_LANGUAGE said; ``street`` is known once a street has been read.
    """

    def __init__(self, asked: str | None = None) -> None:
        self.asked = asked
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
        return ", ".join(self.say(f"role_{one}") if f"role_{one}" in MESSAGES else one for one in role.split("+"))

    def reason(self, reason: str, /, **variables: object) -> str:
        """What a journal entry means, in words; a reason without a text shows itself."""
        return self.say(f"reason_{reason}", **variables) if f"reason_{reason}" in MESSAGES else reason
