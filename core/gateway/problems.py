"""Problem documents, RFC 9457: what a refused request gets as its answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import orjson

MEDIA_TYPE: Final = "application/problem+json"
TYPE_PREFIX: Final = "urn:civicloop:problem:"
TEXT_CHARS_MAX: Final = 1000
"""How much of a text is told: it may quote what a sender wrote."""

_STANDARD = frozenset(("type", "title", "status", "detail", "instance", "code"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why a request was refused: ``code`` for machines, ``title`` per code, ``detail`` about this occurrence.

    ``status`` is the HTTP status, 400 to 599; ``instance`` a URI reference of this occurrence; ``extra`` holds
    further members, such as the errors of a batch. Raises ``ValueError`` for a status that is no problem, a code
    that is no lower_snake word, and an extra member that would hide one of the standard members.
    """

    status: int
    code: str
    title: str
    detail: str = ""
    instance: str = ""
    extra: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not 400 <= self.status <= 599:
            raise ValueError(f"problem {self.code}: status {self.status} reports no problem; take 400 to 599")
        if not (self.code.isascii() and self.code.isidentifier() and self.code.islower()):
            raise ValueError(f"problem code {self.code!r} is no lower_snake word; write it like bad_value")
        for name in self.extra:
            if name in _STANDARD:
                raise ValueError(f"problem {self.code}: extra {name!r} hides a standard member; rename it")

    @property
    def type(self) -> str:
        """The URI that identifies this kind of problem."""
        return TYPE_PREFIX + self.code

    def body(self) -> bytes:
        """The document as JSON, to be sent as ``MEDIA_TYPE``; empty texts are left out.

        Raises ``TypeError`` where ``extra`` holds something that JSON has no form for.
        """
        document: dict[str, object] = {
            "type": self.type,
            "title": _clean(self.title),
            "status": self.status,
            "code": self.code,
        }
        if self.detail:
            document["detail"] = _clean(self.detail)
        if self.instance:
            document["instance"] = _clean(self.instance)
        return orjson.dumps(document | dict(self.extra))


def _clean(text: str) -> str:
    """Text that JSON can hold, and not too much: a detail may quote what a sender wrote, half characters included."""
    shown = text if len(text) <= TEXT_CHARS_MAX else f"{text[:TEXT_CHARS_MAX]}..."
    return shown.encode(errors="backslashreplace").decode()
