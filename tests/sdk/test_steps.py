"""Words of a chain that lead on, ask for evidence at one step only, check one track its own way, or look early."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar

import pytest

from civicloop import (
    EVIDENCE,
    LARGE,
    MEDIUM,
    SMALL,
    Check,
    Cleared,
    Effect,
    Event,
    Finding,
    NoticeKind,
    Proof,
    Reason,
    Scenario,
    Step,
    TrackRule,
    days,
    hours,
    minutes,
)
from civicloop.core.loop.proofs import faults
from civicloop.core.model.chain import encode_rules
from civicloop.core.sdk.binding import PluginError, bind
from civicloop.core.stores.codec import decode_rules
from civicloop.testing import Status, Town

Builder = Callable[..., Town]


class Wall(Event, type="test.wall"):
    is_wet: bool = True


class Told(Scenario[Wall]):
    def assess(self, event: Wall, context: Any) -> Any:
        yield Finding("wet") if event.is_wet else Cleared()


# --- a step that leads on


class Repair(Told):
    """Owners meet, owners vote, somebody builds."""

    name = "walls.repair"
    on_cleared = EVIDENCE
    outcomes: ClassVar = {"rejected": Effect.FALSE_ALARM}
    chain = (
        Step("meet", "owners", finish=days(15), goes_on=True),
        Step("vote", ("owners", "committee"), finish=days(30), goes_on=True),
        Step("build", "builder", finish=days(90), loop=LARGE),
    )
    evidence = (
        Proof("minutes", is_numbered=True, steps=("meet",)),
        Proof("ballot", outcomes=("done", "rejected"), steps=("vote",)),
    )


REPAIR = "walls.repair/W1"
MINUTES = {"kind": "minutes", "number": "7"}


@pytest.fixture
def repair(town: Builder) -> Town:
    one = town(Repair)
    one.hear("test.wall", subject="W1")
    return one


def test_what_solves_a_step_that_goes_on_leads_to_the_next(repair: Town) -> None:
    repair.answer("report", REPAIR, "owners", evidence=[MINUTES])
    assert repair.asked == ["owners", "owners", "committee"]
    assert repair.story(REPAIR)[-3:] == [Reason.REPORTED, Reason.ASKED, Reason.ASKED]
    repair.answer("report", REPAIR, "committee", evidence=[{"kind": "ballot", "outcome": "done"}])
    repair.answer("report", REPAIR, "builder")
    assert repair.asked[-1] == "builder"
    repair.answer("verify", REPAIR, "ops_center")
    assert repair.is_quiet


def test_a_result_that_is_not_done_ends_it_at_once(repair: Town) -> None:
    repair.answer("report", REPAIR, "owners", evidence=[MINUTES])
    assert repair.answer("report", REPAIR, "owners", result="rejected").reason is Reason.EVIDENCE_MISSING
    receipt = repair.answer("report", REPAIR, "owners", evidence=[{"kind": "ballot", "outcome": "rejected"}])
    assert (receipt.reason, "which is it" in receipt.detail) == (Reason.EVIDENCE_MISSING, True)
    repair.answer("report", REPAIR, "owners", result="rejected", evidence=[{"kind": "ballot", "outcome": "rejected"}])
    repair.answer("verify", REPAIR, "ops_center")
    assert repair.case(REPAIR).result == "rejected"
    assert "builder" not in repair.asked


def test_a_step_that_goes_on_is_pressed_until_it_is_done(repair: Town) -> None:
    repair.wait(days(17))
    assert set(repair.asked) == {"owners"}
    assert repair.told("owners") == [NoticeKind.ASK, NoticeKind.REMIND, *[NoticeKind.REPEAT] * 3]
    repair.answer("report", REPAIR, "owners", evidence=[MINUTES])
    assert repair.asked[-1] == "committee"


def test_a_step_that_was_passed_by_hand_and_is_solved_late_leads_nowhere(repair: Town) -> None:
    repair.answer("escalate", REPAIR, "ops_center")
    asked = list(repair.asked)
    repair.answer("report", REPAIR, "owners", order=repair.case(REPAIR).id + ".1", evidence=[MINUTES])
    assert repair.asked == asked
    assert repair.case(REPAIR).step(repair.case(REPAIR).tracks[0]).name == "vote"


def test_evidence_of_a_step_is_wanted_there_and_nowhere_else(repair: Town) -> None:
    assert repair.answer("report", REPAIR, "owners").reason is Reason.EVIDENCE_MISSING
    assert repair.answer("report", REPAIR, "owners", evidence=[MINUTES]).status is Status.ACCEPTED
    receipt = repair.answer("report", REPAIR, "committee", evidence=[MINUTES])
    assert (receipt.reason, "ballot" in receipt.detail) == (Reason.EVIDENCE_MISSING, True)


def test_a_chain_cannot_end_in_a_step_that_goes_on() -> None:
    rules = bind(Repair, {}).rules
    last = TrackRule("main", (*rules.tracks[0].chain[:2], replace(rules.tracks[0].chain[2], goes_on=True)))
    assert any("goes on to nothing" in fault for fault in faults(replace(rules, tracks=(last,))))


def test_evidence_of_a_step_that_there_is_not_is_a_fault() -> None:
    rules = replace(bind(Repair, {}).rules, proofs=(Proof("photo", steps=("paint",)),))
    assert any("no step" in fault for fault in faults(rules))


def test_a_street_that_leaves_a_step_out_is_not_asked_for_its_evidence() -> None:
    rules = bind(Repair, {"chain": {"vote": {"enabled": False}}}).rules
    assert [proof.kind for proof in rules.proofs] == ["minutes"]


# --- evidence for closing, once a step was asked; a track with a check of its own; an early look


class Damp(Told):
    """Somebody looks first, somebody dries it, the office fines; beside it somebody writes to the owner."""

    name = "walls.damp"
    quiet = hours(2)
    check = Check(quiet=hours(2))
    chain = (
        Step("look", "ops_center", accept=minutes(5), pre_verify=True),
        Step("dry", "builder", finish=hours(1)),
        Step("review", "ops_center", finish=hours(1), loop=SMALL, review=True),
        Step("fine", "urban_enforcement", finish=days(5), loop=MEDIUM, enforcement=True),
    )
    tracks = (
        TrackRule(
            "letter",
            (Step("write", "owners", finish=hours(24)),),
            required=False,
            opens_at="review",
            check=Check(parties="committee", within=hours(24)),
        ),
    )
    evidence = (Proof("decision", to_close=True, is_numbered=True, steps=("fine",)),)


DAMP = "walls.damp/W1"


@pytest.fixture
def damp(town: Builder) -> Town:
    one = town(Damp)
    one.hear("test.wall", subject="W1")
    return one


def test_an_early_look_opens_no_door_to_enforcement(damp: Town) -> None:
    damp.answer("approve", DAMP, "ops_center")
    assert damp.asked == ["ops_center", "builder"]
    damp.wait(days(2))
    assert "urban_enforcement" not in damp.asked
    damp.answer("approve", DAMP, "ops_center")
    assert damp.asked[-1] == "urban_enforcement"


def test_an_early_look_that_sees_nothing_closes_as_a_false_alarm(damp: Town) -> None:
    damp.answer("deny", DAMP, "ops_center")
    assert (damp.is_quiet, damp.case(DAMP).result) == (True, "false_alarm")


def test_a_document_is_needed_to_close_only_once_its_step_was_asked(damp: Town) -> None:
    damp.hear("test.wall", subject="W1", is_wet=False)
    assert damp.wait(hours(2)).is_quiet

    damp.hear("test.wall", subject="W1")
    damp.wait(hours(2)).answer("approve", DAMP, "ops_center")
    damp.hear("test.wall", subject="W1", is_wet=False)
    assert not damp.wait(hours(2)).is_quiet
    assert Reason.PROOF_AWAITED in damp.story(DAMP)
    damp.answer("verify", DAMP, "ops_center", evidence=[{"kind": "decision", "number": "2025-1"}])
    assert damp.is_quiet


def test_sensors_do_not_stop_the_clock_of_a_track_with_a_check_of_its_own(damp: Town) -> None:
    damp.wait(hours(2))
    letter = damp.case(DAMP).track("letter")
    damp.hear("test.wall", subject="W1", is_wet=False)
    assert damp.case(DAMP).track("letter") == letter

    damp.answer("report", DAMP, "owners", track="letter")
    assert damp.told("committee") == [NoticeKind.CHECK]
    damp.hear("test.wall", subject="W1")
    assert "rework" not in {notice.kind.value for notice in damp.notices}
    damp.answer("verify", DAMP, "committee", track="letter")
    assert [track.is_open for track in damp.case(DAMP).tracks] == [True, False]


def test_the_rules_with_all_of_it_are_read_back_as_they_were_written() -> None:
    for scenario in (Repair, Damp):
        rules = bind(scenario, {}).rules
        assert decode_rules(encode_rules(rules)) == rules


def test_a_party_that_holds_two_steps_answers_for_the_one_the_case_is_at(repair: Town) -> None:
    repair.answer("escalate", REPAIR, "ops_center")
    brought = [MINUTES, {"kind": "ballot", "outcome": "done"}]
    repair.answer("report", REPAIR, "owners", evidence=brought)
    assert repair.asked[-1] == "builder"


def test_a_street_changes_a_step_of_any_track_and_may_do_without_one() -> None:
    rules = bind(Damp, {"chain": {"write": {"finish": "3 hours"}}}).rules
    assert rules.chain("letter")[0].finish == hours(3)
    assert [rule.name for rule in bind(Damp, {"chain": {"write": {"enabled": False}}}).rules.tracks] == ["main"]
    with pytest.raises(PluginError, match="is not a step"):
        bind(Damp, {"chain": {"paint": {}}})
