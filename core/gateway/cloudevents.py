"""Strict reading of CloudEvents 1.0 in the JSON format: one decoded object, one JSON text, one JSON batch.

Sources: the CloudEvents specification 1.0.2 and its JSON event format 1.0.2; times are RFC 3339, URIs RFC 3986, media
types RFC 2045. Where these leave a choice:

- An attribute that is ``null`` is unset and is not stored. ``"data": null`` is a payload and is stored.
- ``body`` has its members sorted by name at every level, so that equal events are equal bytes. Otherwise every value stays
  as it was sent: the time keeps its text, Base64 stays Base64, unknown attributes and data fields remain.
- ``time`` may have a lower-case ``t`` or ``z``; a fraction is cut to microseconds for ordering. A leap second (:60, only
  at the end of a month, UTC) is ordered as the last microsecond of the second before it. The years 0000, 0001 and 9999
  are refused: moving them to another time zone would leave the calendar.
- URIs may hold characters beyond ASCII (RFC 3987), because header values arrive percent-decoded, and ``dataschema`` may
  have a fragment, as JSON Schema identifiers do.
- Base64 must be canonical: padded, no line breaks, no stray bits.
- ``place`` and ``sequence`` must be non-empty strings and ``received`` a time, because this system reads them.
- A JSON object that names a member twice: the last one counts (RFC 8259 leaves it open). Looking for such members would
  cost more than all other rules together, and nobody can be misled: only what was read here is stored and passed on.
- A whole number outside 64 bits becomes the nearest double, as RFC 8259 section 6 lets a receiver do. Send long
  identifiers as strings.
"""

from __future__ import annotations

import math
from binascii import a2b_base64, b2a_base64
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any, Final

import orjson

from ..model.event import Envelope
from .cloudevents_values import (
    DISALLOWED,
    URI,
    URI_REFERENCE,
    EnvelopeError,
    is_json,
    media_type,
    read_time,
    shown,
)

__all__ = ["EnvelopeError", "digest", "read_batch", "read_event", "read_json"]
