"""What outlives a case: hashes that were brought before, and how often the results of a seat failed a check."""

import pytest

from civicloop import CLOSE, Check, Finding, Scenario, Step, hours, minutes
from civicloop.core.engine.answering import answer_of, read_answer
from civicloop.core.engine.receipt import InvalidAnswer
from civicloop.core.engine.records import DOUBT_MAX
from civicloop.core.engine.work import Work
from civicloop.core.model.given import Brought
from civicloop.core.stores.sqlite import SqliteStore

from .stage import NOON, Fill, Full, Stage, answer, fill
from .test_rerun import rerun

AA, BB = "a" * 64, "b" * 64
SHA_A, SHA_B = f"sha256:{AA}", f"sha256:{BB}"


class Looked(Scenario[Fill]):
    """A full bin whose emptying somebody else looks at."""

    name = "bins.looked"
    on_cleared = CLOSE
    chain = (Step("empty", "cleaner", accept=minutes(10), finish=hours(1)), Step("supervise", "ops_center", hours(9)))
    check = Check(parties="neighborhood_committee", within=hours(1))

    def assess(self, event, context):
        yield Finding("bin_full")


def brought(stage, *evidence, minute=9, id="look"):
    """What an answer brings, as the loop would be given it in a turn now."""
    envelope = answer("report", "bins.full/B1", "cleaner", minute=minute, id=id, evidence=list(evidence))
    with stage.store.turn() as turn:
        work = Work(turn, stage.engine.setup, NOON)
        case = work.latest(("bins.full", "B1"))
        return answer_of(work, envelope, read_answer(envelope), case, None).evidence


def report(subject, *evidence, minute=1, id="r1", **more):
    return answer("report", f"bins.full/{subject}", "cleaner", minute, id, result="done", evidence=evidence, **more)


def doubts(store: SqliteStore) -> dict[tuple[str, str], int]:
    rows = store._reads.raw.execute("SELECT place, role, doubt FROM conduct")
    return {(place, role): doubt for place, role, doubt in rows}


# --- evidence


def test_evidence_reaches_the_loop_member_by_member():
    stage = Stage(Full)
    stage.hear(fill(90))
    photo = {"kind": "photo", "hash": AA.upper(), "taken_at": "2026-05-01T20:00:00+08:00", "place": "e1", "url": "x"}
    visit = {"kind": "visit", "number": "7-12", "outcome": "seen", "weather": "fine"}
    assert brought(stage, "weight", photo, visit) == (
        Brought("weight"),
        Brought("photo", SHA_A, NOON, "e1"),
        Brought("visit", number="7-12", outcome="seen"),
    )


@pytest.mark.parametrize(
    ("evidence", "member"),
    [
        ([{"kind": "photo", "hash": "abc"}], "data.evidence.0.hash of loop.report"),
        ([{"kind": "photo", "hash": f"md5:{AA}"}], "write a SHA-256 as sha256: and 64"),
        (["x", {"hash": AA}], "data.evidence.1.kind of loop.report"),
        ([{"kind": "photo", "taken_at": "2026-05-01T20:00:00"}], "data.evidence.0.taken_at"),
        ([{"kind": "photo", "taken_at": "noon"}], "data.evidence.0.taken_at"),
        ([3], "data.evidence.0 of loop.report"),
        ([""], "data.evidence.0.kind"),
    ],
)
def test_evidence_that_does_not_fit_is_refused_by_its_member(evidence, member):
    with pytest.raises(InvalidAnswer) as raised:
        read_answer(answer("report", "bins.full/B1", "cleaner", evidence=evidence))
    assert member in str(raised.value)


def test_a_hash_is_known_once_any_case_was_brought_it():
    stage = Stage(Full)
    stage.hear(fill(90), fill(90, id="2", subject="B2"))
    photo = {"kind": "photo", "hash": SHA_A}
    assert [one.is_known for one in brought(stage, photo)] == [False]
    stage.hear(report("B2", photo), minute=1)
    assert [one.is_known for one in brought(stage, photo, {"kind": "photo", "hash": SHA_B})] == [True, False]
    assert brought(stage, {"kind": "photo", "hash": AA})[0].is_known, "in whatever spelling"


def test_a_refused_answer_brings_nothing():
    stage = Stage(Full)
    stage.hear(fill(90))
    photo = {"kind": "photo", "hash": SHA_A}
    [receipt] = stage.hear(answer("report", "bins.full/B1", "plumber", 1, evidence=[photo], result="done"), minute=1)
    assert receipt.status.value == "refused"
    assert [one.is_known for one in brought(stage, photo)] == [False]


def test_one_photo_under_two_kinds_is_known_the_second_time():
    stage = Stage(Full)
    stage.hear(fill(90))
    before, after = {"kind": "photo_before", "hash": SHA_A}, {"kind": "photo_after", "hash": SHA_A}
    assert [one.is_known for one in brought(stage, before, after)] == [False, True]


def test_of_two_answers_in_one_batch_the_second_brings_what_is_known():
    stage = Stage(Full)
    stage.hear(fill(90), fill(90, id="2", subject="B2"))
    photo = {"kind": "photo", "hash": SHA_A}
    first, second = report("B1", photo), report("B2", photo, id="r2")
    with stage.store.turn() as turn:
        work = Work(turn, stage.engine.setup, NOON)
        said = []
        for envelope in (first, second):
            case = work.latest(tuple(envelope.subject.split("/")))
            said.append(answer_of(work, envelope, read_answer(envelope), case, None))
            work.records.bring(said[-1], case, NOON)
    assert [one.evidence[0].is_known for one in said] == [False, True]
    stage.hear(first, second, minute=1)
    [row] = stage.store._reads.raw.execute('SELECT hash, "case", event, partition FROM brought').fetchall()
    assert row == (SHA_A, stage.case("bins.full/B1").id, "/people#r1", "c1")


def test_a_repeat_of_the_very_answer_is_a_repeat():
    stage = Stage(Full)
    stage.hear(fill(90))
    said = report("B1", {"kind": "photo", "hash": SHA_A})
    assert [one.status.value for one in stage.hear(said, said, minute=1)] == ["accepted", "duplicate"]
    assert [one.status.value for one in stage.hear(said, minute=2)] == ["duplicate"]


# --- conduct

CLEANER = ("s1", "cleaner")


def round_of(stage, minute, result):
    """The bin is found full, emptied, and looked at; the committee says ``result``."""
    ref = "bins.looked/B1"
    stage.hear(fill(90, minute=minute, id=f"f{minute}"), minute=minute)
    stage.hear(answer("report", ref, "cleaner", minute + 1, f"r{minute}", result="done"), minute=minute + 1)
    stage.hear(
        answer("verify", ref, "neighborhood_committee", minute + 2, f"v{minute}", result=result), minute=minute + 2
    )


def test_a_result_that_fails_its_check_is_counted_against_its_seat():
    stage = Stage(Looked)
    round_of(stage, 0, "fail")
    assert doubts(stage.store) == {CLEANER: 1}
    round_of(stage, 10, "pass")
    assert doubts(stage.store) == {CLEANER: 0}
    round_of(stage, 20, "pass")
    assert doubts(stage.store) == {CLEANER: 0}, "never below nothing"


def test_doubt_has_a_cap_and_comes_with_the_report():
    stage = Stage(Looked)
    for number in range(DOUBT_MAX + 2):
        round_of(stage, 10 * number, "fail")
    assert doubts(stage.store) == {CLEANER: DOUBT_MAX}
    with stage.store.turn() as turn:
        work = Work(turn, stage.engine.setup, NOON)
        case = work.latest(("bins.looked", "B1"))
        for verb, party, doubt in (
            ("report", "cleaner", DOUBT_MAX),
            ("accept", "cleaner", 0),
            ("report", "ops_center", 0),
            ("report", "plumber", 0),
        ):
            envelope = answer(verb, case.ref, party)
            assert answer_of(work, envelope, read_answer(envelope), case, None).doubt == doubt, (verb, party)


def test_what_outlives_a_case_is_derived_again_in_a_rerun():
    stage = Stage(Full, Looked)
    photo = {"kind": "photo", "hash": SHA_A}
    stage.hear(fill(90), minute=0)
    stage.hear(report("B1", photo), minute=1)
    round_of(stage, 10, "fail")
    again = Stage(Full, Looked)
    rerun(stage.store, again)
    assert doubts(again.store) == doubts(stage.store) == {CLEANER: 1}
    rows = "SELECT * FROM brought"
    kept = stage.store._reads.raw.execute(rows).fetchall()
    assert again.store._reads.raw.execute(rows).fetchall() == kept != []
