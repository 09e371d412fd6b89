"""Strict reading of CloudEvents 1.0 in the JSON format: one decoded object, one JSON text, one JSON batch.

Sources: the CloudEvents specification 1.0.2 and its JSON event format; times follow RFC 3339, URIs RFC 3986,
media types RFC 2045. Where these leave a choice:

- An attribute that is ``null`` is unset and is not stored. ``"data": null`` is a payload and is stored.
- ``body`` has its members sorted by name at every level, so that equal events are equal bytes. Otherwise every
  value stays as it was sent: the time keeps its text, Base64 stays Base64, unknown attributes and data remain.
- ``time`` may have a lower-case ``t`` or ``z``; a fraction is cut to microseconds for ordering. A leap second
  (:60, only at the end of a month, UTC) is ordered as the last microsecond of the second before it. The years
  0000, 0001 and 9999 are refused: moving them to another time zone would leave the calendar.
- URIs may hold characters beyond ASCII (RFC 3987), because header values arrive percent-decoded, and
  ``dataschema`` may have a fragment, as JSON Schema identifiers do.
- Base64 must be canonical: padded, no line breaks, no stray bits.
- ``place`` and ``sequence`` must be non-empty strings and ``received`` a time, because this system reads them.
- Where a JSON object names a member twice, the last one counts (RFC 8259 leaves it open). Finding such members
  takes a second, slower parser, and nobody is misled: only what was read here is decided on, stored, passed on.
- A whole number outside 64 bits becomes the nearest double, as RFC 8259 section 6 lets a receiver do. Send long
  identifiers as strings.
"""

from __future__ import annotations

import math
import re
from binascii import a2b_base64, b2a_base64
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final

import orjson

from ..model.event import Envelope

NESTING_MAX: Final = 64
ATTRIBUTES_MAX: Final = 100
ATTRIBUTE_BYTES_MAX: Final = 2048
NAME_CHARACTERS_MAX: Final = 100

REQUIRED: Final = ("specversion", "id", "source", "type")
# Attributes that must be strings where they are set; any other may be a boolean or an integer as well.
TEXTS: Final = frozenset(
    (*REQUIRED, "subject", "time", "datacontenttype", "dataschema", "place", "sequence", "received")
)
NAME: Final = re.compile(rf"[a-z0-9]{{1,{NAME_CHARACTERS_MAX}}}")
# Control characters, surrogates and noncharacters: what the specification's type String does not allow.
_NONCHARACTERS = "".join(chr(plane << 16 | low) for plane in range(17) for low in (0xFFFE, 0xFFFF))
DISALLOWED: Final = re.compile(f"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef{_NONCHARACTERS}]")
# Quantifiers are possessive (a second + behind them): no input makes them look twice at one character.
_URI_PART = r'[^\x00-\x20"<>\\^`{|}\x7f-\x9f%#]*+(?:%[0-9A-Fa-f]{2}[^\x00-\x20"<>\\^`{|}\x7f-\x9f%#]*+)*+'
_URI_REFERENCE = re.compile(rf"{_URI_PART}(?:\#{_URI_PART})?+")
_URI = re.compile(rf"[A-Za-z][A-Za-z0-9+.-]*+:(?!\#|\Z){_URI_PART}(?:\#{_URI_PART})?+")
_TIME = re.compile(
    r"\d{4}-\d\d-\d\d[Tt](?:[01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(?:\.\d++)?+([Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)",
    re.ASCII,
)
_WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]++"
_PARAMETER = re.compile(rf'({_WORD})=({_WORD}|"(?:[^"\\]|\\.)*+")')
_MEDIA_TYPE = re.compile(rf"({_WORD}/{_WORD})((?:[ \t]*+;[ \t]*+(?:{_PARAMETER.pattern})?+)*+)[ \t]*+")
_NESTED = (dict, list, tuple)
_JSON_NAMES = {"dict": "an object", "list": "an array", "bool": "a boolean", "NoneType": "null"}


class EnvelopeError(ValueError):
    """An event that is refused as a whole, with a sentence for the person who sends it.

    ``code`` is for machines: bad_base64, bad_character, bad_data, bad_header, bad_media_type, bad_name, bad_type,
    bad_value, missing_attribute, not_array, not_json, not_object, too_deep, too_long, too_many_attributes,
    too_many_members or two_payloads. ``attribute`` names the culprit where there is one, ``member`` counts from 0
    in a batch, ``status`` is the HTTP status that fits: 400, 413 (too many members) or 415 (a media type or
    charset that is not read here).
    """

    def __init__(
        self,
        code: str,
        complaint: str,
        remedy: str,
        attribute: str = "",
        *,
        member: int | None = None,
        status: int = 400,
    ) -> None:
        where = "" if member is None else f"batch[{member}]: "
        super().__init__(f"{where}{complaint}; {remedy}")
        self.code, self.complaint, self.remedy = code, complaint, remedy
        self.attribute = attribute.encode("ascii", "backslashreplace").decode()[:NAME_CHARACTERS_MAX]
        self.member, self.status = member, status

    def in_batch(self, member: int) -> EnvelopeError:
        """The same fault, placed at this index of a batch."""
        return EnvelopeError(self.code, self.complaint, self.remedy, self.attribute, member=member, status=self.status)


def read_json(body: bytes) -> Envelope:
    """Read one event from JSON text in UTF-8, such as a structured request or a line of a file.

    The caller bounds the length of ``body``. Raises ``EnvelopeError`` and nothing else.
    """
    return read_event(parse(body))


def read_batch(body: bytes, members_max: int) -> list[Envelope | EnvelopeError]:
    """Read a JSON array of events; a member that is refused stands in its place as the error.

    Raises ``EnvelopeError`` where the text is no JSON array or has more than ``members_max`` members.
    """
    members = parse(body)
    if not isinstance(members, list):
        raise EnvelopeError(
            "not_array",
            f"the batch is {shown(members)}, not an array",
            "send [event, event, ...], or a single event as application/cloudevents+json",
        )
    if len(members) > members_max:
        raise EnvelopeError(
            "too_many_members",
            f"the batch has {len(members)} members, at most {members_max} are taken",
            "send it in several requests",
            status=413,
        )
    return [_read_member(index, member) for index, member in enumerate(members)]


def read_event(raw: Mapping[str, object]) -> Envelope:
    """Check one decoded JSON object and build its envelope; ``raw`` is left as it is, its data is shared.

    Raises ``EnvelopeError`` and nothing else.
    """
    try:
        event: dict[str, Any] = {**raw}
    except TypeError:
        raise EnvelopeError(
            "not_object", f"the event is {shown(raw)}, not an object", 'send {"specversion": "1.0", ...}'
        ) from None
    has_data = "data" in event
    data = event.pop("data", None)
    encoded = event.pop("data_base64", None)
    event = _checked(event)
    kind = event.get("datacontenttype")
    if encoded is not None:
        if has_data:
            raise EnvelopeError("two_payloads", "data and data_base64 are both set", "send one of them")
        data = _decoded(encoded)
        event["data_base64"] = encoded
    elif has_data:
        if kind is not None and not (data is None or isinstance(data, str) or is_json(kind)):
            raise EnvelopeError(
                "bad_data",
                f"data is {shown(data)}, but datacontenttype {shown(kind)} is not JSON",
                "send a string or data_base64, or name a JSON type such as application/json",
                "data",
            )
        event["data"] = data
    time, received = event.get("time"), event.get("received")
    return Envelope(
        event["id"],
        event["source"],
        event["type"],
        event.get("subject"),
        None if time is None else read_time(time, "time"),
        data,
        event.get("place"),
        event.get("sequence", ""),
        None if received is None else read_time(received, "received"),
        _written(event, data),
    )


def parse(body: bytes) -> Any:
    """Decode JSON text in UTF-8. Raises ``EnvelopeError`` with the parser's own words."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise EnvelopeError("not_json", f"the text is not JSON: {error}", "send one JSON text in UTF-8") from None


def read_time(text: str, attribute: str) -> datetime:
    """Read a date and time of RFC 3339, with its offset. Raises ``EnvelopeError`` naming ``attribute``."""
    if found := _TIME.fullmatch(text):
        try:
            moment = _leap_second(found) if found[1] == "60" else datetime.fromisoformat(text.upper())
        except ValueError:  # such as 31 April
            moment = None
        if moment is not None and 1 < moment.year < 9999:
            return moment
    raise _bad_value(attribute, text, "no date and time of RFC 3339", "write it as 2026-01-31T08:30:00+08:00")


def is_json(content_type: str) -> bool:
    """Whether this media type declares JSON: ``*/json`` or ``*/*+json``, its parameters aside."""
    kind = media_type(content_type)[0]
    return kind.endswith(("/json", "+json"))


@lru_cache(maxsize=256)
def media_type(text: str) -> tuple[str, str]:
    """The media type and the charset it names, in lower case, else empty; both empty where this is no media type."""
    found = _MEDIA_TYPE.fullmatch(text)
    if found is None:
        return "", ""
    charsets = [value for name, value in _PARAMETER.findall(found[2]) if name.lower() == "charset"]
    return found[1].lower(), re.sub(r'\\(.)|"', r"\1", " ".join(charsets)).lower()


def shown(value: object) -> str:
    """A value as an error may show it: short, and without characters that would do harm in a terminal."""
    if isinstance(value, str):
        return repr(value) if len(value) <= 60 else f"{value[:60]!r}..."
    kind = type(value).__name__
    return "a number" if isinstance(value, int | float) and kind != "bool" else _JSON_NAMES.get(kind, kind)


def _read_member(index: int, member: Any) -> Envelope | EnvelopeError:
    try:
        return read_event(member)
    except EnvelopeError as error:
        return error.in_batch(index)


def _checked(event: dict[str, Any]) -> dict[str, Any]:
    """The attributes that are set, after every check but those of the times."""
    if len(event) > ATTRIBUTES_MAX:
        raise EnvelopeError(
            "too_many_attributes",
            f"the event has {len(event)} attributes, at most {ATTRIBUTES_MAX} are taken",
            "put what the event is about into data",
        )
    if not TEXTS.issuperset(event):
        _check_names(event)
    try:
        text = " ".join(event.values())
    except TypeError:  # something is null, a boolean, an integer, or wrong
        event = {name: value for name, value in event.items() if value is not None}
        _check_types(event)
        text = " ".join(value for value in event.values() if isinstance(value, str))
    # Two cheap proofs that nothing is too long (a character has at most four bytes) and nothing is disallowed.
    if len(text) * 4 > ATTRIBUTE_BYTES_MAX or not text.isprintable():
        _check_texts(event)
    if event.get("specversion") != "1.0" or not (event.get("id") and event.get("source") and event.get("type")):
        _blame_required(event)
    _check_grammar(event)
    return event


def _check_names(names: Iterable[object]) -> None:
    for name in names:
        if not (isinstance(name, str) and NAME.fullmatch(name)):
            raise EnvelopeError(
                "bad_name",
                f"the attribute name {shown(name)} is not allowed",
                f"use a-z and 0-9 only, at most {NAME_CHARACTERS_MAX} of them",
                str(name),
            )


def _check_types(event: Mapping[str, object]) -> None:
    for name, value in event.items():
        if isinstance(value, str):
            continue
        if name in TEXTS:
            raise EnvelopeError("bad_type", f"{name} is {shown(value)}", "write it as a string", name)
        if not isinstance(value, int) or not -(2**31) <= value < 2**31:
            raise EnvelopeError(
                "bad_type",
                f"the extension {name} is {shown(value)} that CloudEvents has no type for",
                "send a string, a boolean, or an integer of 32 bits; put objects and arrays into data",
                name,
            )


def _check_texts(event: Mapping[str, object]) -> None:
    for name, value in event.items():
        if not isinstance(value, str):
            continue
        if not value.isprintable() and (found := DISALLOWED.search(value)):
            raise EnvelopeError(
                "bad_character",
                f"{name} holds U+{ord(found[0]):04X} at character {found.start()}",
                "leave out control characters, lone surrogates and noncharacters",
                name,
            )
        if (size := len(value.encode())) > ATTRIBUTE_BYTES_MAX:
            raise EnvelopeError(
                "too_long",
                f"{name} has {size} bytes, at most {ATTRIBUTE_BYTES_MAX} are taken",
                "put long text into data",
                name,
            )


def _blame_required(event: Mapping[str, object]) -> None:
    for name in REQUIRED:
        if not event.get(name):
            state = "empty" if name in event else "missing"
            remedy = 'set specversion to "1.0" and id, source and type to non-empty strings'
            raise EnvelopeError("missing_attribute", f"{name} is {state}", remedy, name)
    raise _bad_value("specversion", event["specversion"], "not the version read here", 'send "1.0"')


def _check_grammar(event: Mapping[str, Any]) -> None:
    if not _is_uri_reference(event["source"]):
        raise _bad_value("source", event["source"], "no URI reference", "percent-encode spaces and signs: /bin%20lorry")
    for name in ("subject", "place", "sequence"):
        if event.get(name) == "":
            raise _bad_value(name, "", "empty", "leave it out or name something")
    schema, kind = event.get("dataschema"), event.get("datacontenttype")
    if schema is not None and not _URI.fullmatch(schema):
        raise _bad_value("dataschema", schema, "no absolute URI", "write it as https://example.org/bin.json")
    if kind is not None and not media_type(kind)[0]:
        raise _bad_value("datacontenttype", kind, "no media type", "write it as application/json")


@lru_cache(maxsize=4096)  # the same gateways send again and again
def _is_uri_reference(text: str) -> bool:
    return _URI_REFERENCE.fullmatch(text) is not None


def _bad_value(name: str, value: object, fault: str, remedy: str) -> EnvelopeError:
    return EnvelopeError("bad_value", f"{name} is {shown(value)}, {fault}", remedy, name)


def _leap_second(found: re.Match[str]) -> datetime | None:
    """The last microsecond before a leap second; None where UTC could not have one. Raises ``ValueError``."""
    moment = datetime.fromisoformat(f"{found.string[: found.start(1)]}59.999999{found[2]}".upper())
    if not 1 < moment.year < 9999:
        return None
    end = moment.astimezone(UTC) + timedelta(microseconds=1)
    return moment if (end.day, end.hour, end.minute) == (1, 0, 0) else None


def _decoded(encoded: object) -> bytes:
    try:
        data = a2b_base64(encoded, strict_mode=True) if isinstance(encoded, str) else None
    except ValueError:
        data = None
    if data is None or b2a_base64(data, newline=False).decode() != encoded:
        remedy = "encode the bytes as in RFC 4648 section 4, with padding and without line breaks"
        raise EnvelopeError("bad_base64", f"data_base64 is {shown(encoded)}, no Base64", remedy, "data_base64")
    return data


def _written(event: dict[str, Any], data: object) -> bytes:
    """The canonical JSON text. Raises ``EnvelopeError`` where the data is no JSON or nested too deeply."""
    try:
        body = orjson.dumps(event, option=orjson.OPT_SORT_KEYS)
    except TypeError as error:
        _check_data(data)
        raise _bad_data(f"data is not JSON: {error}") from None
    # Only that many brackets can nest too deeply; only a null can have been a NaN, which no JSON text can hold.
    if body.count(b"{") + body.count(b"[") > NESTING_MAX or body.find(b"null") >= 0:
        _check_data(data)
    return body


def _check_data(data: object) -> None:
    level: list[Any] = [data]
    for _ in range(NESTING_MAX + 1):
        if any(isinstance(value, float) and not math.isfinite(value) for value in level):
            raise _bad_data("data holds a number that is not finite")
        inner = [value for value in level if isinstance(value, _NESTED)]
        # Each object once: what Python code hands over may hold itself.
        unique = {id(value): value for value in inner}.values()
        level = [each for value in unique for each in (value.values() if isinstance(value, dict) else value)]
        if not unique:
            return
    complaint = f"data nests more than {NESTING_MAX} arrays and objects"
    raise EnvelopeError("too_deep", complaint, "send it flatter or as a string", "data")


def _bad_data(complaint: str) -> EnvelopeError:
    return EnvelopeError("bad_data", complaint, "send numbers, text, true, false, null, arrays and objects", "data")
