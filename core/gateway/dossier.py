"""All that is read of one case by itself: its journal, what was said, who held it, what is foreseen, and its kin."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from ..engine.setup import Setup
from ..loop.forecast import Ending, Forecast, Moment, forecast
from ..loop.ledger import Booking, by_hours, ledger
from ..model.case import Case, Entry
from ..stores.base import Store
from .story import Line, Masking, Said, Teller, what_was_said

LINKED_MAX: Final = 50
"""How many linked cases are shown, the newest."""

EARLIER_MAX: Final = 20
"""How many of the rounds before it a case shows."""


_INSTANT: Final = timedelta(microseconds=1)


class Dossier(NamedTuple):
    """One case and what belongs to it. ``earlier`` are the rounds that it repeats, the latest first."""

    case: Case
    journal: tuple[Entry, ...]
    said: Mapping[str, Said]
    booked: tuple[Booking, ...]
    forecast: Forecast
    earlier: tuple[Case, ...] = ()
    children: tuple[Case, ...] = ()


def read_dossier(store: Store, setup: Setup, case: Case, now: datetime, masking: Masking) -> Dossier:
    """Read everything of ``case`` as it is ``now``; ``masking`` is how its reader may see what people said."""
    journal = tuple(store.journal(case.id))
    return Dossier(
        case,
        journal,
        what_was_said(store, journal, masking),
        tuple(by_hours(ledger(journal, now), case, setup.street)),
        forecast(case, now, setup.street),
        earlier=tuple(_earlier(store, case)),
        children=tuple(store.children(case.id, LINKED_MAX)),
    )


def _earlier(store: Store, case: Case) -> list[Case]:
    found: list[Case] = []
    name = case.previous
    while name and len(found) < EARLIER_MAX and (before := store.case(name)) is not None:
        found.append(before)
        name = before.previous
    return found


class Explanation(NamedTuple):
    """How a case stands at one instant, and what comes next.

    ``held`` is who holds it; ``past`` its story until then; ``standing`` whom it waits for. What follows is
    ``foreseen`` if nobody acts, or, for an instant that has passed, what really ``followed``. ``dues`` are the
    deadlines that were armed then, by track.
    """

    at: datetime
    held: Booking | None
    past: list[Line]
    standing: list[str]
    foreseen: tuple[Moment, ...]
    ending: Ending | None
    dues: Mapping[str, datetime]
    followed: list[Line]


def explain(dossier: Dossier, teller: Teller, now: datetime, at: datetime) -> Explanation:
    """What can be said of ``at``, which may be now, past or to come.

    The past is told from the journal, which says what was armed and what came of it. It is not decided again: who held
    a role on a past day is not kept. The future is told on the assumption that nobody acts.
    """
    return _past(dossier, teller, at) if at < now else _future(dossier, teller, now, at)


def _holder(entries: Iterable[Entry], at: datetime) -> Booking | None:
    """Who holds a case at an instant, by its journal until then; nobody one that is closed or was not open yet."""
    booked = ledger(entries, at + _INSTANT)
    return booked[-1] if booked and booked[-1].ends > at else None


def _past(dossier: Dossier, teller: Teller, at: datetime) -> Explanation:
    lines = teller.tell(dossier.case, dossier.journal, dossier.said)
    past = [line for line in lines if line.at <= at]
    later = [line for line in lines if line.at > at]
    held = _holder((line for line in dossier.journal if line.at <= at), at)
    dues: dict[str, datetime | None] = {line.entry.track: line.entry.due for line in past} if held else {}
    armed = {track: due for track, due in dues.items() if due is not None}
    followed = [line for line in later if line.at == later[0].at]
    return Explanation(at, held, past, [], (), None, armed, followed)


def _future(dossier: Dossier, teller: Teller, now: datetime, at: datetime) -> Explanation:
    moments, ending = dossier.forecast
    passed = [moment for moment in moments if moment.at <= at and at > now]
    entries = (*dossier.journal, *(entry for moment in passed for entry in moment.entries))
    case = passed[-1].case if passed else dossier.case
    return Explanation(
        at,
        _holder(entries, at),
        teller.tell(case, entries, dossier.said),
        teller.standing(case, at),
        moments[len(passed) :],
        ending,
        {},
        [],
    )
