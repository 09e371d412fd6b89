"""What becomes of a fact: heard, repeated, unheard, turned away, quarantined, or too old to change anything."""

from datetime import timedelta

import pytest

from civicloop import CLOSE, Finding, Reason, Scenario
from civicloop.core.engine.quarantine import SHELVES
from civicloop.core.engine.receipt import Status
from civicloop.core.stores.base import EventState

from .stage import CHAIN, NOON, Fill, Full, Seen, Stage, fact, fill

REF = "bins.full/B1"


def test_a_full_bin_opens_a_case(store):
    stage = Stage(Full, store=store)
    [receipt] = stage.hear(fill(90))
    assert (receipt.status, receipt.cases) == (Status.ACCEPTED, (stage.case(REF).id,))
    assert stage.story(REF) == [Reason.OPENED, Reason.ASKED]
    assert store.event("/gw", "1").state is EventState.ACCEPTED


# repeats -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("apart", [False, True], ids=["in one batch", "in two turns"])
@pytest.mark.parametrize(("second", "reason"), [(fill(90), "same"), (fill(95), "conflict")])
def test_a_repeat_changes_nothing(store, apart, second, reason):
    stage = Stage(Full, store=store)
    receipts = [*stage.hear(fill(90)), *stage.hear(second)] if apart else stage.hear(fill(90), second)
    assert [(one.status, one.reason) for one in receipts] == [(Status.ACCEPTED, ""), (Status.DUPLICATE, reason)]
    assert stage.case(REF).sightings == 1
    assert stage.case(REF).variables["percent"] == 90
    assert stage.engine.counts["event", Status.DUPLICATE] == 1
    assert stage.engine.counts["decision", "conflict"] == (reason == "conflict")
    assert store.counts()["events"] == 1


def test_the_same_id_of_another_source_is_another_event(store):
    stage = Stage(Full, store=store)
    receipts = stage.hear(fill(90), fill(90, source="/other"))
    assert [one.status for one in receipts] == [Status.ACCEPTED, Status.ACCEPTED]


def test_what_was_turned_away_may_be_sent_again_in_the_same_batch():
    stage = Stage(Full)
    receipts = stage.hear(fact(id="1", percent="much"), fill(90, id="1"))
    assert [one.status for one in receipts] == [Status.REJECTED, Status.ACCEPTED]


# turned away or kept -----------------------------------------------------------------------------------------


def test_a_fact_that_nobody_listens_to_is_stored_and_counted(store):
    stage = Stage(Full, store=store)
    [receipt] = stage.hear(fact("bin.smell", "nobody knows", strength=3))
    assert (receipt.status, receipt.reason) == (Status.UNHEARD, "no_scenario")
    assert store.unheard_types() == {"bin.smell": 1}
    assert store.event("/gw", "1").state is EventState.UNHEARD
    assert stage.engine.counts["event", Status.UNHEARD] == 1
    assert stage.ops() == []


@pytest.mark.parametrize(
    ("envelopes", "reason", "word"),
    [
        ([fill(90, subject="X9", id="1"), fill(91, subject="X9", id="2")], "unknown_device", "X9"),
        ([fill(90, place="moon", id="1"), fill(91, place="moon", id="2")], "unknown_place", "moon"),
        ([fill(90, subject=None, id="1"), fill(90, subject=None, id="2")], "unknown_device", "(no subject)"),
    ],
)
def test_what_cannot_be_placed_is_kept_and_ops_hear_of_it_once_a_day(store, envelopes, reason, word):
    stage = Stage(Full, store=store)
    receipts = stage.hear(*envelopes)
    assert {(one.status, one.reason) for one in receipts} == {(Status.QUARANTINED, reason)}
    assert word in receipts[0].detail
    assert [one.reason for one in store.quarantine(9)] == [reason, reason]
    assert store.event("/gw", "1").state is EventState.QUARANTINED
    assert stage.ops() == [reason]
    stage.hear(envelopes[0]._replace(id="3"), minute=60)
    assert stage.ops() == [reason]
    # 16:00 UTC is midnight of the street: a new day, a new word.
    stage.hear(envelopes[0]._replace(id="4"), minute=4 * 60)
    assert stage.ops() == [reason, reason]
    assert stage.refs() == []


def test_each_culprit_is_told_of_by_itself():
    stage = Stage(Full)
    stage.hear(fill(90, subject="X8", id="1"), fill(90, subject="X9", id="2"))
    assert stage.ops() == ["unknown_device", "unknown_device"]


def test_a_thousand_made_up_devices_are_all_kept_and_ops_are_not_told_a_thousand_times(store):
    stage = Stage(Full, store=store)
    receipts = stage.hear(*(fill(90, subject=f"made-up-{n}", id=str(n)) for n in range(1_000)))
    assert {one.status for one in receipts} == {Status.QUARANTINED}
    assert store.counts()["quarantined"] == 1_000
    assert len(stage.ops()) <= SHELVES


def test_a_known_place_is_enough_for_an_unknown_device():
    stage = Stage(Full)
    assert stage.hear(fill(90, subject="X9", place="e1"))[0].status is Status.ACCEPTED
    assert stage.case("bins.full/X9").place == "e1"


@pytest.mark.parametrize(
    ("envelope", "reason", "sentence"),
    [
        (fill(90, minute=5.1), "future", "more than 5 minutes ahead; set the sender's clock"),
        (fact(percent="much"), "data", "data.percent of bin.level does not fit"),
        (fact(), "data", "data.percent of bin.level does not fit"),
    ],
)
def test_what_cannot_be_is_rejected_and_not_stored(store, envelope, reason, sentence):
    stage = Stage(Full, store=store)
    [receipt] = stage.hear(envelope)
    assert (receipt.status, receipt.reason) == (Status.REJECTED, reason)
    assert sentence in receipt.detail
    assert store.counts()["events"] == 0
    assert store.last_turn() is None


def test_a_clock_that_is_a_little_fast_is_believed():
    assert Stage(Full).hear(fill(90, minute=5))[0].status is Status.ACCEPTED


def test_a_fact_without_a_time_happened_when_it_was_received(store):
    stage = Stage(Full, store=store)
    stage.hear(fill(90, minute=None), minute=7)
    assert store.event("/gw", "1").at == NOON + timedelta(minutes=7)


# order and history -------------------------------------------------------------------------------------------


def test_facts_of_a_batch_are_judged_in_the_order_of_their_times():
    stage = Stage(Full)
    stage.hear(fill(5, minute=2, id="2"), fill(90, minute=1, id="1"), minute=2)
    assert stage.story(REF) == [Reason.OPENED, Reason.ASKED, Reason.CLEARED, Reason.CLOSED]
    assert stage.memory() == {"count": 2, "last": 5}


def test_an_older_fact_informs_the_memory_and_changes_nothing_else(store):
    stage = Stage(Full, store=store)
    stage.hear(fill(5, minute=10, id="1"), minute=10)
    [receipt] = stage.hear(fill(95, minute=9, id="2"), minute=10)
    assert (receipt.status, receipt.cases) == (Status.ACCEPTED, ())
    assert stage.memory() == {"count": 2, "last": 95}
    assert stage.refs() == []
    assert stage.engine.counts["decision", Reason.HISTORY] == 1


def test_facts_of_the_same_instant_all_count():
    stage = Stage(Full)
    stage.hear(fill(90, id="1"))
    stage.hear(fill(5, id="2"))
    assert stage.story(REF)[-1] is Reason.CLOSED


def test_a_finding_may_lie_elsewhere_or_falls_back_visibly():
    class Elsewhere(Scenario[Fill]):
        name = "bins.elsewhere"
        on_cleared = CLOSE
        chain = CHAIN

        def assess(self, event, context):
            yield Finding("bin_full", place="c1" if event.percent > 90 else "moon")

    stage = Stage(Elsewhere)
    stage.hear(fill(95), fill(85, subject="B2", id="2"))
    assert stage.case("bins.elsewhere/B1").place == "c1"
    assert stage.case("bins.elsewhere/B2").place == "e1"
    assert stage.ops() == ["unknown_place"]


# an event about several things -------------------------------------------------------------------------------


class Sides(Scenario[Fill, Seen]):
    """Each fact is about its subject and about the estate; one of the two can be made to raise."""

    name = "bins.sides"
    on_cleared = CLOSE
    chain = CHAIN
    extra: tuple[object, ...] = ()

    def key(self, event, context):
        return (event.subject, context.place.code, event.subject, "", *self.extra)

    def assess(self, event, context):
        context.memory.count += 1
        if event.percent == 13 and context.key == "e1":
            raise ValueError("unlucky")
        if event.percent >= 80:
            yield Finding("bin_full", about=context.key, count=context.memory.count)


def test_an_event_about_several_things_is_judged_once_for_each(store):
    stage = Stage(Sides, store=store)
    stage.hear(fill(5, 0, "1", subject="B2"))
    [receipt] = stage.hear(fill(90, 1, "2"), minute=1)
    about = [stage.case(f"bins.sides/{key}") for key in ("B1", "e1")]
    assert receipt.cases == tuple(case.id for case in about)
    assert [case.variables for case in about] == [{"about": "B1", "count": 1}, {"about": "e1", "count": 2}]


def test_what_raises_for_one_thing_takes_nothing_from_the_other():
    stage = Stage(Sides)
    stage.hear(fill(13, 0, "1"))
    stage.hear(fill(90, 1, "2"), minute=1)
    counts = [stage.case(f"bins.sides/{key}").variables["count"] for key in ("B1", "e1")]
    assert counts == [2, 1]


@pytest.mark.parametrize(
    ("extra", "why"),
    [((7,), "gave 7 as the key"), (tuple(f"k{number}" for number in range(64)), "more than 64 keys")],
)
def test_keys_that_are_none_are_a_fault_of_the_scenario(store, extra, why):
    stage = Stage(type("Odd", (Sides,), {"extra": extra}), store=store)
    stage.hear(fill(90))
    assert store.counts()["events"] == 1
    assert why in store.quarantine(10)[0].why
