"""Delivery: at least once, each channel by itself, again with growing patience, and visible where it fails."""

import asyncio
import io
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
import structlog

from civicloop import Message, Notice, NoticeKind, Refused, Severity
from civicloop.core.engine.courier import BACKOFF_MAX, BATCH, Courier, backoff
from civicloop.core.engine.letters import write_letter
from civicloop.core.model.case import Reason
from civicloop.core.stores.base import StoreError, Writes
from civicloop.core.stores.sqlite import SqliteStore
from civicloop.plugins.message_channels.console import Console

from .stage import NOON, Full, Stage, fill

pytestmark = pytest.mark.filterwarnings("error")


class HandClock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.at = NOON

    def now(self) -> datetime:
        return self.at

    def real_seconds(self, span: timedelta) -> float:
        return span.total_seconds()

    def wait(self, **span: float) -> None:
        self.at += timedelta(**span)


class Line:
    """A channel that does what it is told with each message, and remembers what it was given."""

    def __init__(self, answer: Callable[[Message], object] = lambda _: None) -> None:
        self.given: list[str] = []
        self.answer = answer

    async def send(self, message: Message) -> None:
        self.given.append(message.key)
        answer = self.answer(message)
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, asyncio.Event):
            await answer.wait()

    async def close(self) -> None:
        return None


def notice(key: str, severity: Severity = Severity.P2, minute: int = 0) -> Notice:
    return Notice(
        key=key,
        kind=NoticeKind.ASK,
        case="",
        ref="bins.full/B1",
        at=NOON + timedelta(minutes=minute),
        severity=severity,
        party="cleaner",
        organisation="",
        place="e1",
        step="empty",
        message="bin_full",
        variables={},
        order="x.1",
        due=None,
        reason="asked",
        channels=(),
    )


class Post:
    """A courier over a store, on a clock that is set by hand."""

    def __init__(self, store: SqliteStore, attempts_max: int = 3, **lines: Line) -> None:
        self.store, self.clock, self.lines = store, HandClock(), lines
        write = lambda notice: Message(notice, "title", "text", ())  # noqa: E731  # one line, one letter
        self.courier = Courier(store, lines, write, self.clock, attempts_max, send_seconds_max=0.05)

    def owe(self, *keys: str, channel: str = "line", **more: object) -> None:
        with self.store.turn() as turn:
            turn.commit(Writes(self.clock.at, notices=[(notice(key, **more), channel) for key in keys]))

    def deliver(self, name: str = "line") -> int:
        return asyncio.run(self.courier.deliver(name))

    def counts(self) -> tuple[int, int]:
        counts = self.store.counts()
        return counts["pending_notices"], counts["dead_notices"]


def test_a_notice_is_delivered_once_and_marked(store):
    post = Post(store, line=Line())
    post.owe("k1", "k2")
    assert (post.deliver(), post.deliver()) == (2, 0)
    assert sorted(post.lines["line"].given) == ["k1", "k2"]
    assert post.counts() == (0, 0)
    assert post.courier.counts["line", "delivered"] == 2


def test_what_fails_is_tried_again_with_doubling_patience_and_then_shown(store):
    post = Post(store, line=Line(lambda _: OSError("the line is down")))
    post.owe("k1")
    waits = []
    while post.deliver():
        left = store.owed("line", post.clock.at + timedelta(days=1), 1)
        if not left:
            break
        at = left[0].next_at
        waits.append((at - post.clock.at).total_seconds())
        assert post.deliver() == 0
        post.clock.at = at
    assert [round(wait / waits[0], 3) for wait in waits] == [1, 2]
    assert post.lines["line"].given == ["k1"] * 3
    [dead] = store.dead_letters(9)
    assert dead.error == "gave up after 3 attempts: OSError: the line is down"
    assert post.courier.counts["line", "retried"] == 2
    assert post.counts() == (0, 1)


@pytest.mark.parametrize("attempts", [1, 2, 3, 10, 12, 1000])
def test_patience_has_a_bound(attempts):
    wait = backoff("k1", attempts)
    usual = min(timedelta(seconds=5) * 2 ** min(attempts - 1, 20), BACKOFF_MAX)
    assert usual <= wait <= usual * 1.25
    assert backoff("k1", attempts) == wait != backoff("k2", attempts)


def test_what_is_refused_is_dead_at_once_and_can_be_revived(store):
    post = Post(store, line=Line(lambda _: Refused("no such number")))
    post.owe("k1")
    post.deliver()
    [dead] = store.dead_letters(9)
    assert (dead.error, post.counts()) == ("refused: no such number", (0, 1))
    post.lines["line"].answer = lambda _: None
    assert store.revive(["k1"], post.clock.at) == 1
    assert post.deliver() == 1
    assert post.counts() == (0, 0)


def test_a_channel_that_hangs_or_fails_delays_no_other(store):
    async def story() -> None:
        never = asyncio.Event()
        post = Post(store, hangs=Line(lambda _: never), fails=Line(lambda _: OSError()), works=Line())
        for name in post.lines:
            post.owe(f"{name} 1", channel=name)
        hanging = asyncio.create_task(post.courier.deliver("hangs"))
        await post.courier.deliver("fails")
        assert await post.courier.deliver("works") == 1
        assert post.lines["works"].given == ["works 1"]
        assert not hanging.done()
        await hanging
        assert store.owed("hangs", post.clock.at + timedelta(hours=1), 9)[0].error.startswith("TimeoutError")

    asyncio.run(story())


def test_the_gravest_leave_first(store):
    post = Post(store, line=Line())
    post.owe(*(f"lesser {number}" for number in range(BATCH)), severity=Severity.P3)
    post.owe("grave", severity=Severity.P0, minute=5)
    post.clock.wait(minutes=5)
    post.deliver()
    assert post.lines["line"].given[0] == "grave"
    assert len(post.lines["line"].given) == BATCH
    post.deliver()
    assert post.counts() == (0, 0)


def test_a_channel_that_is_not_there_makes_dead_letters_with_a_sentence(store):
    post = Post(store, line=Line())
    post.owe("k1", "k2", channel="pigeon")
    assert post.courier.bury_lost() == 2
    [dead, _] = store.dead_letters(9)
    assert dead.error.startswith("civicloop.toml has no channel 'pigeon'; it has: line. Add it, or")
    assert post.courier.bury_lost() == 0


def test_after_a_restart_the_same_key_is_sent_again(store):
    first = Post(store, line=Line())
    first.owe("k1")
    store._writes.raw.execute("PRAGMA query_only = ON")  # it was sent, and then the power failed
    with pytest.raises(StoreError):
        first.deliver()
    store._writes.raw.execute("PRAGMA query_only = OFF")
    second = Post(store, line=Line())
    assert second.deliver() == 1
    assert first.lines["line"].given == second.lines["line"].given == ["k1"]


def test_while_deliveries_cannot_be_written_down_nothing_more_leaves(store):
    post = Post(store, line=Line())
    post.owe("k1", "k2")
    store._writes.raw.execute("PRAGMA query_only = ON")
    for _ in range(3):
        with pytest.raises(StoreError):
            post.deliver()
    assert sorted(post.lines["line"].given) == ["k1", "k2"]
    store._writes.raw.execute("PRAGMA query_only = OFF")
    post.deliver()
    assert (sorted(post.lines["line"].given), post.counts()) == (["k1", "k2"], (0, 0))


def test_a_failure_that_cannot_be_written_down_is_not_repeated_without_rest(store):
    post = Post(store, line=Line(lambda _: OSError("down")))
    post.owe("k1")
    store._writes.raw.execute("PRAGMA query_only = ON")
    assert post.deliver() == 0  # the courier rests when nothing was delivered
    store._writes.raw.execute("PRAGMA query_only = OFF")
    assert post.deliver() == 1


def test_the_courier_delivers_until_it_is_stopped_and_changes_its_channels(store):
    async def story() -> None:
        arrived = asyncio.Event()
        old, new = Line(), Line(lambda _: arrived.set())
        post = Post(store, line=old)
        running = asyncio.create_task(post.courier.run())
        post.courier.use({"line": new})
        post.owe("k1")
        post.courier.poke()
        await asyncio.wait_for(arrived.wait(), 5)
        post.courier.stop()
        await asyncio.wait_for(running, 5)
        assert (old.given, new.given, post.counts()) == ([], ["k1"], (0, 0))

    asyncio.run(story())


def test_no_phone_reaches_the_console_or_the_log(store):
    stage = Stage(Full, store=store)
    stage.hear(fill(90))
    out = io.StringIO()
    console = Console(Console.Config(), store.path or NOON, out)  # type: ignore[arg-type]  # it needs no folder
    letters: list[Message] = []

    def write(notice: Notice) -> Message:
        letters.append(write_letter(stage.engine.setup, notice))
        return letters[-1]

    with structlog.testing.capture_logs() as logs:
        asyncio.run(Courier(store, {"console": console}, write, HandClock()).deliver("console"))
        broken = Line(lambda _: OSError("down"))
        stage.hear(fill(90, subject="B2", id="2"), minute=1)
        asyncio.run(Courier(store, {"console": broken}, write, HandClock(), attempts_max=1).deliver("console"))
    assert letters[0].contacts == ("13800138000",)
    assert "cleaner" in out.getvalue()
    assert "138" not in out.getvalue() + str(logs)


def test_contacts_are_those_of_the_time_of_sending(store):
    stage = Stage(Full, store=store)
    stage.hear(fill(90))
    [owed] = store.owed("console", NOON, 9)
    directory = stage.engine.setup.street.directory
    party = directory.parties["s1", "cleaner"]
    directory.parties["e1", "cleaner"] = type(party)("e1", "cleaner", "near", ("13900139000",))
    assert write_letter(stage.engine.setup, owed.notice).contacts == ("13900139000",)
    assert owed.notice.reason == Reason.ASKED
