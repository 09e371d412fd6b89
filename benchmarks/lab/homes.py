"""Three recorded homes, as the detector would hear them, and what may be wrong with a home."""

from __future__ import annotations

import csv
import importlib.util
import random
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from civicloop.plugins.elderly_care.events import Door, Motion

ROOT = Path(__file__).parents[2]
ZONE: Final = ZoneInfo("Europe/Amsterdam")
WARM_DAYS: Final = 10.0
DAY, HOUR = 86400.0, 3600.0


class Sign(NamedTuple):
    """Something a sensor said: seconds since 1970, the event's type, the device."""

    at: float
    type: str
    device: str


class Home(NamedTuple):
    """A recorded home: what its sensors said, when nobody was in, and from when until when notes were kept."""

    name: str
    signs: Sequence[Sign]
    away: Sequence[tuple[float, float]]
    labelled: tuple[float, float]

    def scored(self, warm_days: float = WARM_DAYS) -> tuple[float, float]:
        """The labelled span after the warm-up."""
        return max(self.labelled[0], self.signs[0].at + warm_days * DAY), self.labelled[1]

    def is_away(self, at: float) -> bool:
        """Whether the resident was out, by their own notes."""
        return any(start <= at < end for start, end in self.away)


def read_homes(data: Path) -> list[Home]:
    """The three homes, through the converter that the example uses."""
    spec = importlib.util.spec_from_file_location("convert_homes", ROOT / "examples" / "homes" / "convert.py")
    assert spec is not None
    assert spec.loader is not None
    convert = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(convert)
    sensors = convert.read_sensors(data)
    named = {sensor.device for sensor in sensors.values() if sensor.name}
    signs: dict[str, list[Sign]] = {}
    for event in convert.convert(convert.read_firings(data, sensors)):
        if event["subject"] in named:
            at = datetime.fromisoformat(event["time"]).timestamp()
            home = event["source"].rpartition("/")[2]
            signs.setdefault(home, []).append(Sign(at, event["type"], event["subject"]))
    notes: dict[str, list[tuple[float, float, str]]] = {}
    with (data / "activities.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            start, end = (
                datetime.fromisoformat(row[name]).replace(tzinfo=ZONE).timestamp() for name in ("start", "end")
            )
            notes.setdefault(row["home"], []).append((start, end, row["activity"]))
    return [
        Home(
            name,
            heard,
            sorted((start, end) for start, end, activity in notes[name] if activity == "leave-house"),
            (min(note[0] for note in notes[name]), max(note[1] for note in notes[name])),
        )
        for name, heard in sorted(signs.items())
    ]


def cuts(home: Home, span: tuple[float, float], count: int, seed: int) -> list[float]:
    """Random moments of a span at which somebody was at home."""
    chance, moments = random.Random(f"{home.name}/{seed}"), []
    while len(moments) < count:
        at = chance.uniform(*span)
        if not home.is_away(at):
            moments.append(at)
    return moments


# changed homes ---------------------------------------------------------------------------------------------


def thinned(share: float) -> Callable[[Home, random.Random], Home]:
    """Every sensor but the door misses this share of its ten-minute spells."""

    def change(home: Home, chance: random.Random) -> Home:
        kept: dict[tuple[str, int], bool] = {}
        signs = [
            sign
            for sign in home.signs
            if sign.type == Door.type or kept.setdefault((sign.device, int(sign.at // 600)), chance.random() >= share)
        ]
        return home._replace(signs=signs)

    return change


def missing_doors(home: Home, chance: random.Random) -> Home:
    """One passage in ten is not told by the door."""
    kept: dict[int, bool] = {}
    signs = [
        sign
        for sign in home.signs
        if sign.type != Door.type or kept.setdefault(int(sign.at // 600), chance.random() >= 0.1)
    ]
    return home._replace(signs=signs)


def without_a_sensor(home: Home, chance: random.Random) -> Home:
    """One sensor indoors has never been installed."""
    gone = chance.choice(indoors(home))
    return home._replace(signs=[sign for sign in home.signs if sign.device != gone])


def indoors(home: Home) -> list[str]:
    """The sensors of a home besides the door's."""
    return sorted({sign.device for sign in home.signs if sign.type != Door.type})


def blips(home: Home, chance: random.Random) -> Home:
    """A movement sensor of its own fires once a day for nothing."""
    first, last = home.signs[0].at, home.signs[-1].at
    more = [Sign(chance.uniform(first, last), Motion.type, "blip") for _ in range(int((last - first) / DAY))]
    return home._replace(signs=sorted([*home.signs, *more]))


def shifted(hours: float) -> Callable[[Home, random.Random], Home]:
    """Somebody who lives by another clock."""

    def change(home: Home, _: random.Random) -> Home:
        by = hours * HOUR
        return Home(
            home.name,
            [sign._replace(at=sign.at + by) for sign in home.signs],
            [(start + by, end + by) for start, end in home.away],
            (home.labelled[0] + by, home.labelled[1] + by),
        )

    return change


def dying_sensor(home: Home, chance: random.Random) -> Home:
    """One sensor indoors dies in the first half of the scored days."""
    begins, ends = home.scored()
    gone, at = chance.choice(indoors(home)), chance.uniform(begins, (begins + ends) / 2)
    return home._replace(signs=[sign for sign in home.signs if sign.device != gone or sign.at < at])


def stuck_sensor(home: Home, chance: random.Random) -> Home:
    """One sensor indoors fires every five minutes for two and a half days."""
    begins, ends = home.scored()
    stuck, at = chance.choice(indoors(home)), chance.uniform(begins, ends - 2.5 * DAY)
    more = [Sign(at + 300 * one, Motion.type, stuck) for one in range(int(2.5 * DAY / 300))]
    return home._replace(signs=sorted([*home.signs, *more]))


def chattering_sensor(home: Home, chance: random.Random) -> Home:
    """One sensor indoors chatters about once a day, for twenty minutes and for nothing."""
    chatters, at, more = chance.choice(indoors(home)), home.signs[0].at, []
    while (at := at + chance.expovariate(1 / DAY)) < home.signs[-1].at:
        more += [Sign(at + 60 * one, Motion.type, chatters) for one in range(20)]
    return home._replace(signs=sorted([*home.signs, *more]))


def without_a_door(home: Home, _: random.Random) -> Home:
    """There is no door contact."""
    return home._replace(signs=[sign for sign in home.signs if sign.type != Door.type])


CHANGES: dict[str, tuple[Callable[[Home, random.Random], Home], float]] = {
    "30 % of the signs lost": (thinned(0.3), WARM_DAYS),
    "60 % of the signs lost": (thinned(0.6), WARM_DAYS),
    "one sensor not installed": (without_a_sensor, WARM_DAYS),
    "10 % of the passages not told": (missing_doors, WARM_DAYS),
    "one false sign a day": (blips, WARM_DAYS),
    "one sensor dies": (dying_sensor, WARM_DAYS),
    "one sensor stuck for 60 h": (stuck_sensor, WARM_DAYS),
    "one sensor chatters once a day": (chattering_sensor, WARM_DAYS),
    "no door contact": (without_a_door, WARM_DAYS),
    "lives 6 h later": (shifted(6), WARM_DAYS),
    "lives 12 h later": (shifted(12), WARM_DAYS),
    "5 days of warm-up": (lambda home, _: home, 5),
}
