"""What happens to a case if nobody acts: foreseen from its own deadlines, and borne out by the clock."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from civicloop.core.loop.decide import decide
from civicloop.core.loop.forecast import MOMENTS_MAX, Ending, forecast
from civicloop.core.loop.ledger import by_hours, ledger
from civicloop.core.model.case import Case
from civicloop.core.model.chain import Rules
from civicloop.core.model.given import Lapse
from civicloop.core.model.limit import days

from .random_rules import rules_that_load
from .rules import BOTH, BREAK, FINED, GHOSTS, HAUNTED, LOOK, PLAIN, QUIET, SIDE, TWO
from .town import STREET, Saying, Story, clock, found, minute, say

STOP = say("suspend", "ops_center", reason="roadworks", until=600)

FORECASTS: dict[str, tuple[Rules, list[tuple[float, Saying]], float, str, Ending]] = {
    "an ignored case climbs to the end of its chain and is repeated": (
        PLAIN,
        [],
        3,
        (
            "10 not_accepted cleaner, escalated manager, escalated secretary; "
            "25 not_accepted manager, not_accepted secretary, escalated ops_center; "
            "55 not_accepted ops_center, chain_ended; 1495 repeated"
        ),
        Ending.REPEATS,
    ),
    "accepted, it is expected to be finished": (
        PLAIN,
        [(4, say("accept", "cleaner"))],
        5,
        (
            "60 not_finished cleaner, escalated manager, escalated secretary; "
            "75 not_accepted manager, not_accepted secretary, escalated ops_center; "
            "105 not_accepted ops_center, chain_ended; 1545 repeated"
        ),
        Ending.REPEATS,
    ),
    "sensors that stay silent close it": (
        QUIET,
        [(5, say("report", "cleaner"))],
        6,
        "25 verified sensor, closed",
        Ending.CLOSES,
    ),
    "nobody looks, the sensors say enough": (
        BOTH,
        [(5, say("report", "cleaner"))],
        6,
        "20 check_overdue auditor, check_asked ops_center; 25 verified sensor, closed",
        Ending.CLOSES,
    ),
    "a stop resumes by itself": (
        PLAIN,
        [(2, say("accept", "cleaner")), (5, STOP)],
        6,
        (
            "600 resumed; 655 not_finished cleaner, escalated manager, escalated secretary; "
            "670 not_accepted manager, not_accepted secretary, escalated ops_center; "
            "700 not_accepted ops_center, chain_ended; 2140 repeated"
        ),
        Ending.REPEATS,
    ),
    "a pause between steps": (
        BREAK,
        [],
        0,
        "10 not_accepted cleaner, paused; 15 asked ops_center; 45 not_accepted ops_center, chain_ended; 1485 repeated",
        Ending.REPEATS,
    ),
    "enforcement waits for its review": (
        FINED,
        [],
        0,
        "10 not_accepted cleaner, escalated reviewer; 40 not_accepted reviewer, review_awaited; 1480 repeated",
        Ending.REPEATS,
    ),
    "a deadline that has passed unnoticed is met now": (
        HAUNTED,
        [],
        100,
        "100 not_accepted ops_center, chain_ended; 1540 repeated",
        Ending.REPEATS,
    ),
    "nobody to ask: it only repeats": (GHOSTS, [], 3, "1440 repeated", Ending.REPEATS),
    "closed": (PLAIN, [(5, say("report", "cleaner"))], 9, "", Ending.OVER),
}


def begun(rules: Rules, story: list[tuple[float, Saying]]) -> Case:
    play = Story(replace(rules, remind_percent=0))
    for now, saying in [(0, found()), *story]:
        assert not play.hear(now, saying).refused
    assert play.case is not None
    return play.case


@pytest.mark.parametrize("name", FORECASTS)
def test_what_is_foreseen(name: str) -> None:
    rules, story, now, expected, ending = FORECASTS[name]
    seen = forecast(begun(rules, story), clock(now), STREET)
    said = (
        f"{minute(moment.at)} {', '.join(f'{entry.reason} {entry.party}'.strip() for entry in moment.entries)}"
        for moment in seen.moments
    )
    assert ("; ".join(said), seen.ending) == (expected, ending)


@pytest.mark.parametrize("rules", [PLAIN, LOOK, BOTH, BREAK, FINED, GHOSTS, HAUNTED, SIDE, TWO])
def test_what_is_foreseen_is_what_happens(rules: Rules) -> None:
    """The clock, let run, brings the same entries and notices at the same instants."""
    case = begun(rules, [])
    entries, notices = [], []
    for moment in forecast(case, clock(0), STREET).moments:
        entries += moment.entries
        notices += moment.notices
    lived, told = [], []
    while len(lived) < len(entries):
        at = case.next_at
        assert at is not None
        for track in case.tracks:
            if track.next_at == at:
                made = decide(case, Lapse(track.name, at), at, STREET)
                assert made.case is not None
                case = made.case
                lived += made.entries
                told += made.notices
    assert [(one.at, one.track, one.reason, one.party) for one in lived if one in entries] == [
        (one.at, one.track, one.reason, one.party) for one in entries
    ]
    assert {(one.at, one.kind, one.party) for one in notices} <= {(one.at, one.kind, one.party) for one in told}


def test_while_one_track_repeats_the_others_are_followed_on() -> None:
    slow = replace(TWO.tracks[1], chain=(replace(TWO.tracks[1].chain[0], finish=days(9)),))
    seen = forecast(begun(replace(TWO, tracks=(TWO.tracks[0], slow)), []), clock(0), STREET)
    tracks = [(moment.entries[0].track, moment.entries[0].reason) for moment in seen.moments]
    assert tracks.count(("main", "repeated")) == 1
    assert tracks[-1] == ("meetings", "repeated")
    assert len(tracks) < MOMENTS_MAX


def test_whoever_is_told_is_named() -> None:
    first = forecast(begun(PLAIN, []), clock(0), STREET).moments[0]
    assert [notice.party for notice in first.notices] == ["manager", "secretary", "family", "cleaner"]


def test_a_forecast_changes_nothing() -> None:
    case = begun(PLAIN, [])
    assert forecast(case, clock(0), STREET) == forecast(case, clock(0), STREET)
    assert case == begun(PLAIN, [])


@given(rules_that_load, st.integers(0, 3000))
def test_any_case_left_alone_is_foreseen_to_its_end(rules: Rules, now: int) -> None:
    """Moments follow each other; at the end it closes or repeats itself; what is foreseen is booked to the second."""
    play = Story(rules)
    play.hear(0, found())
    assert play.case is not None
    seen = forecast(play.case, clock(now), STREET)
    assert seen.ending in ((Ending.CLOSES, Ending.REPEATS) if play.case.is_open else (Ending.OVER,))
    times = [clock(now), *(moment.at for moment in seen.moments)]
    assert times == sorted(times)
    entries = [*play.decisions[0].entries, *(entry for moment in seen.moments for entry in moment.entries)]
    assert [entry.seq for entry in entries] == sorted({entry.seq for entry in entries})
    booked = ledger(entries, times[-1])
    assert sum((one.span for one in booked), timedelta()) == times[-1] - clock(0)
    split = list(by_hours(booked, seen.moments[-1].case if seen.moments else play.case, STREET))
    assert sum((one.span for one in split), timedelta()) == times[-1] - clock(0)
