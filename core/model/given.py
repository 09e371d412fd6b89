"""What a case is given: findings, all-clears, answers of people, and deadlines that were reached."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple

from .chain import Rules
from .finding import Finding

THROUGH: Final = "token:"
"""Marks in a journal's ``by`` the token of an admin who spoke on behalf of the person before it, if one was named."""


class Verb(StrEnum):
    """What a person may say to a case; on the wire ``loop.accept``, ``loop.report`` and so on."""

    ACCEPT = "accept"
    REPORT = "report"
    RETURN = "return"
    EXTEND = "extend"
    SUSPEND = "suspend"
    RESUME = "resume"
    APPROVE = "approve"
    DENY = "deny"
    VERIFY = "verify"
    REASSIGN = "reassign"
    ESCALATE = "escalate"
    SUPERVISE = "supervise"
    VOID = "void"
    CLOSE = "close"
    APPEAL = "appeal"
    REOPEN = "reopen"
    COMMENT = "comment"


class Found(NamedTuple):
    """A scenario found something that needs hands; ``at`` is the fact's time, ``event`` the stored event's name.

    ``place`` and ``start`` are where and at which step the case opens, after the street was asked what it knows of
    those that the finding names.
    """

    scenario: str
    key: str
    finding: Finding
    rules: Rules
    place: str
    partition: str
    at: datetime
    event: str
    start: str | None = None


class AllClear(NamedTuple):
    """A scenario says that the sensors see all in order again."""

    at: datetime
    event: str


class Brought(NamedTuple):
    """One piece of evidence that an answer brings; ``is_known`` when its hash was brought to any case before."""

    kind: str
    hash: str = ""
    taken_at: datetime | None = None
    place: str = ""
    number: str = ""
    outcome: str = ""
    is_known: bool = False


class Answer(NamedTuple):
    """What a party says. ``party`` is the role it speaks for, ``organisation`` whose it is, if known.

    ``order`` names a work order, ``track`` a track (default: where the party was asked); ``result`` belongs to report
    and verify; ``until`` to suspend; ``to`` is the role for reassign; ``evidence`` is what it brings; ``by`` is the
    pseudonym for the journal; ``admin`` marks somebody acting on another's behalf; ``newer_open`` says that a newer
    round of the same case is open; ``doubt`` how often the party's latest results failed a check.
    """

    verb: Verb
    party: str
    event: str
    organisation: str = ""
    track: str = ""
    order: str = ""
    result: str = ""
    reason: str = ""
    to: str = ""
    until: datetime | None = None
    evidence: tuple[Brought, ...] = ()
    by: str = ""
    admin: bool = False
    newer_open: bool = False
    doubt: int = 0


class Lapse(NamedTuple):
    """An instant was reached; ``due`` is ``Track.next_at`` as armed, so that a late or repeated lapse is harmless."""

    track: str
    due: datetime


Given = Found | AllClear | Answer | Lapse
