"""A message as JSON, the same for every channel that hands it to a machine."""

from __future__ import annotations

from typing import Any

import orjson

from civicloop import Message


def as_json(message: Message) -> bytes:
    """The message as a JSON object; times are RFC 3339. The reporter of a case is never part of it."""
    notice = message.notice
    letter: dict[str, Any] = {
        "key": notice.key,
        "kind": notice.kind,
        "case": notice.case,
        "ref": notice.ref,
        "order": notice.order,
        "severity": notice.severity,
        "party": notice.party,
        "organisation": notice.organisation,
        "place": notice.place,
        "step": notice.step,
        "reason": notice.reason,
        "message": notice.message,
        "variables": notice.variables,
        "at": notice.at,
        "due": notice.due,
        "title": message.title,
        "text": message.text,
        "contacts": message.contacts,
    }
    return orjson.dumps(letter)
