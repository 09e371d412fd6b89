"""What goes into a turn, and what whoever sent it is told."""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple

import orjson

from ..model.event import Envelope


class Status(StrEnum):
    """What became of one event. All but ``refused`` and ``rejected`` are stored, or have been before."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    UNHEARD = "unheard"
    QUARANTINED = "quarantined"
    REFUSED = "refused"
    REJECTED = "rejected"


FORBIDDEN: Final = "forbidden"
"""The reason of a receipt whose sender may not say this; at the HTTP door a 403."""


class Speaker(NamedTuple):
    """Who sent an answer, as far as a token says: nothing of it can be claimed by the answer itself.

    ``roles`` and ``place`` (a subtree) bind whom the speaker may answer for, empty ones do not; ``admin`` may answer
    for anybody.
    """

    name: str
    organisation: str = ""
    person: str = ""
    admin: bool = False
    roles: tuple[str, ...] = ()
    place: str = ""

    def as_text(self) -> str:
        """The speaker as JSON, stored with the answer so that it can be judged again (law 10)."""
        return orjson.dumps(self._asdict()).decode()

    @classmethod
    def from_text(cls, text: str) -> Speaker | None:
        """The speaker that ``as_text`` wrote; ``None`` for an empty text."""
        if not text:
            return None
        known = orjson.loads(text)
        return cls(**{**known, "roles": tuple(known["roles"])})


class Input(NamedTuple):
    """One event on its way into a turn; ``speaker`` is whoever's token brought it, if one did."""

    envelope: Envelope
    speaker: Speaker | None = None


class Receipt(NamedTuple):
    """What became of one input. ``reason`` is a word, ``detail`` a sentence, ``cases`` the ids it touched."""

    status: Status
    reason: str = ""
    detail: str = ""
    cases: tuple[str, ...] = ()


class InvalidAnswer(ValueError):
    """An answer whose data cannot be read; the message says which member and what would be right."""
