"""Signs of life: what is remembered of a household, where its resident probably is, and until when silence may last.

Everything remembered is a set of what happened, or the newest of its kind, so that facts which arrive late or shuffled
end in the same memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Final
from zoneinfo import ZoneInfo

from civicloop import Memory

from .events import Away, Back, Door, Motion, Water
from .limits import CallConfig, SignsConfig, SilenceConfig
from .rhythm import BINS, STUCK_BINS, Fired, Rhythm, forget, half_hour_of, half_hours, is_stuck, learn, mark

Fact = Door | Motion | Water | Away | Back

DOORS_MAX: Final = 64
"""How many movements of the entrance door are remembered, each to the second."""

MOMENTS_DAYS: Final = 7
"""For how long it is remembered in which minutes something moved, and when the door did."""

PASSAGE_SECONDS: Final = 15 * 60
"""The door moves several times when somebody goes through it with bags: within this, one passage; our assumption."""

PASSAGE_MOVED_SECONDS: Final = 2 * 60
"""The same where something moved inside between: whoever came home and leaves again five minutes later."""


SURE_HALF_HOURS: Final = 8
"""Movement in so many half-hours shows that somebody is back although the door did not tell; our assumption."""


class Whereabouts(Enum):
    """Where the resident probably is, by the door and by what moved after it. Only ``INSIDE`` is sure enough to visit.

    Each of the others may also be somebody who lies helpless behind the door, so that somebody telephones.
    """

    INSIDE = "inside"
    OUT = "out"
    RETURNED = "returned"
    """Came home by the door, and nothing has moved inside since: more often a passage that the door did not tell."""
    UNSURE = "unsure"
    """Left by the door, and little has moved since: perhaps the sun, a curtain or a visitor, perhaps the resident."""


class Signs(Memory):
    """What a household was last heard of.

    ``inside`` is the newest sign of life indoors, ``door`` of the entrance door, ``back_at`` of a return that somebody
    reported; ``away_at`` when the newest absence was reported and ``away_until`` its end, if it has one. ``newest`` is
    the newest fact of any kind. ``alarm_at`` is the silence of the last alarm, ``is_alarming`` until a sign ends it.

    ``moves`` and ``doors`` are the half-hours of four weeks in which each sensor fired; of the last week ``opened`` are
    the movements of the door in seconds since 1970, and ``minutes`` those in which something moved: 60 bits by hour.
    """

    inside: datetime | None = None
    door: datetime | None = None
    back_at: datetime | None = None
    away_at: datetime | None = None
    away_until: datetime | None = None
    newest: datetime | None = None
    alarm_at: datetime | None = None
    is_alarming: bool = False
    moves: Fired = {}
    doors: Fired = {}
    opened: list[int] = []
    minutes: dict[int, int] = {}

    # what happens --------------------------------------------------------------------------------------------

    def take(self, fact: Fact, config: SignsConfig, zone: ZoneInfo) -> bool:
        """Remember a fact; whether it speaks against an alarm."""
        at = fact.at.astimezone(UTC)
        self.newest = latest(self.newest, at)
        is_sign = True
        match fact:
            case Back():
                self.back_at = latest(self.back_at, at)
            case Away():
                self._leave(at, fact.until and fact.until.astimezone(UTC))
            case Water() if fact.litres is not None and fact.litres < config.litres_min:
                is_sign = False
            case Door():
                is_sign = self.open(fact.subject, at, zone)
            case _:
                is_sign = self.move(fact.subject, at, zone)
        self._forget(zone)
        return is_sign

    def move(self, device: str, at: datetime, zone: ZoneInfo) -> bool:
        """A sensor indoors fired; ``False`` when it has fired all around the clock and can no longer be believed."""
        day, half_hour = half_hour_of(at, zone)
        mark(self.moves, device, day, half_hour)
        if is_stuck(self.moves[device], day, half_hour):
            return False
        hour, minute = divmod(int(at.timestamp()) // 60, 60)
        self.minutes[hour] = self.minutes.get(hour, 0) | 1 << minute
        self.inside = latest(self.inside, at)
        return True

    def open(self, device: str, at: datetime, zone: ZoneInfo) -> bool:
        """The entrance door moved; ``False`` when its contact has fired all around the clock."""
        day, half_hour = half_hour_of(at, zone)
        mark(self.doors, device, day, half_hour)
        if is_stuck(self.doors[device], day, half_hour):
            return False
        self.opened = sorted({*self.opened, int(at.timestamp())})
        self.door = latest(self.door, at)
        return True

    def is_news(self, at: datetime) -> bool:
        """Whether a fact that was just taken is older neither than any other fact nor than the last alarm."""
        return self.newest == at and (self.alarm_at is None or at >= self.alarm_at)

    def _leave(self, at: datetime, until: datetime | None) -> None:
        if self.away_at is None or at > self.away_at:
            self.away_at, self.away_until = at, until
        elif at == self.away_at:
            self.away_until = latest(self.away_until, until)

    def _forget(self, zone: ZoneInfo) -> None:
        if self.newest is None:
            return
        day, _ = half_hour_of(self.newest, zone)
        forget(self.moves, day)
        forget(self.doors, day)
        oldest = int(self.newest.timestamp()) - MOMENTS_DAYS * 24 * 3600
        self.opened = [second for second in self.opened if second > oldest][-DOORS_MAX:]
        self.minutes = {hour: self.minutes[hour] for hour in sorted(self.minutes) if hour > oldest // 3600}

    # what follows from it ------------------------------------------------------------------------------------

    @property
    def last(self) -> datetime | None:
        """The newest sign of life."""
        return latest(self.inside, self.door, self.back_at)

    def whereabouts(self, config: SignsConfig, zone: ZoneInfo) -> Whereabouts:
        """Where the resident probably is: each passage through the door turns it, what moves indoors settles it."""
        if not self.opened or (self.back_at is not None and self.back_at == self.last):
            return Whereabouts.INSIDE
        # From the newest passage back to one that is sure by itself, and forward again from there.
        shortly = config.settle_minutes * 60
        unsure: list[tuple[int, int | None]] = []
        where, until = Whereabouts.INSIDE, None
        for begins, ends in self._passages():
            first = self._first_moved(ends, until)
            if first is not None and first - ends <= shortly:
                break
            unsure.append((ends, until))
            if self._first_moved(begins - shortly, begins + 60) is not None:
                break
            until = begins
        for ends, until in reversed(unsure):
            where = Whereabouts.RETURNED if where is Whereabouts.OUT else Whereabouts.OUT
            if self._first_moved(ends, until) is None:
                continue
            if where is Whereabouts.RETURNED:
                where = Whereabouts.INSIDE
            else:
                where = self._though_the_door_told_of_leaving(ends, until, zone)
        return where

    def _passages(self) -> Iterator[tuple[int, int]]:
        """When somebody went through the door, newest first: the first and the last second it moved."""
        ends = begins = self.opened[-1]
        for second in reversed(self.opened[:-1]):
            gap = begins - second
            if gap > PASSAGE_SECONDS or (
                gap > PASSAGE_MOVED_SECONDS and self._first_moved(second, begins + 60) is not None
            ):
                yield begins, ends
                ends = second
            begins = second
        yield begins, ends

    def _first_moved(self, after: int, until: int | None) -> int | None:
        """The first minute, in seconds, in which something moved: after that of ``after``, before that of ``until``."""
        if until is None and self.inside and self.door and self.newest:
            until = int(self.newest.timestamp()) + 60
            if after == int(self.door.timestamp()) and self.inside > self.door and self._is_in_minute(after):
                return after
        if until is None:
            return None
        begins, ends = after // 60 + 1, until // 60
        for hour in range(begins // 60, (ends - 1) // 60 + 1):
            if bits := self.minutes.get(hour, 0):
                bits &= -1 << max(begins - hour * 60, 0)
                bits &= (1 << min(ends - hour * 60, 60)) - 1
                if bits:
                    return (hour * 60 + (bits & -bits).bit_length() - 1) * 60
        return None

    def _is_in_minute(self, second: int) -> bool:
        return self.inside is not None and int(self.inside.timestamp()) // 60 == second // 60

    def _though_the_door_told_of_leaving(self, end: int, until: int | None, zone: ZoneInfo) -> Whereabouts:
        """Who is at home moves by two different sensors, one where there is only one, and goes on moving."""
        begins = _count(end, zone) + 1
        ends = None if until is None else _count(until, zone)
        found = [_fired_within(_trusted(days), begins, ends) for days in self.moves.values()]
        if sum(1 for half_hours in found if half_hours) < min(2, len(self.moves)):
            return Whereabouts.OUT
        is_sure = until is not None or len(set().union(*found)) >= SURE_HALF_HOURS
        return Whereabouts.INSIDE if is_sure else Whereabouts.UNSURE

    def away_end(self, config: SignsConfig) -> datetime | None:
        """Until when the registered absence is believed; ``None`` when there is none."""
        if self.away_at is None or (self.back_at is not None and self.back_at >= self.away_at):
            return None
        end = self.away_until or self.away_at + timedelta(days=config.away_days)
        return min(end, self.away_at + timedelta(days=config.away_days_max))

    def start(self, config: SignsConfig) -> datetime | None:
        """From when silence counts; ``None`` while nothing was ever heard. An alarm begins the count anew."""
        return latest(self.last, self.away_end(config), self.alarm_at)

    def rhythm(self, start: datetime, config: SilenceConfig, zone: ZoneInfo) -> Rhythm | None:
        """The household's rhythm by the days before ``start``, once it is known well enough."""
        if not config.rhythm or self.newest is None:
            return None
        day, half_hour = half_hour_of(self.newest, zone)
        stuck = [device for device, days in self.moves.items() if is_stuck(days, day, half_hour)]
        return learn(self.moves, self.doors, half_hour_of(start, zone)[0], config.learn_days, stuck)

    def due(
        self, config: SilenceConfig, zone: ZoneInfo, closed_at: datetime | None = None, back_at: datetime | None = None
    ) -> datetime | None:
        """Until when silence is no alarm.

        ``closed_at``: when people closed the last case about it; ``back_at``: since when the home can be heard again.
        """
        start = latest(self.start(config), back_at)
        if start is None:
            return None
        if self.whereabouts(config, zone) is Whereabouts.INSIDE:
            due = self._due_inside(start, config, zone)
        else:
            due = start + timedelta(hours=config.out_hours)
        return self._not_again(due, config.again_hours, closed_at)

    def _due_inside(self, start: datetime, config: SilenceConfig, zone: ZoneInfo) -> datetime:
        most = config.waking(start, timedelta(hours=config.silence_hours), zone)
        rhythm = self.rhythm(start, config, zone)
        if rhythm is None:
            return most
        least = min(timedelta(hours=config.quiet_hours_min), most - start)
        return rhythm.due(start, zone, config.missed_half_hours, least, most - start)

    def call_due(
        self, config: CallConfig, zone: ZoneInfo, closed_at: datetime | None = None, back_at: datetime | None = None
    ) -> datetime | None:
        """When somebody who may have gone out is telephoned; ``None``: they are at home."""
        start = latest(self.start(config), back_at)
        if start is None or self.whereabouts(config, zone) is Whereabouts.INSIDE:
            return None
        return self._not_again(start + timedelta(hours=config.call_hours), config.again_hours, closed_at)

    def _not_again(self, due: datetime, again_hours: int, closed_at: datetime | None) -> datetime | None:
        """Not sooner than the newest fact either: that a sensor cannot be believed is only known once it fired."""
        again = timedelta(hours=again_hours)
        return latest(due, self.newest, self.alarm_at and self.alarm_at + again, closed_at and closed_at + again)


def _count(second: int, zone: ZoneInfo) -> int:
    day, half_hour = half_hour_of(datetime.fromtimestamp(second, UTC), zone)
    return day * BINS + half_hour


def _trusted(days: dict[int, int]) -> dict[int, int]:
    return {day: bits for day, bits in days.items() if bits.bit_count() < STUCK_BINS}


def _fired_within(days: dict[int, int], begins: int, ends: int | None) -> set[int]:
    """The half-hours from ``begins`` on and before ``ends`` in which a sensor fired, counted over all days."""
    found: set[int] = set()
    for day in range(begins // BINS, max(days, default=0) + 1):
        for one in half_hours(days.get(day, 0)):
            count = day * BINS + one
            if count >= begins and (ends is None or count < ends):
                found.add(count)
    return found


def latest(*moments: datetime | None) -> datetime | None:
    """The latest of the moments there are."""
    return max((moment for moment in moments if moment is not None), default=None)
