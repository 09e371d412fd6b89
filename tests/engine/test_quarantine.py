"""A plugin that is wrong stops neither the batch, nor the other plugins, nor its own open cases."""

from datetime import timedelta

import pytest

from civicloop import CLOSE, Cleared, Command, Expect, Finding, Reason, Scenario, Step, minutes
from civicloop.core.engine.receipt import Input, Status
from civicloop.core.stores.base import EventState

from .stage import CHAIN, NOON, Fill, Full, Seen, Stage, fill

REF = "bins.moody/B1"


class Moody(Scenario[Fill, Seen]):
    """Finds whatever it hears, and cannot bear 66."""

    name = "bins.moody"
    on_cleared = CLOSE
    chain = CHAIN

    def assess(self, event, context):
        context.memory.count += 1
        yield Finding("bin_full", percent=event.percent)
        if event.percent == 66:
            raise KeyError("the number of the beast")


class Repaired(Moody):
    def assess(self, event, context):
        context.memory.count += 1
        yield Finding("bin_full", percent=event.percent)


def retry(stage, *names: str, scenario: str = "bins.moody", minute: float = 30):
    envelopes = {"66": fill(66, minute=1, id="66")}
    rows = [(Input(envelopes[name]), scenario) for name in names]
    return stage.engine.retry(rows, NOON + timedelta(minutes=minute))


@pytest.fixture
def stage(store):
    """Two scenarios listen; one raises over the second fact."""
    made = Stage(Full, Moody, store=store)
    made.hear(fill(85, id="1"))
    made.hear(fill(66, minute=1, id="66"), fill(95, minute=2, id="2"), minute=2)
    return made


def test_only_what_the_raising_scenario_made_of_it_is_undone(stage):
    [row] = stage.store.quarantine(9)
    assert (row.id, row.scenario, row.reason) == ("66", "bins.moody", "plugin_error")
    assert row.why == "bins.moody raised KeyError: 'the number of the beast'"
    assert "in assess" in row.trace
    assert stage.memory("bins.moody") == {"count": 2, "last": 0}
    assert stage.memory("bins.full") == {"count": 3, "last": 95}
    assert stage.case(REF).sightings == 2
    assert stage.store.event("/gw", "66").state is EventState.ACCEPTED
    assert stage.engine.counts["decision", "plugin_error"] == 1


def test_its_open_cases_live_on(stage):
    stage.wait(10)
    assert stage.story(REF)[-2:] == [Reason.NOT_ACCEPTED, Reason.ESCALATED]


def test_ops_hear_which_plugin_failed_but_not_what_it_said(stage):
    [owed] = [one for one in stage.store.owed("console", NOON + timedelta(days=9), 99) if not one.notice.ref]
    assert owed.notice.variables == {"culprit": "bins.moody", "why": "KeyError"}


def test_a_retry_in_vain_leaves_it_where_it_is(stage):
    [receipt] = retry(stage, "66")
    assert (receipt.status, receipt.reason) == (Status.QUARANTINED, "retried")
    assert [row.id for row in stage.store.quarantine(9)] == ["66"]


def test_after_the_repair_only_the_one_that_raised_judges_it(stage):
    before = stage.memory("bins.full")
    stage.use(Full, Repaired)
    [receipt] = retry(stage, "66")
    assert receipt.status is Status.ACCEPTED
    assert stage.store.quarantine(9) == []
    assert stage.memory("bins.full") == before
    # Newer facts have been decided on since: this one informs the memory and nothing else (law 9).
    assert stage.memory("bins.moody") == {"count": 3, "last": 0}
    assert stage.case(REF).sightings == 2


def test_a_retry_for_a_plugin_that_is_gone_releases_nothing(stage):
    stage.use(Full)
    [receipt] = retry(stage, "66")
    assert (receipt.status, receipt.reason) == (Status.QUARANTINED, "still")
    assert "bins.moody is not enabled" in receipt.detail
    assert [row.id for row in stage.store.quarantine(9)] == ["66"]


def test_an_event_that_was_never_stored_cannot_be_retried():
    [receipt] = retry(Stage(Moody), "66")
    assert (receipt.status, receipt.detail) == (Status.QUARANTINED, "66 of /gw is not stored")


def test_a_device_that_was_registered_meanwhile_is_heard(store):
    stage = Stage(Full, Moody, store=store)
    envelope = fill(66, minute=None, id="1", subject="X1")
    stage.hear(envelope, minute=3)
    with_place = Input(envelope._replace(place="e1"))
    [receipt] = stage.engine.retry([(with_place, "")], NOON + timedelta(hours=5))
    assert (receipt.status, receipt.reason) == (Status.QUARANTINED, "retried")
    # The scenario that raises has a row of its own now; the others have judged it and never will again.
    assert [row.scenario for row in store.quarantine(9)] == ["bins.moody"]
    assert stage.memory("bins.full", "X1") == {"count": 1, "last": 66}
    stage.use(Full, Repaired)
    assert stage.engine.retry([(with_place, "bins.moody")], NOON + timedelta(hours=6))[0].status is Status.ACCEPTED
    assert store.event("/gw", "1").state is EventState.ACCEPTED
    # It happened when it was received, however late it is judged.
    assert stage.case("bins.moody/X1").newest == NOON + timedelta(minutes=3)


# what a plugin may get wrong ---------------------------------------------------------------------------------


def conclude(outcomes: object) -> type[Scenario]:
    """A scenario that concludes just this."""

    class Concludes(Scenario[Fill]):
        name = "bins.odd"
        on_cleared = CLOSE
        chain = CHAIN

        def assess(self, event, context):
            return outcomes

    return Concludes


STEPS = "its steps are: empty, supervise"


@pytest.mark.parametrize(
    ("outcomes", "sentence"),
    [
        (["text"], "yielded a str, which is no outcome; yield Finding, Cleared, Expect or Command"),
        ("text", "yielded a str, which is no outcome"),
        ([None], "yielded a NoneType, which is no outcome"),
        ([Cleared], "yielded a type, which is no outcome"),
        (Finding("x"), "returned a Finding by itself; yield it, or return a list"),
        (7, "returned a int by itself"),
        ([Finding("x", start="fly")], f"starts at step 'fly', which it does not have; {STEPS}"),
        ([Finding("")], "gave '' as the message of a Finding; give a text"),
        ([Finding("x" * 2001)], "gave 2001 characters as the message of a Finding"),
        ([Finding("\ud800")], "gave half a character as the message of a Finding"),
        ([Finding("x", severity="P1")], "of severity 'P1'; say one of P0, P1, P2, P3"),
        ([Finding("x", place=7)], "gave 7 as the place or parent of Finding 'x'"),
        ([Finding("x", many=[1])], "gave a list as variable 'many' of 'x'; give a text or a number"),
        ([Finding("x", much=float("nan"))], "gave nan as variable 'much' of 'x'"),
        ([Finding("x", much=2**64)], "gave 18446744073709551616 as variable 'much' of 'x'"),
        ([Finding("x", who="\udfff")], "gave half a character as variable 'who' of 'x'"),
        (
            [Expect("beat", NOON.replace(tzinfo=None))],
            "expects 'beat' by datetime.datetime(2026, 5, 1, 12, 0); give a time",
        ),
        ([Expect("beat", 5)], "expects 'beat' by 5; give a time with a zone, or None"),
        ([Expect("", NOON)], "gave '' as the name of an Expect"),
        ([Command("", "open")], "gave '' as the device of a Command"),
        ([Command("lift", "hold", 7)], "gave variables of 'hold' as int; give a mapping"),
        ([Cleared()] * 101, "yielded more than 100 outcomes at once"),
    ],
)
def test_what_is_no_outcome_is_quarantined_with_a_sentence(outcomes, sentence):
    odd = conclude(outcomes)
    stage = Stage(Full, odd)
    [receipt] = stage.hear(fill(90))
    assert receipt.status is Status.ACCEPTED
    assert stage.refs() == [("bins.full/B1", 1)]
    [row] = stage.store.quarantine(9)
    assert row.why.startswith("bins.odd ")
    assert sentence in row.why
    assert stage.memory("bins.odd") == {}


def test_odd_but_fitting_variables_are_kept():
    odd = conclude([Finding("x", nothing="", yes=True, little=-(2**63) + 1, part=0.5)])
    stage = Stage(odd)
    stage.hear(fill(90))
    assert stage.store.quarantine(9) == []
    assert stage.case("bins.odd/B1").variables == {"nothing": "", "yes": True, "little": -(2**63) + 1, "part": 0.5}


def test_a_start_that_the_street_has_left_out_begins_at_the_next_step():
    class Late(Scenario[Fill]):
        name = "bins.late"
        on_cleared = CLOSE
        chain = (Step("ask", "cleaner", minutes(1)), *CHAIN)

        def assess(self, event, context):
            yield Finding("x", start="empty" if event.percent < 50 else "supervise")

    chain = {"empty": {"enabled": False}}
    stage = Stage(Late, config={"bins.late": {"chain": chain}})
    stage.hear(fill(10))
    assert stage.store.quarantine(9) == []
    assert stage.case("bins.late/B1").tracks[0].orders[0].step == "supervise"
    last = Stage(Late, config={"bins.late": {"chain": {"supervise": {"enabled": False}}}})
    last.hear(fill(90))
    assert last.case("bins.late/B1").tracks[0].orders[0].step == "empty"


@pytest.mark.parametrize(
    ("key", "sentence"),
    [
        (lambda: 7, "gave 7 as the key of an event; give a text"),
        (lambda: "x" * 2001, "gave 2001 characters as the key"),
        (lambda: 1 / 0, "raised ZeroDivisionError: division by zero"),
    ],
)
def test_a_key_that_cannot_be_given_is_quarantined(key, sentence):
    class Keyless(Full):
        name = "bins.keyless"

        def key(self, event, context):
            return key()

    stage = Stage(Full, Keyless)
    stage.hear(fill(90))
    assert stage.refs() == [("bins.full/B1", 1)]
    assert sentence in stage.store.quarantine(9)[0].why


@pytest.mark.parametrize("key", [None, ""])
def test_a_fact_without_a_key_does_not_concern_the_scenario(key):
    class Deaf(Full):
        name = "bins.deaf"

        def key(self, event, context):
            return key

    stage = Stage(Deaf)
    assert stage.hear(fill(90))[0].status is Status.ACCEPTED
    assert (stage.refs(), stage.store.quarantine(9)) == ([], [])


def test_a_memory_that_grows_without_end_is_quarantined():
    class Notes(Seen):
        text: str = ""

    class Hoarder(Scenario[Fill, Notes]):
        name = "bins.hoarder"
        on_cleared = CLOSE
        chain = CHAIN

        def assess(self, event, context):
            context.memory.text += "桶" * event.percent
            yield Finding("x")

    stage = Stage(Hoarder)
    stage.hear(fill(100, id="1"), fill(30_000, minute=1, id="2"), minute=1)
    [row] = stage.store.quarantine(9)
    assert row.why.endswith("bytes of one key; keep its memory under 65536")
    assert stage.memory("bins.hoarder")["text"] == "桶" * 100


def test_a_memory_that_no_longer_fits_its_class_is_quarantined():
    class Wrong(Seen):
        count: list[int] = []

    class Later(Full):
        pass

    stage = Stage(Full)
    stage.hear(fill(90, id="1"))
    Later.memory_type = Wrong
    stage.use(Later)
    stage.hear(fill(90, minute=1, id="2"), minute=1)
    assert "bins.full raised ValidationError" in stage.store.quarantine(9)[0].why
    assert stage.memory() == {"count": 1, "last": 90}


# what we may get wrong ---------------------------------------------------------------------------------------


def break_loop(stage: Stage) -> None:
    """A street whose calendar fails: whatever the loop decides, it cannot tell a deadline."""
    setup = stage.engine.setup

    class Broken(type(setup.street)):
        def deadline(self, start, limit):
            raise RuntimeError("a fault of ours")

    street = Broken(setup.street.code, setup.street.directory)
    stage.engine.setup = setup.__class__(street, setup.registry)


def test_a_fault_of_ours_keeps_the_finding_and_goes_on(store):
    stage = Stage(Full, store=store)
    good = stage.engine.setup
    break_loop(stage)
    receipts = stage.hear(fill(90, id="1"), fill(20, subject="B2", id="2"))
    assert [one.status for one in receipts] == [Status.ACCEPTED, Status.ACCEPTED]
    [row] = store.quarantine(9)
    assert (row.id, row.scenario, row.reason) == ("1", "bins.full", Reason.INTERNAL_ERROR)
    assert "civicloop itself failed" in row.why
    assert stage.ops() == [Reason.INTERNAL_ERROR]
    stage.engine.setup = good
    assert stage.engine.retry([(Input(fill(90, id="1")), "bins.full")], NOON)[0].status is Status.ACCEPTED
    assert stage.refs() == [("bins.full/B1", 1)]
    assert store.quarantine(9) == []
