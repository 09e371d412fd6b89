"""What happens in a synthetic street: a day of facts at a time, and what people's work changes in the world.

Every share below is an assumption, chosen to be plausible; the README lists them.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import orjson
from street import Estate, trucks

from civicloop.core.model.case import Case
from civicloop.core.model.event import Envelope

# a day in one estate, unless something else is said
BIN_FULL: Final = 0.05  # of one bin
LITTER: Final = 0.30
UNSORTED: Final = 0.05
OFF_WINDOW: Final = 0.03
PICKUP_MISSED: Final = 0.015
REFUSED: Final = 0.002
LEAK: Final = 0.05  # of one vehicle
SCALE_WRONG: Final = 0.02  # of one vehicle
BIKE_IN_CORRIDOR: Final = 0.06
BIKE_IN_LIFT: Final = 0.08
BATTERY_AT_HOME: Final = 0.02
PILE_TROUBLE: Final = 0.01
FIRE: Final = 0.0003
LOW_BATTERY: Final = 0.004  # of one kit, as all below
FALLEN: Final = 0.003
LONG_OUTING: Final = 0.03
SOS: Final = 0.003
SMOKE: Final = 0.001

BATCH: Final = timedelta(minutes=5)
"""Platforms pass their facts on every five minutes; people's answers come at their own instant."""

SURE: Final = (0.55, 0.99)
"""How sure detectors are."""


class Life:
    """The world outside: what is full, lies or stands where it must not, and what becomes of it.

    ``queue`` holds what is to come as ``(when the street hears of it, number, envelope)``. What would be reported of
    each trouble once somebody has solved it is kept by the reference of its case.
    """

    def __init__(self, estates: list[Estate], seed: int) -> None:
        self._rng = random.Random(f"life {seed}")
        self._estates = estates
        self._numbers = 0
        self.queue: list[tuple[datetime, int, Envelope]] = []
        self._lies: dict[str, tuple[str, str, dict[str, Any]]] = {}
        self._asleep: dict[str, datetime] = {}

    def put(
        self, at: datetime, type: str, subject: str, data: Mapping[str, Any], source: str = "//month/facts"
    ) -> None:
        """Something will happen then."""
        self._numbers += 1
        name = f"m{self._numbers}"
        event = {"specversion": "1.0", "id": name, "source": source, "type": type, "time": at.isoformat()}
        body = orjson.dumps({**event, "subject": subject, "data": data})
        envelope = Envelope(name, source, type, subject, at, dict(data), None, "", None, body)
        heapq.heappush(self.queue, (at if type.startswith("loop.") else _passed_on(at), self._numbers, envelope))

    def solve(self, case: Case, at: datetime, is_well_done: bool) -> None:
        """Somebody did the work: the sensors see it, or see that it was not done well."""
        rng = self._rng
        if case.scenario in ("elderly_care.no_sign_of_life", "elderly_care.away_call"):
            self._asleep.pop(case.place, None)
            self.put(at + timedelta(minutes=rng.randint(5, 30)), "care.motion", f"pir-{case.place}", {})
            return
        if case.ref not in self._lies:
            return
        what, subject, data = self._lies[case.ref]
        if is_well_done:
            del self._lies[case.ref]
            self.put(at, what, subject, data)
        elif case.scenario == "garbage_sorting.overflow":
            self.put(at + timedelta(minutes=4), what, subject, {**data, "fill_percent": 96})

    def day(self, midnight: datetime) -> None:
        """All that a day brings of itself."""
        for one in self._estates:
            self._garbage(one, midnight)
            self._bikes(one, midnight)
            for home in one.homes:
                self._home(home, midnight)
        self._hauling(midnight)

    # garbage -------------------------------------------------------------------------------------------------

    def _garbage(self, one: Estate, midnight: datetime) -> None:
        rng = self._rng
        for full, category in one.bins:
            self._bin(full, category, midnight)
        if rng.random() < LITTER:
            point, at = rng.choice(one.points), self._when(midnight, 7, 21)
            self._trouble(
                f"garbage_sorting.bagged_litter/{point}",
                at,
                ("waste.litter.seen", point, {"confidence": self._sure(), "bags": rng.randint(1, 5)}),
                ("waste.litter.gone", point, {"confidence": 0.95}),
            )
        for share, what, since, until in (
            (UNSORTED, "waste.drop.unsorted", 7, 20),
            (OFF_WINDOW, "waste.drop.off_window", 12, 17),
        ):
            if rng.random() < share:
                who = rng.choice(one.shops if rng.random() < 0.4 else one.households)
                data = {"confidence": self._sure(), "household": who, "expected": "wet", "found": "dry"}
                self.put(self._when(midnight, since, until), what, rng.choice(one.points), data)
        if rng.random() < PICKUP_MISSED:
            point, category = rng.choice(one.points), rng.choice(("dry", "wet"))
            self._trouble(
                f"garbage_sorting.missed_pickup/{point}:{category}",
                self._when(midnight, 8, 10),
                ("waste.haul.missed", point, {"category": category}),
                ("waste.haul.weighed", "truck-1", {"from": point, "category": category, "kg": 90.0, "kind": "point"}),
            )
        if rng.random() < REFUSED:
            data = {"notice": "yellow", "holder": "residential"}
            self.put(self._when(midnight, 7, 9), "waste.haul.refused", rng.choice(one.points), data)

    def _bin(self, bin: str, category: str, midnight: datetime) -> None:
        rng = self._rng
        self._lies.pop(f"garbage_sorting.overflow/{bin}", None)
        self._level(bin, category, self._when(midnight, 6, 7), rng.randint(2, 8))
        self._level(bin, category, self._when(midnight, 12, 13), rng.randint(20, 45))
        if rng.random() < BIN_FULL:
            full = {"category": category, "fill_percent": rng.randint(91, 100)}
            ref, at = f"garbage_sorting.overflow/{bin}", self._when(midnight, 17, 22)
            emptied = "waste.bin.level", bin, {"category": category, "fill_percent": 4}
            self._trouble(ref, at, ("waste.bin.level", bin, full), emptied)
        else:
            self._level(bin, category, self._when(midnight, 20, 21), rng.randint(50, 84))

    def _level(self, bin: str, category: str, at: datetime, percent: int) -> None:
        self.put(at, "waste.bin.level", bin, {"category": category, "fill_percent": percent})

    def _hauling(self, midnight: datetime) -> None:
        rng = self._rng
        for at, truck in enumerate(trucks(len(self._estates))):
            for category in ("wet", "dry"):
                loaded = 0
                for one in self._estates[at * 10 : at * 10 + 10]:
                    kg = rng.randint(150, 900)
                    data = {"from": one.points[0], "category": category, "kg": float(kg), "kind": "point"}
                    self.put(self._when(midnight, 6, 9), "waste.haul.weighed", truck, data)
                    loaded += kg
                share = 0.8 if rng.random() < SCALE_WRONG else 1.0
                data = {"from": truck, "category": category, "kg": round(loaded * share, 1), "kind": "compaction"}
                self.put(self._when(midnight, 10, 11), "waste.node.weighed", "station-1", data)
            if rng.random() < LEAK:
                self.put(self._when(midnight, 6, 10), "waste.haul.leak", truck, {})

    # bicycles ------------------------------------------------------------------------------------------------

    def _bikes(self, one: Estate, midnight: datetime) -> None:
        rng = self._rng
        pile = f"pile-{one.code}"
        for hour in (1, 9, 17):
            state = {"status": "ok", "amps": 6.0, "celsius": float(rng.randint(20, 45))}
            self.put(self._when(midnight, hour, hour + 1), "ebike.pile", pile, state)
        if rng.random() < PILE_TROUBLE:
            fine = "ebike.pile", pile, {"status": "ok", "amps": 6.0, "celsius": 30.0}
            bad = "ebike.pile", pile, {"status": rng.choice(("overload", "overtemp", "offline"))}
            self._trouble(f"ebike_charging.pile/{pile}", self._when(midnight, 10, 16), bad, fine)
        if rng.random() < BIKE_IN_CORRIDOR:
            home = rng.choice(one.households)
            building = home.rpartition("-")[0]
            activity = rng.choice(("parking", "charging"))
            data = {"where": "corridor", "activity": activity, "confidence": self._sure(), "household": home}
            gone = {**data, "confidence": 0.97}
            camera, at = f"cam-{building}", self._when(midnight, 17, 23)
            ref = f"ebike_charging.corridor/{home}"
            self._trouble(ref, at, ("ebike.seen", camera, data), ("ebike.gone", camera, gone))
        if rng.random() < BIKE_IN_LIFT:
            data = {"where": "lift", "activity": "entering", "confidence": self._sure()}
            lift, at = f"lift-{rng.choice(one.buildings)}", self._when(midnight, 7, 22)
            self.put(at, "ebike.seen", lift, data)
            self.put(at + timedelta(seconds=rng.randint(30, 400)), "ebike.gone", lift, {**data, "confidence": 0.98})
        if rng.random() < BATTERY_AT_HOME:
            home, at = rng.choice(one.households), self._when(midnight, 19, 23)
            on = "ebike.meter", f"meter-{home}", {"charging": True, "household": home}
            off = "ebike.meter", f"meter-{home}", {"charging": False, "household": home}
            self._trouble(f"ebike_charging.dwelling/{home}", at, on, off)
        if rng.random() < FIRE:
            self.put(self._when(midnight, 0, 23), "ebike.smoke", f"cam-{one.buildings[0]}", {"alarm": True})

    # homes ---------------------------------------------------------------------------------------------------

    def _home(self, home: str, midnight: datetime) -> None:
        rng = self._rng
        for hour in (3, 15):
            for kind in ("door", "smoke"):
                self.put(self._when(midnight, hour, hour + 1), "care.device", f"{kind}-{home}", {"status": "online"})
        if rng.random() < FALLEN:
            self._asleep[home] = self._when(midnight, 8, 20)
        out = self._when(midnight, 9, 16)
        back = out + timedelta(minutes=rng.randint(540, 700) if rng.random() < LONG_OUTING else rng.randint(30, 150))
        for at in (out, back):
            self._sign(at, "care.door", f"door-{home}", home, {"open": True})
            self._sign(at + timedelta(seconds=20), "care.door", f"door-{home}", home, {"open": False})
        self._sign(back + timedelta(minutes=2), "care.motion", f"pir-{home}", home, {})
        for hour in range(6, 22):
            at = self._when(midnight, hour, hour + 1)
            if rng.random() < 0.75 and not out <= at <= back:
                self._sign(at, "care.motion", f"pir-{home}", home, {})
        for hour in (7, 19):
            self._sign(self._when(midnight, hour, hour + 1), "care.water", f"water-{home}", home, {"litres": 3.0})
        if rng.random() < LOW_BATTERY:
            fine = "care.device", f"smoke-{home}", {"status": "online"}
            bad = "care.device", f"smoke-{home}", {"status": "low_battery"}
            self._trouble(f"elderly_care.protection_lost/smoke-{home}", self._when(midnight, 9, 17), bad, fine)
        if rng.random() < SOS:
            self.put(self._when(midnight, 6, 23), "care.sos", f"sos-{home}", {})
        if rng.random() < SMOKE:
            at = self._when(midnight, 10, 20)
            self.put(at, "care.smoke", f"smoke-{home}", {"alarm": True})
            self.put(at + timedelta(minutes=12), "care.smoke", f"smoke-{home}", {"alarm": False})

    def _sign(self, at: datetime, type: str, subject: str, home: str, data: dict[str, Any]) -> None:
        """A sign of life, unless the elder has fallen by then; the household's own devices stay well meanwhile."""
        fallen = self._asleep.get(home)
        if fallen is None or at < fallen:
            self.put(at, type, subject, data)

    # how it is put -------------------------------------------------------------------------------------------

    def _trouble(
        self, ref: str, at: datetime, seen: tuple[str, str, dict[str, Any]], gone: tuple[str, str, dict[str, Any]]
    ) -> None:
        self._lies[ref] = gone
        self.put(at, *seen)

    def _when(self, midnight: datetime, since: int, until: int) -> datetime:
        return midnight + timedelta(hours=since, seconds=self._rng.randrange((until - since) * 3600))

    def _sure(self) -> float:
        return round(self._rng.uniform(*SURE), 2)


def _passed_on(at: datetime) -> datetime:
    """When the platform passes a fact of this moment on."""
    return at + (datetime(2025, 1, 1, tzinfo=at.tzinfo) - at) % BATCH
