"""The unit of work of one turn: what was read, what has changed, and what will be written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta

import structlog

from ..loop.decide import decide
from ..loop.draft import Decision
from ..model.case import Case, Reason
from ..model.chain import Loop
from ..model.given import Given
from ..model.notice import Notice, NoticeKind
from ..stores.base import Memo, Turn, Writes
from .guard import UNGUARDED, Guard
from .judgement import Judgement, Ref
from .records import Records
from .setup import Setup

log = structlog.get_logger(__name__)


def loop_of(case: Case) -> Loop:
    """The highest loop that its required tracks have reached; what runs beside them holds nothing open."""
    return max(track.loop for track in case.tracks if track.required)


class Work:
    """Cases and memos as this turn sees them, and its writes."""

    def __init__(
        self,
        turn: Turn,
        setup: Setup,
        now: datetime,
        catching_up_until: datetime | None = None,
        guard: Guard = UNGUARDED,
    ) -> None:
        self.turn = turn
        self.setup = setup
        self.now = now
        self.catching_up_until = catching_up_until
        self.guard = guard
        self.writes = Writes(now, setup.digest)
        self.decisions: Counter[str] = Counter()
        self.behind = timedelta()
        """How far the machine's clock is behind this turn's time, after it was set back."""
        self.warned: set[str] = set()
        self.pending: list[Judgement] = []
        self.closings: list[Case] = []
        self.reached: list[tuple[Case, bool]] = []
        self.records = Records(turn, setup.street, now)
        self._latest: dict[Ref, Case | None] = {}
        self._older: dict[str, Case] = {}
        self._changed: dict[str, Case] = {}
        self._memos: dict[Ref, Memo | None] = {}
        self._remembered: dict[Ref, Memo] = {}
        self._silenced: dict[str, int] = {}

    @property
    def facts_now(self) -> datetime:
        """The time that facts are judged by. Devices keep the machine's time, not that of a clock set back."""
        return self.now - self.behind

    # cases ---------------------------------------------------------------------------------------------------

    def load(self, refs: Iterable[Ref]) -> None:
        """Read the latest rounds of these keys, in one go, unless this turn has them."""
        wanted = [ref for ref in dict.fromkeys(refs) if ref not in self._latest]
        if wanted:
            found = self.turn.latest(wanted)
            for ref in wanted:
                self._latest[ref] = found.get(ref)

    def latest(self, ref: Ref) -> Case | None:
        """The latest round of a key as this turn sees it."""
        if ref not in self._latest:
            self.load([ref])
        return self._latest[ref]

    def case(self, id: str) -> Case | None:
        """A case by id as this turn sees it."""
        if id in self._changed:
            return self._changed[id]
        if id not in self._older:
            found = self.turn.cases([id]).get(id)
            if found is None:
                return None
            self._older[id] = found
        return self._older[id]

    def take_in(self, case: Case) -> Case:
        """A case just read from the store, unless this turn has already changed it."""
        return self._changed.get(case.id, case)

    def changed(self) -> Iterable[Case]:
        """The cases this turn has changed so far."""
        return tuple(self._changed.values())

    def foresee(self, case: Case | None, given: Given) -> Decision:
        """What the loop would decide now; nothing of it is kept."""
        try:
            return decide(case, given, self.now, self.setup.street)
        except Exception as error:  # a fault of ours in one case must not stop the others; it is counted and shown
            log.exception("internal_error", case=case.id if case else "", given=type(given).__name__)
            detail = f"{type(error).__name__}: {error}"
            return Decision(Reason.INTERNAL_ERROR, case, refused=True, detail=detail)

    def decide(self, case: Case | None, given: Given) -> Decision:
        """Let the loop decide, and keep what it decided for the commit."""
        decision = self.foresee(case, given)
        self.decisions[decision.reason] += 1
        if decision.case is not None and decision.case is not case and not decision.refused:
            self.records.learn(case, decision)
            self._tell(case, decision.case)
            self.keep(decision, decision.case)
        return decision

    def _tell(self, before: Case | None, case: Case) -> None:
        """Take down that a case was opened, has climbed to another loop, or was closed, for whoever listens to it."""
        is_new = before is None or before.id != case.id
        if not case.is_open and (is_new or (before is not None and before.is_open)):
            self.closings.append(case)
        elif case.is_open and (is_new or (before is not None and loop_of(before) < loop_of(case))):
            self.reached.append((case, is_new))

    def keep(self, decision: Decision, changed: Case) -> None:
        """Take a decision that has changed a case into this turn's writes."""
        self._changed[changed.id] = changed
        self._older.pop(changed.id, None)
        ref = (changed.scenario, changed.key)
        have = self._latest.get(ref)
        if have is None or have.round <= changed.round:
            self._latest[ref] = changed
        self.writes.entries.extend(decision.entries)
        # A decision silences an order before it asks anew: rework goes out under the same order's id.
        for order in decision.silenced:
            self._silenced[order] = len(self.writes.notices)
        for notice in decision.notices:
            self.owe(notice)

    def owe(self, notice: Notice) -> None:
        """Put a notice into the outbox, once for each channel of its party."""
        for channel in notice.channels or self._usual_channels(notice.kind):
            self.writes.notices.append((notice, channel))

    def _usual_channels(self, kind: NoticeKind) -> tuple[str, ...]:
        if kind is NoticeKind.OPS:
            return self.setup.ops_channels
        return self.setup.command_channels if kind is NoticeKind.COMMAND else self.setup.channels

    # memos ---------------------------------------------------------------------------------------------------

    def load_memos(self, refs: Iterable[Ref]) -> None:
        """Read the memos of these keys, in one go, unless this turn has them."""
        wanted = [ref for ref in dict.fromkeys(refs) if ref not in self._memos]
        if wanted:
            found = self.turn.memos(wanted)
            for ref in wanted:
                self._memos[ref] = found.get(ref)

    def memo(self, ref: Ref) -> Memo | None:
        """The memo of a key as this turn sees it; ``load_memos`` comes first."""
        return self._memos[ref]

    def remember(self, memo: Memo) -> None:
        """Replace the memo of a key."""
        ref = (memo.scenario, memo.key)
        self._memos[ref] = memo
        self._remembered[ref] = memo

    # commit --------------------------------------------------------------------------------------------------

    @property
    def is_empty(self) -> bool:
        """Whether this turn has nothing to write."""
        writes = self.writes
        listed = writes.events or writes.released or writes.quarantined or writes.notices
        return not (listed or self._changed or self._remembered)

    def commit(self) -> None:
        """Write everything at once."""
        writes = self.writes
        writes.memos.extend(self._remembered.values())
        writes.cases.extend(self._changed.values())
        writes.silenced.extend(self._silenced)
        writes.notices = [said for number, said in enumerate(writes.notices) if not self._is_silenced(said[0], number)]
        self.records.write(writes)
        self.turn.commit(writes)

    def _is_silenced(self, notice: Notice, number: int) -> bool:
        """Whether this page was to go out later, and its order was silenced after it was written in this turn.

        What goes out at once stays: whoever is told must not depend on which inputs came in one batch.
        """
        is_later = notice.not_before is not None and notice.not_before > self.now
        return is_later and number < self._silenced.get(notice.order, 0)
