"""What a case says of itself: its name, its stage in the national workflow, and how much evidence it keeps."""

from datetime import timedelta

import pytest

from civicloop.core.model.case import EVIDENCE_MAX, Evidence, case_id
from civicloop.core.model.chain import Rules

from ..loop.rules import ALL, GHOSTS, LOOK, PLAIN, QUIET, SIDE, TWO
from ..loop.town import OPENING, Saying, Story, cleared, found, lapse, say


def played(rules: Rules, *story: tuple[float, Saying]) -> Story:
    told = Story(rules)
    for now, saying in [(0, found()), *story]:
        assert not told.hear(now, saying).refused
    return told


@pytest.mark.parametrize(
    ("stage", "told"),
    [
        ("dispatch", played(PLAIN)),
        ("dispatch", played(GHOSTS)),
        ("dispatch", played(PLAIN, (5, say("accept", "cleaner")), (45, lapse()), (60, lapse()))),
        ("disposal", played(PLAIN, (5, say("accept", "cleaner")))),
        ("verification", played(QUIET, (5, say("report", "cleaner")))),
        ("verification", played(PLAIN, (5, cleared()))),
        ("feedback", played(ALL, (5, say("report", "cleaner")))),
        ("closing", played(PLAIN, (5, say("report", "cleaner")))),
        ("dispatch", played(TWO, (5, say("report", "cleaner")))),
        ("closing", played(SIDE, (5, say("report", "cleaner")))),
    ],
)
def test_the_stage(stage: str, told: Story) -> None:
    assert told.case is not None
    assert told.case.stage == stage


def test_a_case_keeps_its_first_evidence_and_its_latest() -> None:
    told = played(LOOK)
    assert told.case is not None
    case = told.case
    for at in range(EVIDENCE_MAX + 5):
        case = case.with_evidence(Evidence("photo", OPENING + timedelta(minutes=at), f"e{at}"))
    assert len(case.evidence) == EVIDENCE_MAX
    assert case.evidence[0] == told.case.evidence[0]
    assert case.evidence[-1].event == f"e{EVIDENCE_MAX + 4}"


def test_a_case_is_named_by_what_makes_it_this_case() -> None:
    names = {case_id("S", "bins.full", "B7", 1), case_id("S", "bins.full", "B7", 2), case_id("T", "bins.full", "B7", 1)}
    assert len(names) == 3
    assert case_id("S", "bins.full", "B7", 1) == "4336f2fd73992d68", "in every process, on every machine"


def test_proof_is_not_crowded_out_by_sightings() -> None:
    told = played(LOOK)
    assert told.case is not None
    case = told.case.with_evidence(Evidence("after", OPENING, "e"))
    for at in range(EVIDENCE_MAX * 2):
        case = case.with_evidence(Evidence("bin_full", OPENING + timedelta(minutes=at), f"e{at}"))
    assert "after" in {one.kind for one in case.evidence}
    assert len(case.evidence) == EVIDENCE_MAX
