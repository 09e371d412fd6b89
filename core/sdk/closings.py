"""What scenarios may hear of the loop itself: that a case was closed, and how."""

from __future__ import annotations

from datetime import datetime

from ..model.chain import Loop, Severity
from ..model.event import Event


class CaseClosed(Event, type="civicloop.case.closed"):
    """A case was closed. The subject is its reference, the place its own.

    A scenario that listens to it learns how cases end: how often a camera was right, what a building went through.
    ``result`` is how it was reported and stands (``done``, ``false_alarm``, ``unverified``, ``voided`` ...), ``loop``
    the highest loop that was asked, ``variables`` those of the finding.
    """

    case: str
    scenario: str
    key: str
    round: int
    severity: Severity
    loop: Loop
    message: str
    variables: dict[str, str | int | float]
    result: str
    rework: int
    opened_at: datetime
