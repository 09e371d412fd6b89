"""The one pure function in which everything is decided."""

from __future__ import annotations

from datetime import datetime

from ..model.case import Case, Reason, TrackState
from ..model.given import AllClear, Answer, Found, Given, Lapse
from ..model.street import Street
from .answers import answer
from .checks import lapse_check
from .dispatching import lapse_dispatch
from .draft import Decision, Draft, unchanged
from .facts import all_clear, found
from .steps import lapse_step, remind, repeat, resume


def decide(case: Case | None, given: Given, now: datetime, street: Street) -> Decision:
    """What becomes of ``case`` when it is given this, now.

    ``case`` is the open round, else the latest, else ``None``; ``now`` is aware and read once per turn; ``street``
    says who holds which role and when working time passes. Pure: the same input always gives the same decision.
    """
    match given:
        case Found():
            return found(case, given, now, street)
        case AllClear():
            return all_clear(case, given, now, street)
        case Answer():
            return answer(case, given, now, street)
        case _:
            return lapse(case, given, now, street)


def lapse(case: Case | None, given: Lapse, now: datetime, street: Street) -> Decision:
    """A deadline was reached. One that fires twice, early or late is harmless: it must still be the armed one."""
    track = case.track(given.track) if case else None
    if case is None or track is None or track.next_at != given.due:
        return unchanged(case, Reason.STALE)
    if now < given.due:
        return unchanged(case, Reason.EARLY)
    draft = Draft(case, now, street, by="clock")
    if track.remind_at == given.due and track.due and now < track.due:
        return draft.decision(remind(draft, track))
    match track.state:
        case TrackState.DISPATCHING:
            return draft.decision(lapse_dispatch(draft, track))
        case TrackState.WORKING:
            return draft.decision(lapse_step(draft, track))
        case TrackState.VERIFYING:
            return draft.decision(lapse_check(draft, track))
        case TrackState.SUSPENDED:
            resume(draft, track)
            return draft.decision(Reason.RESUMED)
        case _:
            repeat(draft, track)
            return draft.decision(Reason.REPEATED)
