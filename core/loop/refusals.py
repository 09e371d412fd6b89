"""The refusal of whoever was not asked: who was, for what, and what helps. Roles and orders only, never persons."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ..model.case import Case, Duty, Reason, Track, WorkOrder
from ..model.given import Answer
from ..model.street import OPS
from .draft import Decision, Draft, refuse
from .permits import order_named

NAMED_MAX: Final = 5
"""How many of those who were asked are named."""


def not_asked(draft: Draft, track: Track, given: Answer, *, step: str = "", duty: Duty | None = None) -> Decision:
    """Refuse an answer that takes an open order, of this step and duty where they matter; says who has one."""
    case = draft.case
    asked = [one for one in track.orders if one.is_open and step in ("", one.step) and duty in (None, one.duty)]
    why = _why(draft, track, given)
    detail = f"{given.party} may not {given.verb} case {case.id} at {case.place}: {why}; {_asked(case, track, asked)}"
    return refuse(case, Reason.NOT_ASKED, detail)


def _why(draft: Draft, track: Track, given: Answer) -> str:
    case = draft.case
    if given.party not in draft.street.directory.roles:
        return "no party of this street has that role, see parties.csv for those that there are"
    named = next((order for order in track.orders if given.order and case.order_id(order) == given.order), None)
    if named is not None and named.party != given.party:
        return f"order {given.order} was given to {named.party}"
    order = order_named(case, track, given)
    if order is None:
        return f"it has no order{f' {given.order}' if given.order else ''} on track {track.name}"
    state = f"is for {order.duty} at {order.step}" if order.is_open else f"is {order.state} already"
    return f"its order {case.order_id(order)} {state}"


def _asked(case: Case, track: Track, asked: Sequence[WorkOrder]) -> str:
    if not asked:
        return f"nobody's answer is awaited on track {track.name}, which is {track.state}"
    told = [f"{one.party} (order {case.order_id(one)}, {one.duty} at {one.step})" for one in asked[:NAMED_MAX]]
    more = f" and {len(asked) - NAMED_MAX} more" if len(asked) > NAMED_MAX else ""
    return f"asked now: {', '.join(told)}{more}; answer as one of these, or have {OPS} reassign it"
