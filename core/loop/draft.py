"""A decision, and the draft on which it is written: the case as it changes, its journal, and who must be told."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from ..model.case import Case, Entry, Evidence, OrderState, Reason, Track, TrackState, WorkOrder
from ..model.chain import Step
from ..model.notice import Notice, NoticeKind
from ..model.place import Holder
from ..model.street import OPS, Street
from .paging import calls


class Decision(NamedTuple):
    """What became of one input: the case as it is now, and why.

    ``entries`` go to the journal, ``notices`` to the outbox, in the same commit as ``case``. ``refused`` decisions
    change nothing; ``detail`` is the sentence for whoever asked: why not, or what is still missing. ``silenced`` are
    orders by id that were answered or taken back: what would still page somebody about them later does not go out.
    """

    reason: Reason
    case: Case | None
    entries: tuple[Entry, ...] = ()
    notices: tuple[Notice, ...] = ()
    refused: bool = False
    detail: str = ""
    silenced: tuple[str, ...] = ()


def refuse(case: Case | None, reason: Reason, detail: str) -> Decision:
    """A decision to do nothing, with the sentence that says why not."""
    return Decision(reason, case, refused=True, detail=detail)


def unchanged(case: Case | None, reason: Reason) -> Decision:
    """A decision in which nothing needs to happen."""
    return Decision(reason, case)


def _ended(track: Track, result: str) -> Track:
    """The track without anything left to wait for; what had not been answered is withdrawn."""
    return track._replace(
        state=TrackState.CLOSED,
        held_state=TrackState.WORKING,
        orders=tuple(order._replace(state=OrderState.WITHDRAWN) if order.is_open else order for order in track.orders),
        result=result,
        due=None,
        step_due=None,
        quiet_until=None,
        remind_at=None,
        held_at=None,
        awaits_clear=False,
        request=None,
    )


class Draft:
    """One decision in the making, on one case, at one instant."""

    def __init__(self, case: Case, now: datetime, street: Street, event: str = "", by: str = "") -> None:
        self.case = case
        self.before = case
        self.now = now
        self.street = street
        self.event = event
        self.by = by
        self.entries: list[Entry] = []
        self._holders: dict[str, Holder | None] = {}
        self.notices: list[Notice] = []
        self.silenced: list[str] = []

    def decision(self, reason: Reason, detail: str = "") -> Decision:
        """What has been drafted, under its leading reason; ``detail`` says what is still missing."""
        case = self.case._replace(entries=self.written) if self.entries else self.case
        silenced = (*self.silenced, *self._answered())
        return Decision(reason, case, tuple(self.entries), tuple(self.notices), detail=detail, silenced=silenced)

    def _answered(self) -> list[str]:
        """The orders that were asked before this decision and wait for an answer no longer."""
        waited = [order for track in self.before.tracks for order in track.orders if order.state is OrderState.ASKED]
        if not waited:
            return []
        still = {order.number for t in self.case.tracks for order in t.orders if order.state is OrderState.ASKED}
        return [self.case.order_id(order) for order in waited if order.number not in still]

    @property
    def written(self) -> int:
        """How many entries the case's journal has, those of this draft included."""
        return self.case.entries + len(self.entries)

    def put(self, track: Track) -> None:
        """Write a changed track back to the case."""
        self.case = self.case.with_track(track)

    def track(self, name: str) -> Track:
        """The track as it stands now."""
        track = self.case.track(name)
        assert track is not None, f"case {self.case.id} has no track {name!r}"
        return track

    def note_evidence(self, kind: str, at: datetime) -> None:
        """Remember the event at hand as evidence."""
        if self.event:
            self.case = self.case.with_evidence(Evidence(kind, at, self.event))

    def journal(self, reason: Reason, track: Track, party: str = "", step: str | None = None, by: str = "") -> None:
        """Write one line of the journal; the step is the track's current one unless named."""
        case, loop, by, seq = self.case, track.loop.name.lower(), by or self.by, self.written + 1
        step = case.step(track).name if step is None else step
        self.entries.append(
            Entry(seq, self.now, case.id, case.ref, track.name, reason, step, loop, party, track.due, by, self.event)
        )

    def holder(self, role: str) -> Holder | None:
        """Who holds ``role`` at the case's place now."""
        if role not in self._holders:
            self._holders[role] = self.street.holder(role, self.case.place, self.now)
        return self._holders[role]

    def tell(
        self,
        kind: NoticeKind,
        role: str,
        reason: Reason,
        step: Step,
        order: WorkOrder | None = None,
        due: datetime | None = None,
    ) -> None:
        """Owe a notice to whoever holds ``role`` now; to nobody in particular where nobody holds it."""
        case, holder = self.case, self.holder(role)
        organisation = holder.organisation if holder else ""
        name, why = case.order_id(order) if order else "", str(reason)
        for call in calls(holder, kind, case.severity, self.street, self.now):
            key = f"{case.id}.{self.written}.{len(self.notices)}"
            # In the order of their fields: to say the names of so many takes as long as the rest of this.
            # fmt: off
            self.notices.append(Notice(
                key, kind, case.id, case.ref, self.now, case.severity, role, organisation, case.place, step.name,
                case.message, case.variables, name, due, why, call.channels, call.person, call.not_before,
            ))
            # fmt: on

    def nobody(self, roles: Iterable[str]) -> Reason:
        """Why none of ``roles`` could be asked: nobody is on duty, or nobody holds them at all."""
        vacant = any(self.street.directory.is_vacant(role, self.case.place, self.now) for role in roles)
        return Reason.NOBODY_ON_DUTY if vacant else Reason.NOBODY_FOUND

    def tell_all(self, kind: NoticeKind, roles: Iterable[str], reason: Reason, step: Step) -> None:
        """Owe the same notice to several roles, each once, skipping roles that nobody holds."""
        for role in dict.fromkeys(roles):
            if self.holder(role) is not None:
                self.tell(kind, role, reason, step)

    def tell_ops(self, reason: Reason, track: Track) -> None:
        """Tell the street's operations centre, even where the directory names no holder, unless it has heard this."""
        step = self.case.step(track)
        if (OPS, reason, step.name) not in ((one.party, one.reason, one.step) for one in self.notices):
            self.tell(NoticeKind.OPS, OPS, reason, step)

    def close_track(self, track: Track, result: str) -> None:
        """End a track, and the case once enough required tracks are closed; everybody who was asked hears it.

        Of a track beside the work, those at work on the others hear it as well.
        """
        track = _ended(track, result)
        self.put(track)
        if not track.required or not self._is_joined():
            self.journal(Reason.TRACK_CLOSED, track)
            asked = [order.party for order in track.orders]
            self.tell_all(NoticeKind.CLOSED, asked, Reason.TRACK_CLOSED, self.case.step(track))
            return None if track.required else self._tell_those_at_work(track, asked)
        closed = tuple(_ended(other, other.result) if other.is_open else other for other in self.case.tracks)
        self.case = self.case._replace(tracks=closed, closed_at=self.now, result=result)
        self.journal(Reason.CLOSED, track)
        told = {notice.party for notice in self.notices if notice.kind is NoticeKind.CLOSED}
        asked = [order.party for other in closed for order in other.orders if order.party not in told]
        return self.tell_all(NoticeKind.CLOSED, asked, Reason.CLOSED, self.case.step(track))

    def _tell_those_at_work(self, ended: Track, know: Iterable[str]) -> None:
        """Whoever still works on another track hears that this one has ended: the family may have found the elder."""
        why = Reason.TRACK_LAPSED if ended.result == Reason.TRACK_LAPSED else Reason.TRACK_CLOSED
        others = (order.party for other in self.case.tracks if other.is_open for order in other.orders if order.is_open)
        self.tell_all(NoticeKind.INFORM, [party for party in others if party not in know], why, self.case.step(ended))

    def _is_joined(self) -> bool:
        """Whether as many required tracks are closed as the rules want; all that were opened where they are fewer."""
        required = [track for track in self.case.tracks if track.required]
        wanted = min(self.case.rules.join or len(required), len(required))
        return sum(not track.is_open for track in required) >= wanted
