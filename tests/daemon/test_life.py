"""The daemon's life: where it may listen, what it does after an absence, and what must not bring it down."""

import asyncio
from collections.abc import Coroutine, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from civicloop.core.daemon import Daemon, NotAllowed
from civicloop.core.engine.engine import Engine
from civicloop.core.engine.opening import Opened, open_street
from civicloop.core.engine.receipt import Input, Receipt
from civicloop.core.gateway.cloudevents import read_event
from civicloop.core.gateway.tokens import Scope, make_token
from civicloop.core.model.chain import Severity
from civicloop.core.model.notice import Notice, NoticeKind
from civicloop.core.running.courier import Courier
from civicloop.core.running.runner import Runner, Unavailable
from civicloop.core.sdk.channel import Message
from civicloop.core.stores.base import StoreError, Writes
from civicloop.core.stores.sqlite import SqliteStore

from .kit import MORNING, OVERFLOW, SECONDS_MAX, STREET, Served, TestClock, serving, write_street


@pytest.fixture
def opened(tmp_path: Path) -> Opened:
    return open_street(write_street(tmp_path))


def in_time(work: Coroutine[Any, Any, Any]) -> Any:
    async def bounded() -> Any:
        async with asyncio.timeout(SECONDS_MAX):
            return await work

    return asyncio.run(bounded())


def test_a_second_daemon_on_the_same_store_is_refused(tmp_path: Path) -> None:
    folder = write_street(tmp_path)
    with serving(folder) as served:
        second = Daemon(open_street(folder), served.store, TestClock())
        with pytest.raises(NotAllowed, match=r"another daemon serves .* already"):
            in_time(second.run(lambda _: None))
    with serving(folder):
        pass  # the lock is gone with the first


def event(id: str, type: str = "parcel.seen") -> Input:
    return Input(read_event({"specversion": "1.0", "id": id, "source": "/s", "type": type}))


# where it listens


def test_without_a_token_it_listens_on_this_machine_only(opened: Opened) -> None:
    store = SqliteStore(None)
    with pytest.raises(NotAllowed, match="civicloop token create"):
        in_time(Daemon(opened, store, TestClock(), "0.0.0.0:0").run(lambda _: None))
    store.close()


def test_with_a_token_it_listens_where_it_is_told_and_keeps_its_door_shut(opened: Opened) -> None:
    store = SqliteStore(None)
    make_token(store, "reader", (Scope.READ,), MORNING)
    said: list[str] = []

    async def story() -> None:
        daemon = Daemon(opened, store, TestClock(), "0.0.0.0:0")

        def heard(line: str) -> None:
            said.append(line)
            store.drop_token("reader")
            daemon.stop()

        await daemon.run(heard)

    in_time(story())
    store.close()
    assert len(said) == 1
    assert "unauthenticated" not in said[0]


def test_an_address_that_is_taken_ends_it_with_an_error(tmp_path: Path, opened: Opened) -> None:
    with serving(write_street(tmp_path / "first")) as served:
        store = SqliteStore(None)
        second = Daemon(opened, store, TestClock(), served.daemon.url.removeprefix("http://"))
        with pytest.raises(OSError, match="address already in use"):
            served.run(second.run(lambda _: None))
        store.close()
        assert served.get("/readyz").status == 200


# after an absence


def test_deadlines_that_passed_while_it_was_away_fire_at_the_start(tmp_path: Path) -> None:
    folder = write_street(tmp_path)
    with serving(folder) as served:
        served.send(served.level())

    def later(served: Served) -> None:
        served.clock.time += timedelta(hours=5)

    with serving(folder, later) as served:
        served.wait(timedelta())
        case = served.get(f"/cases/{OVERFLOW}/B1").json
        assert case["tracks"][0]["step"] != "clean"
        assert case["due"] > served.clock.time.isoformat()


# what must not bring it down


class Poisoned(Engine):
    """An engine that fails over events of one type, as only a fault of ours could make it."""

    def turn(self, inputs: Sequence[Input], now: datetime) -> list[Receipt]:
        if any(item.envelope.type == "poison" for item in inputs):
            raise RuntimeError("this is the fault")
        return super().turn(inputs, now)


def test_a_fault_of_ours_turns_away_its_one_cause(opened: Opened) -> None:
    store = SqliteStore(None)
    runner = Runner(Poisoned(store, opened.setup), TestClock())

    async def story() -> list[list[Receipt]]:
        turns = asyncio.create_task(runner.run())
        sent = [
            runner.submit([event("1")]),
            runner.submit([event("2", "poison"), event("3")]),
            runner.submit([event("4")]),
        ]
        receipts = await asyncio.gather(*sent)
        runner.stop()
        await turns
        return list(receipts)

    receipts = [(one.status, one.reason) for told in in_time(story()) for one in told]
    assert receipts == [
        ("unheard", "no_scenario"),
        ("rejected", "internal_error"),
        ("unheard", "no_scenario"),
        ("unheard", "no_scenario"),
    ]
    assert store.counts()["events"] == 3
    assert runner.engine.counts["decision", "internal_error"] == 2
    store.close()


class Broken(Engine):
    """An engine that fails at every turn."""

    def turn(self, inputs: Sequence[Input], now: datetime) -> list[Receipt]:
        raise RuntimeError("this is the fault")


def test_where_no_turn_can_be_finished_senders_are_asked_to_come_again(opened: Opened) -> None:
    store = SqliteStore(None)
    runner = Runner(Broken(store, opened.setup), TestClock())

    async def story() -> None:
        turns = asyncio.create_task(runner.run())
        with pytest.raises(Unavailable, match=r"cannot be judged \(RuntimeError\)"):
            await runner.submit([event("1")])
        assert "RuntimeError" in runner.trouble
        assert "this is the fault" not in runner.trouble, "it is in the log; a sender is not told what it may quote"
        runner.stop()
        await turns

    in_time(story())
    store.close()


class Stuck(Engine):
    """An engine with something due that cannot be done yet, such as a watchdog while the sources catch up."""

    turns = 0

    def next_due(self) -> datetime | None:
        return MORNING

    def turn(self, inputs: Sequence[Input], now: datetime) -> list[Receipt]:
        self.turns += 1
        return super().turn(inputs, now)


def test_what_is_due_and_cannot_be_done_yet_does_not_spin(opened: Opened) -> None:
    store = SqliteStore(None)
    engine = Stuck(store, opened.setup)
    runner = Runner(engine, TestClock())

    async def story() -> None:
        turns = asyncio.create_task(runner.run())
        await asyncio.wait({turns}, timeout=0.3)
        assert (await runner.submit([event("1")]))[0].status == "unheard"
        runner.stop()
        await turns

    in_time(story())
    store.close()
    assert 2 <= engine.turns < 10


# the courier


class Post:
    """A channel that counts what it was given."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.arrived = asyncio.Event()
        self.closed = False

    async def send(self, message: Message) -> None:
        self.sent.append(message.notice.key)
        self.arrived.set()

    async def close(self) -> None:
        self.closed = True


class Forgetful(SqliteStore):
    """A store that cannot write down deliveries for a while, as on a full disk."""

    fails = 0

    def delivered(self, names: Any, now: datetime) -> None:
        if self.fails:
            self.fails -= 1
            raise StoreError("no room")
        super().delivered(names, now)


def letter(notice: Notice) -> Message:
    return Message(notice, "title", "text", ())


def owe(store: SqliteStore, opened: Opened, id: str) -> None:
    """Have one notice owed on the channel ``null``: to ops, about a device nobody knows."""
    data = {"type": "waste.bin.level", "subject": f"unknown-{id}", "data": {"fill_percent": 1}}
    unknown = read_event({"specversion": "1.0", "id": id, "source": "/s", **data})
    Engine(store, opened.setup).turn([Input(unknown)], TestClock().now())


def test_a_notice_is_not_sent_twice_because_its_delivery_cannot_be_written_down(opened: Opened) -> None:
    store, post = Forgetful(None), Post()
    owe(store, opened, "1")

    async def story() -> None:
        courier = Courier(store, {"null": post}, letter, TestClock())
        store.fails = 2
        for _ in range(2):
            with pytest.raises(StoreError):
                await courier.deliver("null")
        assert await courier.deliver("null") == 0

    in_time(story())
    assert len(post.sent) == 1
    assert store.counts()["pending_notices"] == 0
    store.close()


def test_channels_can_be_replaced_while_it_runs(opened: Opened) -> None:
    store = SqliteStore(None)

    async def story() -> None:
        old, new = Post(), Post()
        courier = Courier(store, {"null": old}, letter, TestClock())
        run = asyncio.create_task(courier.run())
        owe(store, opened, "1")
        courier.poke()
        await old.arrived.wait()
        courier.use({"null": new})
        owe(store, opened, "2")
        courier.poke()
        await new.arrived.wait()
        courier.stop()
        await run
        assert (len(old.sent), len(new.sent), old.closed) == (1, 1, True)

    in_time(story())
    store.close()


def test_ops_are_told_through_their_own_channel_of_a_danger_to_life_that_reached_nobody(tmp_path: Path) -> None:
    toml = STREET.replace('default = ["null"]', 'default = ["null"]\nops = ["ferry"]')

    def owe_on_a_channel_that_is_gone(served: Served) -> None:
        owe(served.store, open_street(tmp_path), "1")
        [owed] = served.store.owed("ferry", MORNING, 9)
        grave = owed.notice._replace(key="grave", kind=NoticeKind.ASK, severity=Severity.P0, party="cleaner")
        with served.store.turn() as turn:
            turn.commit(Writes(MORNING, notices=[(grave, "pigeon")]))

    with serving(write_street(tmp_path, toml), owe_on_a_channel_that_is_gone) as served:
        assert served.get("/healthz").status == 200
        [dead] = served.store.dead_letters(9)
        assert dead.notice.key == "grave"
        assert b'civicloop_stored{kind="dead_notices"} 1' in served.get("/metrics").body
    with closing(SqliteStore(tmp_path / "civicloop.db")) as store:
        told = {one.notice.key for one in store.owed("ferry", served.clock.now(), 9)}
    assert told | {path.stem for path in (tmp_path / "ferry").glob("*.json")} >= {"grave.undelivered"}


def test_a_courier_without_channels_waits_to_be_stopped(opened: Opened) -> None:
    store = SqliteStore(None)

    async def story() -> None:
        courier = Courier(store, {}, letter, TestClock())
        run = asyncio.create_task(courier.run())
        await asyncio.wait({run}, timeout=0.05)
        assert not run.done()
        courier.stop()
        await run

    in_time(story())
    store.close()
