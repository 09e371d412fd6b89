"""When a household usually moves: its rhythm, learned from its own days, and how unusual a silence is.

The local day is cut into half-hours. Of every sensor it is remembered in which half-hours of the last 28 days it fired,
one bit each: a sensor that chatters counts no more than one that fired once, and facts may arrive in any order. From
these bits follows for every half-hour how likely somebody who is at home moves in it. Added up over a silence, these
likelihoods are the number of half-hours in which something should have moved and did not; by that number an alarm is
judged. Nights need no rule of their own: their half-hours hardly count.

Hours in which nobody may have been at home teach nothing: the time between two signs indoors is left out wherever the
entrance door moved in it. Everything here is a pure function of what it is given.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

BINS: Final = 48
"""Half-hours of a day."""

WINDOW_DAYS: Final = 28
"""How many days are remembered: four weeks, so that every day of the week counts alike."""

HALF_LIFE_DAYS: Final = 14
"""A day so old counts half: another way of life is known anew within weeks."""

DEVICES_MAX: Final = 16
"""How many sensors are remembered of a household; those not heard of for longest are forgotten first."""

STUCK_BINS: Final = 40
"""A sensor that fired in so many of 48 half-hours tells nothing: nobody moves about for twenty hours of a day."""

GAP_BINS_MAX: Final = BINS
"""A longer silence between two signs is no rhythm, but an absence that the door did not tell."""

DAYTIME: Final = range(14, 46)
"""The half-hours that lean on each other as day, 07:00 to 23:00, while a household's own days say too little."""

PRIOR_DAY: Final = 0.25
PRIOR_NIGHT: Final = 0.04
"""Likelihood to move in a half-hour before anything is known; assumptions that the first days outweigh."""

PRIOR_WEIGHT: Final = 10.0
"""How many half-hours of its own weigh as much as these."""

SHARED_WEIGHT: Final = 4.0
"""How many days of a half-hour weigh as much as the rest of the household's day or night."""

TOLD_DAYS_MIN: Final = 3
"""Of fewer days nothing is told."""

HALF_HOUR: Final = timedelta(minutes=30)

Days = dict[int, int]
"""By number of the local day its half-hours as 48 bits, the lowest from midnight on."""

Fired = dict[str, Days]
"""The days of each sensor."""


class Usual(NamedTuple):
    """How often something moved within an hour of the day: on ``active`` of the ``days`` somebody was at home then."""

    hour: int
    active: int
    days: int


class Rhythm(NamedTuple):
    """A household's usual day: how likely it moves in each half-hour, and by hour the days this was learned from."""

    likely: tuple[float, ...]
    usual: tuple[Usual, ...]

    def due(self, start: datetime, zone: ZoneInfo, missed: float, least: timedelta, most: timedelta) -> datetime:
        """When a silence from ``start`` on will have missed so many half-hours; within ``least`` and ``most``."""
        moment, end, left = start, start + most, missed
        while moment < end:
            following = _next_half_hour(moment)
            expected = self.likely[half_hour_of(moment, zone)[1]] * ((following - moment) / HALF_HOUR)
            if expected >= left:
                moment += (following - moment) * (left / expected)
                break
            moment, left = following, left - expected
        return max(start + least, min(moment, end))

    def tell(self, start: datetime, end: datetime, zone: ZoneInfo) -> Usual | None:
        """The hour of a silence in which it is most unusual, if the household was at home often enough to say so."""
        told: list[Usual] = []
        moment = start
        while moment < end and moment < start + timedelta(days=1):
            hour = self.usual[moment.astimezone(zone).hour]
            if hour.days >= TOLD_DAYS_MIN:
                told.append(hour)
            moment += HALF_HOUR
        return max(told, key=lambda one: (one.active / one.days, one.days, -one.hour), default=None)


# what is remembered ------------------------------------------------------------------------------------------


def half_hour_of(moment: datetime, zone: ZoneInfo) -> tuple[int, int]:
    """The local day of a moment, and which half-hour of it."""
    local = moment.astimezone(zone)
    return local.toordinal(), local.hour * 2 + local.minute // 30


def _next_half_hour(moment: datetime) -> datetime:
    seconds = int(moment.timestamp())
    return datetime.fromtimestamp(seconds - seconds % 1800 + 1800, UTC)


def mark(fired: Fired, device: str, day: int, half_hour: int) -> None:
    """Remember that a sensor fired."""
    days = fired.setdefault(device, {})
    days[day] = days.get(day, 0) | 1 << half_hour


def forget(fired: Fired, newest: int) -> None:
    """Let go of the days before the window that ends with ``newest``, and of sensors beyond the limit."""
    oldest = newest - WINDOW_DAYS + 1
    for device, days in list(fired.items()):
        for day in [day for day in days if day < oldest]:
            del days[day]
        if not days:
            del fired[device]
    for device in sorted(fired, key=lambda device: (max(fired[device]), device))[:-DEVICES_MAX]:
        del fired[device]


def is_stuck(days: Mapping[int, int], day: int, half_hour: int) -> bool:
    """Whether a sensor fired all around the clock in the day that ends with this half-hour, which is left out.

    Left out, because facts that are some minutes late must not change the answer.
    """
    today = days.get(day, 0) & ((1 << half_hour) - 1)
    yesterday = days.get(day - 1, 0) >> half_hour
    return today.bit_count() + yesterday.bit_count() >= STUCK_BINS


# what is learned ---------------------------------------------------------------------------------------------


def learn(moves: Fired, doors: Fired, before: int, days_min: int, without: Collection[str] = ()) -> Rhythm | None:
    """The rhythm by the days before the day ``before``; ``None`` until they reach back for ``days_min`` days.

    Half of these days must have seen something move. ``without``: sensors that cannot be believed at present. Days on
    which a sensor fired all around the clock are not counted for it either.
    """
    together: dict[int, list[int]] = {}
    for kind, fired in enumerate((moves, doors)):
        for device, days in fired.items():
            for day, bits in days.items():
                if day < before and device not in without and bits.bit_count() < STUCK_BINS:
                    together.setdefault(day, [0, 0])[kind] |= bits
    moved = sum(1 for bits, _ in together.values() if bits)
    if not together or min(together) > before - days_min or moved * 2 < days_min:
        return None
    return _learn(tuple((day, *together[day]) for day in sorted(together)), before)


@lru_cache(maxsize=4096)
def _learn(days: tuple[tuple[int, int, int], ...], before: int) -> Rhythm:
    """The rhythm by (day, half-hours in which something moved, half-hours in which the door did)."""
    home = _at_home(days)
    seen, moved = [0.0] * BINS, [0.0] * BINS
    active, known = [0] * 24, [0] * 24
    for day, bits, _ in days:
        weight = 0.5 ** ((before - day) / HALF_LIFE_DAYS)
        at_home = home.get(day, 0)
        for half_hour in range(BINS):
            if at_home >> half_hour & 1:
                seen[half_hour] += weight
                moved[half_hour] += weight * (bits >> half_hour & 1)
        for hour in range(24):
            is_active, is_known = bits >> 2 * hour & 3, at_home >> 2 * hour & 3
            active[hour] += is_active > 0
            known[hour] += is_active > 0 or is_known == 3
    usual = tuple(Usual(hour, active[hour], known[hour]) for hour in range(24))
    return Rhythm(tuple(_likely(seen, moved)), usual)


def _at_home(days: tuple[tuple[int, int, int], ...]) -> dict[int, int]:
    """The half-hours of each day in which somebody was surely at home: with a sign, or between two without a door."""
    home = {day: bits for day, bits, _ in days}
    signs = [day * BINS + one for day, bits, _ in days for one in half_hours(bits)]
    doors = {day * BINS + one for day, _, bits in days for one in half_hours(bits)}
    for sign, following in pairwise(signs):
        silent = range(sign + 1, following)
        if 0 < len(silent) < GAP_BINS_MAX and doors.isdisjoint(range(sign, following + 1)):
            for one in silent:
                day, half_hour = divmod(one, BINS)
                home[day] = home.get(day, 0) | 1 << half_hour
    return home


def half_hours(bits: int) -> Iterator[int]:
    """Which half-hours of a day these bits are, the earliest first."""
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest


def _likely(seen: list[float], moved: list[float]) -> Iterator[float]:
    """Each half-hour with its neighbours, drawn towards the household's whole day or night."""
    pooled = {True: _pool(seen, moved, True, PRIOR_DAY), False: _pool(seen, moved, False, PRIOR_NIGHT)}
    for one in range(BINS):
        around = ((one - 1) % BINS, one, one, (one + 1) % BINS)
        days = sum(seen[other] for other in around) / 2
        active = sum(moved[other] for other in around) / 2
        yield (active + SHARED_WEIGHT * pooled[one in DAYTIME]) / (days + SHARED_WEIGHT)


def _pool(seen: list[float], moved: list[float], is_day: bool, prior: float) -> float:
    bins = [one for one in range(BINS) if (one in DAYTIME) is is_day]
    days = sum(seen[one] for one in bins)
    return (sum(moved[one] for one in bins) + prior * PRIOR_WEIGHT) / (days + PRIOR_WEIGHT)
