"""What the system owes a party, until it has been delivered."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from .chain import Severity


class NoticeKind(StrEnum):
    """Why a party hears from us."""

    ASK = "ask"
    REPEAT = "repeat"
    REMIND = "remind"
    DISPATCH = "dispatch"
    DECIDE = "decide"
    REWORK = "rework"
    CHECK = "check"
    INFORM = "inform"
    CLOSED = "closed"
    COMMAND = "command"
    OPS = "ops"


class Notice(NamedTuple):
    """One thing one party must be told. ``key`` is its idempotency key: the same notice always carries the same one.

    ``party`` is a role, or a device for a command; ``place`` the place the party answers for; ``message`` and
    ``variables`` the text; ``order`` the work order to name in the answer; ``due`` until when an answer is wanted;
    ``reason`` what caused it; ``person`` whom of the party it is for, empty for the party as a whole. It goes out
    through each of ``channels`` (none: the street's usual ones), ``not_before`` later than ``at`` only while its order
    has not been answered.
    """

    key: str
    kind: NoticeKind
    case: str
    ref: str
    at: datetime
    severity: Severity
    party: str
    organisation: str
    place: str
    step: str
    message: str
    variables: dict[str, str | int | float]
    order: str
    due: datetime | None
    reason: str
    channels: tuple[str, ...]
    person: str = ""
    not_before: datetime | None = None
