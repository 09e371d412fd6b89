"""Deadlines of cases that have been reached, fired in their order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from heapq import heapify, heappop, heappush
from typing import Final

from ..model.case import Case
from ..model.given import Lapse
from .work import Work

LAPSES_MAX: Final = 1000
"""How many cases (and how many keys with watchdogs) one turn takes on because time passed; the rest comes next turn."""

CASCADE_MAX: Final = 64
"""How often one case may lapse within a turn; more would mean a chain without spans, which its proof refuses."""

INSTANT: Final = timedelta(microseconds=1)


def lapse_cases(work: Work, due: Iterable[Case], until: datetime) -> None:
    """Fire the deadlines up to ``until`` of the cases ``due`` and of those that this turn has changed.

    Earliest first, those that arise on the way included.
    """
    cases = {case.id: work.take_in(case) for case in due}
    cases |= {case.id: case for case in work.changed()}
    waiting = [(case.due, case.id) for case in cases.values() if case.due is not None and case.due <= until]
    heapify(waiting)
    lapsed: Counter[str] = Counter()
    while waiting:
        _, name = heappop(waiting)
        case = _lapse(work, cases[name], until)
        lapsed[name] += 1
        if case is not cases[name] and case.due is not None and case.due <= until and lapsed[name] < CASCADE_MAX:
            heappush(waiting, (case.due, name))
        cases[name] = case


def up_to_date(work: Work, case: Case | None) -> Case | None:
    """The case with its deadlines before now met, which a turn that has too many may not have come to yet."""
    for _ in range(CASCADE_MAX):
        if case is None or case.due is None or case.due >= work.now:
            break
        later = _lapse(work, case, work.now - INSTANT)
        if later is case:
            break
        case = later
    return case


def _lapse(work: Work, case: Case, until: datetime) -> Case:
    """Fire the earliest deadline of one case; the same case when there was nothing to do."""
    armed = [(track.due, track.name) for track in case.tracks if track.due is not None and track.due <= until]
    if not armed:
        return case
    due, track = min(armed)
    return work.decide(case, Lapse(track, due)).case or case
