"""Every call of a stranger's code comes back, or is interrupted; simulated time knows no limit, but the same fences."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from pydantic import field_validator

from civicloop import CLOSE, Event, Expect, Finding, Memory, Scenario
from civicloop.core.engine.engine import Engine
from civicloop.core.engine.guard import Guard, NoReturn
from civicloop.core.engine.receipt import Input
from civicloop.core.running.flight import FlightRecord, call_name
from civicloop.core.running.watch import TICKS, Watch

from ..engine.stage import CHAIN, NOON, Full, Stage, fact, fill

SECONDS = 0.2


def spin() -> None:
    while True:
        pass


def stubborn() -> None:
    tries = 0
    while True:
        try:
            spin()
        except Exception:  # noqa: BLE001  # what a careless plugin does
            tries += 1


class Ask(Event, type="guard.ask"):
    do: str = ""

    @field_validator("do")
    @classmethod
    def _look(cls, do: str) -> str:
        if do == "read":
            spin()
        if do == "read_wrong":
            raise LookupError("a validator's own trouble")
        return do


class Count(Memory):
    asked: int = 0


class Odd(Scenario[Ask, Count]):
    name = "guard.odd"
    on_cleared = CLOSE
    chain = CHAIN

    def key(self, event, context):
        if event.do == "key":
            spin()
        return event.subject

    def assess(self, event, context):
        context.memory.asked += 1
        match event.do:
            case "assess":
                spin()
            case "stubborn":
                stubborn()
            case "case":
                while True:
                    context.find_case("bins.full/B1")
            case "exit":
                raise SystemExit(3)
            case "expect":
                yield Expect("silent", event.at + timedelta(minutes=1))
        yield Finding("odd")

    def overdue(self, expectation, context):
        spin()


@pytest.fixture
def watched() -> Iterator[Stage]:
    stage = Stage(Odd, Full)
    watch = Watch(SECONDS)
    stage.engine.guard = watch
    with watch.started():
        yield stage


def ask(do: str, id: str = "1", minute: float = 0, subject: str = "B1"):
    return fact("guard.ask", subject, minute, id, do=do)


@pytest.mark.parametrize("do", ["key", "assess", "stubborn", "case"])
def test_a_call_without_an_end_costs_its_own_event(watched, do):
    receipts = watched.hear(ask("", "before"), ask(do, "bad", subject="B2"), ask("", "after", subject="B3"), fill(95))
    assert [one.status for one in receipts] == ["accepted"] * 4
    [row] = watched.store.quarantine(9)
    assert (row.id, row.scenario) == ("bad", "guard.odd")
    assert row.why.startswith(f"guard.odd did not return within {SECONDS} s; it was interrupted ")
    assert "test_watch.py" in row.trace
    assert watched.refs() == [("bins.full/B1", 1), ("guard.odd/B1", 1), ("guard.odd/B3", 1)]
    assert "plugin_error" in watched.ops()


@pytest.mark.parametrize(
    ("do", "says"), [("read", f"did not return within {SECONDS} s"), ("read_wrong", "raised LookupError")]
)
def test_data_that_cannot_be_read_is_kept_for_all_who_listen(watched, do, says):
    [receipt, other] = watched.hear(ask(do, "bad"), fill(95))
    assert (receipt.status, other.status) == ("quarantined", "accepted")
    [row] = watched.store.quarantine(9)
    assert (row.id, row.scenario, says in row.why) == ("bad", "", True)
    assert f"{Ask.__module__}.Ask" in row.why
    [again] = watched.engine.retry([(Input(ask(do, "bad")), "")], NOON)
    assert (again.status, says in again.detail) == ("quarantined", True)
    assert len(watched.store.quarantine(9)) == 1


def test_a_silence_without_an_end_is_asked_again_later(watched):
    watched.hear(ask("expect"))
    watched.wait(2)
    [row] = watched.store.quarantine(9)
    assert (row.source, row.scenario) == ("overdue", "guard.odd")
    assert "over the silence 'silent' of B1" in row.why
    watched.hear(ask("", "2", minute=3), minute=3)
    assert watched.memory("guard.odd")["asked"] == 2


def test_what_an_interrupted_call_has_remembered_is_undone(watched):
    watched.hear(ask(""))
    watched.hear(ask("assess", "2", 1), minute=1)
    assert watched.memory("guard.odd")["asked"] == 1


def test_what_is_ours_is_not_interrupted_but_the_limit_holds_afterwards():
    watch, done = Watch(SECONDS), []

    def ask_ours() -> None:
        with watch.at_rest():
            for _ in range(TICKS + 1):
                watch._tick(0, None)
            done.append("all of ours")
        done.append("more of theirs")

    with pytest.raises(NoReturn), watch.over("guard.odd", "/gw", "1"):
        ask_ours()
    assert done == ["all of ours"]


def test_nobody_leaves_through_the_fence_in_simulated_time_either():
    stage = Stage(Odd)
    stage.hear(ask("exit"))
    [row] = stage.store.quarantine(9)
    assert row.why == "guard.odd left by SystemExit; raise an Exception instead"


def test_an_interruption_of_the_keyboard_is_not_a_plugins():
    with pytest.raises(KeyboardInterrupt), Guard().over("guard.odd", "/gw", "1"):
        raise KeyboardInterrupt


def test_what_the_process_dies_in_a_second_time_is_not_called_again():
    record = FlightRecord()
    name = call_name("guard.odd", "/gw", "bad")
    for death, condemned in (("first", None), ("second", name)):
        with Watch(SECONDS, record).over("guard.odd", "/gw", "bad"):
            assert record.head[0] == 1
            assert record.crashed(f"trace of the {death}") == condemned
    stage = Stage(Odd)
    stage.engine = Engine(stage.store, stage.engine.setup, Watch(SECONDS, record))
    stage.engine.turn([Input(ask("", "bad")), Input(ask("", "good", subject="B2"))], NOON)
    [row] = stage.store.quarantine(9)
    assert (row.id, "did not return twice" in row.why, "trace of the second" in row.trace) == ("bad", True, True)
    assert stage.refs() == [("guard.odd/B2", 1)]


def test_a_death_between_two_calls_blames_nobody():
    record = FlightRecord()
    with Watch(SECONDS, record).over("guard.odd", "/gw", "good"):
        pass
    assert (record.crashed(""), record.is_careful, record.condemned) == (None, False, {})
