"""Rules that must not be loaded: one row a fault, and what the sentence must name."""

from dataclasses import replace

import pytest

from civicloop.core.loop.proofs import STEPS_MAX, faults
from civicloop.core.model.chain import (
    CLOSE,
    CLOSE_BEFORE_DISPATCH,
    EVIDENCE,
    MEDIUM,
    MICRO,
    SMALL,
    VERIFY,
    Check,
    Effect,
    Need,
    Proof,
    Recurrence,
    Rules,
    Severity,
    Step,
    TrackRule,
)
from civicloop.core.model.limit import days, hours, minutes, work_hours

from . import rules as played

CLEAN = Step("clean", "cleaner", minutes(10), hours(1))
REVIEW = Step("review", "reviewer", minutes(30), review=True)
FINE = Step("fine", "urban_enforcement", minutes(30), enforcement=True)
SOUND = Rules("bins.full", (TrackRule("main", (CLEAN,)),), on_cleared=EVIDENCE)


def chain(*steps: Step) -> Rules:
    return replace(SOUND, tracks=(TrackRule("main", steps),))


def tracks(*rules: TrackRule) -> Rules:
    return replace(SOUND, tracks=rules)


def means(outcome: str, effect: object) -> Rules:
    return replace(SOUND, outcomes=((outcome, effect),))


def proofs(*wanted: Proof) -> Rules:
    return replace(SOUND, proofs=wanted, outcomes=(("seen", Effect.DONE),))


SIDE = TrackRule("side", (replace(CLEAN, name="tidy"),))
LATER = replace(SIDE, opens_at="clean")
AGAIN = Recurrence(days(30), "clean")

BAD = {
    "empty chain": (chain(), "the chain is empty"),
    "no track at all": (tracks(), "no required track"),
    "no required track": (tracks(TrackRule("main", (CLEAN,), required=False)), "no required track"),
    "two tracks of one name": (
        tracks(TrackRule("main", (CLEAN,)), TrackRule("main", (CLEAN,))),
        "two tracks named main",
    ),
    "two steps of one name": (chain(CLEAN, CLEAN), "two steps are named clean"),
    "no limit": (chain(Step("clean", "cleaner")), "step clean has no limit"),
    "accept after finish": (chain(Step("clean", "cleaner", hours(2), hours(1))), "2 hours, after its finish of 1 hour"),
    "pause without end": (chain(Step("wait"), CLEAN), "step wait has no parties and no end"),
    "pause to be accepted": (chain(Step("wait", (), hours(1), hours(1)), CLEAN), "nobody can accept"),
    "pause that reviews": (chain(Step("wait", finish=hours(1), review=True), CLEAN), "neither review nor enforce"),
    "pause that enforces": (
        chain(REVIEW, Step("wait", finish=hours(1), enforcement=True), CLEAN),
        "neither review nor enforce",
    ),
    "pause at the end": (chain(CLEAN, Step("wait", finish=hours(1))), "the last step, wait, is a pause"),
    "enforcement without review": (chain(CLEAN, FINE), "step fine enforces without a human review"),
    "enforcement before review": (chain(FINE, REVIEW), "step fine enforces without a human review"),
    "enforcement body not marked": (chain(REVIEW, replace(FINE, enforcement=False)), "mark it enforcement=True"),
    "a party twice": (chain(Step("clean", ("cleaner", "cleaner"), hours(1))), "asks cleaner twice"),
    "too long": (chain(*(replace(CLEAN, name=f"s{at}") for at in range(STEPS_MAX + 1))), "has 21 steps; 20 are enough"),
    "down a loop": (
        chain(replace(CLEAN, loop=SMALL), replace(REVIEW, loop=MICRO)),
        "review goes down from SMALL to MICRO",
    ),
    "from opening, not later": (
        chain(replace(CLEAN, from_opening=True), replace(REVIEW, finish=hours(1), from_opening=True)),
        "review ends 1 hour from opening, not after clean with 1 hour",
    ),
    "P0 closed by sensor": (replace(SOUND, severity=Severity.P0, on_cleared=CLOSE), "is P0 and would be closed"),
    "P0 cleared by sensor": (
        replace(SOUND, severity=Severity.P0, on_cleared=VERIFY, quiet=hours(1)),
        "is P0 and would be closed",
    ),
    "P0 checked by sensor": (
        replace(SOUND, severity=Severity.P0, check=Check(hours(1))),
        "is P0 and would be verified",
    ),
    "verified for how long": (replace(SOUND, on_cleared=VERIFY), "give quiet"),
    "unknown effect": (means("helped", "perhaps"), "means perhaps by outcome helped"),
    "done that is not done": (means("done", Effect.FAILED), "means failed by outcome done"),
    "required later only": (
        tracks(TrackRule("main", (CLEAN,), required=False), LATER),
        "no required track from its opening on",
    ),
    "join of more than there are": (
        replace(tracks(TrackRule("main", (CLEAN,)), replace(SIDE, required=False)), join=2),
        "joins 2 required tracks of 1",
    ),
    "join of less than none": (replace(SOUND, join=-1), "joins -1 required tracks of 1"),
    "join of a track that may never open": (
        replace(tracks(TrackRule("main", (CLEAN,)), LATER), join=2),
        "joins 2 tracks, but only 1 are sure to open",
    ),
    "P0 checked by a clear sensor": (
        replace(SOUND, severity=Severity.P0, check=Check(clear=minutes(30), within=hours(2))),
        "verified by sensors that are clear",
    ),
    "sample of more than all": (replace(SOUND, check=Check(sample=101)), "re-inspects 101 percent"),
    "sample of less than none": (replace(SOUND, check=Check(sample=-1)), "re-inspects -1 percent"),
    "reminded when it is over": (replace(SOUND, remind_percent=100), "reminds at 100 percent"),
    "reminded before it is asked": (replace(SOUND, remind_percent=-1), "reminds at -1 percent"),
    "arbitrated before it is returned": (replace(SOUND, returns_max=0), "arbitrates after 0 returns"),
    "no arbiter": (replace(SOUND, arbiter=" "), "has no arbiter"),
    "an arbiter that enforces": (replace(SOUND, arbiter="urban_enforcement"), "has urban_enforcement arbitrate"),
    "recurrence at no step": (replace(SOUND, recurrence=Recurrence(days(30), "fly")), "starts a recurrence at fly"),
    "recurrence at another track's step": (
        replace(tracks(TrackRule("main", (CLEAN,)), SIDE), recurrence=Recurrence(days(30), "tidy")),
        "tidy, no step of track main; it has clean",
    ),
    "a track that opens at no step": (
        tracks(TrackRule("main", (CLEAN,)), replace(SIDE, opens_at="fly")),
        "opens track side at fly",
    ),
    "a track that opens at its own step": (
        tracks(TrackRule("main", (CLEAN,)), replace(SIDE, opens_at="tidy")),
        "opens track side at tidy, no step of track main",
    ),
    "a main track that opens later": (
        tracks(replace(LATER, name="main", chain=(CLEAN,)), SIDE),
        "opens its main track at clean; drop opens_at",
    ),
    "the same proof twice": (proofs(Proof("photo"), Proof("photo", to_close=True)), "wants evidence photo twice"),
    "a proof that closes and is an option": (
        proofs(Proof("photo", to_close=True, is_optional=True)),
        "to close and yet as an option; drop is_optional or to_close",
    ),
    "a proof of no kind": (proofs(Proof(" ")), "wants evidence of no kind"),
    "a proof of an unknown outcome": (
        proofs(Proof("visit", outcomes=("seen", "met", "done"))),
        "wants evidence visit of met, which no report means; know seen, done, failed, false_alarm",
    ),
}

GOOD = {
    "a plain chain": SOUND,
    "twenty steps": chain(*(replace(CLEAN, name=f"s{at}") for at in range(STEPS_MAX))),
    "need all of one party": chain(replace(CLEAN, need=Need.ALL)),
    "need the lead of one party": chain(replace(CLEAN, need=Need.LEAD)),
    "accept only": chain(Step("clean", "cleaner", minutes(10))),
    "finish only": chain(Step("clean", "cleaner", finish=minutes(10))),
    "accept as long as finish": chain(Step("clean", "cleaner", hours(1), hours(1))),
    "accept and finish on different clocks": chain(Step("clean", "cleaner", hours(9), work_hours(4))),
    "a pause first": chain(Step("wait", finish=minutes(5)), CLEAN),
    "enforcement some steps after the review": chain(REVIEW, replace(CLEAN, name="warn"), FINE),
    "up the loops": chain(CLEAN, replace(REVIEW, loop=SMALL), replace(FINE, loop=MEDIUM)),
    "later from opening": chain(
        replace(CLEAN, from_opening=True), REVIEW, replace(CLEAN, name="again", finish=hours(4), from_opening=True)
    ),
    "from opening on different clocks": chain(
        replace(CLEAN, from_opening=True), replace(CLEAN, name="again", finish=work_hours(1), from_opening=True)
    ),
    "verified for a span": replace(SOUND, on_cleared=VERIFY, quiet=minutes(10)),
    "verified for the span of the check": replace(SOUND, on_cleared=VERIFY, check=Check(minutes(10))),
    "P0 closed before dispatch": replace(SOUND, severity=Severity.P0, on_cleared=CLOSE_BEFORE_DISPATCH),
    "P0 checked by people": replace(SOUND, severity=Severity.P0, check=Check(parties="auditor")),
    "own outcomes": means("not_reachable", Effect.FAILED),
    "an outcome that says what it is": means("done", Effect.DONE),
    "joined by some": replace(tracks(TrackRule("main", (CLEAN,)), SIDE), join=1),
    "joined by all": replace(tracks(TrackRule("main", (CLEAN,)), SIDE), join=2),
    "a track that opens later": tracks(TrackRule("main", (CLEAN,)), LATER),
    "a recurrence": replace(SOUND, recurrence=AGAIN),
    "a clear sensor": replace(SOUND, check=Check(clear=minutes(30), within=hours(2))),
    "no sample at all": replace(SOUND, check=Check(sample=0)),
    "never reminded": replace(SOUND, remind_percent=0),
    "reminded at the last moment": replace(SOUND, remind_percent=99),
    "arbitrated at once": replace(SOUND, returns_max=1),
    "proofs": proofs(Proof("before", is_fresh=True), Proof("visit", to_close=True, outcomes=("seen", "failed"))),
    "side work": tracks(TrackRule("main", (CLEAN,)), TrackRule("side", (CLEAN,), required=False)),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_wrong_is_said_once(name: str) -> None:
    rules, words = BAD[name]
    found = faults(rules)
    assert len(found) == 1, found
    assert words in found[0]
    assert found[0].startswith("bins.full"), "the culprit comes first"


@pytest.mark.parametrize("name", GOOD)
def test_what_is_sound_is_let_through(name: str) -> None:
    assert faults(GOOD[name]) == []


def test_all_faults_are_said_at_once() -> None:
    assert len(faults(chain(Step("a", "cleaner"), Step("a"), FINE))) == 4


@pytest.mark.parametrize("name", ["PLAIN", "LOOK", "BOTH", "FINED", "WARNED", "TWO", "SIDE", "LIFE", "BEFORE", "PHOTO"])
def test_the_rules_of_the_decision_table_would_load(name: str) -> None:
    assert faults(getattr(played, name)) == []
