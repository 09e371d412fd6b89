"""An answer that names no case: it is about the last one its speaker was asked in."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from ..model.case import Case
from .answering import AnswerData
from .receipt import Input, InvalidAnswer
from .work import Work

CASES_MAX: Final = 200
"""With more open cases than this to choose from, whoever answers must say which one is meant."""


def case_last_asked(work: Work, item: Input, data: AnswerData) -> Case:
    """The open case in which whoever speaks was last asked something that is still to be answered.

    The seat of ``party`` is known by the event's or token's ``place``, or by the person's name on its roster; a person
    means what was asked while they were on duty. Raises ``InvalidAnswer`` where that is not known, or there is none.
    """
    envelope, speaker = item
    person = data.person or (speaker.person if speaker else "")
    place = envelope.place or (speaker.place if speaker else "")
    seats = _seats(work, data.party, person, place)
    if not seats:
        raise InvalidAnswer(
            f"{envelope.type} without a subject needs a person on the roster of {data.party}, or the extension place; "
            "or name the case as subject: SCENARIO/KEY or the case id"
        )
    inside = speaker.place if speaker else ""
    asked = [
        (at, case.id, case)
        for case in _open_cases(work, data.party, seats)
        for at in _asked_at(case, data.party)
        if _is_theirs(work, case, data.party, at, seats, person, inside)
    ]
    if not asked:
        raise InvalidAnswer(f"{data.party} has been asked nothing there that is still open; name the case as subject")
    return max(asked, key=lambda one: one[:2])[2]


def _seats(work: Work, role: str, person: str, place: str) -> frozenset[str]:
    """The places for which whoever speaks holds the role."""
    directory = work.setup.street.directory
    if place:
        holder = directory.holder(role, place, work.now)
        return frozenset({holder.place} if holder else ())
    rosters = directory.roster.items()
    return frozenset(at for (at, held), roster in rosters if held == role and person in roster.people)


def _open_cases(work: Work, role: str, seats: frozenset[str]) -> list[Case]:
    """The open cases around in which the role was ever asked, as this turn sees them."""
    places = frozenset(code for seat in seats for code in work.setup.street.directory.subtree(seat))
    stored = work.turn.asked(role, places, CASES_MAX + 1)
    if len(stored) > CASES_MAX:
        raise InvalidAnswer(f"{role} has more than {CASES_MAX} open cases there; name the case as subject")
    cases = {case.id: work.take_in(case) for case in stored} | {case.id: case for case in work.changed()}
    return [case for case in cases.values() if case.is_open]


def _asked_at(case: Case, role: str) -> Iterator[datetime]:
    """When the role was asked what it has not answered yet."""
    for track in case.tracks:
        for order in track.orders:
            if order.party == role and order.is_open:
                yield order.asked_at


def _is_theirs(
    work: Work, case: Case, role: str, at: datetime, seats: frozenset[str], person: str, inside: str
) -> bool:
    """Whether what was asked then went to this seat, to this person if its roster says who was on duty."""
    street = work.setup.street
    holder = street.holder(role, case.place, at)
    if holder is None or holder.place not in seats or (inside and not street.directory.inside(case.place, inside)):
        return False
    return not (person and holder.people) or person in holder.people
