"""How somebody is reached, as a table: their pages, the quiet hours, what it is about and when, and what goes out."""

from datetime import UTC, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pytest

from civicloop.core.loop.paging import PRESSING, calls
from civicloop.core.model.chain import Severity
from civicloop.core.model.limit import Calendar
from civicloop.core.model.notice import NoticeKind
from civicloop.core.model.place import Directory, Holder, Page, Reach
from civicloop.core.model.street import Street

ZONE = ZoneInfo("Asia/Shanghai")
STREET = Street("S", Directory("S"), Calendar(ZONE))
P0, P1, P2, P3 = Severity
ASK, INFORM, REMIND = NoticeKind.ASK, NoticeKind.INFORM, NoticeKind.REMIND
NIGHT, NOON = (time(22), time(7)), (time(12), time(13, 30))


def after(minutes: int, channel: str, least: Severity = P3) -> Page:
    return Page(channel, timedelta(minutes=minutes), least)


def at(text: str) -> datetime:
    """``12 23:30`` of September 2025 in Shanghai, in UTC."""
    day, clock = text.split()
    return datetime(2025, 9, int(day), *map(int, clock.split(":")), tzinfo=ZONE).astimezone(UTC)


CHAT, SMS, VOICE = after(0, "chat"), after(5, "sms"), after(15, "voice")
BOTH = (after(0, "chat"), after(0, "sms"))
FIRST, SECOND = Reach("p1", (CHAT,)), Reach("p2", (CHAT, SMS), NIGHT)


class Row(NamedTuple):
    """``calls`` are shown as person, channels, and the time of day before which it does not go out."""

    name: str
    reaches: tuple[Reach, ...]
    kind: NoticeKind
    severity: Severity
    now: str
    calls: tuple[str, ...]


# fmt: off
TABLE = (
    Row("nothing is known: the street's usual channels", (), ASK, P2, "12 09:00", ("- usual",)),
    Row("nothing is known, and a danger to life", (), ASK, P0, "12 09:00", ("- usual",)),
    Row("all at once", (Reach("", BOTH),), ASK, P2, "12 09:00", ("- chat+sms",)),
    Row("later, unless answered", (Reach("p1", (CHAT, SMS, VOICE)),), ASK, P2, "12 09:00",
        ("p1 chat", "p1 sms 12 09:05", "p1 voice 12 09:15")),
    Row("two channels at the same later time", (Reach("p1", (CHAT, SMS, after(5, "voice"))),), ASK, P2, "12 09:00",
        ("p1 chat", "p1 sms+voice 12 09:05")),
    Row("the order in which pages are written does not matter", (Reach("p1", (VOICE, CHAT)),), ASK, P2, "12 09:00",
        ("p1 chat", "p1 voice 12 09:15")),
    Row("only later pages: the usual channels first", (Reach("p1", (SMS,)),), ASK, P2, "12 09:00",
        ("p1 usual", "p1 sms 12 09:05")),
    Row("what wants no answer goes out at once, and once", (Reach("p1", (CHAT, SMS, VOICE)),), INFORM, P2, "12 09:00",
        ("p1 chat",)),
    Row("so does a reminder", (Reach("p1", (CHAT, SMS)),), REMIND, P2, "12 09:00", ("p1 chat",)),
    Row("a page for graver matters is left out", (Reach("p1", (CHAT, after(0, "voice", P1))),), ASK, P2, "12 09:00",
        ("p1 chat",)),
    Row("a page for just such matters is used", (Reach("p1", (CHAT, after(0, "voice", P1))),), ASK, P1, "12 09:00",
        ("p1 chat+voice",)),
    Row("only pages for graver matters: the usual channels", (Reach("p1", (after(0, "voice", P1),)),), ASK, P2,
        "12 09:00", ("p1 usual",)),
    Row("a danger to life goes out on all at once", (Reach("p1", (CHAT, SMS, after(15, "voice", P1)), NIGHT),), ASK, P0,
        "12 23:30", ("p1 chat+sms+voice",)),
    Row("a channel that is paged twice rings once", (Reach("p1", (CHAT, after(5, "chat"))),), ASK, P0, "12 09:00",
        ("p1 chat",)),
    Row("what wants no answer, too, where life is in danger", (Reach("p1", (CHAT, SMS)),), INFORM, P0, "12 09:00",
        ("p1 chat+sms",)),
    Row("in the evening: after the night", (Reach("p1", (CHAT,), NIGHT),), ASK, P2, "12 23:30", ("p1 chat 13 07:00",)),
    Row("when the night begins", (Reach("p1", (CHAT,), NIGHT),), ASK, P2, "12 22:00", ("p1 chat 13 07:00",)),
    Row("just before the night", (Reach("p1", (CHAT, SMS), NIGHT),), ASK, P2, "12 21:59",
        ("p1 chat", "p1 sms 12 22:04")),
    Row("early in the morning: the same day", (Reach("p1", (CHAT,), NIGHT),), ASK, P2, "13 06:59",
        ("p1 chat 13 07:00",)),
    Row("when the night ends", (Reach("p1", (CHAT,), NIGHT),), ASK, P2, "13 07:00", ("p1 chat",)),
    Row("a later page waits for the morning, not longer", (Reach("p1", (CHAT, SMS, VOICE), NIGHT),), ASK, P2,
        "13 06:50", ("p1 chat 13 07:00", "p1 sms 13 07:00", "p1 voice 13 07:05")),
    Row("what wants no answer waits for the morning, too", (Reach("p1", (CHAT,), NIGHT),), INFORM, P3, "12 23:30",
        ("p1 chat 13 07:00",)),
    Row("what wakes does not wait", (Reach("p1", (CHAT,), NIGHT),), ASK, P1, "12 23:30", ("p1 chat",)),
    Row("at noon", (Reach("p1", (CHAT,), NOON),), ASK, P2, "12 12:10", ("p1 chat 12 13:30",)),
    Row("before noon", (Reach("p1", (CHAT,), NOON),), ASK, P2, "12 11:59", ("p1 chat",)),
    Row("after noon", (Reach("p1", (CHAT,), NOON),), ASK, P2, "12 13:30", ("p1 chat",)),
    Row("everybody on duty, each in their own way", (FIRST, SECOND), ASK, P2, "12 23:30",
        ("p1 chat", "p2 chat 13 07:00", "p2 sms 13 07:00")),
)
# fmt: on


def shown(holder: Holder | None, row: Row) -> tuple[str, ...]:
    found = []
    for call in calls(holder, row.kind, row.severity, STREET, at(row.now)):
        when = f" {call.not_before.astimezone(ZONE):%d %H:%M}" if call.not_before else ""
        found.append(f"{call.person or '-'} {'+'.join(call.channels) or 'usual'}{when}")
    return tuple(found)


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_the_table(row: Row) -> None:
    assert shown(Holder("cleaner", "E1", "Clean & Sons", (), row.reaches), row) == row.calls


def test_a_role_that_nobody_holds_is_called_through_the_usual_channels() -> None:
    assert shown(None, TABLE[0]) == ("- usual",)


def test_what_wants_an_answer_is_paged_again() -> None:
    assert {kind.value for kind in PRESSING} == {"ask", "rework", "check", "dispatch"}


def test_every_row_has_its_own_name() -> None:
    assert len({row.name for row in TABLE}) == len(TABLE)
