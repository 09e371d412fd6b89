"""The HTTP binding of CloudEvents 1.0: a request is structured, binary or a batch.

Source: the HTTP protocol binding of the CloudEvents specification 1.0.2. Text is UTF-8; any other charset is
refused with 415, in binary mode too. Where a media type of CloudEvents says structured or batch, ``ce-`` headers
are copies and are not read. A binary event without a Content-Type holds bytes of unknown kind, even if they look
like JSON.
"""

from __future__ import annotations

import re
from binascii import b2a_base64
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple
from urllib.parse import unquote_to_bytes

from ..model.event import Envelope
from .cloudevents import (
    EnvelopeError,
    is_json,
    media_type,
    parse,
    read_batch,
    read_event,
    read_json,
    shown,
)

STRUCTURED_TYPE: Final = "application/cloudevents+json"
BATCH_TYPE: Final = "application/cloudevents-batch+json"
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*+)"')
_STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")


class Mode(StrEnum):
    """How an HTTP request carries events: the binding's three content modes."""

    BINARY = "binary"
    STRUCTURED = "structured"
    BATCH = "batch"


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request may ask for, and how many seconds its body may take; its bytes the server bounds itself."""

    members_max: int = 1000
    body_seconds_max: float = 30.0


DEFAULT_LIMITS: Final = Limits()


class Request(NamedTuple):
    """What a request carried: one envelope, or the members of a batch in their order, refused ones as errors."""

    mode: Mode
    members: list[Envelope | EnvelopeError]

    @property
    def errors(self) -> list[EnvelopeError]:
        """The refused members; where there is one, nothing of the request may be stored."""
        return [member for member in self.members if isinstance(member, EnvelopeError)]

    @property
    def envelopes(self) -> list[Envelope]:
        """The members that are valid."""
        return [member for member in self.members if isinstance(member, Envelope)]


def read_request(headers: Mapping[str, str], body: bytes, limits: Limits = DEFAULT_LIMITS) -> Request:
    """Read the events of one request; header names in any case, a multidict shows repeated ones.

    Raises ``EnvelopeError`` where the request as a whole or its single event is refused; a batch reports each refused
    member in its place.
    """
    sent = _relevant(headers)
    content_type = sent.pop("content-type", None)
    kind = "" if content_type is None else _readable_type(content_type)
    if kind == STRUCTURED_TYPE:
        return Request(Mode.STRUCTURED, [read_json(body)])
    if kind == BATCH_TYPE:
        return Request(Mode.BATCH, read_batch(body, limits.members_max))
    return Request(Mode.BINARY, [_read_binary(sent, content_type, kind, body)])


def _relevant(headers: Mapping[str, str]) -> dict[str, str]:
    """Content-Type and the ``ce-`` headers, names in lower case, values without the white space around them."""
    sent: dict[str, str] = {}
    for header, value in headers.items():
        name = header.lower()
        if name == "content-type" or name.startswith("ce-"):
            if name in sent:
                raise _bad_header(name, "was sent twice", "send it once")
            sent[name] = value.strip(" \t")
    return sent


def _readable_type(content_type: str) -> str:
    """The media type of the body. Raises ``EnvelopeError`` where nobody here can read such a body."""
    kind, charset = media_type(content_type)
    if not kind:
        raise _bad_header("content-type", f"is {shown(content_type)}, no media type", f"send {STRUCTURED_TYPE}")
    if kind.startswith("application/cloudevents") and kind not in (STRUCTURED_TYPE, BATCH_TYPE):
        raise EnvelopeError(
            "bad_media_type",
            f"events as {shown(kind)} are not read here",
            f"send {STRUCTURED_TYPE} or {BATCH_TYPE}",
            status=415,
        )
    if charset not in ("", "utf-8"):
        raise EnvelopeError(
            "bad_media_type", f"the charset {shown(charset)} is not read here", "send UTF-8", status=415
        )
    return kind


def _read_binary(sent: Mapping[str, str], content_type: str | None, kind: str, body: bytes) -> Envelope:
    if not sent:
        raise EnvelopeError(
            "missing_attribute",
            "the request has neither a media type of CloudEvents nor ce- headers",
            f"send {STRUCTURED_TYPE}, {BATCH_TYPE}, or ce-specversion, ce-id, ce-source and ce-type",
        )
    event: dict[str, object] = {}
    for header, value in sent.items():
        if header in ("ce-data", "ce-data_base64", "ce-datacontenttype"):
            raise _bad_header(header, "is not allowed", "the body is the data and Content-Type its type")
        event[header.removeprefix("ce-")] = _header_text(header, value)
    if content_type is not None:
        event["datacontenttype"] = content_type
    return read_event(event | _payload(kind, body))


def _payload(kind: str, body: bytes) -> dict[str, object]:
    """The data member the JSON format has for this body: JSON and text as ``data``, the rest as ``data_base64``."""
    if not body:
        return {}
    if kind and is_json(kind):
        return {"data": parse(body)}
    if kind.startswith("text/"):
        try:
            return {"data": body.decode()}
        except UnicodeDecodeError as error:
            raise EnvelopeError(
                "bad_data", f"the body is {kind}, but not UTF-8: {error.reason} at byte {error.start}", "send UTF-8"
            ) from None
    return {"data_base64": b2a_base64(body, newline=False).decode()}


def _header_text(header: str, value: str) -> str:
    """Undo quotes, then one round of percent-encoding (section 3.1.3.2 of the binding)."""
    if value.startswith('"'):
        if not (quoted := _QUOTED.fullmatch(value)):
            raise _bad_header(header, "opens a quoted string that does not end", 'percent-encode " as %22')
        value = re.sub(r"\\(.)", r"\1", quoted[1])
    if "%" not in value:
        return value
    if _STRAY_PERCENT.search(value):
        raise _bad_header(header, "has a % without two hexadecimal digits", "percent-encode % as %25")
    try:
        return unquote_to_bytes(value).decode()
    except UnicodeError:
        raise _bad_header(header, "is not UTF-8 once decoded", "percent-encode every byte of its UTF-8") from None


def _bad_header(header: str, complaint: str, remedy: str) -> EnvelopeError:
    name = header.removeprefix("ce-")
    return EnvelopeError("bad_header", f"the header {shown(header)} {complaint}", remedy, name)
