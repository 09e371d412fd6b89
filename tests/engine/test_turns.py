"""One turn: what comes first, what is written, and what happens when nothing can be."""

from datetime import timedelta

import pytest

from civicloop import VERIFY, Reason, minutes
from civicloop.core.engine.lapsing import LAPSES_MAX
from civicloop.core.engine.receipt import Input, Status
from civicloop.core.stores.base import StoreError
from civicloop.core.stores.sqlite import SqliteStore

from .stage import NOON, Full, Silent, Stage, answer, beat, fact, fill

REF = "bins.full/B1"


def turns(store: SqliteStore) -> int:
    """How many turns are recorded; the contract has no reader for them."""
    return store._reads.raw.execute("SELECT count(*) FROM turn").fetchone()[0]


def test_an_answer_at_the_due_instant_is_in_time(store):
    stage = Stage(Full, store=store)
    stage.hear(fill(90))
    [receipt] = stage.hear(answer("accept", REF, "cleaner", minute=10), minute=10)
    assert receipt.status is Status.ACCEPTED
    assert stage.story(REF) == [Reason.OPENED, Reason.ASKED, Reason.ACCEPTED]


def test_an_answer_after_the_due_instant_finds_the_case_escalated(store):
    stage = Stage(Full, store=store)
    stage.hear(fill(90))
    late = Input(answer("accept", REF, "cleaner", minute=11))
    stage.engine.turn([late], NOON + timedelta(minutes=11))  # nothing else has woken the engine meanwhile
    assert stage.story(REF)[2:] == [Reason.NOT_ACCEPTED, Reason.ESCALATED, Reason.ACCEPTED]


def test_within_a_turn_facts_come_before_answers_and_both_before_deadlines_of_the_instant(store):
    stage = Stage(Full, store=store)
    stage.hear(fill(90))
    batch = (
        answer("accept", "bins.full/B2", "cleaner", minute=10, id="a2"),
        answer("accept", REF, "cleaner", minute=10, id="a1"),
        fill(95, minute=10, id="2", subject="B2"),
    )
    receipts = stage.hear(*batch, minute=10)
    assert [one.status for one in receipts] == [Status.ACCEPTED] * 3
    assert stage.story("bins.full/B2") == [Reason.OPENED, Reason.ASKED, Reason.ACCEPTED]
    assert Reason.NOT_ACCEPTED not in stage.story(REF)


def test_the_receipts_are_in_the_order_of_the_inputs():
    stage = Stage(Full)
    envelopes = [
        fill(90, minute=3, id="3"),
        fact("bin.smell", id="x"),
        fill(5, minute=1, id="1"),
        fill(90, id="9", minute=99),
    ]
    receipts = stage.hear(*envelopes, minute=3)
    assert [one.status.value for one in receipts] == ["accepted", "unheard", "accepted", "rejected"]


def test_a_turn_without_anything_writes_nothing(store):
    stage = Stage(Full, Silent, store=store)
    stage.hear(fill(90), beat(0))
    before = turns(store)
    assert stage.engine.turn((), NOON + timedelta(minutes=5)) == []
    assert stage.engine.was_idle
    stage.hear(fill(90), minute=6)  # a repeat
    assert turns(store) == before
    assert store.last_turn() == NOON


@pytest.mark.parametrize("step", ["facts", "deadlines", "silence"])
def test_a_turn_that_cannot_be_written_has_not_happened(store, step):
    stage = Stage(Full, Silent, store=store)
    stage.hear(fill(90), beat(0))
    raw = store._writes.raw
    before = (stage.journal(), store.counts(), dict(stage.engine.counts))
    inputs = [Input(fill(90, minute=1, id=f"n{number}", subject=f"B{number % 9}")) for number in range(400)]
    inputs = inputs if step == "facts" else []
    now = NOON + timedelta(minutes={"facts": 1, "deadlines": 10, "silence": 60}[step])
    pages = raw.execute("PRAGMA page_count").fetchone()[0]
    raw.execute("VACUUM")
    raw.execute(f"PRAGMA max_page_count = {raw.execute('PRAGMA page_count').fetchone()[0]}")
    if step != "facts":
        raw.execute("PRAGMA query_only = ON")  # the few pages of a lapse may well fit; a disk may also be read-only
    with pytest.raises(StoreError, match=r"no room left|may not be written"):
        stage.engine.turn(inputs, now)
    raw.execute("PRAGMA query_only = OFF")
    raw.execute(f"PRAGMA max_page_count = {pages + 100_000}")
    assert (stage.journal(), store.counts(), dict(stage.engine.counts)) == before

    receipts = stage.engine.turn(inputs, now)
    assert all(one.status is Status.ACCEPTED for one in receipts)
    assert len(stage.journal()) > len(before[0])


def many(store: SqliteStore, count: int) -> Stage:
    """A case on each of so many bins, all due at the same time."""
    stage = Stage(Full, store=store)
    stage.hear(*(fill(90, id=str(number), subject=f"X{number}", place="e1") for number in range(count)))
    return stage


def test_what_lapses_at_once_is_taken_in_portions(store):
    stage = many(store, LAPSES_MAX + 5)
    late = NOON + timedelta(hours=2)
    stage.engine.turn((), late)
    assert sum(row[2] is Reason.ESCALATED for row in stage.journal()) == LAPSES_MAX
    assert stage.engine.next_due() == NOON + timedelta(minutes=10)
    stage.engine.turn((), late)
    assert sum(row[2] is Reason.ESCALATED for row in stage.journal()) == LAPSES_MAX + 5


def test_an_answer_meets_the_deadlines_that_its_turn_had_no_room_for(store):
    stage = many(store, LAPSES_MAX + 5)
    late = NOON + timedelta(hours=2)
    refs = [f"bins.full/X{number}" for number in range(LAPSES_MAX + 5)]
    answers = [answer("accept", ref, "cleaner", id=ref) for ref in refs]
    stage.engine.turn([Input(one) for one in answers], late)
    stories = {tuple(stage.story(ref)) for ref in refs[:3] + refs[-3:]}
    over = (Reason.OPENED, Reason.ASKED, Reason.NOT_ACCEPTED, Reason.ESCALATED, Reason.ACCEPTED)
    assert stories == {over}
    assert sum(row[2] is Reason.NOT_ACCEPTED for row in stage.journal()) == LAPSES_MAX + 5


def test_a_refused_answer_brings_no_deadline_about_that_its_turn_had_no_room_for(store):
    stage = many(store, LAPSES_MAX + 5)
    late = NOON + timedelta(hours=2)
    refs = [f"bins.full/X{number}" for number in range(LAPSES_MAX + 5)]
    receipts = stage.engine.turn([Input(answer("accept", ref, "plumber", id=ref)) for ref in refs], late)
    assert {receipt.status for receipt in receipts} == {Status.REFUSED}
    assert sum(row[2] is Reason.NOT_ACCEPTED for row in stage.journal()) == LAPSES_MAX


class Settling(Full):
    """A bin that is in order again is looked at for ten minutes before its case ends."""

    on_cleared = VERIFY
    quiet = minutes(10)


def test_what_is_decided_beside_a_refused_answer_is_decided_as_if_nobody_had_said_it():
    """A late fact lets a span of quiet end in the past: neither the answer's case nor the others hear of it sooner."""
    refused = answer("report", REF, "plumber", minute=60, id="a1", result="done")
    accepted = answer("accept", "bins.full/B2", "cleaner", minute=60, id="a2")
    journals = []
    for inputs in ((refused, accepted), (accepted,)):
        stage = Stage(Settling)
        stage.hear(fill(90), fill(90, id="2", subject="B2"))
        stage.hear(answer("accept", REF, "cleaner", minute=1, id="a0"), minute=1)
        stage.wait(59)
        receipts = stage.hear(fill(5, minute=5, id="3"), *inputs, minute=60)
        assert receipts[-1].status is Status.ACCEPTED
        journals.append(stage.store.journal_after(0, 100))
    assert journals[0] == journals[1]
    assert Reason.VERIFIED in stage.story(REF)


def test_silences_are_taken_in_portions(store):
    stage = Stage(Silent, store=store)
    stage.hear(*(beat(0, id=str(number), subject=f"X{number}", place="e1") for number in range(LAPSES_MAX + 5)))
    late = NOON + timedelta(hours=2)
    stage.engine.turn((), late)
    assert store.counts()["cases"] == LAPSES_MAX
    stage.engine.turn((), late)
    assert store.counts()["cases"] == LAPSES_MAX + 5
