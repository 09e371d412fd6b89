"""What will happen next to a case, and when, if nobody acts: its deadlines decided forward on the case itself."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple

from ..model.case import Case, Entry
from ..model.given import Lapse
from ..model.notice import Notice
from ..model.street import Street
from .decide import decide

MOMENTS_MAX: Final = 60
"""How far ahead a forecast looks: more than the longest chain has deadlines."""

_TIMES: Final = frozenset({"asked_at", "due", "step_due", "held_at", "quiet_until", "remind_at", "orders"})


class Ending(StrEnum):
    """How a forecast ends: the case is over already, it closes, it only repeats itself, or it was not followed on."""

    OVER = "over"
    CLOSES = "closes"
    REPEATS = "repeats"
    GOES_ON = "goes_on"


class Moment(NamedTuple):
    """One instant at which something happens by itself: what is journaled, who is told, and the case after it."""

    at: datetime
    case: Case
    entries: tuple[Entry, ...]
    notices: tuple[Notice, ...]


class Forecast(NamedTuple):
    """What happens if nobody acts, in order; where it repeats itself, each repetition is shown once."""

    moments: tuple[Moment, ...]
    ending: Ending


def forecast(case: Case, now: datetime, street: Street) -> Forecast:
    """Decide every deadline of ``case`` at its own instant, the earliest first, until nothing new happens.

    A deadline that has passed already is decided ``now``. Nobody answers, nothing is found and nothing clears: a
    watchdog of silence is no deadline of the case. Who holds a role is asked for the instant at which it matters. Of
    a track that repeats itself each turn is foreseen once; the others are followed on.
    """
    if not case.is_open:
        return Forecast((), Ending.OVER)
    moments: list[Moment] = []
    stood: set[tuple[object, ...]] = set()
    repeating: set[str] = set()
    for _ in range(MOMENTS_MAX):
        due = [(at, track.name) for track in case.tracks if track.name not in repeating and (at := track.next_at)]
        if not due:
            return Forecast(tuple(moments), Ending.REPEATS)
        at, name = min(due)
        now = max(now, at)
        made = decide(case, Lapse(name, at), now, street)
        case = made.case or case
        standing = _standing(case, name, made.entries)
        if standing in stood:
            repeating.add(name)
            continue
        stood.add(standing)
        if made.entries:
            moments.append(Moment(now, case, made.entries, made.notices))
        if not case.is_open:
            return Forecast(tuple(moments), Ending.CLOSES)
    return Forecast(tuple(moments), Ending.GOES_ON)


def _standing(case: Case, name: str, entries: tuple[Entry, ...]) -> tuple[object, ...]:
    """How a track stands after an instant, whatever the time: where it stands so again, it repeats itself."""
    track = case.track(name)
    members = track._asdict().items() if track else ()
    orders = [(one.step, one.party, one.duty, one.state, one.is_late) for one in track.orders] if track else []
    timeless = tuple(value for member, value in members if member not in _TIMES)
    return timeless, tuple(orders), tuple((entry.reason, entry.step, entry.party) for entry in entries)
