"""Linked cases: a finding names its parent, and both keep the link."""

import pytest

from civicloop import CLOSE, Cleared, Finding, Memory, Scenario, Tally, days
from civicloop.core.stores.sqlite import SqliteStore

from .stage import CHAIN, Fill, Full, Stage, answer, fill
from .test_rerun import journal, rerun


class Times(Memory):
    full: Tally = Tally()


class Again(Scenario[Fill, Times]):
    """Three full bins in thirty days on one estate are a matter of their own. Named so that it is asked first."""

    name = "bins.again"
    on_cleared = CLOSE
    chain = CHAIN

    def key(self, event, context):
        return context.place.code

    def assess(self, event, context):
        if event.percent >= 80 and context.memory.full.add(event.at, days(30)) >= 3:
            yield Finding("too_often", parent=f"bins.full/{event.subject}", place="e1", count=3)


class Named(Scenario[Fill, Memory]):
    """Links to whatever the test says."""

    name = "bins.named"
    on_cleared = CLOSE
    chain = CHAIN
    parent = ""

    def assess(self, event, context):
        yield Finding("named", parent=self.parent) if event.percent > 10 else Cleared()


DAY = 24 * 60


def thrice(stage: Stage) -> None:
    for number in range(3):
        stage.hear(fill(90, number * DAY, str(number), subject=f"B{number}"), minute=number * DAY)


@pytest.mark.parametrize("order", [(Full, Again), (Again, Full)])
def test_three_findings_open_a_case_linked_to_the_one_that_caused_it(order):
    stage = Stage(*order)
    thrice(stage)
    cause, linked = stage.case("bins.full/B2"), stage.case("bins.again/e1")
    assert (linked.parent, linked.message, linked.variables) == (cause.id, "too_often", {"count": 3})
    assert [case.ref for case in stage.store.children(cause.id, 9)] == ["bins.again/e1"]
    assert stage.engine.counts["decision", "unknown_parent"] == 0


def test_neither_blocks_the_other():
    stage = Stage(Full, Again)
    thrice(stage)
    later = 2 * DAY + 5
    stage.hear(fill(5, later, "empty", subject="B2"), minute=later)
    assert not stage.case("bins.full/B2").is_open
    assert stage.case("bins.again/e1").is_open
    stage.hear(answer("void", "bins.again/e1", "ops_center", later + 1, reason="met already"), minute=later + 1)
    assert not stage.case("bins.again/e1").is_open


def test_a_fourth_finding_speaks_for_the_open_case_and_keeps_its_parent():
    stage = Stage(Full, Again)
    thrice(stage)
    stage.hear(fill(90, 3 * DAY, "3", subject="B3"), minute=3 * DAY)
    linked = stage.case("bins.again/e1")
    assert (linked.round, linked.sightings, linked.parent) == (1, 2, stage.case("bins.full/B2").id)


def test_the_open_round_is_meant_else_the_latest():
    stage = Stage(Full, type("ToFull", (Named,), {"parent": "bins.full/B1"}))
    stage.hear(fill(90, id="1"))
    stage.hear(fill(5, 1, "2"), minute=1)
    stage.hear(fill(60, 2, "3", subject="B2"), minute=2)  # full enough for the other scenario only
    first = stage.store.round("bins.full", "B1")
    assert not first.is_open
    assert stage.case("bins.named/B2").parent == first.id
    stage.hear(fill(90, 3, "4"), minute=3)
    stage.hear(fill(60, 4, "5", subject="B3"), minute=4)
    assert stage.case("bins.named/B3").parent == stage.store.round("bins.full", "B1").id != first.id


def test_a_parent_may_be_named_by_its_id():
    stage = Stage(Full)
    stage.hear(fill(90))
    cause = stage.case("bins.full/B1").id
    stage.use(Full, type("ById", (Named,), {"parent": cause}))
    stage.hear(fill(60, 1, "2", subject="B2"), minute=1)
    assert stage.case("bins.named/B2").parent == cause


@pytest.mark.parametrize("parent", ["bins.full/none", "0123456789abcdef", "bins.named/B1"])
def test_a_parent_that_is_no_other_case_is_left_out_counted_and_told(parent):
    stage = Stage(type("Lost", (Named,), {"parent": parent}))
    stage.hear(fill(90))
    stage.hear(fill(90, 1, "2"), minute=1)
    assert stage.case("bins.named/B1").parent is None
    assert stage.engine.counts["decision", "unknown_parent"] == 2
    assert stage.ops() == ["unknown_parent"], "once a day"


def test_links_are_the_same_in_a_rerun():
    stage, again = Stage(Again, Full), Stage(Again, Full, store=SqliteStore(None))
    thrice(stage)
    rerun(stage.store, again)
    assert journal(again.store) == journal(stage.store)
    assert again.case("bins.again/e1") == stage.case("bins.again/e1")
