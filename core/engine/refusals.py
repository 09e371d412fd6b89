"""What the refusal of whoever was not asked says beside the rule: who is asked, for what, and what helps."""

from __future__ import annotations

from typing import Final

from ..loop.draft import Decision
from ..model.case import Case, Reason
from ..model.given import Answer
from ..model.street import OPS, Street

NAMED_MAX: Final = 5
"""How many of those who are asked are named."""


def in_full(decision: Decision, case: Case | None, answer: Answer, street: Street) -> str:
    """The detail of a refused answer, with the place and the remedy; roles and orders only, never persons."""
    if decision.reason is not Reason.NOT_ASKED or case is None:
        return decision.detail
    told = [decision.detail]
    if answer.party not in street.directory.roles:
        told.append(f"no party of this street has the role {answer.party}, see parties.csv for those that there are")
    orders = [order for track in case.tracks for order in track.orders if order.is_open]
    asked = [f"{one.party} (order {case.order_id(one)}, {one.duty} at {one.step})" for one in orders[:NAMED_MAX]]
    more = f" and {len(orders) - NAMED_MAX} more" if len(orders) > NAMED_MAX else ""
    if asked:
        told.append(f"asked now for {case.place}: {', '.join(asked)}{more}")
        told.append(f"answer as one of these, or have {OPS} reassign it")
    else:
        told.append(f"nobody's answer is awaited now for {case.place}")
    return "; ".join(told)
