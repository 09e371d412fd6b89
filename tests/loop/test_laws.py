"""The laws of the loop hold in every decision of random histories, under random rules, in random streets."""

from collections import Counter
from datetime import timedelta
from itertools import pairwise

from hypothesis import given, note
from hypothesis import strategies as st

from civicloop.core.loop.decide import decide
from civicloop.core.loop.draft import Decision
from civicloop.core.model.case import Case, Reason
from civicloop.core.model.chain import Rules
from civicloop.core.model.finding import Finding
from civicloop.core.model.given import Answer, Found, Given, Verb
from civicloop.core.model.street import OPS, Street

from .histories import History, left_alone, play
from .laws import OF_TIME
from .laws_of_parties import OF_PARTIES
from .laws_of_work import OF_WORK
from .random_rules import rules_that_load
from .random_streets import streets

AT_ONCE_MAX = 70
"""More lapses of one instant than any case needs: each of three tracks goes up four steps and their pauses."""


def look(history: History, before: Case | None, given: Given, made: Decision) -> None:
    if made.reason not in (Reason.STALE, Reason.NOT_ASKED):
        verb = f" {given.verb} {given.party}" if hasattr(given, "verb") else ""
        note(f"{history.now:%d %H:%M} {type(given).__name__}{verb}: {made.reason}")
    for law in (*OF_TIME, *OF_PARTIES, *OF_WORK):
        law(history, before, given, made)


@given(rules_that_load, streets(), st.data())
def test_the_laws_hold_in_random_histories(rules: Rules, street: Street, data: st.DataObject) -> None:
    play(data.draw, History(rules, street, look), data.draw(st.integers(1, 35), "length"))


@given(rules_that_load, streets(), st.lists(st.sampled_from([Verb.EXTEND, Verb.SUSPEND, Verb.RESUME]), max_size=7))
def test_what_the_street_grants_has_an_end(rules: Rules, street: Street, verbs: list[Verb]) -> None:
    """The quotas: the street grants all it is asked for at once, and the laws look how often it did."""
    history = History(rules, street, look)
    history.give(Found("bins.full", "B7", Finding("bin_full"), rules, "E1", "C1", history.now, "seen"))
    for verb in (*verbs, Verb.REOPEN):
        until = history.now + timedelta(hours=7)
        history.give(Answer(verb, OPS, "answer", reason="because", until=until, admin=True))


@given(rules_that_load, streets(), st.data())
def test_a_case_left_alone_is_never_silent(rules: Rules, street: Street, data: st.DataObject) -> None:
    """However it was left: deadlines follow each other, and it ends, or is repeated as often as the street says."""
    history = History(rules, street, look)
    play(data.draw, history, data.draw(st.integers(1, 8), "length"))
    instants = left_alone(history)
    at_once = max(Counter(instants).values())
    assert at_once <= AT_ONCE_MAX, "time goes on"
    if history.case and history.case.is_open:
        waits = [later - earlier for earlier, later in pairwise(instants)]
        assert waits[-1] <= timedelta(seconds=street.repeat_after.seconds), "at the end it is repeated every day"
        assert history.decisions[-1].notices, "and somebody is told"


@given(rules_that_load, streets(), st.data())
def test_replaying_the_inputs_gives_the_same_journal(rules: Rules, street: Street, data: st.DataObject) -> None:
    """Law 10."""
    made: list[Decision] = []
    history = History(rules, street, lambda _, __, ___, decision: made.append(decision))
    play(data.draw, history, data.draw(st.integers(1, 35), "length"))
    case = None
    for (what, now), decision in zip(history.given, made, strict=True):
        assert decide(case, what, now, street) == decision
        case = decision.case
    assert case == history.case


def test_every_verb_is_tried() -> None:
    """The histories draw from all verbs; a new one must be given a likely party in histories.py."""
    assert len(Verb) == 17
