"""Whoever answers without having been asked hears who was, by role and order, and what helps."""

import pytest

from civicloop.core.stores.sqlite import SqliteStore

from .stage import Full, Stage, answer, fill


@pytest.fixture
def stage(store: SqliteStore) -> Stage:
    made = Stage(Full, store=store)
    made.hear(fill(95, 0, "full"))
    return made


def refused(stage: Stage, verb: str, party: str, **data: object) -> str:
    [receipt] = stage.hear(answer(verb, "bins.full/B1", party, 1, f"{verb} {party}", **data), minute=1)
    assert (receipt.status, receipt.reason) == ("refused", "not_asked")
    return receipt.detail


def test_who_was_asked_is_named_with_the_order_and_the_place(stage: Stage) -> None:
    case = stage.case("bins.full/B1")
    assert refused(stage, "accept", "ops_center") == (
        f"ops_center may not accept case {case.id} now; that takes a party that was asked and has not yet answered; "
        f"asked now for {case.place}: cleaner (order {case.id}.1, work at empty); "
        "answer as one of these, or have ops_center reassign it"
    )


def test_a_role_that_the_street_does_not_have_is_named_as_such(stage: Stage) -> None:
    said = refused(stage, "report", "plumber", result="done")
    assert "; no party of this street has the role plumber, see parties.csv for those that there are; " in said
    assert "no party of this street" not in refused(stage, "report", "ops_center", result="done")


def test_where_the_answer_is_there_already_the_next_one_is_named(stage: Stage) -> None:
    stage.hear(answer("report", "bins.full/B1", "cleaner", 1, "done", result="done"), minute=1)
    said = refused(stage, "report", "cleaner", result="done")
    assert "; asked now for e1: ops_center (order " in said
    assert ".2, check at empty); " in said


def test_other_refusals_say_what_they_said(stage: Stage) -> None:
    [receipt] = stage.hear(answer("return", "bins.full/B1", "cleaner", 1, "no reason"), minute=1)
    assert receipt.detail == "return needs a reason; say why in 'reason'"
