"""What scenarios may hear of the loop itself: how far a case has come, and that it was closed, and how."""

from __future__ import annotations

from datetime import datetime

from ..model.chain import Loop, Severity
from ..model.event import Event


class _CaseEvent(Event):
    case: str
    scenario: str
    key: str
    round: int
    severity: Severity
    loop: Loop
    message: str
    variables: dict[str, str | int | float]
    opened_at: datetime


class CaseReached(_CaseEvent, type="civicloop.case.reached"):
    """A case was opened, or has climbed to a loop it had not reached before. Subject and place are the case's own.

    A scenario that listens to it follows cases while they are open: three of them in one building, one that has gone to
    the authorities. ``loop`` is the one it has reached; ``is_new``: it was opened just now.
    """

    is_new: bool


class CaseClosed(_CaseEvent, type="civicloop.case.closed"):
    """A case was closed. The subject is its reference, the place its own.

    A scenario that listens to it learns how cases end: how often a camera was right, what a building went through.
    ``result`` is how it was reported and stands (``done``, ``false_alarm``, ``unverified``, ``voided`` ...), ``loop``
    the highest loop that a required track has asked, ``variables`` those of the finding.
    """

    result: str
    rework: int
