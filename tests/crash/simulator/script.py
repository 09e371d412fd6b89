"""The history of a seed, written down before any of it happens."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import Any, Final

from civicloop.core.engine.engine import OUTAGE_MIN
from civicloop.core.engine.lapsing import INSTANT
from civicloop.core.stores.crash import CrashPoint

from .errands import POINTS as ERRANDS
from .happenings import TROUBLES, Again, Crash, Disk, Errand, Fact, Happening, Hear, Line, Reload, Say, SetClock
from .scenery import Scene
from .sensors import BEATING, Content, beat, content

WEEK: Final = timedelta(days=7)
NEVER: Final = timedelta()

WORK: Final = ("accept", "accept", "report", "report", "report", "return", "extend", "suspend", "comment")
OFFICE: Final = ("approve", "deny", "reassign", "escalate", "supervise", "resume", "void", "close", "verify", "verify")
AFTER: Final = ("reopen", "appeal", "approve", "deny", "comment")
RESULTS: Final = ("done", "done", "done", "failed", "false_alarm", "helped", "not_reachable", "?")
VERDICTS: Final = ("pass", "pass", "fail", "unable")
SLIPS: Final = ("", "", "", "", "", "by_id", "order", "wrong_party", "stale_order", "no_subject", "late", "future")

AT_ONCE: Final = (CrashPoint.TURN_BEGUN, CrashPoint.TURN_JUDGED, CrashPoint.TURN_WRITTEN, CrashPoint.TURN_COMMITTED)
OFTEN: Final = (
    *AT_ONCE,
    *AT_ONCE,
    CrashPoint.TURN_ANSWERED,
    CrashPoint.NOTICES_TAKEN,
    CrashPoint.NOTICE_SENT,
    CrashPoint.NOTICES_MARKED,
)
"""Where it may die in any week: at the boundaries of a turn more often than elsewhere, for there most is at stake."""

OF_MOODS: Final = {
    "fails": CrashPoint.NOTICE_PUT_OFF,
    "hangs": CrashPoint.NOTICE_PUT_OFF,
    "refuses": CrashPoint.NOTICE_BURIED,
}
"""Where it may die while a channel is like this."""

OF_OPS: Final = tuple(what for what in ERRANDS if what != "sweep")
SWEEP_EVERY: Final = timedelta(hours=11)

NEVER_DRAWN: Final = frozenset((CrashPoint.MIGRATED,))
"""No week has an older store to begin with; tests/stores/test_migrations.py has."""


class Author:
    """Writes a seed's week. Even seeds die only to be back at once; odd ones may be away, and have bad disks."""

    def __init__(self, seed: int, scene: Scene) -> None:
        self.chance = Random(f"script {seed}")
        self.scene = scene
        self.is_rough = seed % 2 == 1
        self.has_clock = self.chance.random() < 0.3
        self.happenings: list[Happening] = []
        self.devices = tuple(scene.devices)
        self.places = (*sorted(scene.setups[0].street.directory.places), "nowhere")

    def write(self) -> list[Happening]:
        """Everything that happens, in order."""
        chance = self.chance
        for _ in range(chance.randrange(10, 35)):
            self._trouble_in_town(self._some_time())
        for device, kind in self.scene.devices.items():
            if kind in BEATING and chance.random() < 0.5:
                self._heartbeats(device)
        self._lines()
        for what in OF_OPS:
            for _ in range(chance.randrange(3)):
                self.happenings.append(Errand(self._number(), self._some_time(), what))
        self._sweeps()
        self._reloads()
        self._crashes()
        if self.is_rough:
            self._bad_disks()
        if self.has_clock:
            self._clock_steps()
        return sorted(self.happenings, key=lambda one: (one.at, one.number))

    def _number(self) -> int:
        return len(self.happenings)

    def _some_time(self) -> timedelta:
        return timedelta(microseconds=self.chance.randrange(WEEK // timedelta(microseconds=1)))

    def _soon(self, longest: timedelta) -> timedelta:
        """Some time up to ``longest``, short ones more often."""
        return longest * self.chance.random() ** 3

    def _downtime(self) -> timedelta:
        spans = (NEVER, timedelta(seconds=20), timedelta(minutes=9), timedelta(hours=2), timedelta(hours=30))
        return self._soon(self.chance.choice(spans))

    def _trouble_in_town(self, at: timedelta) -> None:
        """A sensor sees something, sees it again or sees it gone; and people do what they do."""
        chance = self.chance
        device = chance.choice(self.devices)
        for _ in range(chance.randrange(1, 4)):
            facts = tuple(self._fact(device, n) for n in range(chance.choice((1, 1, 1, 2, 5))))
            heard = Hear(self._number(), at, facts)
            self.happenings.append(heard)
            if chance.random() < 0.2:
                self.happenings.append(
                    Again(self._number(), at + self._soon(WEEK), heard.number, chance.random() < 0.2)
                )
            for _ in range(chance.randrange(6)):
                at += self._soon(timedelta(hours=5))
                self._answer(at)
            at += self._soon(timedelta(hours=12))

    def _fact(self, device: str, number: int) -> Fact:
        chance = self.chance
        device = device if chance.random() < 0.8 else chance.choice(self.devices)
        kind, data = content(self.scene.devices[device], chance)
        if chance.random() < 0.03:
            data = {"value": "much"}
        if chance.random() < 0.03:
            device = "d99"
        place = chance.choice(self.places) if chance.random() < 0.08 else None
        return Fact(f"{self._number()}.{number}", kind, device, data, self._age(), place)

    def _age(self) -> timedelta | None:
        """How late a fact comes: mostly at once, some a day late, some from the future, some without a time."""
        draw = self.chance.random()
        if draw < 0.7:
            return timedelta()
        if draw < 0.76:
            return None
        return -self._soon(timedelta(minutes=8)) if draw < 0.8 else self._soon(timedelta(days=1))

    def _heartbeats(self, device: str) -> None:
        every = timedelta(minutes=self.chance.choice((60, 200, 700)))
        at = self._some_time() / 2
        for number in range(self.chance.randrange(5, 25)):
            fact = Fact(f"{self._number()}.b", *_named(device, beat(self.scene.devices[device], number)))
            self.happenings.append(Hear(self._number(), at, (fact,)))
            at += every + self._soon(every)

    def _answer(self, at: timedelta) -> None:
        chance = self.chance
        draw = chance.random()
        verb = chance.choice(WORK if draw < 0.65 else OFFICE if draw < 0.93 else AFTER)
        result = chance.choice(RESULTS) if verb == "report" else chance.choice(VERDICTS) if verb == "verify" else ""
        slip, person = chance.choice(SLIPS), chance.choice(("", "", "p0", "p1"))
        speaker = chance.choice(("", "", "", "", "desk", "haulage", "cleaners", "committee"))
        said = Say(self._number(), at, chance.randrange(1000), verb, result, slip, person, speaker)
        self.happenings.append(said)
        if chance.random() < 0.1:
            self.happenings.append(Again(self._number(), at + self._soon(WEEK), said.number))

    def _lines(self) -> None:
        """Channels fail for hours or days, hang, are slow, and refuse; all of them work in the end."""
        chance = self.chance
        for channel in self.scene.channels:
            for _ in range(chance.randrange(3)):
                at = self._some_time()
                mood = chance.choice(("fails", "hangs", "slow", "refuses"))
                self.happenings.append(Line(self._number(), at, channel, mood))
                self.happenings.append(Line(self._number(), at + self._soon(timedelta(days=2)), channel, "works"))

    def _sweeps(self) -> None:
        """Retention looks every so often, as it does in a daemon. Its own time moves on by a day a sweep at most.

        A sweep that is begun again under a clock that is far ahead goes further than one that was not cut off, by
        design; so there is none in a week whose clock is set wrong.
        """
        if not self.has_clock:
            for number in range(WEEK // SWEEP_EVERY):
                self.happenings.append(Errand(self._number(), SWEEP_EVERY * (number + self.chance.random()), "sweep"))

    def _reloads(self) -> None:
        """The street's folder is changed and read again, and may be changed back."""
        if self.chance.random() < 0.4:
            at = self._some_time()
            self.happenings.append(Reload(self._number(), at, 1))
            if self.chance.random() < 0.5:
                self.happenings.append(Reload(self._number(), at + self._soon(WEEK), 0))

    def _crashes(self) -> None:
        """Deaths at points that this week comes to: anywhere in it, or where it does what is done but now and then."""
        chance, seldom = self.chance, self._seldom()
        for _ in range(chance.randrange(2, 14)):
            down = self._downtime() if self.is_rough else NEVER
            point, at, skip = chance.choice(OFTEN), self._some_time(), chance.randrange(3)
            if seldom and chance.random() < 0.3:
                point, skip = chance.choice(sorted(seldom)), 0
                at = chance.choice(seldom[point])
            self.happenings.append(Crash(self._number(), at - INSTANT, point, skip, down))
            if down >= OUTAGE_MIN and chance.random() < 0.2:
                # It dies once more, as soon as it is back.
                self.happenings.append(Crash(self._number(), at, CrashPoint.OUTAGE_SHIFTED, 0, self._downtime()))

    def _seldom(self) -> dict[CrashPoint, list[timedelta]]:
        """The points that this week comes to only now and then, and when it does."""
        times: dict[CrashPoint, list[timedelta]] = {}
        for one in self.happenings:
            points = ERRANDS[one.what] if isinstance(one, Errand) else ()
            if isinstance(one, Line) and one.mood in OF_MOODS:
                points = (OF_MOODS[one.mood],)
            for point in points:
                times.setdefault(point, []).append(one.at)
        return times

    def _bad_disks(self) -> None:
        for _ in range(self.chance.randrange(3)):
            at = self._some_time()
            self.happenings.append(Disk(self._number(), at, self.chance.choice(("full", "locked"))))
            self.happenings.append(Disk(self._number(), at + self._soon(timedelta(hours=12)), "good"))

    def _clock_steps(self) -> None:
        chance = self.chance
        for _ in range(chance.randrange(1, 3)):
            at = self._some_time()
            off = chance.choice((-1, 1)) * self._soon(timedelta(hours=chance.choice((1, 30))))
            self.happenings.append(SetClock(self._number(), at, off))
            if chance.random() < 0.7:
                self.happenings.append(SetClock(self._number(), at + self._soon(timedelta(days=1)), NEVER))


def _named(device: str, told: Content) -> tuple[str, str, dict[str, Any]]:
    return told[0], device, told[1]


def calm(history: list[Happening]) -> list[Happening]:
    """The same week without crashes and without bad disks."""
    return [one for one in history if not isinstance(one, TROUBLES)]


def may_differ(history: list[Happening]) -> bool:
    """Whether the troubles of this history may change what is decided: an absence, or a disk that was bad."""
    return any(isinstance(one, Disk) or (isinstance(one, Crash) and one.down) for one in history)
