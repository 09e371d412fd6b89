"""A case's story in words: every reason in both languages, why the chain went on, what was said, and what is next."""

from dataclasses import replace
from datetime import datetime, timedelta

import orjson
import pytest

from civicloop.core.engine.setup import Setup
from civicloop.core.gateway.dossier import Dossier, Explanation, explain
from civicloop.core.gateway.story import Said, Teller, what_was_said
from civicloop.core.gateway.viewer import Viewer
from civicloop.core.gateway.wording import STORY, loop_name, role_name
from civicloop.core.loop.forecast import Ending, forecast
from civicloop.core.loop.ledger import Holding, ledger
from civicloop.core.model.case import Appeal, Case, Duty, Entry, OrderState, Reason, Request, TrackState, WorkOrder
from civicloop.core.model.chain import Loop, Rules
from civicloop.core.sdk.texts import LANGUAGES, faults
from civicloop.core.stores.base import EventRow, EventState, Writes
from civicloop.core.stores.sqlite import SqliteStore

from ..engine.stage import registry
from ..loop.rules import ALL, CLOSING_LOOK, LAST, LOOK, NOBODY_LOOKS, PLAIN, PRESS, QUIET, WAITING, rules
from ..loop.town import STREET, Saying, Story, clock, found, lapse, say

JOURNALED = list(Reason)[: list(Reason).index(Reason.SEEN_AGAIN)]
SETUP = Setup(STREET, registry())
ENGLISH = Teller(SETUP, "en")


def entry(reason: Reason = Reason.ASKED, **members: object) -> Entry:
    usual = Entry(1, clock(0), "c1", "bins.full/B7", "main", reason, "clean", "micro", "cleaner", clock(10), "", "")
    return usual._replace(**members)


def played(rules: Rules, *story: tuple[float, Saying]) -> Story:
    play = Story(replace(rules, remind_percent=0))
    for now, saying in [(0, found()), *story]:
        assert not play.hear(now, saying).refused
    return play


def journal(play: Story) -> tuple[Entry, ...]:
    return tuple(entry for decision in play.decisions for entry in decision.entries)


def told(play: Story, **said: Said) -> list[str]:
    assert play.case is not None
    return [line.text for line in ENGLISH.tell(play.case, journal(play), said)]


# words -----------------------------------------------------------------------------------------------------------


def test_the_catalogue_is_complete() -> None:
    needed = [
        *(f"reason_{reason}" for reason in JOURNALED),
        *(f"holding_{holding}" for holding in Holding),
        *(f"ends_{ending}" for ending in Ending),
        *(f"loop_{loop.name.lower()}" for loop in Loop),
    ]
    assert faults(STORY, needed) == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("reason", JOURNALED)
def test_every_reason_is_a_sentence(language: str, reason: Reason) -> None:
    text = Teller(SETUP, language).sentence(entry(reason))
    assert "{" not in text
    assert "reason_" not in text
    assert (" " in text or len(text) > 4) if language == "en" else text != reason


def test_a_reason_without_a_text_shows_itself() -> None:
    assert ENGLISH.sentence(entry(Reason.NOTED)) == "noted"


def test_roles_and_loops() -> None:
    assert role_name("zh", "cleaner+dike_guard") == "保洁、dike_guard"
    assert role_name("en", "") == "nobody"
    assert loop_name("zh", "large") == "大循环"


def test_a_time_shows_the_day_and_the_year_where_they_are_others() -> None:
    at = clock(0)
    later = [at, at + timedelta(days=1), at + timedelta(days=200)]
    assert [ENGLISH.clock(one, at) for one in [*later, None]] == ["09:00", "09-13 09:00", "2026-03-31 09:00", "-"]


# the story -------------------------------------------------------------------------------------------------------


def test_an_ignored_case_says_who_was_asked_until_when_and_why_it_went_on() -> None:
    assert told(played(PLAIN, (10, lapse()), (25, lapse()), (55, lapse()))) == [
        "the case is opened",
        "asked: cleaner, to answer by 09:10; clean (micro loop)",
        "not accepted in time: cleaner; clean",
        "climbs to: manager, secretary, to answer by 09:25; manage (small loop) (why: not accepted in time)",
        "not accepted in time: manager, secretary; manage",
        "climbs to: street operations centre, to answer by 09:55; press (medium loop) (why: not accepted in time)",
        "not accepted in time: street operations centre; press",
        "the chain has ended and it is not solved; repeated at 09-13 09:55 (why: not accepted in time)",
    ]


def test_what_was_said_is_told_once_with_the_first_of_its_entries() -> None:
    play = played(LOOK, (5, say("report", "cleaner")), (7, say("verify", "inspector", "fail")))
    said = {"answer": Said("cleaner", {"result": "done", "note": "swapped", "evidence": ["photo", {"kind": "weight"}]})}
    assert told(play, **said)[2:5] == [
        "reported: cleaner; clean. Result: solved; Note: swapped; Evidence: photo, weight",
        "asked to check: inspector, by 09:35",
        "the check failed, to be done again: clean",
    ]


def test_a_decision_by_hand_names_who_took_it() -> None:
    lines = told(played(PLAIN, (4, say("escalate", "ops_center"))), answer=Said("ops_center", {}))
    assert lines[-1].endswith("manage (small loop) (why: street operations centre decided so)")


def test_a_closing_says_with_what() -> None:
    play = played(LOOK, (5, say("report", "cleaner")), (7, say("verify", "inspector")))
    assert told(play)[-1] == "the case is closed: solved (why: checked and found solved)"
    assert told(played(PLAIN, (5, say("report", "cleaner"))))[-1] == "the case is closed: solved"


def test_until_is_a_time_and_what_is_masked_stays_so() -> None:
    play = played(PLAIN, (5, say("suspend", "ops_center", reason="roadworks", until=600)))
    words = {"reason": "***", "evidence": "***", "until": clock(600).isoformat()}
    assert told(play, answer=Said("ops_center", words))[-1] == (
        "suspended until 19:00: clean. Reason: ***; Evidence: ***; Until: 19:00"
    )


def stored(source: str, id: str, body: bytes, type: str = "loop.return") -> EventRow:
    at = clock(0)
    return EventRow(id, source, "C1", type, "c1", at, at, "", EventState.ACCEPTED, b"", body)


def test_answers_are_found_by_the_name_the_journal_has() -> None:
    store = SqliteStore(None)
    body = b'{"data": {"party": "cleaner", "reason": "not ours", "person": "Li", "order": "c1.1"}}'
    with store.turn() as turn:
        turn.commit(
            Writes(clock(0), events=[stored("//a#b", "1#2", body), stored("//bins", "e1", b"{}", "waste.bin.level")])
        )
    names = ["//a#b#1#2", "//bins#e1", "//gone#e9", "nameless", ""]
    entries = [entry(Reason.RETURNED, event=name) for name in names]
    said = what_was_said(store, entries, lambda _, body: orjson.loads(body))
    store.close()
    assert said == {"//a#b#1#2": Said("cleaner", {"reason": "not ours"})}


# how it stands ---------------------------------------------------------------------------------------------------


def standing(play: Story, minute: float, **changes: object) -> list[str]:
    assert play.case is not None
    case = play.case.with_track(play.case.tracks[0]._replace(**changes)) if changes else play.case
    return ENGLISH.standing(case, clock(minute))


ACCEPT = say("accept", "cleaner")
REPORT = say("report", "cleaner")
STOP = say("suspend", "ops_center", reason="roadworks", until=600)
STANDING: dict[str, tuple[Story, float, list[str]]] = {
    "asked": (played(PLAIN), 3, ["cleaner was asked at 09:00 (clean) and has until 09:10 to accept"]),
    "accepted": (played(PLAIN, (4, ACCEPT)), 5, ["cleaner was asked at 09:00 (clean) and has until 10:00 to report"]),
    "late": (played(PLAIN), 11, ["cleaner was asked at 09:00 (clean), had until 09:10, and may still answer"]),
    "several": (
        played(ALL, (4, ACCEPT)),
        5,
        [
            "cleaner was asked at 09:00 (clean) and has until 10:00 to report",
            "hauler was asked at 09:00 (clean) and has until 09:10 to accept",
        ],
    ),
    "left behind": (
        played(rules(LAST.tracks[0].chain[0], PRESS), (10, lapse())),
        12,
        [
            "cleaner was asked at 09:00 (clean); the chain has gone on, and it may still answer",
            "street operations centre was asked at 09:10 (press) and has until 09:40 to accept",
        ],
    ),
    "checked": (
        played(LOOK, (5, REPORT)),
        6,
        ["inspector was asked at 09:05 to check (clean) and has until 09:35"],
    ),
    "watched": (played(QUIET, (5, REPORT)), 6, ["the sensors watch it until 09:25: clean"]),
    "nobody of the rules to check": (
        played(NOBODY_LOOKS, (5, REPORT)),
        6,
        ["street operations centre was asked at 09:05 to check (clean) and has until 09-13 09:05"],
    ),
    "stopped": (played(PLAIN, (5, STOP)), 6, ["it is stopped, and resumes by itself at 19:00: clean"]),
    "pausing": (played(WAITING), 1, ["it waits until 09:05, as its chain says: wait"]),
    "closed": (played(PLAIN, (5, REPORT)), 9, ["it was closed at 09:05: solved; nothing more will happen"]),
    "at the end": (
        played(LAST, (10, lapse())),
        12,
        [
            "cleaner was asked at 09:00 (clean), had until 09:10, and may still answer",
            "its chain has ended; repeated at 09-13 09:10: clean",
        ],
    ),
}


@pytest.mark.parametrize("name", STANDING)
def test_how_a_case_stands(name: str) -> None:
    play, minute, expected = STANDING[name]
    assert standing(play, minute) == expected


def test_returned_work_waits_for_its_dispatcher() -> None:
    order = WorkOrder(2, "clean", "ops_center", "Street", clock(5), None, clock(20), duty=Duty.DISPATCH)
    play = played(PLAIN)
    assert play.case is not None
    orders = (play.case.tracks[0].orders[0]._replace(state=OrderState.RETURNED), order)
    assert standing(play, 6, state=TrackState.DISPATCHING, orders=orders, due=clock(20)) == [
        "street operations centre got the returned work at 09:05 (clean) and has until 09:20 to send it on"
    ]


def test_what_closing_lacks_is_said_and_shown_once_it_is_reported() -> None:
    play = played(CLOSING_LOOK)
    assert not [line for line in standing(play, 4) if "missing" in line]
    play = played(CLOSING_LOOK, (5, say("report", "cleaner")))
    assert standing(play, 6)[-1] == "still missing, and nothing closes without it: after"
    assert play.case is not None
    (track,) = Viewer(SETUP, clock(6), sees_all=False).case(play.case).tracks
    assert track.missing_evidence == ["after"]


def test_a_request_is_told() -> None:
    assert standing(played(PLAIN), 6, request=Request("extend", "cleaner", clock(5)))[-1] == (
        "cleaner asked at 09:05 for more time (extend); nobody has granted or denied it yet"
    )


# any moment ------------------------------------------------------------------------------------------------------


def dossier(play: Story, now: float) -> Dossier:
    assert play.case is not None
    entries = journal(play)
    return Dossier(play.case, entries, {}, ledger(entries, clock(now)), forecast(play.case, clock(now), STREET))


def explained(play: Story, now: float, at: float) -> Explanation:
    return explain(dossier(play, now), ENGLISH, clock(now), clock(at))


CLIMBED = played(PLAIN, (10, lapse()), (12, say("accept", "manager")))


def test_now() -> None:
    seen = explained(CLIMBED, 20, 20)
    assert seen.held is not None
    assert (seen.held.party, seen.held.begins) == ("manager", clock(12))
    assert len(seen.standing) == 3
    assert seen.foreseen[0].at == clock(240)
    assert (seen.followed, seen.dues) == ([], {})


def test_a_moment_that_has_passed_tells_who_held_it_what_was_armed_and_what_came_next() -> None:
    seen = explained(CLIMBED, 20, 9)
    assert seen.held is not None
    assert (seen.held.party, seen.held.holding) == ("cleaner", Holding.WAITING_ACCEPTANCE)
    assert [line.entry.reason for line in seen.past] == ["opened", "asked"]
    assert seen.dues == {"main": clock(10)}
    assert [line.entry.reason for line in seen.followed] == ["not_accepted", "escalated"]
    assert (seen.foreseen, seen.ending) == ((), None)


def test_a_moment_before_the_opening() -> None:
    seen = explained(CLIMBED, 20, -5)
    assert (seen.held, seen.past, seen.dues) == (None, [], {})
    assert seen.followed[0].at == clock(0)


def test_a_moment_after_the_closing() -> None:
    seen = explained(played(PLAIN, (5, REPORT)), 20, 10)
    assert (seen.held, seen.dues, seen.followed) == (None, {}, [])
    assert seen.past[-1].entry.reason is Reason.CLOSED


def test_a_moment_to_come_is_reached_if_nobody_acts() -> None:
    seen = explained(played(PLAIN), 3, 30)
    assert seen.held is not None
    assert (seen.held.party, seen.held.begins) == ("ops_center", clock(25))
    assert seen.standing[-1] == "street operations centre was asked at 09:25 (press) and has until 09:55 to accept"
    assert seen.foreseen[0].at == clock(55)
    assert seen.ending is Ending.REPEATS


def test_a_moment_to_come_of_a_case_that_will_be_closed_by_then() -> None:
    seen = explained(played(QUIET, (5, REPORT)), 6, 60)
    assert (seen.held, seen.foreseen) == (None, ())
    assert seen.standing == ["it was closed at 09:25: solved; nothing more will happen"]


def test_an_appeal_does_not_change_how_it_stands() -> None:
    case: Case | None = played(PLAIN, (5, REPORT)).case
    assert case is not None
    appealed = case._replace(appeal=Appeal("cleaner", datetime.fromisoformat("2025-09-13T09:00:00+08:00")))
    assert ENGLISH.standing(appealed, clock(9)) == ENGLISH.standing(case, clock(9))
