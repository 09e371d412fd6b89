"""Who may say what: one table, asked in one place."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from ..model.case import Case, Duty, Track, WorkOrder
from ..model.given import Answer, Verb
from ..model.street import OPS


class Who(StrEnum):
    """On what ground a party may speak."""

    ASKED = "a party that was asked and has not yet answered"
    REVIEWER = "a party of the review step the case is at"
    STREET = "the street's operations centre"
    ANYONE = "any party that holds a role at the place"


PERMITS: Final[dict[Verb, Who]] = {
    Verb.ACCEPT: Who.ASKED,
    Verb.REPORT: Who.ASKED,
    Verb.RETURN: Who.ASKED,
    Verb.APPROVE: Who.REVIEWER,
    Verb.DENY: Who.REVIEWER,
    Verb.VERIFY: Who.ANYONE,
    Verb.COMMENT: Who.ANYONE,
    Verb.EXTEND: Who.STREET,
    Verb.SUSPEND: Who.STREET,
    Verb.RESUME: Who.STREET,
    Verb.REASSIGN: Who.STREET,
    Verb.ESCALATE: Who.STREET,
    Verb.SUPERVISE: Who.STREET,
    Verb.VOID: Who.STREET,
    Verb.CLOSE: Who.STREET,
    Verb.APPEAL: Who.ASKED,
    Verb.REOPEN: Who.STREET,
}

REASON_NEEDED: Final = frozenset({Verb.RETURN, Verb.VOID, Verb.SUSPEND, Verb.REOPEN})
"""Verbs that are refused without a reason (domain: a return, a void, a suspension always says why)."""

CLOSED_TOO: Final = frozenset({Verb.REOPEN, Verb.COMMENT})
"""Verbs that a closed case hears."""

TRACK_CLOSED_TOO: Final = CLOSED_TOO | {Verb.VOID}
"""Verbs that speak of the whole case, and so are heard on a track that is closed already."""


def order_named(case: Case, track: Track, answer: Answer) -> WorkOrder | None:
    """The work order an answer speaks of: the one it names, else the party's latest."""
    mine = [order for order in track.orders if order.party == answer.party]
    if answer.order:
        return next((order for order in mine if case.order_id(order) == answer.order), None)
    open_first = [order for order in mine if order.is_open and order.duty is Duty.WORK] or [
        o for o in mine if o.is_open
    ]
    candidates = open_first or mine
    return candidates[-1] if candidates else None


def is_permitted(case: Case, track: Track, answer: Answer) -> bool:
    """Whether this party may say this now."""
    match PERMITS[answer.verb]:
        case Who.ASKED:
            order = order_named(case, track, answer)
            return order is not None and order.is_open
        case Who.REVIEWER:
            step = case.step(track)
            asked = [order.party for order in track.orders if order.is_open and order.step == step.name]
            return answer.admin or answer.party in (*step.parties, *asked)
        case Who.STREET:
            return answer.admin or answer.party == OPS
        case _:
            return True
