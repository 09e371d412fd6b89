"""Whether owners have decided: the Shanghai Residential Property Rules, article 18 [L].

Two thirds of the owners, by floor area and by number, must take part. More than half of those who take part decide,
again by both; to put shared parts to another use takes three quarters of both.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from .events import EbikeVote

Vote = Literal["passed", "rejected", "no_quorum"]


def result_of(vote: EbikeVote) -> Vote:
    """What the count means. A share of exactly two thirds or three quarters suffices; exactly half does not."""
    counts = ((vote.area, vote.area_voted, vote.area_for), (vote.owners, vote.owners_voted, vote.owners_for))
    if not all(3 * voted >= 2 * total for total, voted, _ in counts):
        return "no_quorum"
    decides = _three_quarters if vote.changes_use else _more_than_half
    return "passed" if all(decides(voted, agree) for _, voted, agree in counts) else "rejected"


def _more_than_half(voted: Decimal | int, agree: Decimal | int) -> bool:
    return 2 * agree > voted


def _three_quarters(voted: Decimal | int, agree: Decimal | int) -> bool:
    return 4 * agree >= 3 * voted
