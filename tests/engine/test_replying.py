"""A reply without a number: an answer that names no case is about the last one its speaker was asked in."""

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from civicloop import Place, Reason
from civicloop.core.engine.receipt import Speaker
from civicloop.core.engine.replying import CASES_MAX
from civicloop.core.gateway.cloudevents import read_event
from civicloop.core.model.event import Envelope
from civicloop.core.model.place import Device, Level, Party
from civicloop.core.model.roster import Roster, Shift

from .stage import NOON, Full, Stage, answer, fill
from .test_rerun import journal, rerun

HOUR = timedelta(hours=1)
UTC_ZONE = ZoneInfo("UTC")


def town(*shifts: Shift) -> Stage:
    """Two estates; the cleaner of the second is another firm's."""
    stage = Stage(Full)
    setup = stage.engine.setup
    old = setup.street.directory
    directory = replace(
        old,
        places={**old.places, "e2": Place("e2", "Other estate", Level.ESTATE, "c1")},
        devices={**old.devices, "C1": Device("C1", "bin", "e2")},
        parties={**old.parties, ("e2", "cleaner"): Party("e2", "cleaner", "Other Ltd.")},
        roster={("s1", "cleaner"): Roster(UTC_ZONE, shifts)} if shifts else {},
    )
    stage.engine.setup = replace(setup, street=replace(setup.street, directory=directory))
    return stage


def reply(verb: str, party: str, minute: float, id: str = "a1", place: str | None = None, **data: object) -> Envelope:
    """An answer without a subject, as the door reads it."""
    time = (NOON + timedelta(minutes=minute)).isoformat()
    said = {"specversion": "1.0", "id": id, "source": "/people", "type": f"loop.{verb}", "time": time}
    return read_event({**said, **({"place": place} if place else {}), "data": {"party": party, **data}})


def accepted(stage: Stage) -> list[str]:
    return [ref for _, ref, reason, _ in stage.journal() if reason is Reason.ACCEPTED]


def test_it_is_about_the_last_case_that_was_asked():
    stage = town()
    stage.hear(fill(90))
    stage.hear(fill(90, 1, "2", subject="B2"), minute=1)
    [receipt] = stage.hear(reply("accept", "cleaner", 2, place="e1"), minute=2)
    assert (receipt.status.value, receipt.cases) == ("accepted", (stage.case("bins.full/B2").id,))
    assert accepted(stage) == ["bins.full/B2"]


def test_a_case_that_is_closed_or_answered_is_not_meant():
    stage = town()
    stage.hear(fill(90))
    stage.hear(fill(90, 1, "2", subject="B2"), minute=1)
    stage.hear(fill(5, 2, "3", subject="B2"), minute=2)
    stage.hear(reply("accept", "cleaner", 3, place="e1"), minute=3)
    assert accepted(stage) == ["bins.full/B1"]


def test_the_place_says_whose_seat_it_is():
    stage = town()
    stage.hear(fill(90))
    stage.hear(fill(90, 1, "2", subject="C1"), minute=1)
    stage.hear(reply("accept", "cleaner", 2, place="e1"), reply("accept", "cleaner", 2, "a2", "e2"), minute=2)
    assert accepted(stage) == ["bins.full/B1", "bins.full/C1"]


def test_a_person_means_what_was_asked_on_their_shift():
    day = Shift(NOON - HOUR, NOON + HOUR, ("Li",))
    night = Shift(NOON + HOUR, NOON + 2 * HOUR, ("Wu",))
    stage = town(day, night)
    stage.hear(fill(90))
    stage.hear(fill(90, 70, "2", subject="B2"), minute=70)
    stage.hear(
        reply("accept", "cleaner", 71, person="Li"), reply("accept", "cleaner", 71, "a2", person="Wu"), minute=71
    )
    assert accepted(stage) == ["bins.full/B1", "bins.full/B2"]


def test_a_token_says_who_and_where():
    stage = town(Shift(NOON - HOUR, NOON + HOUR, ("Li",)))
    stage.hear(fill(90), fill(90, id="2", subject="C1"))
    stage.hear(reply("accept", "cleaner", 1), minute=1, speaker=Speaker("duty", person="Li"))
    stage.hear(reply("accept", "cleaner", 2, "a2"), minute=2, speaker=Speaker("e2", place="e2"))
    assert accepted(stage) == ["bins.full/B1", "bins.full/C1"]


def test_what_opens_in_the_same_batch_counts():
    stage = town()
    stage.hear(fill(90), reply("accept", "cleaner", 0, place="e1"))
    assert accepted(stage) == ["bins.full/B1"]


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({}, "needs a person on the roster of cleaner, or the extension place"),
        ({"person": "Nobody"}, "needs a person on the roster of cleaner"),
        ({"place": "nowhere"}, "needs a person on the roster of cleaner"),
        ({"place": "e2"}, "cleaner has been asked nothing there that is still open"),
    ],
)
def test_who_is_not_known_is_told_what_to_send(said, words):
    stage = town()
    stage.hear(fill(90))
    [receipt] = stage.hear(reply("accept", "cleaner", 1, **said), minute=1)
    assert (receipt.status.value, receipt.reason) == ("rejected", "data")
    assert words in receipt.detail
    assert "subject" in receipt.detail


def test_with_very_many_open_cases_one_must_be_named():
    stage = town()
    stage.hear(*(fill(90, id=str(number), subject=f"X{number}", place="e1") for number in range(CASES_MAX + 1)))
    [receipt] = stage.hear(reply("accept", "cleaner", 1, place="e1"), minute=1)
    assert "more than 200 open cases there; name the case" in receipt.detail


def test_a_reply_is_decided_alike_in_a_rerun():
    stage, again = town(), town()
    stage.hear(fill(90))
    stage.hear(reply("accept", "cleaner", 1, place="e1"), minute=1)
    stage.hear(answer("report", "bins.full/B1", "cleaner", 2, "a2", result="done"), minute=2)
    rerun(stage.store, again)
    assert journal(again.store) == journal(stage.store)
    assert accepted(again) == ["bins.full/B1"]
