"""Who held a case, and for how long: stories, and what the ledger says of them."""

from dataclasses import replace

import pytest

from civicloop.core.loop.ledger import ledger
from civicloop.core.model.chain import Rules

from .rules import ALL, ANY, BOTH, BREAK, CLOSES, FINED, GHOSTS, LOOK, NOBODY_LOOKS, PLAIN, QUIET, TWO, WAITING
from .town import Saying, Story, cleared, clock, found, lapse, minute, say

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
    booked = ledger([entry for decision in play.decisions for entry in decision.entries], clock(until))
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
