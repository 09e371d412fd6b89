"""The decision table, played row by row; and the proof that it has a row for every reason the loop can give."""

import pytest

from civicloop.core.model.case import Reason

from .show import shown_case, shown_entries, shown_notices, shown_silenced
from .table import TABLE
from .table.row import Row
from .town import Story, clock

ELSEWHERE = {Reason.INTERNAL_ERROR}
"""Reasons that only the engine gives."""


def played(row: Row) -> Story:
    story = Story(row.rules)
    for now, saying in row.story:
        assert not (decision := story.hear(now, saying)).refused, f"the story itself is refused: {decision.detail}"
    story.hear(*row.given)
    return story


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_the_table(row: Row) -> None:
    story = played(row)
    decision = story.decisions[-1]
    reason = f"refused: {decision.reason}" if decision.refused else decision.reason
    seen = (reason, shown_entries(decision), shown_notices(decision), shown_case(decision.case))
    assert seen == (row.reason, row.entries, row.notices, row.after)
    if row.silenced is not None:
        assert shown_silenced(decision) == row.silenced
    if row.wakes is not None:
        assert decision.case is not None
        assert decision.case.next_at == clock(row.wakes)
    assert row.says in decision.detail
    keys = [(notice.case, notice.key) for one in story.decisions for notice in one.notices]
    assert len(keys) == len(set(keys)), "one idempotency key for each notice of a case"
    is_awaited = "is still missing" in decision.detail and decision.reason is Reason.REPORTED
    assert bool(decision.detail) is (decision.refused or is_awaited), "who is refused or owes proof is told"


def test_every_row_has_its_own_name() -> None:
    names = [row.name for row in TABLE]
    assert len(names) == len(set(names))


def test_every_reason_has_a_row() -> None:
    seen = {row.reason.removeprefix("refused: ") for row in TABLE}
    seen |= {entry.split()[0] for row in TABLE for entry in row.entries}
    assert set(Reason) - ELSEWHERE == seen, "a reason without a row, or one that only the engine may give"
