"""Who is on duty at an instant: shifts that are written down, rotations that take turns, and who stands in for whom."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

EVERYBODY: Final = "*"
"""``Shift.instead_of`` of people who are on duty alone, whoever else would be."""

_DAY: Final = timedelta(days=1)


class Shift(NamedTuple):
    """People on duty from ``begins`` until ``ends``; with ``instead_of`` only where that person would be."""

    begins: datetime
    ends: datetime
    people: tuple[str, ...]
    instead_of: str = ""


class Rotation(NamedTuple):
    """People who take turns of ``every`` days, the first of ``turns`` from the day ``first`` on, until after ``last``.

    Each day of ``weekdays`` (Monday = 0) has the same ``hours`` of local time; those that close no later than they
    open run into the next day and belong to the day they began on, so ``(08:00, 08:00)`` hands over daily at eight.
    """

    turns: tuple[tuple[str, ...], ...]
    first: date
    last: date | None = None
    every: int = 1
    weekdays: frozenset[int] = frozenset(range(7))
    hours: tuple[tuple[time, time], ...] = ((time(), time()),)

    def shifts(self, day: date) -> Iterator[Shift]:
        """The shifts that begin on ``day``, in local time without its zone."""
        if day < self.first or (self.last is not None and day > self.last) or day.weekday() not in self.weekdays:
            return
        people = self.turns[(day - self.first).days // self.every % len(self.turns)]
        for opens, closes in self.hours:
            until = day if closes > opens else day + _DAY
            yield Shift(datetime.combine(day, opens), datetime.combine(until, closes), people)


class Watch(NamedTuple):
    """Who is on duty from ``begins`` until ``ends``, times between which nothing changes."""

    begins: datetime
    ends: datetime
    people: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Roster:
    """The shifts and rotations of one role at one place; rotations run on the clock of ``zone``."""

    zone: ZoneInfo
    shifts: tuple[Shift, ...] = ()
    rotations: tuple[Rotation, ...] = ()

    @property
    def people(self) -> frozenset[str]:
        """Everybody who is ever on duty."""
        turns = (people for rotation in self.rotations for people in rotation.turns)
        return frozenset().union(*(shift.people for shift in self.shifts), *turns)

    def watch(self, now: datetime) -> Watch:
        """Who is on duty at ``now`` (aware), and for how long at least that stays true; nobody is a gap.

        Only the shifts that touch the day of ``now`` in UTC are looked at, however long the rotations have run.
        """
        midnight = datetime.combine(now.astimezone(UTC).date(), time(), UTC)
        near = list(self._turns(midnight.date()))
        near += (shift for shift in self.shifts if shift.begins < midnight + _DAY and shift.ends > midnight)
        edges = {midnight, midnight + _DAY, *(edge for shift in near for edge in shift[:2])}
        return Watch(
            max(edge for edge in edges if edge <= now),
            min(edge for edge in edges if edge > now),
            _on_duty([shift for shift in near if shift.begins <= now < shift.ends]),
        )

    def watches(self, now: datetime) -> Iterator[Watch]:
        """The watch at ``now`` and those that follow it, without end."""
        while True:
            watch = self.watch(now)
            yield watch
            now = watch.ends

    def _turns(self, day: date) -> Iterator[Shift]:
        """The rotations' shifts that may touch ``day`` in UTC: no zone is farther off than a day, no shift longer."""
        for rotation in self.rotations:
            for offset in (-2, -1, 0, 1):
                for shift in rotation.shifts(day + offset * _DAY):
                    yield shift._replace(begins=self._instant(shift.begins), ends=self._instant(shift.ends))

    def _instant(self, local: datetime) -> datetime:
        """A local time in UTC. One that the clock shows twice is the first; one that it skips comes after the skip."""
        return local.replace(tzinfo=self.zone).astimezone(UTC)


def _on_duty(shifts: Sequence[Shift]) -> tuple[str, ...]:
    """The people of shifts that run at the same time, once those who stand in have taken their places."""
    alone = _people(shift for shift in shifts if shift.instead_of == EVERYBODY)
    people = alone or _people(shift for shift in shifts if not shift.instead_of)
    for shift in shifts:
        if shift.instead_of in people:
            at = people.index(shift.instead_of)
            people[at : at + 1] = shift.people
    return tuple(dict.fromkeys(people))


def _people(shifts: Iterable[Shift]) -> list[str]:
    return [person for shift in shifts for person in shift.people]
