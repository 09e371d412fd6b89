"""``roster.csv`` and ``rotations.csv``: who is on duty when, in turn or by the row, and who stands in for whom."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate, combinations, islice, pairwise
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from ..model.place import Seat
from ..model.privacy import Personal, mask_name
from ..model.roster import EVERYBODY, Roster, Rotation, Shift
from .cells import YEARS, CellError, read_day, read_every, read_hours, read_turns, read_weekdays
from .complaint import Complaints
from .people import PeopleReader
from .rows import ROSTER, ROTATIONS, read_rows

ROTATIONS_MAX: Final = 24
"""The most rotations of one seat, each of which is compared with each other."""

_WATCHES_MAX: Final = 1000
"""How many watches of a rotation are searched for the person whom somebody stands in for."""

_TIME: Final = re.compile(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})[ T](\d{1,2}):(\d\d)(?::(\d\d))?", re.ASCII)


class _Row(NamedTuple):
    line: int
    shift: Shift


class RosterReader:
    """Reads both files for the seats that ``people`` has read; local times are those of ``zone``."""

    def __init__(self, people: PeopleReader, zone: ZoneInfo, complaints: Complaints) -> None:
        self._people = people
        self._zone = zone
        self._complaints = complaints

    def read(self, roster: bytes | None, rotations: bytes | None) -> dict[Seat, Roster]:
        """The roster of each seat that has one, its shifts by their beginning and in UTC."""
        shifts, turns = self._read_shifts(roster), self._read_rotations(rotations)
        found = {}
        for seat in {**shifts, **turns}:
            rows, own = shifts.get(seat, []), turns.get(seat, {})
            self._check_rotations(own)
            self._check_people(rows)
            self._check_stand_ins(rows, Roster(self._zone, (), tuple(own.values())))
            found[seat] = Roster(self._zone, tuple(row.shift for row in rows), tuple(own.values()))
        return found

    # roster.csv ----------------------------------------------------------------------------------------------

    def _read_shifts(self, content: bytes | None) -> dict[Seat, list[_Row]]:
        found: dict[Seat, list[_Row]] = {}
        for line, (role, place, begins, ends, person, instead) in read_rows(ROSTER, content, self._complaints):
            span = self._span(line, begins, ends)
            if self._people.is_seat(ROSTER, line, place, role) and span is not None:
                shift = Shift(*span, (Personal(person),), Personal(instead))
                found.setdefault((place, role), []).append(_Row(line, shift))
        for rows in found.values():
            rows.sort(key=lambda row: (row.shift.begins, row.line))
        return found

    def _complain(self, line: int, what: str, remedy: str, file: str = ROSTER.file) -> None:
        self._complaints.add(file, line, what, remedy)

    def _span(self, line: int, begins: str, ends: str) -> tuple[datetime, datetime] | None:
        first, last = (self._instant(line, name, text) for name, text in (("from", begins), ("to", ends)))
        if first is None or last is None:
            return None
        if first >= last:
            what = "the shift does not end after it begins"
            self._complain(line, what, "from is the earlier time, to the later")
            return None
        return first, last

    def _instant(self, line: int, name: str, text: str) -> datetime | None:
        found = _TIME.fullmatch(text)
        try:
            numbers = [int(part or 0) for part in found.groups()] if found else []
            at = datetime(*numbers[:6], tzinfo=self._zone) if numbers and numbers[0] in YEARS else None  # type: ignore[arg-type,misc]  # six integers
        except ValueError:
            at = None
        if at is None:
            what = f"{name} is not a local time of the years {YEARS[0]} to {YEARS[-1]}"
            self._complain(line, what, "write 2026-01-31 08:00; midnight is 00:00 of the next day")
        return at and at.astimezone(UTC)

    def _check_people(self, rows: Iterable[_Row]) -> None:
        """Nobody is on duty twice at once, and nobody's place is taken twice at once."""
        latest: dict[tuple[bool, str], _Row] = {}
        for row in rows:
            (begins, ends, (person,), instead) = row.shift
            replaced = instead not in ("", EVERYBODY)
            name = instead if replaced else person
            before = latest.get((replaced, name))
            if before is not None and begins < before.shift.ends:
                first, second = sorted((before.line, row.line))
                what = "is replaced" if replaced else "is on duty"
                what = f"{mask_name(name)} {what} here already, by the shift of line {first}"
                self._complain(second, what, "keep one of the rows, or let the second begin later")
            if before is None or ends > before.shift.ends:
                latest[replaced, name] = row

    def _check_stand_ins(self, rows: Iterable[_Row], rotations: Roster) -> None:
        """Each row with ``instead_of`` stands in for somebody who would be on duty in its time."""
        known = _Times(rows)
        for line, shift in rows:
            instead = shift.instead_of
            if instead and not known.touch(shift) and not _turns_touch(rotations, shift):
                who = "nobody" if instead == EVERYBODY else f"{mask_name(instead)} is not"
                remedy = "correct the name or the times, or leave instead_of empty for somebody who comes in addition"
                self._complain(line, f"instead_of: {who} on duty here in this time", remedy)

    # rotations.csv -------------------------------------------------------------------------------------------

    def _read_rotations(self, content: bytes | None) -> dict[Seat, dict[int, Rotation]]:
        found: dict[Seat, dict[int, Rotation]] = {}
        for line, (role, place, *cells) in read_rows(ROTATIONS, content, self._complaints):
            try:
                rotation = _rotation(*cells)
            except CellError as error:
                self._complain(line, error.what, error.remedy, ROTATIONS.file)
                continue
            if self._people.is_seat(ROTATIONS, line, place, role):
                found.setdefault((place, role), {})[line] = rotation
        return found

    def _check_rotations(self, rotations: Mapping[int, Rotation]) -> None:
        """No two rotations of a seat run at the same time: each would say that its people are the ones on duty."""
        if len(rotations) > ROTATIONS_MAX:
            what = f"the seat has more than {ROTATIONS_MAX} rotations"
            self._complain(max(rotations), what, "drop those that are over", ROTATIONS.file)
            return
        for (line, one), (later, other) in combinations(rotations.items(), 2):
            if _overlap(one, other):
                what = f"it runs at the same time as the rotation of line {line} at this place"
                remedy = "give them other days or hours, or join people who share a turn with '+'"
                self._complain(later, what, remedy, ROTATIONS.file)


class _Times:
    """When each person of some rows is on duty, in order of beginning, each with the latest end up to there."""

    def __init__(self, rows: Iterable[_Row]) -> None:
        shifts: dict[str, list[Shift]] = {}
        for _, shift in rows:
            for name in (*shift.people, *([] if shift.instead_of else [EVERYBODY])):
                shifts.setdefault(name, []).append(shift)
        self._begins = {name: [shift.begins for shift in own] for name, own in shifts.items()}
        self._ends = {name: list(accumulate((shift.ends for shift in own), max)) for name, own in shifts.items()}

    def touch(self, shift: Shift) -> bool:
        """Whether ``shift`` overlaps with a time in which whom it replaces is on duty."""
        at = bisect_left(self._begins.get(shift.instead_of, ()), shift.ends)
        return at > 0 and self._ends[shift.instead_of][at - 1] > shift.begins


def _turns_touch(rotations: Roster, shift: Shift) -> bool:
    """Whether whom ``shift`` replaces has a turn in its time."""
    if not rotations.rotations:
        return False
    for watch in islice(rotations.watches(shift.begins), _WATCHES_MAX):
        if watch.begins >= shift.ends:
            return False
        if shift.instead_of in watch.people or (watch.people and shift.instead_of == EVERYBODY):
            return True
    # So long a span is not searched to its end: that somebody takes turns at all is enough.
    names = {EVERYBODY, *(name for rotation in rotations.rotations for turn in rotation.turns for name in turn)}
    return shift.instead_of in names


def _rotation(people: str, every: str, begins: str, ends: str, days: str, hours: str) -> Rotation:
    """The rotation of a row. Raises ``CellError``."""
    rotation = Rotation(
        read_turns(people),
        read_day("from", begins),
        read_day("to", ends) if ends else None,
        read_every(every),
        read_weekdays(days),
        read_hours(hours),
    )
    week = list(_local(rotation, rotation.first))
    if not week:
        raise CellError("nobody is ever on duty by it", "let to, which is included, be a later day than from")
    if any(later.begins < earlier.ends for earlier, later in pairwise(week)):
        raise CellError("its own hours overlap", "write them one after the other, at most 24 hours in all")
    return rotation


def _local(rotation: Rotation, day: date) -> Iterator[Shift]:
    """The shifts of the nine days around a week that begins on ``day``, in local time."""
    for offset in range(-1, 8):
        yield from rotation.shifts(day + timedelta(days=offset))


def _overlap(one: Rotation, other: Rotation) -> bool:
    """Whether both have somebody on duty at the same time.

    Shifts recur weekly and last a day at most, so that an overlap shows in the first week of both, or nowhere.
    """
    first = max(one.first, other.first)
    theirs = list(_local(other, first))
    return any(mine.begins < its.ends and its.begins < mine.ends for mine in _local(one, first) for its in theirs)
