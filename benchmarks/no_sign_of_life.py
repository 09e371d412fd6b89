"""How soon silence is noticed, and how often for nothing: the detector of ``elderly_care`` on three recorded homes.

``python benchmarks/no_sign_of_life.py [--data DIR] [--cuts N] [--json FILE] [--picture FILE] [--robust]`` reads the
logs of van Kasteren et al. that ``examples/homes/convert.py`` turns into events, and lets the very memory of the
scenarios (``civicloop.plugins.elderly_care.signs``) hear them, every fact at its own time. What residents really did is
known from their own notes and is used for nothing but scoring:

- The first ten days of a home warm up on the profile rule; the labelled days after them are scored.
- Every P1 alarm in them is false, for nobody had fallen. Those while the resident was at home are told apart from those
  in an empty flat. Every P2 call counts as well; it is taken to be answered at once, so that a long absence is
  telephoned again.
- For 200 random moments per home at which somebody was at home the stream is cut off: how long until the first alarm or
  call? One that was standing already counts as at once.

Baselines are the rules of the data's README. Nothing is fitted to a home: ``--robust`` also tries homes that were
changed (sensors thinned out or lost, doors missed, blips, another rhythm of the day, half the warm-up) and chooses the
sensitivity on two homes for the third.
"""

from __future__ import annotations

import argparse
import csv
import importlib.util
import json
import math
import random
import statistics
import sys
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table

from civicloop.core.model.event import Envelope
from civicloop.plugins.elderly_care.events import Door, Motion, Water
from civicloop.plugins.elderly_care.limits import CallConfig, SilenceConfig
from civicloop.plugins.elderly_care.signs import Signs

ROOT = Path(__file__).parents[1]
DATA = ROOT.parent / "shared" / "data" / "homes"
ZONE = ZoneInfo("Europe/Amsterdam")
WARM_DAYS = 10
MISSED_HOURS = 36.0
DAY, HOUR = 86400.0, 3600.0
SENSITIVITIES = (2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0, 5.5, 6.0, 7.0, 8.0, 8.5, 9.0, 10.0, 12.0)
LIMITS = (4, 5, 6, 7, 8, 10, 12, 14)
TYPES = {event.type: event for event in (Door, Motion, Water)}

GOALS = {
    "false P1 per 30 home-days": 1.0,
    "away calls per 30 home-days": 4.0,
    "median delay, cuts 07-18 h": 6.0,
    "median delay, all cuts": 10.0,
    "95th percentile": 14.0,
    "missed": 0.0,
}


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


class Heard(NamedTuple):
    """After a sign: until when silence is no alarm (``p1``) and no reason to call (``p2``); infinite: for ever."""

    at: float
    p1: float
    p2: float


class Run(NamedTuple):
    """What a rule made of a home: the state after each sign, and when it raised what."""

    heard: list[Heard]
    p1: list[float]
    p2: list[float]


Rule = Callable[[Sequence[Sign]], Run]


class Score(NamedTuple):
    """How a rule did: counts with the days they span, and delays in hours."""

    days: float
    p1: int
    p1_at_home: int
    p2: int
    delays: tuple[float, ...]
    by_day: tuple[float, ...]
    rule: str = ""

    @property
    def p1_rate(self) -> float:
        """False P1 alarms per 30 home-days."""
        return self.p1 * 30 / self.days

    @property
    def p2_rate(self) -> float:
        """Calls per 30 home-days."""
        return self.p2 * 30 / self.days

    @property
    def missed(self) -> int:
        """Cuts without an alarm or a call within 36 hours."""
        return sum(delay > MISSED_HOURS for delay in self.delays)

    def figures(self) -> dict[str, float]:
        """The figures that have goals."""
        values = (self.p1_rate, self.p2_rate, median(self.by_day), median(self.delays), percentile(self.delays, 95))
        return dict(zip(GOALS, (*values, float(self.missed)), strict=True))

    def as_json(self) -> dict[str, Any]:
        """Everything but the single delays."""
        counts = {"days": round(self.days, 2), "p1": self.p1, "p1_at_home": self.p1_at_home, "p2": self.p2}
        delays = {"max": max(self.delays), **self.figures()}
        return {"rule": self.rule, **counts, **{key: finite(value) for key, value in delays.items()}}


def median(values: Sequence[float]) -> float:
    """The median; infinite where there are no values, as where most are."""
    return statistics.median(values) if values else math.inf


def percentile(values: Sequence[float], percent: int) -> float:
    """The smallest value that so many percent do not exceed."""
    ordered = sorted(values)
    return ordered[max(math.ceil(len(ordered) * percent / 100) - 1, 0)]


def finite(value: float) -> float | None:
    """As JSON has it: ``null`` for never."""
    return round(value, 2) if math.isfinite(value) else None


# the homes ---------------------------------------------------------------------------------------------------


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


# the rules ---------------------------------------------------------------------------------------------------


def learned(silence: SilenceConfig | None = None, call: CallConfig | None = None) -> Rule:
    """The detector as the scenarios run it: ``no_sign_of_life`` and ``away_call``, a memory each."""
    indoors, outside = silence or SilenceConfig(), call or CallConfig()

    def run(signs: Sequence[Sign]) -> Run:
        watched = Signs()
        alarms: tuple[list[float], list[float]] = ([], [])
        alarm_at: list[datetime | None] = [None, None]
        heard: list[Heard] = []

        def due(which: int) -> float:
            watched.alarm_at = alarm_at[which]
            by = watched.call_due(outside, ZONE) if which else watched.due(indoors, ZONE)
            return by.timestamp() if by else math.inf

        for sign in signs:
            if heard:
                for which, first in enumerate(heard[-1][1:]):
                    by = first
                    while by < sign.at:
                        alarms[which].append(by)
                        alarm_at[which] = datetime.fromtimestamp(by, UTC)
                        by = due(which)
            at = datetime.fromtimestamp(sign.at, UTC)
            data = {"open": True} if sign.type == Door.type else {}
            envelope = Envelope("1", "//home", sign.type, sign.device, at, data, None, "", None, b"")
            watched.take(TYPES[sign.type].read(envelope, at), indoors, ZONE)
            heard.append(Heard(sign.at, due(0), due(1)))
        return Run(heard, *alarms)

    return run


def fixed(limit: float, door: bool = False, waking: tuple[int, int] | None = None) -> Rule:
    """A rule of the data's README: silence for so many hours, never after the door, waking hours only."""
    hours = {"waking_from_hour": waking[0], "waking_until_hour": waking[1]} if waking else {}
    config = SilenceConfig(**hours)

    def run(signs: Sequence[Sign]) -> Run:
        heard: list[Heard] = []
        alarms: list[float] = []
        for sign in signs:
            if heard and heard[-1].p1 < sign.at:
                alarms.append(heard[-1].p1)
            by = config.waking(datetime.fromtimestamp(sign.at, UTC), timedelta(hours=limit), ZONE).timestamp()
            heard.append(Heard(sign.at, math.inf if door and sign.type == Door.type else by, math.inf))
        return Run(heard, alarms, [])

    return run


BASELINES: dict[str, Callable[[float], Rule]] = {
    "silence longer than T": fixed,
    "+ door, then silence is away": lambda limit: fixed(limit, door=True),
    "+ only 07-22 h counts": lambda limit: fixed(limit, door=True, waking=(7, 22)),
}


# scoring -----------------------------------------------------------------------------------------------------


def score(home: Home, rule: Rule, count: int, seed: int, warm_days: float = WARM_DAYS, name: str = "") -> Score:
    """What a rule does in one home."""
    begins, ends = span = home.scored(warm_days)
    run = rule(home.signs)
    false = [at for at in run.p1 if begins <= at < ends]
    called = [at for at in run.p2 if begins <= at < ends]
    times = [heard.at for heard in run.heard]
    delays, by_day = [], []
    for at in cuts(home, span, count, seed):
        heard = run.heard[bisect_right(times, at) - 1]
        delay = max(min(heard.p1, heard.p2) - at, 0.0) / HOUR
        delays.append(delay)
        if 7 <= datetime.fromtimestamp(at, ZONE).hour < 18:
            by_day.append(delay)
    at_home = sum(not home.is_away(at) for at in false)
    return Score((ends - begins) / DAY, len(false), at_home, len(called), tuple(delays), tuple(by_day), name)


def pool(scores: Iterable[Score], name: str = "") -> Score:
    """Several homes as one."""
    days, p1, at_home, p2, delays, by_day, _ = zip(*scores, strict=True)
    return Score(sum(days), sum(p1), sum(at_home), sum(p2), sum(delays, ()), sum(by_day, ()), name)


def curve(homes: Sequence[Home], count: int, seed: int, floor: int) -> list[Score]:
    """Ours at every sensitivity, pooled."""
    rules = {
        missed: learned(SilenceConfig(missed_half_hours=missed, quiet_hours_min=floor)) for missed in SENSITIVITIES
    }
    return [pool((score(home, rule, count, seed) for home in homes), f"{missed:g}") for missed, rule in rules.items()]


# changed homes -----------------------------------------------------------------------------------------------


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
    gone = chance.choice(sorted({sign.device for sign in home.signs if sign.type != Door.type}))
    return home._replace(signs=[sign for sign in home.signs if sign.device != gone])


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


CHANGES: dict[str, tuple[Callable[[Home, random.Random], Home], float]] = {
    "30 % of the signs lost": (thinned(0.3), WARM_DAYS),
    "60 % of the signs lost": (thinned(0.6), WARM_DAYS),
    "one sensor not installed": (without_a_sensor, WARM_DAYS),
    "10 % of the passages not told": (missing_doors, WARM_DAYS),
    "one false sign a day": (blips, WARM_DAYS),
    "lives 6 h later": (shifted(6), WARM_DAYS),
    "lives 12 h later": (shifted(12), WARM_DAYS),
    "5 days of warm-up": (lambda home, _: home, 5),
}


def changed(homes: Sequence[Home], count: int, seeds: Sequence[int]) -> list[Score]:
    """Ours, with its defaults, on homes that were changed; several draws of each change pooled."""
    scores = []
    for name, (change, warm) in CHANGES.items():
        rule = learned(SilenceConfig(learn_days=int(warm)))
        found = [
            score(change(home, random.Random(f"{name}/{home.name}/{seed}")), rule, count, seed, warm)
            for seed in seeds
            for home in homes
        ]
        scores.append(pool(found, name))
    return scores


def held_out(homes: Sequence[Home], count: int, seed: int) -> list[Score]:
    """The sensitivity chosen on the other homes, the soonest within the goals for false alarms, tried on this one."""
    scores = {
        missed: [score(home, learned(SilenceConfig(missed_half_hours=missed)), count, seed) for home in homes]
        for missed in SENSITIVITIES
    }
    found = []
    for index, home in enumerate(homes):
        others = {missed: pool(one for at, one in enumerate(row) if at != index) for missed, row in scores.items()}
        fit = [missed for missed, one in others.items() if one.p1_rate <= GOALS["false P1 per 30 home-days"]]
        chosen = min(fit or [min(others, key=lambda missed: (others[missed].p1, missed))])
        found.append(scores[chosen][index]._replace(rule=f"{home.name}, with {chosen:g} from the others"))
    return found


# what is shown -----------------------------------------------------------------------------------------------


def table(title: str, scores: Sequence[Score]) -> Table:
    """Rows of scores."""
    shown = Table(title=title)
    for name in ("", "days", "false P1", "at home", "calls", "median 07-18", "median", "95 %", "max", "> 36 h"):
        shown.add_column(name, justify="right" if name else "left")
    for one in scores:
        cells = [f"{one.days:.1f}", str(one.p1), str(one.p1_at_home), str(one.p2)]
        delays = [median(one.by_day), median(one.delays), percentile(one.delays, 95), max(one.delays)]
        cells += [f"{delay:.1f}" if math.isfinite(delay) else "never" for delay in delays]
        shown.add_row(one.rule, *cells, f"{one.missed} of {len(one.delays)}")
    return shown


def readme_table(homes: Sequence[Home]) -> Table:
    """The baselines as the data's README has them: all days of each home, alarms per 30 days."""
    shown = Table(title="Baselines, false alarms per 30 days over all days of homes A, B, C")
    for name in ("rule", "4 h", "6 h", "8 h", "12 h"):
        shown.add_column(name)
    for name, make in BASELINES.items():
        cells = []
        for limit in (4, 6, 8, 12):
            spans = [(len(make(limit)(home.signs).p1), (home.signs[-1].at - home.signs[0].at) / DAY) for home in homes]
            cells.append(", ".join(f"{count * 30 / span:.1f}" for count, span in spans))
        shown.add_row(name, *cells)
    return shown


COLOURS = ("#9e9e9e", "#e69f00", "#56b4e9", "#a00000", "#d98080")


def draw(lines: dict[str, list[Score]], chosen: Score) -> str:
    """The trade-off in one picture, as SVG: false P1 alarms per 30 home-days against three delays."""
    panels: list[tuple[str, Callable[[Score], float], float]] = [
        ("median delay, cuts 07-18 h (h)", lambda one: median(one.by_day), 14),
        ("median delay, all cuts (h)", lambda one: median(one.delays), 18),
        ("95th percentile of the delay (h)", lambda one: percentile(one.delays, 95), 26),
    ]
    width, height, top, ceiling = 300, 270, 70, 70.0
    size = f'width="{len(panels) * (width + 50) + 30}" height="{height + 150}"'
    title = "false P1 alarms per 30 home-days against the delay of the first alarm or call (lower left is better)"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="12">',
        '<rect width="100%" height="100%" fill="white"/>',
        f'<text x="20" y="24" font-size="15">No sign of life: {title}</text>',
    ]

    def upward(rate: float) -> float:
        # Square roots, so that both one alarm and sixty can be seen.
        return top + height * (1 - math.sqrt(min(rate, ceiling) / ceiling))

    for index, (title, delay_of, most) in enumerate(panels):
        left = 50 + index * (width + 50)

        def across(delay: float, left: int = left, most: float = most) -> float:
            return left + width * (min(delay, most) / most)

        parts.append(f'<rect x="{left}" y="{top}" width="{width}" height="{height}" fill="none" stroke="#444"/>')
        for rate in (0, 1, 4, 10, 20, 40, 60):
            parts.append(
                f'<line x1="{left}" x2="{left + width}" y1="{upward(rate):.1f}" y2="{upward(rate):.1f}" stroke="#ddd"/>'
            )
            parts.append(f'<text x="{left - 6}" y="{upward(rate) + 4:.1f}" text-anchor="end">{rate}</text>')
        for delay in range(0, int(most) + 1, 2):
            label = "more" if delay == most else delay
            parts.append(f'<text x="{across(delay):.1f}" y="{top + height + 16}" text-anchor="middle">{label}</text>')
        parts.append(f'<text x="{left + width / 2}" y="{top + height + 36}" text-anchor="middle">{title}</text>')
        for (_, scores), colour in zip(lines.items(), COLOURS, strict=True):
            points = [(across(delay_of(one)), upward(one.p1_rate)) for one in scores]
            dash = ' stroke-dasharray="5 4"' if colour == COLOURS[-1] else ""
            path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
            parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"{dash}/>')
            parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in points]
        x, y = across(delay_of(chosen)), upward(chosen.p1_rate)
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="7" fill="none" stroke="{COLOURS[3]}" stroke-width="2"/>')
    for index, (name, colour) in enumerate(zip(lines, COLOURS, strict=True)):
        x, y = 50 + index % 3 * 350, top + height + 58 + index // 3 * 18
        parts.append(f'<rect x="{x}" y="{y - 9}" width="14" height="9" fill="{colour}"/>')
        parts.append(f'<text x="{x + 20}" y="{y}">{name}</text>')
    parts.append("</svg>\n")
    return "\n".join(parts)


def arguments() -> argparse.Namespace:
    """What is asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, default=DATA, help="folder with events.csv, sensors.csv, activities.csv")
    parser.add_argument("--cuts", type=int, default=200, help="random at-home moments per home")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help="no curve: our defaults only")
    parser.add_argument("--robust", action="store_true", help="changed homes and leave-one-home-out as well")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    parser.add_argument("--picture", type=Path, help="where to write the trade-off curve, as SVG")
    return parser.parse_args()


def compare(homes: Sequence[Home], count: int, seed: int, console: Console) -> dict[str, list[Score]]:
    """The curves of the baselines and of ours, pooled, shown and returned."""
    lines: dict[str, list[Score]] = {}
    for name, make in BASELINES.items():
        rules = {limit: make(limit) for limit in LIMITS}
        lines[name] = [
            pool((score(home, rule, count, seed) for home in homes), f"{name}, {limit} h")
            for limit, rule in rules.items()
        ]
    console.print(readme_table(homes))
    console.print(table("Baselines, scored as ours", [one for scores in lines.values() for one in scores]))
    floors = {"ours": SilenceConfig().quiet_hours_min, "ours with quiet_hours_min = 2": 2}
    for name, floor in floors.items():
        lines[name] = curve(homes, count, seed, floor)
        console.print(table(f"{name}, by missed_half_hours", lines[name]))
    return lines


def main() -> int:
    """Measure and show; 1 when a goal is missed."""
    given = arguments()
    if not (given.data / "events.csv").exists():
        sys.stderr.write(f"no recorded homes in {given.data}; --data says where they are\n")
        return 2
    homes = read_homes(given.data)
    console = Console(width=140)
    per_home = [score(home, learned(), given.cuts, given.seed, name=home.name) for home in homes]
    pooled = pool(per_home, "pooled")
    console.print(table("Ours, with its defaults", [*per_home, pooled]))
    lines = {} if given.quick else compare(homes, given.cuts, given.seed, console)
    more: dict[str, list[Score]] = {}
    if given.robust:
        more = {"changed": changed(homes, given.cuts, range(3)), "held_out": held_out(homes, given.cuts, given.seed)}
        console.print(table("Ours on changed homes, three draws each", more["changed"]))
        console.print(table("Sensitivity chosen on the other homes", more["held_out"]))
    figures = pooled.figures()
    for name, goal in GOALS.items():
        console.print(f"{name}: {figures[name]:.2f}, goal {goal:g}: {'met' if figures[name] <= goal else 'MISSED'}")
    if given.picture and lines:
        given.picture.write_text(draw(lines, pooled), encoding="utf-8")
    if given.json:
        kept = {"pooled": pooled.as_json(), "homes": [one.as_json() for one in per_home], "goals": GOALS}
        kept |= {"curves": {name: [one.as_json() for one in scores] for name, scores in lines.items()}}
        kept |= {name: [one.as_json() for one in scores] for name, scores in more.items()}
        given.json.write_text(json.dumps(kept, indent=2), encoding="utf-8")
    return 0 if all(figures[name] <= goal for name, goal in GOALS.items()) else 1


if __name__ == "__main__":
    sys.exit(main())
