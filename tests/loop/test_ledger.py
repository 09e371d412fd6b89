"""Who held a case, and for how long: stories, and what the ledger says of them."""

from dataclasses import replace
from datetime import time, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from civicloop.core.loop.ledger import Booking, Holding, by_hours, ledger, totals
from civicloop.core.model.case import Entry, Reason
from civicloop.core.model.chain import Check, Rules, Step
from civicloop.core.model.limit import Limit, hours, minutes, work_hours

from .rules import (
    ALL,
    ANY,
    BOTH,
    BREAK,
    CLOSES,
    FINED,
    GHOSTS,
    LOOK,
    NOBODY_LOOKS,
    PLAIN,
    PRESS,
    QUIET,
    TWO,
    WAITING,
    rules,
)
from .town import CASE, STREET, Saying, Story, cleared, clock, found, lapse, minute, say

STOP = say("suspend", "ops_center", reason="roadworks", until=600)
REOPEN = say("reopen", "ops_center", reason="dirty")

BOOKS: dict[str, tuple[Rules, list[tuple[float, Saying]], float, str]] = {
    "waits to be accepted": (PLAIN, [], 7, "0 waiting_acceptance cleaner"),
    "is worked on": (PLAIN, [(4, say("accept", "cleaner"))], 7, "0 waiting_acceptance cleaner, 4 working cleaner"),
    "no time, no booking": (PLAIN, [], 0, ""),
    "climbs": (PLAIN, [(10, lapse())], 15, "0 waiting_acceptance cleaner, 10 waiting_acceptance manager"),
    "a lower party accepts: the step is still the next one's": (
        PLAIN,
        [(10, lapse()), (12, say("accept", "cleaner"))],
        15,
        "0 waiting_acceptance cleaner, 10 waiting_acceptance manager",
    ),
    "the second of any accepts": (
        ANY,
        [(3, say("accept", "hauler"))],
        9,
        "0 waiting_acceptance cleaner, 3 working hauler",
    ),
    "the first of any returns": (
        ANY,
        [(3, say("return", "cleaner", reason="no"))],
        9,
        "0 waiting_acceptance cleaner, 3 waiting_acceptance hauler",
    ),
    "one of all is done": (
        ALL,
        [(3, say("report", "cleaner"))],
        9,
        "0 waiting_acceptance cleaner, 3 waiting_acceptance hauler",
    ),
    "reassigned": (
        PLAIN,
        [(3, say("reassign", "ops_center", to="hauler"))],
        9,
        "0 waiting_acceptance cleaner, 3 waiting_acceptance hauler",
    ),
    "a pause is nobody's": (WAITING, [(5, lapse())], 9, "0 paused, 5 waiting_acceptance cleaner"),
    "a pause between steps": (BREAK, [(10, lapse())], 12, "0 waiting_acceptance cleaner, 10 paused"),
    "is looked at": (LOOK, [(5, say("report", "cleaner"))], 9, "0 waiting_acceptance cleaner, 5 verifying inspector"),
    "is watched": (QUIET, [(5, say("report", "cleaner"))], 9, "0 waiting_acceptance cleaner, 5 verifying sensor"),
    "is watched and looked at": (
        BOTH,
        [(5, say("report", "cleaner"))],
        9,
        "0 waiting_acceptance cleaner, 5 verifying auditor",
    ),
    "nobody can look": (
        NOBODY_LOOKS,
        [(5, say("report", "cleaner"))],
        9,
        "0 waiting_acceptance cleaner, 5 verifying ops_center",
    ),
    "is done again": (
        LOOK,
        [(5, say("report", "cleaner")), (7, say("verify", "inspector", "fail")), (8, say("accept", "cleaner"))],
        9,
        "0 waiting_acceptance cleaner, 5 verifying inspector, 7 waiting_acceptance cleaner, 8 working cleaner",
    ),
    "all clear, and then not": (
        PLAIN,
        [(2, say("accept", "cleaner")), (5, cleared()), (8, found())],
        9,
        "0 waiting_acceptance cleaner, 2 working cleaner, 5 verifying sensor, 8 working cleaner",
    ),
    "stopped and resumed": (
        PLAIN,
        [(2, say("accept", "cleaner")), (5, STOP), (20, say("resume", "ops_center"))],
        25,
        "0 waiting_acceptance cleaner, 2 working cleaner, 5 stopped, 20 working cleaner",
    ),
    "accepted while stopped": (
        PLAIN,
        [(5, STOP), (6, say("accept", "cleaner")), (20, say("resume", "ops_center"))],
        25,
        "0 waiting_acceptance cleaner, 5 stopped, 20 working cleaner",
    ),
    "a pause stopped and resumed": (
        WAITING,
        [(2, STOP), (20, say("resume", "ops_center"))],
        21,
        "0 paused, 2 stopped, 20 paused",
    ),
    "supervised": (GHOSTS, [(1440, lapse())], 2000, "0 supervised ops_center"),
    "supervised, all clear, and then not": (
        GHOSTS,
        [(5, cleared()), (8, found())],
        9,
        "0 supervised ops_center, 5 verifying sensor, 8 supervised ops_center",
    ),
    "awaits its review": (
        FINED,
        [(10, lapse()), (40, lapse())],
        50,
        "0 waiting_acceptance cleaner, 10 waiting_acceptance reviewer, 40 supervised ops_center",
    ),
    "closed": (PLAIN, [(5, say("report", "cleaner"))], 99, "0 waiting_acceptance cleaner, 5 end"),
    "closed by sensors": (CLOSES, [(5, cleared())], 99, "0 waiting_acceptance cleaner, 5 end"),
    "closed and reopened": (
        PLAIN,
        [(5, say("report", "cleaner")), (8, REOPEN)],
        10,
        "0 waiting_acceptance cleaner, 5 end, 8 waiting_acceptance cleaner",
    ),
    "reopened in the instant it was asked": (
        PLAIN,
        [(0, say("report", "cleaner")), (0, REOPEN), (1, say("accept", "cleaner"))],
        3,
        "0 waiting_acceptance cleaner, 1 working cleaner",
    ),
    "two tracks: the first holds while it is open": (
        TWO,
        [(5, say("report", "cleaner")), (9, say("accept", "secretary", track="meetings"))],
        12,
        "0 waiting_acceptance cleaner, 5 waiting_acceptance secretary, 9 working secretary",
    ),
}


def told(rules: Rules, story: list[tuple[float, Saying]], until: float) -> str:
    play = Story(rules)
    for now, saying in [(0, found()), *story]:
        assert not play.hear(now, saying).refused
    return shown(ledger([entry for decision in play.decisions for entry in decision.entries], clock(until)), until)


def shown(booked: tuple[Booking, ...], until: float) -> str:
    said, end = [], clock(0)
    for booking in booked:
        if booking.begins != end:
            said.append(f"{minute(end)} end")
        said.append(f"{minute(booking.begins)} {booking.holding} {booking.party}".strip())
        end = booking.ends
    if booked and end != clock(until):
        said.append(f"{minute(end)} end")
    return ", ".join(said)


@pytest.mark.parametrize("name", BOOKS)
def test_the_books(name: str) -> None:
    rules, story, until, expected = BOOKS[name]
    assert told(rules, story, until) == expected


def test_a_case_without_a_journal_has_no_bookings() -> None:
    assert ledger([], clock(5)) == ()


def test_side_work_does_not_outlive_the_case() -> None:
    rules = replace(TWO, tracks=(TWO.tracks[0], replace(TWO.tracks[1], required=False)))
    assert told(rules, [(5, say("report", "cleaner"))], 50) == "0 waiting_acceptance cleaner, 5 end"


JOURNALS: dict[str, tuple[str, float, str]] = {
    "returned work waits for its dispatcher": (
        "0 opened, 0 asked cleaner, 5 returned cleaner, 5 dispatch_asked ops_center, 12 reassigned hauler",
        20,
        "0 waiting_acceptance cleaner, 5 dispatching ops_center, 12 waiting_acceptance hauler",
    ),
    "sent back to the same party, it goes on where it was": (
        "0 opened, 0 asked cleaner, 2 accepted cleaner, 5 returned cleaner, 5 dispatch_asked ops_center, 9 resumed",
        20,
        "0 waiting_acceptance cleaner, 2 working cleaner, 5 dispatching ops_center, 9 working cleaner",
    ),
    "returned again and again, the arbiter holds it": (
        (
            "0 opened, 0 asked cleaner, 5 returned cleaner, 5 arbiter_asked secretary, 9 not_dispatched secretary, "
            "9 escalated manager"
        ),
        20,
        "0 waiting_acceptance cleaner, 5 dispatching secretary, 9 waiting_acceptance manager",
    ),
    "stopped while it is dispatched": (
        "0 opened, 0 asked cleaner, 5 arbiter_asked secretary, 6 suspended ops_center, 8 resumed",
        20,
        "0 waiting_acceptance cleaner, 5 dispatching secretary, 6 stopped, 8 dispatching secretary",
    ),
    "solved, and documents are missing": (
        "0 opened, 0 asked cleaner, 5 reported cleaner, 5 proof_awaited, 9 track_closed, 9 closed",
        20,
        "0 waiting_acceptance cleaner, 5 waiting cleaner, 9 end",
    ),
    "a request, its answer and a reminder move nothing": (
        (
            "0 opened, 0 recurred, 0 asked cleaner, 2 accepted cleaner, 3 requested cleaner, "
            "4 request_denied secretary, 5 reminded cleaner, 7 extended secretary, 8 request_voided"
        ),
        20,
        "0 waiting_acceptance cleaner, 2 working cleaner",
    ),
    "nobody on duty, passed on at once": (
        "0 opened, 0 nobody_on_duty cleaner, 0 asked manager",
        20,
        "0 waiting_acceptance manager",
    ),
    "nobody has checked": (
        "0 opened, 0 asked cleaner, 5 reported cleaner, 5 check_asked inspector, 9 unverified, 9 closed",
        20,
        "0 waiting_acceptance cleaner, 5 verifying inspector, 9 end",
    ),
    "not drawn": (
        "0 opened, 0 asked cleaner, 5 reported cleaner, 5 not_drawn, 5 closed",
        20,
        "0 waiting_acceptance cleaner, 5 end",
    ),
    "closed by order, contested, and reviewed": (
        (
            "0 opened, 0 asked cleaner, 5 forced_closed ops_center, 5 closed, "
            "6 appealed cleaner, 7 appeal_reviewed, 8 appeal_granted"
        ),
        20,
        "0 waiting_acceptance cleaner, 5 end",
    ),
    "a track that opens later holds it when the first has lapsed": (
        (
            "0 opened, 0 asked cleaner, 5 side track_opened, 5 side asked secretary, 8 track_lapsed, "
            "9 side accepted secretary"
        ),
        20,
        "0 waiting_acceptance cleaner, 8 waiting_acceptance secretary, 9 working secretary",
    ),
    "a case whose tracks have all ended and that is not closed is still somebody's": (
        "0 opened, 0 asked cleaner, 5 track_closed",
        20,
        "0 waiting_acceptance cleaner",
    ),
}
"""Journals of what the loop may write, and what is booked of them."""


def journal(lines: str) -> list[Entry]:
    entries = []
    for seq, line in enumerate(lines.split(", "), 1):
        at, *words = line.split()
        track = "side" if words[0] == "side" else "main"
        reason, party = (*words[track == "side" :], "")[:2]
        entries.append(
            Entry(
                seq,
                clock(float(at)),
                CASE,
                "bins.full/B7",
                track,
                Reason(reason),
                "clean",
                "micro",
                party,
                None,
                "",
                "",
            )
        )
    return entries


@pytest.mark.parametrize("name", JOURNALS)
def test_the_books_of_a_journal(name: str) -> None:
    lines, until, expected = JOURNALS[name]
    assert shown(ledger(journal(lines), clock(until)), until) == expected


@given(st.lists(st.tuples(st.sampled_from(Reason), st.sampled_from(["main", "side"]), st.integers(0, 3))))
def test_whatever_a_journal_says_the_books_add_up(lines: list[tuple[Reason, str, int]]) -> None:
    at, said = 0, ["0 opened"]
    for reason, track, later in lines:
        at += later
        said.append(f"{at} {'side ' if track == 'side' else ''}{reason}")
    entries = journal(", ".join(said))
    age, since = timedelta(), None
    for entry in entries:
        if entry.reason is Reason.CLOSED and since is not None:
            age, since = age + (entry.at - since), None
        elif since is None and (entry.seq == 1 or entry.reason is Reason.REOPENED):
            since = entry.at
    age += clock(at + 5) - since if since is not None else timedelta()
    assert sum((booking.span for booking in ledger(entries, clock(at + 5))), timedelta()) == age


# working hours ---------------------------------------------------------------------------------------------------

NIGHT = replace(STREET.calendar, slots=((time(22), time(6)),))
AT_NIGHT = replace(STREET, calendars={"Clean & Sons": NIGHT})


def split(limit: Limit, until: float, story: list[tuple[float, Saying]], street=STREET) -> str:
    """The bookings of a case whose first step has this limit, from Friday 09:00, in hours."""
    play = Story(rules(Step("clean", "cleaner", minutes(10), limit), PRESS, check=Check((), "auditor", work_hours(1))))
    for now, saying in [(0, found()), *story]:
        play.hear(now * 60, saying)
    booked = ledger([entry for made in play.decisions for entry in made.entries], clock(until * 60))
    assert play.case is not None
    pieces = list(by_hours(booked, play.case, street))
    assert sum((piece.span for piece in pieces), timedelta()) == clock(until * 60) - clock(0)
    assert all(one.ends == two.begins for one, two in pairwise(pieces))
    return ", ".join(
        f"{(piece.begins - clock(0)) / timedelta(hours=1):g} {piece.holding} {piece.party}" for piece in pieces
    )


ACCEPTED = [(0.1, say("accept", "cleaner"))]


def test_a_party_is_off_where_its_limit_counts_working_time() -> None:
    assert split(work_hours(8), 10, ACCEPTED) == (
        "0 waiting_acceptance cleaner, 0.1 working cleaner, 3 off_hours cleaner, 5 working cleaner, 9 off_hours cleaner"
    )


def test_a_limit_of_natural_time_knows_no_hours() -> None:
    assert split(hours(8), 10, ACCEPTED) == "0 waiting_acceptance cleaner, 0.1 working cleaner"


def test_the_hours_are_those_of_the_partys_organisation_also_across_midnight() -> None:
    assert split(work_hours(8), 24, ACCEPTED, AT_NIGHT) == (
        "0 waiting_acceptance cleaner, 0.1 off_hours cleaner, 13 working cleaner, 21 off_hours cleaner"
    )


def test_a_weekend_is_off() -> None:
    assert split(work_hours(8), 72, ACCEPTED).endswith("5 working cleaner, 9 off_hours cleaner, 71 working cleaner")


def test_a_check_is_held_to_its_own_limit() -> None:
    story = [*ACCEPTED, (2, say("report", "cleaner"))]
    assert split(hours(8), 4, story).endswith("2 verifying auditor, 3 off_hours auditor")


def test_totals_add_up_and_are_clipped_to_a_span() -> None:
    booked = (
        Booking(Holding.WORKING, "cleaner", clock(0), clock(10)),
        Booking(Holding.VERIFYING, "auditor", clock(10), clock(15)),
        Booking(Holding.WORKING, "cleaner", clock(15), clock(20)),
    )
    assert totals(booked) == {
        ("cleaner", Holding.WORKING): timedelta(minutes=15),
        ("auditor", Holding.VERIFYING): timedelta(minutes=5),
    }
    assert totals(booked, clock(8), clock(12)) == {
        ("cleaner", Holding.WORKING): timedelta(minutes=2),
        ("auditor", Holding.VERIFYING): timedelta(minutes=2),
    }
    assert totals(booked, clock(20)) == {}
