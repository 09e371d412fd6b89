"""Pages that go out later: kept until their time, withdrawn once answered, brought forward when one before fails."""

from contextlib import closing
from pathlib import Path

from civicloop.core.model.chain import Severity
from civicloop.core.model.notice import Notice, NoticeKind
from civicloop.core.stores.base import OutboxState
from civicloop.core.stores.sqlite import SqliteStore

from .desk import Desk


def page(
    desk: Desk, key: str, later: float | None, order: str = "x.1", person: str = "", severity: Severity = Severity.P2
) -> Notice:
    """A notice of noon that goes out so many minutes ``later``; ``None``: at once."""
    not_before = None if later is None else desk.at(later)
    return desk.notice(key, severity=severity)._replace(order=order, person=person, not_before=not_before)


def put(desk: Desk, *pages: Notice, channel: str = "hook", minute: float = 0, silenced: tuple[str, ...] = ()) -> None:
    desk.put(minute, notices=[(one, channel) for one in pages], silenced=list(silenced))


def owed(desk: Desk, minute: float, channel: str = "hook", is_urgent: bool | None = None) -> list[str]:
    return [one.notice.key for one in desk.store.owed(channel, desk.at(minute), 9, is_urgent)]


def fail(desk: Desk, key: str, minute: float = 1, channel: str = "hook", instead: tuple[Notice, ...] = ()) -> int:
    return desk.store.give_up(key, channel, "gone", desk.at(minute), [(one, "log") for one in instead])


def test_a_page_waits_for_its_time(desk: Desk) -> None:
    put(desk, page(desk, "first", None), page(desk, "second", 5, person="p1"))
    assert (owed(desk, 0), owed(desk, 4.9), owed(desk, 5)) == (["first"], ["first"], ["first", "second"])
    second = desk.store.owed("hook", desk.at(5), 9)[1]
    assert (second.notice, second.next_at) == (page(desk, "second", 5, person="p1"), desk.at(5))


def test_silencing_withdraws_only_the_pages_of_the_order_that_are_still_to_come(desk: Desk) -> None:
    put(
        desk,
        page(desk, "at once", None),
        page(desk, "failed once", None),
        page(desk, "due", 3),
        page(desk, "due this instant", 4),
        page(desk, "tried", 2),
        page(desk, "later", 4.1),
        page(desk, "of another order", 9, order="x.2"),
    )
    for tried in ("failed once", "tried"):
        desk.store.retry_later(tried, "hook", desk.at(8), "down")
    put(desk, page(desk, "later", 4.1), channel="file")
    put(desk, minute=4, silenced=("x.1", "x.9"))
    kept = ["at once", "failed once", "due", "due this instant", "tried", "of another order"]
    assert (owed(desk, 99), owed(desk, 99, "file")) == (kept, [])
    counts = desk.store.counts()
    assert (counts["pending_notices"], counts["dead_notices"]) == (6, 0)
    assert desk.store.channels_owed() == ["hook"]
    assert (desk.store.revive(None, desk.at(5)), desk.store.dead_letters(9)) == (0, [])


def test_what_a_turn_asks_anew_after_silencing_stays(desk: Desk) -> None:
    put(desk, page(desk, "before", 9))
    put(desk, page(desk, "rework", 9), silenced=("x.1",))
    assert owed(desk, 9) == ["rework"]


def test_a_withdrawn_page_never_comes_back_but_one_that_was_sent_counts_as_delivered(desk: Desk) -> None:
    put(desk, page(desk, "a", 9), page(desk, "b", 9))
    put(desk, silenced=("x.1",))
    desk.store.retry_later("a", "hook", desk.at(9), "down")
    assert fail(desk, "a") == 0
    desk.store.delivered([("b", "hook")], desk.at(9))
    rows = desk.store._reads.raw.execute("SELECT key, state FROM outbox ORDER BY key").fetchall()
    assert rows == [("a", OutboxState.WITHDRAWN), ("b", OutboxState.DELIVERED)]


def test_a_page_that_fails_brings_the_next_one_forward_and_no_other(desk: Desk) -> None:
    put(
        desk,
        page(desk, "first", None, person="p1"),
        page(desk, "third", 20, person="p1"),
        page(desk, "of another person", 10, person="p2"),
        page(desk, "of another order", 10, order="x.2", person="p1"),
    )
    for channel in ("hook", "file"):
        put(desk, page(desk, "second", 10, person="p1"), channel=channel)
    assert fail(desk, "first") == 2
    assert (owed(desk, 0.9), owed(desk, 1), owed(desk, 1, "file")) == ([], ["second"], ["second"])
    assert fail(desk, "first") == 0, "it is dead already"
    assert fail(desk, "second", minute=2, channel="file") == 1
    assert sorted(owed(desk, 2)) == ["second", "third"]
    assert [one.notice.key for one in desk.store.dead_letters(9)] == ["first", "second"]


def test_notices_about_no_order_bring_nothing_forward(desk: Desk) -> None:
    put(desk, page(desk, "told", None, order=""), page(desk, "after the night", 400, order=""))
    assert fail(desk, "told") == 0
    assert owed(desk, 399) == []


def test_what_is_owed_instead_is_owed_only_when_no_other_way_is_left(desk: Desk) -> None:
    case = desk.case("B7")
    desk.put(cases=[case])
    word = page(desk, "word", None, order="")._replace(case=case.id, kind=NoticeKind.OPS)
    grave = page(desk, "grave", None)._replace(case=case.id)
    for channel in ("hook", "file", "sms"):
        put(desk, grave, channel=channel)
    desk.store.delivered([("grave", "sms")], desk.at(1))
    assert (fail(desk, "grave", instead=(word,)), owed(desk, 9, "log")) == (0, [])
    assert (fail(desk, "grave", channel="file", instead=(word,)), owed(desk, 9, "log")) == (0, [])
    for key, later in (("now", None), ("next", 10)):
        put(desk, page(desk, key, later, order="x.2")._replace(case=case.id))
    assert (fail(desk, "now", instead=(word,)), owed(desk, 9, "log")) == (1, []), "the next page goes out now"
    assert (fail(desk, "next", minute=3, instead=(word,)), owed(desk, 9, "log")) == (0, ["word"])
    rows = desk.store._reads.raw.execute("SELECT partition FROM outbox WHERE key = 'word'").fetchall()
    assert rows == [("c1",)], "it belongs to the case's part of the street"


def test_dangers_to_life_have_a_lane_of_their_own(desk: Desk) -> None:
    put(desk, page(desk, "a", None), page(desk, "b", None, severity=Severity.P0), page(desk, "c", 5))
    assert (owed(desk, 9), owed(desk, 9, is_urgent=True)) == (["b", "a", "c"], ["b"])
    assert (owed(desk, 4, is_urgent=False), owed(desk, 9, is_urgent=False)) == (["a"], ["a", "c"])


def test_paging_goes_on_after_a_restart_where_it_was(file_desk: Desk, path: Path) -> None:
    put(file_desk, *(page(file_desk, f"page {later}", later) for later in (None, 5, 10)))
    put(file_desk, page(file_desk, "answered", 10, order="x.2"))
    file_desk.store.delivered([("page None", "hook")], file_desk.at(0))
    put(file_desk, minute=1, silenced=("x.2",))
    file_desk.store.close()
    with closing(SqliteStore(path)) as store:
        desk = Desk(store)
        assert (owed(desk, 4), owed(desk, 5), owed(desk, 30)) == ([], ["page 5"], ["page 5", "page 10"])
