"""The grammar of events as JSON Schema can say it, for whoever generates or checks events before sending them.

The rules are those of ``cloudevents.py``; tests hold one against the other. What no schema can say is named in
``docs/http-api.md``: lengths in bytes, depths, days that a month does not have.
"""

from __future__ import annotations

from typing import Any, Final

from .cloudevents import ATTRIBUTE_BYTES_MAX, ATTRIBUTES_MAX, NAME_CHARACTERS_MAX

_CONTROLS = "\\u0000-\\u001f\\u007f-\\u009f"
# Beyond the first plane an escape is read in two ways, so that these stand as themselves.
_NONCHARACTERS = "\\ufdd0-\\ufdef\\ufffe\\uffff" + "".join(
    chr(plane << 16 | low) for plane in range(1, 17) for low in (0xFFFE, 0xFFFF)
)
_TEXT = f"[^{_CONTROLS}{_NONCHARACTERS}]"
_URI = rf'(?:[^\u0020"<>\\^`{{|}}%#{_CONTROLS}{_NONCHARACTERS}]|%[0-9A-Fa-f]{{2}})'
_WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]"
_QUOTED = rf'"(?:[^"\\{_CONTROLS}{_NONCHARACTERS}]|\\{_TEXT})*"'
_PARAMETER = f"{_WORD}+=(?:{_WORD}+|{_QUOTED})"
_YEAR = "(?:000[2-9]|00[1-9][0-9]|0[1-9][0-9]{2}|[1-8][0-9]{3}|9[0-8][0-9]{2}|99[0-8][0-9]|999[0-8])"
_DAY = "(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-8]|19)|(?:0[13-9]|1[0-2])-(?:29|30)|02-29|(?:0[13578]|1[02])-31)"
_HOUR = "(?:[01][0-9]|2[0-3]):[0-5][0-9]"

TEXT: Final = f"^{_TEXT}+$"
URI: Final = f"^[A-Za-z][A-Za-z0-9+.-]*:{_URI}+(?:#{_URI}*)?$"
URI_REFERENCE: Final = f"^{_URI}*(?:#{_URI}*)?$"
TIME: Final = rf"^{_YEAR}-{_DAY}[Tt]{_HOUR}:(?:[0-5][0-9]|60)(?:\.[0-9]+)?(?:[Zz]|[+-]{_HOUR})$"
MEDIA_TYPE: Final = f"^{_WORD}+/{_WORD}+(?: *;(?: *{_PARAMETER})?)* *$"
JSON_TYPE: Final = rf"^{_WORD}+/(?:{_WORD}*\+)?[Jj][Ss][Oo][Nn] *(?:;.*)?$"
BASE64: Final = "^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?$"

ENVELOPE: Final[dict[str, Any]] = {
    "propertyNames": {"pattern": f"^([a-z0-9]{{1,{NAME_CHARACTERS_MAX}}}|data_base64)$"},
    "maxProperties": ATTRIBUTES_MAX,
    "additionalProperties": {
        "anyOf": [
            {"type": "string", "maxLength": ATTRIBUTE_BYTES_MAX, "pattern": f"^{_TEXT}*$"},
            {"type": "boolean"},
            {"type": "integer", "minimum": -(2**31), "maximum": 2**31 - 1},
            {"type": "null"},
        ]
    },
    # One payload, and one that is not JSON is text.
    "allOf": [
        {"anyOf": [{"not": {"required": ["data"]}}, {"properties": {"data_base64": {"type": "null"}}}]},
        {
            "anyOf": [
                {"properties": {"data": {"type": ["string", "null"]}}},
                {"properties": {"datacontenttype": {"anyOf": [{"pattern": JSON_TYPE}, {"type": "null"}]}}},
            ]
        },
    ],
}
"""What holds of an event beyond its single attributes."""
