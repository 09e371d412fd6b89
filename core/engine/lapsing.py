"""Instants that cases wait for (deadlines, reminders) and that have been reached, fired in their order."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from heapq import heapify, heappop, heappush
from typing import Final

from ..loop.draft import Decision
from ..model.case import Case
from ..model.given import Lapse
from .work import Work

LAPSES_MAX: Final = 1000
"""How many cases (and how many keys with watchdogs) one turn takes on because time passed; the rest comes next turn."""

CASCADE_MAX: Final = 64
"""How often one case may lapse within a turn; more would mean a chain without spans, which its proof refuses."""

INSTANT: Final = timedelta(microseconds=1)

Decide = Callable[[Case, Lapse], Decision]


def lapse_cases(work: Work, due: Iterable[Case], until: datetime) -> None:
    """Fire what falls due up to ``until`` in the cases ``due`` and in those that this turn has changed.

    Earliest first, those that arise on the way included.
    """
    cases = {case.id: work.take_in(case) for case in due}
    cases |= {case.id: case for case in work.changed()}
    waiting = [(at, case.id) for case in cases.values() if (at := case.next_at) is not None and at <= until]
    heapify(waiting)
    lapsed: dict[str, int] = {}
    while waiting:
        _, name = heappop(waiting)
        case = _lapse(cases[name], until, work.decide)
        lapsed[name] = lapsed.get(name, 0) + 1
        at = case.next_at
        if case is not cases[name] and at is not None and at <= until and lapsed[name] < CASCADE_MAX:
            heappush(waiting, (at, name))
        cases[name] = case


def up_to_date(work: Work, case: Case | None) -> Case | None:
    """The case with what fell due before now met, which a turn that has too much may not have come to yet."""
    return _caught_up(work, case, work.decide)


def foreseen(work: Work, case: Case | None) -> Case | None:
    """The case as ``up_to_date`` would leave it; nothing of it is kept. The same case where nothing fell due."""
    return _caught_up(work, case, work.foresee)


def _caught_up(work: Work, case: Case | None, decide: Decide) -> Case | None:
    for _ in range(CASCADE_MAX):
        if case is None or (at := case.next_at) is None or at >= work.now:
            break
        later = _lapse(case, work.now - INSTANT, decide)
        if later is case:
            break
        case = later
    return case


def _lapse(case: Case, until: datetime, decide: Decide) -> Case:
    """Fire the earliest instant that one case waits for; the same case when there was nothing to do."""
    armed = [(at, track.name) for track in case.tracks if (at := track.next_at) is not None and at <= until]
    if not armed:
        return case
    at, track = min(armed)
    return decide(case, Lapse(track, at)).case or case
