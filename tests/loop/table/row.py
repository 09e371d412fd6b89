"""One row of the decision table, and the answers that many rows begin with."""

from typing import NamedTuple

from civicloop.core.model.chain import Rules
from civicloop.core.model.given import Brought

from ..town import Saying, clock, found, lapse, say


class Row(NamedTuple):
    """A story under some rules, one more thing that is given, and what must come of it.

    ``silenced`` (numbers of orders), ``wakes`` (the minute at which something happens next) and ``says`` (part of the
    sentence of a refusal) are looked at where a row names them.
    """

    name: str
    rules: Rules
    story: tuple[tuple[float, Saying], ...]
    given: tuple[float, Saying]
    reason: str
    entries: tuple[str, ...]
    notices: tuple[str, ...]
    after: str
    silenced: tuple[int, ...] | None = None
    wakes: float | None = None
    says: str = ""


STOP = say("suspend", "ops_center", reason="roadworks", until=600)
REOPEN = say("reopen", "ops_center", reason="dirty")
NOT_OURS = say("return", "cleaner", reason="not ours")
TAKE = say("accept", "cleaner")
BY_MANAGER = say("return", "manager", reason="not ours")
BY_SECRETARY = say("return", "secretary", reason="not ours")
ASK_MORE = say("extend", "cleaner")
GRANT = say("approve", "ops_center")
APPEAL = say("appeal", "cleaner", reason="snow")
CLOSED_LATE = ((0, found()), (10, lapse()), (11, say("report", "cleaner")))
PICTURE = Brought("photo", "7f", clock(3), "E1")
VISIT = Brought("visit", number="2025-9", outcome="met")
AFTERWARDS = Brought("after", taken_at=clock(4))
