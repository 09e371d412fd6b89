"""Who may say what, and when: one table, asked in one place."""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple

from ..model.case import Case, Duty, Reason, Track, TrackState, WorkOrder
from ..model.given import Answer, Verb
from ..model.place import Level
from ..model.street import OPS, Street


class Who(StrEnum):
    """On what ground a party may speak."""

    ASKED = "a party that was asked and has not yet answered"
    ASKED_OR_STREET = "a party that was asked, or the street's operations centre"
    LATE = "a party that was asked"
    DECIDER = (
        "a party of the review at hand; for a request the street's operations centre, for an appeal its level or above"
    )
    DISPATCHER = "the street's operations centre, or the party that was asked to send the work on"
    STREET = "the street's operations centre"
    SUPERVISOR = "the street's operations centre, or a party of the street or above"
    ANYONE = "any party that holds a role at the place"


_WORKING, _DISPATCHING, _VERIFYING, _SUSPENDED, _SUPERVISED, _CLOSED = TrackState
_OPEN: Final = frozenset(TrackState) - {_CLOSED}


class Permit(NamedTuple):
    """Who may say a verb; in which states of a track it is heard, and the reason of its refusal ``otherwise``.

    ``of_case``: it speaks of the whole case, and so is heard on a track that is closed already. ``on_closed``: a
    closed case hears it too. ``says_why``: it is refused without a reason (domain 2.4, 2.5: a return, a stop, an order
    to close always says why).
    """

    who: Who
    when: frozenset[TrackState] = _OPEN
    otherwise: Reason = Reason.NOT_NOW
    of_case: bool = False
    on_closed: bool = False
    says_why: bool = False


def _when(*states: TrackState) -> frozenset[TrackState]:
    return frozenset(states)


# fmt: off
PERMITS: Final[dict[Verb, Permit]] = {
    Verb.ACCEPT: Permit(Who.ASKED),
    Verb.REPORT: Permit(Who.ASKED),
    Verb.RETURN: Permit(Who.ASKED, says_why=True),
    Verb.EXTEND: Permit(Who.ASKED_OR_STREET, _when(_WORKING)),
    Verb.SUSPEND: Permit(Who.ASKED_OR_STREET, _when(_WORKING), says_why=True),
    Verb.RESUME: Permit(Who.STREET, _when(_SUSPENDED), Reason.NOT_SUSPENDED),
    Verb.APPROVE: Permit(Who.DECIDER, _when(_WORKING, _SUPERVISED), Reason.NOT_UNDER_REVIEW, on_closed=True),
    Verb.DENY: Permit(Who.DECIDER, _when(_WORKING, _SUPERVISED), Reason.NOT_UNDER_REVIEW, on_closed=True),
    Verb.VERIFY: Permit(Who.ANYONE, _when(_VERIFYING), Reason.NOT_VERIFYING),
    Verb.REASSIGN: Permit(Who.DISPATCHER, _when(_WORKING, _SUPERVISED, _DISPATCHING)),
    Verb.ESCALATE: Permit(Who.DISPATCHER, _when(_WORKING, _DISPATCHING)),
    Verb.SUPERVISE: Permit(Who.SUPERVISOR),
    Verb.VOID: Permit(Who.STREET, of_case=True, says_why=True),
    Verb.CLOSE: Permit(Who.STREET, of_case=True, says_why=True),
    Verb.REOPEN: Permit(Who.STREET, of_case=True, on_closed=True, says_why=True),
    Verb.APPEAL: Permit(Who.LATE, of_case=True, on_closed=True, says_why=True),
    Verb.COMMENT: Permit(Who.ANYONE, of_case=True, on_closed=True),
}
# fmt: on

SUPERVISION: Final = {Level.STREET: 1, Level.DISTRICT: 2, Level.CITY: 2}
"""At which level a party presses (督办), by the level of its place (domain 2.3: street 1, district 2 [P])."""


def order_named(case: Case, track: Track, answer: Answer) -> WorkOrder | None:
    """The work order an answer speaks of: the one it names, else the party's latest."""
    mine = [order for order in track.orders if order.party == answer.party]
    if answer.order:
        return next((order for order in mine if case.order_id(order) == answer.order), None)
    open_first = [one for one in mine if one.is_open and one.duty is Duty.WORK] or [one for one in mine if one.is_open]
    candidates = open_first or mine
    return candidates[-1] if candidates else None


def supervision_level(case: Case, answer: Answer, street: Street) -> int:
    """At which level the party supervises this case; 0: not at all."""
    if answer.party == OPS:
        return 1
    directory = street.directory
    seat = next(
        (place for place in directory.around(case.place) if (place.code, answer.party) in directory.parties), None
    )
    return SUPERVISION.get(seat.level, 0) if seat else 0


def is_permitted(case: Case, track: Track, answer: Answer, street: Street) -> bool:
    """Whether this party may say this at all; whether it may say it now is the states' question."""
    order = order_named(case, track, answer)
    is_asked = order is not None and order.is_open
    is_street = answer.admin or answer.party == OPS
    match PERMITS[answer.verb].who:
        case Who.ASKED:
            return is_asked
        case Who.ASKED_OR_STREET:
            return is_asked or is_street
        case Who.LATE:
            return order is not None
        case Who.DISPATCHER:
            return is_street or any(one.duty is Duty.DISPATCH and one.party == answer.party for one in track.orders)
        case Who.STREET:
            return is_street
        case Who.SUPERVISOR:
            return answer.admin or supervision_level(case, answer, street) > 0
        case Who.DECIDER:
            return answer.admin or _may_decide(case, track, answer, street)
        case _:
            return True


def _may_decide(case: Case, track: Track, answer: Answer, street: Street) -> bool:
    if not case.is_open:
        return supervision_level(case, answer, street) > 0
    if track.request is not None:
        return answer.party == OPS
    step = case.step(track)
    asked = [order.party for order in track.orders if order.is_open and order.step == step.name]
    return answer.party in (*step.parties, *asked)
