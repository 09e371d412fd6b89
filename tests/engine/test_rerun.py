"""Law 10: what a store has recorded is enough to decide everything again, with the same journal."""

from datetime import timedelta
from itertools import groupby
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from civicloop import CLOSE, CaseClosed, Cleared, Finding, Scenario
from civicloop.core.engine.chronicle import AWAY, RETRIED, SOURCE
from civicloop.core.engine.engine import Engine
from civicloop.core.engine.receipt import Input, Speaker
from civicloop.core.gateway.cloudevents import read_json
from civicloop.core.model.event import Envelope
from civicloop.core.stores.base import EventRow
from civicloop.core.stores.codec import moment
from civicloop.core.stores.sqlite import SqliteStore

from .stage import CHAIN, NOON, Full, Seen, Silent, Stage, answer, beat, fill
from .test_quarantine import Moody


class Voided(Scenario[CaseClosed, Seen]):
    """Hears of every case that ends, and looks into those that were voided."""

    name = "bins.voided"
    on_cleared = CLOSE
    chain = CHAIN

    def key(self, event, context):
        return event.key if event.scenario != self.name else None

    def assess(self, event, context):
        context.memory.count += 1
        before = context.case
        if event.result == "voided":
            yield Finding("voided", times=context.memory.count, rounds=before.round if before else 0)
        else:
            yield Cleared()


PLUGINS = (Full, Silent, Moody, Voided)
BINS = ("B1", "B2", "X1")


def journal(store: SqliteStore) -> list[bytes]:
    return [orjson.dumps(entry.as_json()) for _, entry in store.journal_after(0, 100_000)]


def records(store: SqliteStore) -> list[Any]:
    """What outlives cases: hashes of evidence, and the conduct of seats."""
    return [store._reads.raw.execute(f"SELECT * FROM {table}").fetchall() for table in ("brought", "conduct")]


def recorded_turns(store: SqliteStore) -> list[Any]:
    """The times of all turns in order; the contract has no reader for them yet."""
    return [moment(at) for (at,) in store._reads.raw.execute("SELECT at FROM turn ORDER BY seq")]


def rerun(recorded: SqliteStore, stage: Stage) -> None:
    """Decide everything again: each turn with the events that it had taken in, in the order of their rows."""
    rows = [row for _, row in recorded.events(None, 0, 100_000)]
    batches = {at: list(group) for at, group in groupby(rows, key=lambda row: row.received_at)}
    for at in dict.fromkeys(recorded_turns(recorded)):
        own = [orjson.loads(row.body) for row in batches.get(at, ()) if row.source == SOURCE]
        inputs = [
            Input(envelope_of(row), Speaker.from_text(row.speaker))
            for row in batches.get(at, ())
            if row.source != SOURCE
        ]
        retried = [one["data"] for one in own if one["type"] == RETRIED]
        for one in own:
            if one["type"] == AWAY:
                stage.store.heartbeat(moment_of(one["data"]["since"]))
                stage.engine = Engine(stage.store, stage.engine.setup)
                stage.engine.start(at)
        if retried:
            events = [(recorded.event(one["source"], one["id"]), one["scenario"]) for one in retried]
            stage.engine.retry([(Input(envelope_of(row)), scenario) for row, scenario in events if row], at)
        stage.engine.turn(inputs, at)


def envelope_of(row: EventRow) -> Envelope:
    return read_json(row.body)


def moment_of(text: str):
    return moment(round(type(NOON).fromisoformat(text).timestamp() * 1_000_000))


levels = st.builds(
    lambda subject, percent: ("fill", subject, percent), st.sampled_from(BINS), st.sampled_from((5, 50, 66, 90))
)
beats = st.builds(lambda subject: ("beat", subject), st.sampled_from(BINS))
ANSWERS = (
    ("accept", "cleaner", {}),
    ("report", "cleaner", {"result": "done"}),
    ("report", "cleaner", {"result": "done", "evidence": ["weight", {"kind": "photo", "hash": "a" * 64}]}),
    ("report", "ops_center", {"result": "done"}),
    ("verify", "ops_center", {"result": "pass"}),
    ("verify", "neighborhood_committee", {"result": "fail"}),
    ("return", "cleaner", {"reason": "not ours"}),
    ("void", "ops_center", {"reason": "a drill"}),
)
answers = st.builds(
    lambda scenario, key, said: ("answer", f"{scenario}/{key}", said),
    st.sampled_from(("bins.full", "bins.silent", "bins.moody")),
    st.sampled_from(BINS),
    st.sampled_from(ANSWERS),
)
# How long after the turn before, how late each fact is, what comes; and every so often an absence or a retry.
speakers = st.sampled_from(
    [
        None,
        Speaker("duty", "Clean & Sons", "p-7"),
        Speaker("chief", admin=True),
        Speaker("cleaners", roles=("cleaner",), person="p-8"),
    ]
)
turns = st.tuples(
    st.integers(1, 200),
    st.lists(st.tuples(st.integers(0, 20), levels | beats | answers), max_size=4),
    st.sampled_from(["turn", "turn", "turn", "away", "retry"]),
    speakers,
)


def play(stage: Stage, history: list[Any]) -> None:
    minute = 0
    for number, (gap, inputs, kind, speaker) in enumerate(history):
        minute += gap
        if kind == "away":
            stage.restart(minute)
            minute += 1
        elif kind == "retry":
            rows = [
                (Input(envelope_of(row)), one.scenario)
                for one in stage.store.quarantine(99)
                if (row := stage.store.event(one.source, one.id)) is not None
            ]
            stage.wait(minute)
            stage.engine.retry(rows, NOON + timedelta(minutes=minute, seconds=1))
            minute += 1
        envelopes = [made(one, minute - late, f"{number}.{index}") for index, (late, one) in enumerate(inputs)]
        stage.hear(*envelopes, minute=minute, speaker=speaker)
    stage.wait(minute + 36 * 60)


def made(what: Any, minute: int, id: str) -> Envelope:
    match what:
        case ("fill", subject, percent):
            return fill(percent, minute=minute, id=id, subject=subject)
        case ("beat", subject):
            return beat(minute, id=id, subject=subject)
        case (_, ref, (verb, party, data)):
            return answer(verb, ref, party, minute=minute, id=id, **data)
    raise AssertionError(what)


@given(st.lists(turns, max_size=12))
def test_the_recorded_inputs_give_the_same_journal_again(history):
    """Facts, answers, silences, lapses, absences and retries.

    Turns of one instant are run as one; in a daemon no two turns share a microsecond, in a simulation they may.
    """
    stage = Stage(*PLUGINS, lateness=timedelta(minutes=10))
    play(stage, history)
    again = Stage(*PLUGINS, lateness=timedelta(minutes=10))
    rerun(stage.store, again)
    assert journal(again.store) == journal(stage.store)
    assert again.notices() == stage.notices()
    assert again.store.quarantine(99) == stage.store.quarantine(99)
    assert records(again.store) == records(stage.store)


def test_a_story_with_everything_in_it_runs_again():
    stage = Stage(*PLUGINS, lateness=timedelta(minutes=10))
    stage.hear(fill(90), beat(0), fill(66, id="2", subject="B2"))
    stage.hear(answer("accept", "bins.full/B1", "cleaner", minute=5), minute=5)
    stage.restart(4 * 60)
    stage.wait(4 * 60)
    stage.engine.retry([(Input(fill(66, id="2", subject="B2")), "bins.moody")], NOON + timedelta(hours=4, minutes=1))
    stage.wait(48 * 60)
    reasons = {row[2].value for row in stage.journal()}
    assert {"opened", "accepted", "not_finished", "escalated", "chain_ended", "repeated"} <= reasons
    again = Stage(*PLUGINS, lateness=timedelta(minutes=10))
    rerun(stage.store, again)
    assert journal(again.store) == journal(stage.store)
    assert len(journal(stage.store)) > 10
