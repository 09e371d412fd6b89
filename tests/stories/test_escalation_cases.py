"""How others escalate, in our words: each behaviour of ``escalation_cases.jsonl`` that a street needs is a story.

The names carry the numbers of that file. Those without a counterpart here are named, with the reason, in decision 13.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from civicloop import (
    CLOSE,
    EVIDENCE,
    Check,
    Cleared,
    Event,
    Finding,
    Memory,
    Need,
    Reason,
    Scenario,
    Severity,
    Step,
    hours,
    minutes,
)
from civicloop.core.engine.receipt import Status
from civicloop.core.model.limit import Limit
from civicloop.core.model.notice import NoticeKind
from civicloop.core.model.place import Directory, Page, Party, Person
from civicloop.core.model.roster import Roster, Rotation, Shift
from civicloop.core.sdk.tally import Tally
from civicloop.testing import MORNING, Town

SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")
CASE = "alarms.raised/B7"

SMS, VOICE, SMS_LATER = Page("sms"), Page("voice"), Page("sms", timedelta(minutes=30))


class Alarm(Event, type="alarm"):
    is_on: bool = True


class Raised(Scenario[Alarm, Memory]):
    """The property company has half an hour, then the committee an hour, then the street."""

    name = "alarms.raised"
    on_cleared = CLOSE
    check = Check()
    chain = (
        Step("look", "property_company", accept=minutes(30), finish=hours(8)),
        Step("visit", "neighborhood_committee", accept=hours(1), finish=hours(8)),
        Step("press", "ops_center", accept=hours(2), finish=hours(8)),
    )

    def assess(self, event, context):
        yield Finding("raised") if event.is_on else Cleared()


class Together(Raised):
    """The second step needs both parties."""

    name = "alarms.together"
    chain = (
        Step("look", "property_company", accept=minutes(30), finish=hours(8)),
        Step("visit", ("property_company", "neighborhood_committee"), hours(4), hours(8), need=Need.ALL),
    )


def reached(*pages: Page, role: str = "property_company") -> Callable[[Directory], Directory]:
    """A directory in which a role is reached through these pages."""
    seat = ("street", role)
    return lambda old: replace(old, parties={**old.parties, seat: Party("street", role, f"{role} Ltd.", pages=pages)})


def on_duty(zone: ZoneInfo, *, rotations: tuple[Rotation, ...] = (), shifts: tuple[Shift, ...] = ()):
    """A directory in which the property company has a roster; everybody on it has an sms of their own."""
    names = {name for one in rotations for turn in one.turns for name in turn}
    names |= {name for shift in shifts for name in shift.people}
    return lambda old: replace(
        old,
        roster={("street", "property_company"): Roster(zone, shifts, rotations)},
        people={name: Person(name, (), (Page("sms"),)) for name in names},
    )


def messages(town: Town, party: str = "property_company", *kinds: NoticeKind) -> list[tuple[float, str]]:
    """When, in minutes after the start, and through which channel a party was asked (or told what ``kinds`` say)."""
    wanted = kinds or (NoticeKind.ASK, NoticeKind.REWORK)
    return [
        ((sent.at - MORNING) / timedelta(minutes=1), sent.channel)
        for sent in town.sent
        if sent.notice.party == party and sent.notice.kind in wanted
    ]


@pytest.fixture
def raised() -> Town:
    town = Town(Raised)
    town.hear("alarm", subject="B7")
    return town


def paged(*scenarios: type[Scenario]) -> Town:
    """A town in which the property company has an sms and a call at once, and an sms again after half an hour."""
    return Town(*(scenarios or (Raised,)), directory=reached(SMS, VOICE, SMS_LATER))


def test_e01_nobody_accepts_and_the_next_is_asked_at_the_deadline_once_and_not_before(raised: Town):
    assert raised.asked == ["property_company"]
    raised.wait(minutes(29))
    assert raised.asked == ["property_company"]
    raised.wait(minutes(1))
    assert raised.asked == ["property_company", "neighborhood_committee"]
    raised.wait(minutes(20))
    assert raised.asked == ["property_company", "neighborhood_committee"]


def test_e02_a_step_that_a_street_leaves_out_does_not_stall_the_chain():
    off = {"look": {"enabled": False}}
    town = Town(Raised, config={"alarms.raised": {"chain": off}})
    town.hear("alarm", subject="B7")
    assert town.asked == ["neighborhood_committee"]


def test_e03_the_pages_of_a_party_go_out_each_in_its_time_while_nobody_answers():
    town = paged(Together)
    town.hear("alarm", subject="B7", place="estate")
    assert messages(town) == [(0, "sms"), (0, "voice")]
    town.wait(minutes(29))
    assert len(messages(town)) == 2
    town = paged(Slow)
    town.hear("alarm", subject="B7")
    town.wait(hours(3))
    assert messages(town) == [(0, "sms"), (0, "voice"), (30, "sms")]


class Slow(Raised):
    """Everybody has four hours to accept."""

    name = "alarms.slow"
    chain = (
        Step("look", "property_company", accept=hours(4), finish=hours(8)),
        Step("visit", ("property_company", "neighborhood_committee"), hours(4), hours(8), need=Need.ALL),
    )


SLOW = "alarms.slow/B7"


def test_e04_asked_again_before_the_later_page_it_goes_out_once_and_not_twice():
    town = paged(Slow)
    town.hear("alarm", subject="B7")
    town.wait(minutes(10)).answer("reassign", SLOW, "ops_center", to="property_company")
    town.wait(hours(3))
    assert messages(town) == [(0, "sms"), (0, "voice"), (10, "sms"), (10, "voice"), (40, "sms")]


def test_e07_escalated_by_hand_after_it_was_accepted_the_next_step_waits_to_be_accepted(raised: Town):
    raised.answer("accept", CASE, "property_company")
    assert raised.answer("escalate", CASE, "ops_center").status is Status.ACCEPTED
    assert raised.asked == ["property_company", "neighborhood_committee"]
    assert raised.case(CASE).tracks[0].due == raised.now + timedelta(hours=1)
    raised.wait(hours(1))
    assert raised.asked[-1] == "ops_center"


@pytest.mark.parametrize("ending", ["report", "void", "close", "cleared"])
def test_e09_whatever_ends_a_case_stops_every_page_that_was_still_to_go_out(ending: str):
    town = paged(Slow)
    town.hear("alarm", subject="B7")
    town.wait(minutes(5))
    match ending:
        case "report":
            town.answer("report", SLOW, "property_company", result="done")
        case "cleared":
            town.hear("alarm", subject="B7", is_on=False)
        case verb:
            town.answer(verb, SLOW, "ops_center", reason="a drill")
    assert town.is_quiet
    town.wait(hours(1))
    assert messages(town) == [(0, "sms"), (0, "voice")]
    assert [kind for kind in town.told("property_company") if kind is not NoticeKind.ASK] == [NoticeKind.CLOSED]


def test_an_acceptance_stops_the_pages_too():
    town = paged(Slow)
    town.hear("alarm", subject="B7")
    town.wait(minutes(5)).answer("accept", SLOW, "property_company")
    town.wait(hours(1))
    assert messages(town) == [(0, "sms"), (0, "voice")]


def test_e16_an_acceptance_does_not_leak_into_a_later_step():
    town = paged(Slow)
    town.hear("alarm", subject="B7")
    town.answer("accept", SLOW, "property_company")
    town.wait(minutes(10)).answer("escalate", SLOW, "ops_center")
    town.answer("accept", SLOW, "neighborhood_committee")
    town.wait(minutes(31))
    assert messages(town) == [(0, "sms"), (0, "voice"), (10, "sms"), (10, "voice"), (40, "sms")]


def test_e17_closing_beats_whoever_still_had_to_accept():
    town = paged(Slow)
    town.hear("alarm", subject="B7")
    town.answer("escalate", SLOW, "ops_center")
    town.answer("close", SLOW, "ops_center", reason="by order")
    town.wait(minutes(31))
    assert (30, "sms") not in messages(town)


def test_one_acceptance_stops_the_paging_of_the_others_who_hear_who_took_it():
    class Either(Raised):
        name = "alarms.either"
        chain = (Step("look", ("neighborhood_committee", "property_company"), accept=hours(4), finish=hours(8)),)

    town = paged(Either)
    town.hear("alarm", subject="B7")
    town.wait(minutes(5)).answer("accept", "alarms.either/B7", "neighborhood_committee")
    town.wait(hours(1))
    assert messages(town) == [(0, "sms"), (0, "voice")]
    assert messages(town, "property_company", NoticeKind.INFORM) == [(5, "sms"), (5, "voice")]
    assert town.answer("report", "alarms.either/B7", "property_company").status is Status.ACCEPTED


def test_e20_steps_that_nobody_holds_or_is_on_duty_in_are_passed_at_once_and_ops_are_told():
    gone = Shift(MORNING - timedelta(days=2), MORNING - timedelta(days=1), ("Li",))
    coming = Shift(MORNING + timedelta(days=1), MORNING + timedelta(days=2), ("Wu",))
    town = Town(Raised, nobody=("neighborhood_committee",), directory=on_duty(SHANGHAI, shifts=(gone, coming)))
    town.hear("alarm", subject="B7")
    assert town.asked == ["ops_center"]
    assert town.story(CASE)[:4] == [Reason.OPENED, Reason.NOBODY_ON_DUTY, Reason.NOBODY_FOUND, Reason.ASKED]
    assert town.told("ops_center").count(NoticeKind.OPS) == 2


def test_e20_a_chain_that_has_ended_cannot_be_escalated():
    town = Town(Raised)
    town.hear("alarm", subject="B7")
    town.answer("escalate", CASE, "ops_center")
    town.answer("escalate", CASE, "ops_center")
    refused = town.answer("escalate", CASE, "ops_center")
    assert (refused.status, refused.reason) == (Status.REFUSED, Reason.CHAIN_ENDED)


def test_e25_two_reports_of_the_same_thing_are_one_case():
    town = Town(Raised)
    town.hear("alarm", subject="B7")
    town.hear("alarm", subject="B7")
    assert [case.sightings for case in town.cases] == [2]
    assert town.asked == ["property_company"]


def test_e26_an_all_clear_for_what_never_was_is_taken_and_opens_nothing():
    town = Town(Raised)
    assert town.hear("alarm", subject="B7", is_on=False).status is Status.ACCEPTED
    assert town.cases == []


@pytest.mark.parametrize(
    ("night", "hours_between"),
    [(date(2025, 10, 26), 25), (date(2025, 3, 30), 23), (date(2025, 6, 1), 24)],
    ids=["clocks back", "clocks forward", "an ordinary night"],
)
def test_e33_a_rotation_hands_over_once_at_local_time_though_the_clocks_change(night: date, hours_between: int):
    daily = Rotation((("Li",), ("Wu",)), first=night - timedelta(days=1), hours=((time(8), time(8)),))
    eve = datetime.combine(night - timedelta(days=1), time(8), BERLIN)
    roster = Roster(BERLIN, rotations=(daily,))
    watch = roster.watch(eve)
    assert watch.people == ("Li",)
    changes = []
    for following in roster.watches(eve):
        if following.people != watch.people:
            changes.append((following.begins.astimezone(BERLIN), following.people))
            watch = following
        if following.ends > eve + timedelta(hours=40):
            break
    assert changes == [(datetime.combine(night, time(8), BERLIN), ("Wu",))]
    assert changes[0][0].timestamp() - eve.timestamp() == hours_between * 3600


def test_e33_whoever_has_the_watch_when_it_happens_is_told():
    daily = Rotation((("Li",), ("Wu",)), first=MORNING.date(), hours=((time(9), time(9)),))
    town = Town(Slow, directory=on_duty(SHANGHAI, rotations=(daily,)))
    town.wait(hours(2)).hear("alarm", subject="B7")
    town.wait(hours(24)).hear("alarm", subject="B8")
    asked = [(sent.notice.ref, sent.notice.person) for sent in town.sent if sent.notice.kind is NoticeKind.ASK]
    assert ("alarms.slow/B7", "Li") in asked
    assert ("alarms.slow/B8", "Wu") in asked


class Counted(Memory):
    seen: Tally = Tally()


class Thrice(Scenario[Alarm, Counted]):
    """Three alarms within a minute need hands; two do not."""

    name = "alarms.thrice"
    on_cleared = CLOSE
    chain = Raised.chain

    def assess(self, event, context):
        if context.memory.seen.add(event.at, minutes(1)) >= 3:
            yield Finding("raised")


@pytest.mark.parametrize(("gap", "cases"), [(minutes(1), 0), (Limit(20), 1)])
def test_e35_what_needs_three_in_a_minute_waits_at_two_and_goes_on_at_three(gap: Limit, cases: int):
    town = Town(Thrice)
    town.hear("alarm", subject="B7")
    town.wait(gap).hear("alarm", subject="B7")
    assert town.cases == []
    town.wait(gap).hear("alarm", subject="B7")
    assert len(town.cases) == cases


def test_e38_an_acceptance_that_nobody_follows_up_is_reminded_of_and_then_comes_back(raised: Town):
    raised.answer("accept", CASE, "property_company")
    raised.wait(hours(6))
    assert raised.told("property_company") == [NoticeKind.ASK, NoticeKind.REMIND]
    raised.wait(hours(2))
    assert raised.asked == ["property_company", "neighborhood_committee"]
    assert raised.story(CASE)[-2:] == [Reason.NOT_FINISHED, Reason.ESCALATED]
    assert raised.told("property_company")[-1] is NoticeKind.INFORM


def test_e38_no_reminder_once_it_is_solved(raised: Town):
    raised.answer("accept", CASE, "property_company")
    raised.answer("report", CASE, "property_company", result="done")
    raised.wait(hours(24))
    assert NoticeKind.REMIND not in raised.told("property_company")


def test_e39_a_stop_ends_by_itself_and_the_chain_goes_on_where_it_was(raised: Town):
    until = (raised.now + timedelta(hours=1)).isoformat()
    raised.answer("suspend", CASE, "ops_center", reason="roadworks", until=until)
    raised.wait(minutes(59))
    assert raised.asked == ["property_company"]
    raised.wait(minutes(31))
    assert raised.asked == ["property_company", "neighborhood_committee"]
    assert raised.story(CASE)[2:4] == [Reason.SUSPENDED, Reason.RESUMED]


def test_e39_a_stop_for_ever_is_not_granted(raised: Town):
    refused = raised.answer("suspend", CASE, "ops_center", reason="roadworks")
    assert (refused.status, refused.reason) == (Status.REFUSED, Reason.BAD_DATE)


def test_a_danger_to_life_goes_out_on_every_page_at_once_even_at_night():
    class Life(Slow):
        name = "alarms.life"
        severity = Severity.P0
        on_cleared = EVIDENCE

    quiet = (time(0), time(23, 59))
    pages = (Page("app"), Page("sms", timedelta(minutes=30)), Page("voice", timedelta(hours=1), Severity.P1))
    seat = ("street", "property_company")
    town = Town(
        Life,
        Slow,
        directory=lambda old: replace(
            old, parties={**old.parties, seat: Party(*seat, "Estate Co", pages=pages, quiet=quiet)}
        ),
    )
    town.hear("alarm", subject="B7")
    asked = [(sent.channel, sent.notice.severity) for sent in town.sent if sent.notice.party == seat[1]]
    assert asked == [(name, Severity.P0) for name in ("app", "sms", "voice")]
