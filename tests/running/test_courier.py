"""Delivery: at least once, each channel by itself, again with growing patience, and visible where it fails."""

import asyncio
import io
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
import structlog

from civicloop import Message, Notice, NoticeKind, Refused, Severity
from civicloop.core.model.case import Reason
from civicloop.core.running.courier import BACKOFF_MAX, BATCH, Courier, backoff, tell_ops
from civicloop.core.running.letters import write_letter
from civicloop.core.stores.base import StoreError, Writes
from civicloop.core.stores.sqlite import SqliteStore
from civicloop.plugins.message_channels.console import Console

from ..engine.stage import NOON, Full, Stage, fill

pytestmark = pytest.mark.filterwarnings("error")

SECONDS_MAX = 10
"""How long a test waits for what must happen, at the very most."""


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


def notice(
    key: str, severity: Severity = Severity.P2, minute: int = 0, later: float | None = None, person: str = ""
) -> Notice:
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
        person=person,
        not_before=None if later is None else NOON + timedelta(minutes=later),
    )


def ops_told(notice: Notice, now: datetime) -> list[tuple[Notice, str]]:
    return tell_ops(Stage(Full).engine.setup, notice, now)


class Post:
    """A courier over a store, on a clock that is set by hand."""

    def __init__(
        self, store: SqliteStore, attempts_max: int = 3, send_seconds_max: float = 0.05, **lines: Line
    ) -> None:
        self.store, self.clock, self.lines = store, HandClock(), lines
        write = lambda notice: Message(notice, "title", "text", ())  # noqa: E731  # one line, one letter
        self.courier = Courier(store, lines, write, self.clock, attempts_max, send_seconds_max, ops_told)

    def owe(self, *keys: str, channel: str = "line", **more: object) -> None:
        with self.store.turn() as turn:
            turn.commit(Writes(self.clock.at, notices=[(notice(key, **more), channel) for key in keys]))
        self.courier.poke()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """The courier at its rounds, until the end of the block; then it finishes what is being sent."""
        rounds = asyncio.create_task(self.courier.run())
        yield
        self.courier.stop()
        await asyncio.wait_for(rounds, SECONDS_MAX)

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


# --- a danger to life is never queued


def test_a_danger_to_life_overtakes_a_backlog_of_thousands_on_a_slow_channel(store):
    async def story() -> None:
        full, arrived, release = asyncio.Event(), asyncio.Event(), asyncio.Event()

        def answer(message: Message) -> object:
            if message.notice.severity is Severity.P0:
                return arrived.set()
            if len(line.given) == BATCH:
                full.set()
            return release

        line = Line(answer)
        post = Post(store, send_seconds_max=SECONDS_MAX, line=line)
        backlog = [f"backlog {number}" for number in range(5000)]
        post.owe(*backlog)
        async with post.running():
            await asyncio.wait_for(full.wait(), SECONDS_MAX)
            post.owe("grave", severity=Severity.P0)
            await asyncio.wait_for(arrived.wait(), SECONDS_MAX)
            assert line.given[BATCH:] == ["grave"], "the backlog has not gone on"
            release.set()
        while await post.courier.deliver("line"):
            assert len(line.given) <= len(backlog) + 1
        assert (sorted(line.given), post.counts()) == (sorted([*backlog, "grave"]), (0, 0))

    asyncio.run(story())


def test_a_danger_to_life_does_not_wait_for_another_one_that_hangs(store):
    async def story() -> None:
        never, hangs, arrived = asyncio.Event(), asyncio.Event(), asyncio.Event()
        answers = {"first": lambda: hangs.set() or never, "second": arrived.set}
        post = Post(store, send_seconds_max=3, line=Line(lambda message: answers[message.key]()))
        post.owe("first", severity=Severity.P0)
        async with post.running():
            await asyncio.wait_for(hangs.wait(), SECONDS_MAX)
            post.owe("second", severity=Severity.P0)
            await asyncio.wait_for(arrived.wait(), 2.5)
            assert post.lines["line"].given == ["first", "second"]
            never.set()
        assert post.counts() == (0, 0)

    asyncio.run(story())


def test_a_blocked_channel_blocks_no_other(store):
    async def story() -> None:
        release, arrived = asyncio.Event(), asyncio.Event()
        blocked, free = Line(lambda _: release), Line(lambda message: message.key == "last" and arrived.set())
        post = Post(store, send_seconds_max=SECONDS_MAX, blocked=blocked, free=free)
        for severity in (Severity.P0, Severity.P3):
            post.owe(*(f"{severity} {number}" for number in range(300)), channel="blocked", severity=severity)
        async with post.running():
            post.owe("first", channel="free", severity=Severity.P3)
            post.owe("last", channel="free", severity=Severity.P3, minute=1)
            post.clock.wait(minutes=1)
            await asyncio.wait_for(arrived.wait(), SECONDS_MAX)
            assert free.given == ["first", "last"]
            release.set()

    asyncio.run(story())


# --- pages that go out later


def test_a_page_goes_out_at_its_time_after_a_restart_too_and_nothing_goes_twice(store):
    lines = {"line": Line()}
    first = Post(store, **lines)
    first.owe("at once", person="p1")
    first.owe("later", later=5, person="p1")
    first.owe("much later", later=30, person="p1")
    assert (first.deliver(), first.deliver()) == (1, 0)
    second = Post(store, **lines)
    second.clock.wait(minutes=4)
    assert second.deliver() == 0
    second.clock.wait(minutes=26)
    assert second.deliver() == 2
    assert lines["line"].given[0] == "at once"
    assert sorted(lines["line"].given) == ["at once", "later", "much later"]


@pytest.mark.parametrize(
    ("failure", "told"),
    [
        (Refused("no such number"), "refused: no such number"),
        (OSError("down"), "gave up after 1 attempts: OSError: down"),
    ],
)
def test_where_one_page_fails_the_next_one_does_not_wait(store, failure, told):
    post = Post(store, attempts_max=1, sms=Line(lambda _: failure), voice=Line(), console=Line())
    post.owe("sms", channel="sms", person="p1")
    post.owe("voice", channel="voice", later=5, person="p1")
    post.owe("console", channel="console", later=10, person="p1")
    with structlog.testing.capture_logs() as logs:
        assert (post.deliver("voice"), post.deliver("sms"), post.deliver("voice"), post.deliver("console")) == (
            0,
            1,
            1,
            0,
        )
    assert [(one["event"], one["error"], one["pages_brought_forward"]) for one in logs] == [("notice_dead", told, 1)]
    assert [dead.notice.key for dead in store.dead_letters(9)] == ["sms"]
    assert post.lines["sms"].given == ["sms"], "the same contact is not tried again"
    post.clock.wait(minutes=10)
    assert [post.deliver(name) for name in post.lines] == [0, 0, 1]


def test_a_page_that_only_has_to_be_tried_again_leaves_the_next_one_alone(store):
    post = Post(store, sms=Line(lambda _: OSError("down")), voice=Line())
    post.owe("sms", channel="sms")
    post.owe("voice", channel="voice", later=5)
    assert (post.deliver("sms"), post.deliver("voice")) == (1, 0)


def test_a_page_through_a_channel_that_is_not_there_is_given_up_at_its_time(store):
    post = Post(store, line=Line())
    post.owe("lost", channel="pigeon", later=5)
    post.owe("next", later=10)
    assert (post.courier.bury_lost(), post.counts()) == (0, (2, 0))
    post.clock.wait(minutes=5)
    assert (post.courier.bury_lost(), post.deliver()) == (1, 1)
    post.owe("tried", channel="pigeon")
    store.retry_later("tried", "pigeon", post.clock.at + BACKOFF_MAX, "down")
    assert post.courier.bury_lost() == 1, "nothing is gained by waiting for another try"


# --- a danger to life that reaches nobody


def test_ops_hear_of_a_danger_to_life_that_reached_nobody(store):
    lines = {name: Line(lambda _: Refused("no such number")) for name in ("sms", "voice")}
    post = Post(store, **lines, console=Line())
    for channel in ("sms", "voice"):
        post.owe("grave", channel=channel, severity=Severity.P0)
        post.owe("lesser", channel=channel)
    assert (post.deliver("sms"), post.deliver("console")) == (2, 0)
    assert (post.deliver("voice"), post.deliver("console")) == (2, 1)
    assert post.lines["console"].given == ["grave.undelivered"]
    assert store.counts()["dead_notices"] == 4


def test_ops_who_cannot_be_reached_leave_dead_letters_and_no_end_of_words(store):
    post = Post(store, console=Line(lambda _: Refused("no paper")))
    post.owe("grave", channel="console", severity=Severity.P0)
    assert [post.deliver("console") for _ in range(3)] == [1, 1, 0]
    assert [dead.notice.key for dead in store.dead_letters(9)] == ["grave", "grave.undelivered"]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_word_to_ops_names_the_case_and_calls_for_a_person(store, language):
    stage = Stage(Full, store=store)
    stage.hear(fill(90))
    [owed] = store.owed("console", NOON, 9)
    setup = replace(stage.engine.setup, language=language)
    grave = owed.notice._replace(severity=Severity.P0, person="p1", not_before=NOON)
    [(word, channel)] = tell_ops(setup, grave, NOON)
    letter = write_letter(setup, word)
    assert (channel, word.party, word.case, word.person, word.not_before) == (
        "console",
        "ops_center",
        grave.case,
        "",
        None,
    )
    assert "bins.full/B1" in letter.text
    assert {"zh": "人工联系", "en": "reach its party yourself"}[language] in letter.text


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


class Breath:
    """Lets everything else that is ready run once."""

    def __await__(self):
        yield


def test_a_courier_that_is_cancelled_while_it_is_woken_ends_all_the_same(store):
    async def story() -> None:
        post = Post(store, line=Line())
        rounds = asyncio.create_task(post.courier.run())
        for _ in range(20):  # its lanes wait by then
            await Breath()
        post.courier.poke()
        rounds.cancel()
        done, _ = await asyncio.wait({rounds}, timeout=1)
        assert done, "a lane has forgotten that it was cancelled"

    asyncio.run(story())
