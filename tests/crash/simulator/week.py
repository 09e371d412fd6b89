"""One simulated week: the real engine, store, runner and courier, and all that befalls them."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from threading import current_thread, main_thread
from typing import Any

from civicloop.core.engine.receipt import Input, Receipt, Speaker, Status
from civicloop.core.engine.setup import Setup
from civicloop.core.model.case import Reason
from civicloop.core.model.event import Envelope
from civicloop.core.running.runner import QueueFull, Unavailable
from civicloop.core.stores.base import StoreError
from civicloop.core.stores.codec import moment
from civicloop.core.stores.crash import CrashPoint, watching
from civicloop.core.stores.sqlite import SqliteStore

from .books import TABLES, Armed, Books
from .errands import Errands
from .happenings import Again, Crash, Disk, Errand, Happening, Hear, Line, Reload, Say, SetClock
from .parts import Parts
from .people import again_envelopes, fact_envelope, said_envelope
from .scenery import START, Scene
from .stored_laws import LawBrokenError, Watch, move_once, must
from .virtual_time import LeapingLoop, StandsStillError, SteppingClock, real
from .world import DiedError, Wire

SHARED_MEMORY = Path("/dev/shm")  # a file system in memory, where fsync costs nothing
AFTERWARDS = timedelta(days=2)
"""How long all is well after the week, so that what was held up can be caught up with."""

OVERDUE_MAX = timedelta(hours=8)
"""How late a notice may be: channels that are not configured are looked for only every five seconds of the loop."""

WELL_MIN = timedelta(minutes=70)
"""After so long without trouble everything is done that was held up: a poll takes an hour at this speed."""

STORED = (Status.ACCEPTED, Status.UNHEARD, Status.QUARANTINED)
RETRY_SECONDS = 0.1
PAGES_MAX = 2**31 - 1


SPEAKERS = {
    "": None,
    "desk": Speaker("desk", admin=True),
    "haulage": Speaker("haulage", "Haulage"),
    "cleaners": Speaker("cleaners", roles=("cleaner", "ops_center"), person="p2"),
    "committee": Speaker("committee", place="C1"),
}
"""Whose token an answer comes with."""


@dataclass
class Outcome:
    """What a week came to: what is stored, read into values, and what was counted on the way.

    ``taken`` is the row of the newest event after each turn that was committed; ``reached`` says how often the process
    came to each crash point, and ``died`` how often it died there.
    """

    tables: dict[str, list[Any]] = field(default_factory=dict)
    taken: list[int] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    reached: Counter[CrashPoint] = field(default_factory=Counter)
    died: Counter[CrashPoint] = field(default_factory=Counter)


class Week:
    """Plays a history in a scene, until ``ends`` at the least, and looks after every commit whether the laws hold."""

    def __init__(self, scene: Scene, history: list[Happening], path: Path, ends: timedelta = timedelta()) -> None:
        self.scene = scene
        self.setup = scene.setups[0]
        self.ends = ends
        self.history = history
        self.path = path
        self.loop = LeapingLoop()
        self.clock = SteppingClock(self.loop, START)
        self.wires = {name: Wire(name, lambda: self.is_dead) for name in scene.channels}
        self.outcome = Outcome()
        self.parts: Parts | None = None
        self.is_dead = False
        self.broken: BaseException | None = None
        self.armed: list[list[Any]] = []
        self.disk = "good"
        self.sent: dict[int, list[Input]] = {}
        self.acknowledged: dict[tuple[str, str], Receipt] = {}
        self._waiting: set[asyncio.Task[None]] = set()
        self._fell = asyncio.Event()
        self._up = asyncio.Event()
        self._over = False
        self._down = timedelta()
        self._well_since = timedelta()
        self._armed: Armed = {}
        self._tries = 0
        self._alive_at = START
        self._locker: sqlite3.Connection | None = None

    def play(self) -> Outcome:
        """Run the whole week. Raises ``LawBrokenError``, or whatever the daemon itself fell over."""
        SqliteStore(self.path).close()
        self.books = Books(self.path)
        self.errands = Errands(self.path, self.books)
        offs = [one.off for one in self.history if isinstance(one, SetClock)]
        back = max((a - b for a in (timedelta(), *offs) for b in (timedelta(), *offs)), default=timedelta())
        self.watch = Watch(self.books, self.setup, back)
        self.loop.set_exception_handler(lambda _loop, _context: None)
        try:
            with watching(self._reached):
                self.loop.run_until_complete(self._live())
            if self.broken is not None:
                raise self.broken
        except StandsStillError as error:
            raise LawBrokenError("time goes on", str(error)) from error
        finally:
            self._unlock()
            self._drop_all()
            self.books.close()
        return self.outcome

    def _drop_all(self) -> None:
        left = asyncio.all_tasks(self.loop)
        for task in left:
            task.cancel()
        if left:
            self.loop.run_until_complete(asyncio.wait(left))
        self.loop.close()

    # the course of the week ----------------------------------------------------------------------------------

    async def _live(self) -> None:
        keeper = asyncio.create_task(self._keep())
        for one in self.history:
            await self._until(one.at)
            if self.broken or keeper.done():
                break
            self._look_for_what_is_overdue()
            self._happen(one)
        if not self.broken:
            await self._until(self.ends)
            await self._settle()
        self._over = True
        self._fell.set()
        await keeper

    async def _until(self, at: timedelta) -> None:
        wait = at - self.loop.elapsed
        if wait > timedelta():
            await asyncio.sleep(real(wait))

    def _look_for_what_is_overdue(self) -> None:
        """Where the daemon has been up and well for a while, nothing waits that should have been done."""
        since = self.loop.elapsed - self._well_since
        if since > WELL_MIN and self._up.is_set() and self.disk == "good":
            try:
                self.watch.nothing_is_overdue(self.clock.now() - WELL_MIN)
            except LawBrokenError as error:
                self._break(error)

    async def _settle(self) -> None:
        """All is well from now on, and what was held up is caught up with."""
        self.armed.clear()
        self._set_disk("good")
        self._set_clock(timedelta())
        for wire in self.wires.values():
            wire.mood = "works"
        await self._until(self.loop.elapsed + AFTERWARDS)
        if self.broken:
            return
        try:
            self._judge()
        except LawBrokenError as error:
            self.broken = error

    def _judge(self) -> None:
        now = self.clock.now()
        must(self.parts and not self._waiting, "who sends is answered", f"{len(self._waiting)} wait for an answer")
        assert self.parts is not None
        self.watch.sweep(now)
        self.watch.nothing_is_overdue(now - timedelta(seconds=1))
        self._every_notice_has_left(now)
        for (source, name), receipt in self.acknowledged.items():
            is_there = self.books.has_event(source, name)
            must(is_there or receipt.status not in STORED, "what was acknowledged is stored", f"{name} of {source}")
        self.outcome.tables = {name: self.books.rows(text) for name, text in TABLES.items()}
        self.outcome.counts["cases"] = len(self.watch.cases)
        self.outcome.counts["entries"] = len(self.outcome.tables["journal"])
        self.outcome.counts["notices"] = len(self.watch.posted)

    def _every_notice_has_left(self, now: Any) -> None:
        """Law 8: delivered, dead, withdrawn, or not to be sent yet; and what is marked as delivered was."""
        for post in self.books.posted_after(0):
            key, wire = post.notice.key, self.wires.get(post.channel)
            if post.state == "pending":
                must(post.next_at > now - OVERDUE_MAX, "every notice leaves", f"{key} waits for {post.channel}")
            elif post.state == "delivered":
                must(wire and wire.received[key], "what is marked was delivered", f"{key} on {post.channel}")
            elif post.state == "withdrawn":
                must(not wire or not wire.received[key], "what is withdrawn was not sent", f"{key} on {post.channel}")
        for wire in self.wires.values():
            must(not wire.changed, "one key, one notice", f"{wire.changed} on {wire.name}")
            unknown = [key for key in wire.received if (key, wire.name) not in self.watch.posted]
            unknown = [key for key in unknown if not key.endswith(".undelivered")]
            must(not unknown, "only what is owed is sent", f"{unknown} on {wire.name}")

    # the process ---------------------------------------------------------------------------------------------

    async def _keep(self) -> None:
        """Start the daemon, and start it again whenever it has died."""
        while not self._over and not self.broken:
            self._fell.clear()
            if not self._start():
                await asyncio.sleep(RETRY_SECONDS)
                continue
            assert self.parts is not None
            self._up.set()
            fell = asyncio.create_task(self._fell.wait())
            await asyncio.wait([fell, *self.parts.tasks], return_when=asyncio.FIRST_COMPLETED)
            fell.cancel()
            self._up.clear()
            if self._over and not self.is_dead and not self.broken:
                await self.parts.stop()
                self._count(self.parts)
                return
            await self._bury()
            await self._until(self.loop.elapsed + self._down)

    def _start(self) -> bool:
        """Whether the daemon came up; a disk that is bad keeps it down, and so may another crash."""
        self.is_dead = False
        parts = None
        try:
            parts = Parts(self.path, self.setup, self.clock, self.wires)
            self._limit(parts)
            if self.outcome.counts["starts"]:
                # A daemon in real time has noted that it is alive within the last twenty seconds.
                parts.store.heartbeat(max(self._alive_at, parts.store.last_turn() or self._alive_at))
            self._tries += 1
            parts.engine.start(self.clock.now())
        except (StoreError, DiedError):
            if parts is not None:
                parts.store.close()
            self.outcome.counts["failed starts"] += 1
            return False
        self.outcome.counts["starts"] += 1
        self._look_at_watchdogs()
        self._well_since = self.loop.elapsed
        self.parts = parts
        parts.run()
        return True

    def _last_turn(self) -> datetime:
        """The time of the last turn: ahead of the clock, where that was set back since."""
        return max((moment(at) for (at,) in self.books.rows("SELECT max(at) FROM turn") if at), default=START)

    def _look_at_watchdogs(self) -> None:
        if self.outcome.counts["starts"] > 1:
            try:
                away = self._alive_at, self.clock.now()
                move_once(self._armed, self.books.armed(), away, self._tries)
            except LawBrokenError as error:
                self._break(error)

    async def _bury(self) -> None:
        assert self.parts is not None
        for task in self.parts.tasks:
            if task.done() and not self.is_dead and not self.broken:
                why = "was cancelled" if task.cancelled() else repr(task.exception())
                self.broken = LawBrokenError("the daemon goes on", f"a part of it ended: {why}")
        parts, self.parts = self.parts, None
        self._count(parts)
        await parts.vanish()

    def _count(self, parts: Parts) -> None:
        for (what, which), times in parts.engine.counts.items():
            self.outcome.counts[f"{what} {which}"] += times
            if which == Reason.INTERNAL_ERROR:
                self.broken = self.broken or LawBrokenError("no fault of our own", f"{times} in the log")

    def _reached(self, point: CrashPoint) -> None:
        if current_thread() is not main_thread():
            return
        if self.is_dead:
            raise DiedError(point)
        self.outcome.reached[point] += 1
        if point is CrashPoint.TURN_COMMITTED:
            self.outcome.counts["commits"] += 1
            self.outcome.taken.append(self.books.newest_event())
            try:
                self.watch.commit(max(self.clock.now(), self._last_turn()))
            except LawBrokenError as error:
                self._break(error)
                raise DiedError(point) from error
        for crash in self.armed:
            if crash[0] is point:
                crash[1] -= 1
                if crash[1] < 0:
                    self.armed.remove(crash)
                    self.outcome.died[point] += 1
                    self._die(crash[2])
                    raise DiedError(point)

    def _die(self, down: timedelta) -> None:
        self.is_dead = True
        self._down = down
        # Who dies on its way back has been away since before, unless that was committed.
        noted = self.clock.now() if self._up.is_set() else self._alive_at
        self._alive_at = max(noted, self._last_turn())
        self._armed, self._tries = self.books.armed(), 0
        self.outcome.counts["crashes"] += 1
        self.loop.call_soon(self._fell.set)

    def _break(self, error: BaseException) -> None:
        self.broken = self.broken or error
        self.is_dead = True
        self._down = timedelta()
        self.loop.call_soon(self._fell.set)

    # what happens --------------------------------------------------------------------------------------------

    def _happen(self, one: Happening) -> None:
        match one:
            case Hear():
                self._send(one.number, [Input(fact_envelope(fact, self.clock.true_now)) for fact in one.facts])
            case Say():
                self._say(one)
            case Again():
                again = again_envelopes(self.sent.get(one.of, []), one)
                if again:
                    self._send(one.number, again)
            case SetClock():
                self._well_since = self.loop.elapsed
                self._set_clock(one.off)
            case Line():
                if one.channel in self.wires:
                    self.wires[one.channel].mood = one.mood
            case Disk():
                self._set_disk(one.mood)
            case Crash():
                self.armed.append([one.point, one.skip, one.down])
            case Errand():
                self._begin(self._run_errand(one.what))
            case Reload():
                self._reload(self.scene.setups[one.which])

    def _set_clock(self, off: timedelta) -> None:
        """A daemon looks at its clock every second, an hour in a loop that leaps; here just before, and after."""
        parts = None if self.is_dead else self.parts
        if parts is not None and self.disk == "good":
            parts.store.heartbeat(self.clock.now())
        self.clock.off = off
        if parts is not None:
            parts.runner.poke()

    def _reload(self, setup: Setup) -> None:
        """Who is down reads the folder when it is back."""
        self.setup = setup
        self.watch.reload(setup)
        if self.parts is not None and not self.is_dead:
            self.parts.reload(setup, dict(self.wires))

    def _say(self, one: Say) -> None:
        cases = sorted(self.watch.cases.values(), key=lambda case: (case.opened_at, case.id))
        said = said_envelope(one, cases, self.clock.true_now)
        if said is not None:
            self._send(one.number, [Input(said, SPEAKERS[one.speaker])])

    async def _run_errand(self, what: str) -> None:
        """Until it is through; where the process dies on it, or beside it, it is begun again."""
        while not self._over:
            await self._up.wait()
            parts = self.parts
            assert parts is not None
            doing = asyncio.ensure_future(self.errands.run(what, parts, self.clock.now()))
            fell = asyncio.ensure_future(self._fell.wait())
            await asyncio.wait([doing, fell], return_when=asyncio.FIRST_COMPLETED)
            fell.cancel()
            if not doing.done():
                doing.cancel()
            elif (error := doing.exception()) is None:
                return
            elif isinstance(error, LawBrokenError):
                self._break(error)
            elif not isinstance(error, (DiedError, StoreError)):
                raise error
            await self._try_later()

    def _send(self, number: int, inputs: list[Input]) -> None:
        self.sent[number] = inputs
        self._begin(self._deliver(inputs))

    def _begin(self, doing: Coroutine[Any, Any, None]) -> None:
        task = self.loop.create_task(doing)
        self._waiting.add(task)
        task.add_done_callback(self._waiting.discard)

    async def _deliver(self, inputs: list[Input]) -> None:
        """Send until it is answered, as every good sender does."""
        while not self._over:
            if not self._up.is_set():
                await self._up.wait()
            receipts = await self._submit(inputs)
            if receipts is None:
                await self._try_later()
                continue
            for item, receipt in zip(inputs, receipts, strict=True):
                self._acknowledge(item.envelope, receipt)
            return

    async def _try_later(self) -> None:
        """Whoever lost the line tries again at once where the daemon is back, else when it is."""
        await asyncio.sleep(0 if self.is_dead or not self._up.is_set() else RETRY_SECONDS)

    async def _submit(self, inputs: list[Input]) -> list[Receipt] | None:
        assert self.parts is not None
        parts = self.parts
        answer = asyncio.ensure_future(parts.runner.submit(inputs))
        fell = asyncio.ensure_future(self._fell.wait())
        await asyncio.wait([answer, fell], return_when=asyncio.FIRST_COMPLETED)
        fell.cancel()
        if not answer.done():
            answer.cancel()
            return None
        try:
            return answer.result()
        except (Unavailable, QueueFull):
            return None

    def _acknowledge(self, envelope: Envelope, receipt: Receipt) -> None:
        self.outcome.counts[f"{receipt.status} {receipt.reason}"] += 1
        name = envelope.source, envelope.id
        if receipt.status in STORED:
            self.acknowledged.setdefault(name, receipt)
            if not self.books.has_event(*name):
                self._break(LawBrokenError("what was acknowledged is stored", f"{envelope.id}: {receipt}"))
        if receipt.reason == "internal_error":
            self._break(LawBrokenError("no fault of our own", f"{envelope.id}: {receipt.detail}"))

    # the disk ------------------------------------------------------------------------------------------------

    def _set_disk(self, mood: str) -> None:
        self.disk = mood
        self._well_since = self.loop.elapsed
        self._unlock()
        if mood == "locked":
            self._locker = sqlite3.connect(self.path, isolation_level=None)
            self._locker.execute("BEGIN IMMEDIATE")
        if self.parts is not None and not self.is_dead:
            self._limit(self.parts)

    def _limit(self, parts: Parts) -> None:
        """A full disk is SQLite's own: no page more than there are."""
        raw = parts.store._writes.raw
        pages = 1 if self.disk == "full" else PAGES_MAX
        raw.execute(f"PRAGMA max_page_count={pages}").fetchall()

    def _unlock(self) -> None:
        if self._locker is not None:
            self._locker.close()
            self._locker = None


@contextmanager
def scratch() -> Iterator[Path]:
    """A database file in memory, as far as the machine has such a thing."""
    folder = tempfile.mkdtemp(prefix="civicloop-week-", dir=SHARED_MEMORY if SHARED_MEMORY.is_dir() else None)
    try:
        yield Path(folder) / "week.db"
    finally:
        shutil.rmtree(folder)
