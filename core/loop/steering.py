"""How a case is steered from above: the next step, pressure, an end by order, another beginning."""

from __future__ import annotations

from ..model.case import Duty, Reason, Track, TrackState
from ..model.given import Answer
from ..model.notice import NoticeKind
from .draft import Decision, Draft, refuse
from .orders import asked_now, without
from .permits import supervision_level
from .steps import ask


def escalate(draft: Draft, track: Track, _given: Answer) -> Decision:
    """Go to the next step before its time; returned work goes up this way too."""
    if track.step + 1 >= len(draft.case.rules.chain(track.name)):
        step = draft.case.step(track).name
        return refuse(draft.case, Reason.CHAIN_ENDED, f"{step} is the last step; nobody is left to ask above it")
    ask(draft, track.name, track.step + 1, Reason.ESCALATED)
    return draft.decision(Reason.ESCALATED)


def supervise(draft: Draft, track: Track, given: Answer) -> Decision:
    """Press whoever still owes an answer (督办), at the level of whoever presses; no clock changes."""
    level = max(1, supervision_level(draft.case, given, draft.street))
    draft.case = draft.case._replace(supervised=max(draft.case.supervised, level))
    draft.journal(Reason.SUPERVISED, track, party=given.party)
    draft.tell_all(NoticeKind.REPEAT, asked_now(track), Reason.SUPERVISED, draft.case.step(track))
    if level > 1:
        draft.tell_ops(Reason.SUPERVISED, track)
    return draft.decision(Reason.SUPERVISED)


def void(draft: Draft, track: Track, given: Answer) -> Decision:
    """End the whole case without action (作废)."""
    return _end(draft, track, given, Reason.VOIDED)


def force_close(draft: Draft, track: Track, given: Answer) -> Decision:
    """Close the whole case by order, though its standard is not met (强制结案)."""
    if any(other.state is TrackState.DISPATCHING for other in draft.case.tracks):
        return refuse(draft.case, Reason.NOT_NOW, "returned work is sent on with reassign, or voided; it is not closed")
    return _end(draft, track, given, Reason.FORCED_CLOSED)


def _end(draft: Draft, track: Track, given: Answer, reason: Reason) -> Decision:
    draft.journal(reason, track, party=given.party)
    for other in draft.case.tracks:
        if other.is_open and draft.case.is_open:
            draft.close_track(other, reason)
    return draft.decision(reason)


def reopen(draft: Draft, track: Track, given: Answer) -> Decision:
    """Open the round again at the step that had closed it."""
    case = draft.case
    if case.is_open or given.newer_open:
        what = "is still open" if case.is_open else "has a newer round that is open"
        return refuse(case, Reason.CASE_OPEN, f"case {case.id} {what}")
    if not track.required:
        return refuse(case, Reason.NOT_PERMITTED, f"{track.name} is side work; reopen a required track")
    fresh = without(track, Duty.CHECK)._replace(state=TrackState.WORKING, due=draft.now, reporters=(), result="")
    draft.case = case.with_track(fresh)._replace(closed_at=None, result="")
    draft.journal(Reason.REOPENED, fresh, party=given.party)
    ask(draft, track.name, track.step, Reason.ASKED)
    return draft.decision(Reason.REOPENED)
