"""``parties.csv`` and ``roster.csv``: who answers for what, and who is on duty when."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from ..model.place import Party, Shift
from ..model.privacy import Personal, mask_contact, mask_name
from ..model.street import OPS
from .complaint import Complaints, nearest
from .places import like
from .rows import PARTIES, ROSTER, read_rows, split_cell

Seat = tuple[str, str]
"""A role at a place, as ``(place, role)``."""

_ROLE: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")
_TIME: Final = re.compile(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})[ T](\d{1,2}):(\d\d)(?::(\d\d))?", re.ASCII)
_YEARS: Final = range(2000, 2101)
SPEAKABLE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,39}")


class PeopleReader:
    """Reads parties and roster against the places and channels that are known.

    ``places`` are the known codes and ``channels`` the known names; ``None`` where a broken file leaves them unknown.
    """

    def __init__(
        self, places: Mapping[str, int] | None, channels: Collection[str] | None, complaints: Complaints
    ) -> None:
        self._places = places
        self._channels = channels
        self._complaints = complaints
        self.parties: dict[Seat, Party] = {}
        self.lines: dict[Seat, int] = {}

    def read_parties(self, content: bytes | None) -> None:
        """Fill ``parties``; contacts are kept as ``Personal``, which no ``repr`` shows."""
        for line, (place, role, organisation, contacts, channels) in read_rows(PARTIES, content, self._complaints):
            seat = (place, role)
            if seat in self.lines:
                what = f"{role} at {place!r} was there before, on line {self.lines[seat]}"
                self._complain(line, what, "keep one of the rows; several contacts are parted by ';'")
                continue
            good = self._is_role(PARTIES.file, line, role) and self._is_place(PARTIES.file, line, place)
            if good:
                self.lines[seat] = line
            names = split_cell(channels)
            if self._are_channels(line, names) and good:
                people = tuple(map(Personal, split_cell(contacts)))
                self.parties[seat] = Party(place, role, organisation, people, tuple(names))

    def _complain(self, line: int, what: str, remedy: str, file: str = PARTIES.file) -> None:
        self._complaints.add(file, line, what, remedy)

    def _is_role(self, file: str, line: int, role: str) -> bool:
        good = _ROLE.fullmatch(role) is not None
        if not good:
            self._complain(line, "role is not a role's name", "write one like property_company, in small letters", file)
        return good

    def _is_place(self, file: str, line: int, place: str) -> bool:
        good = self._places is None or place in self._places
        if not good:
            remedy = like(place, self._places or (), "add it to places.csv")
            self._complain(line, f"unknown place {place!r}", remedy, file)
        return good

    def _are_channels(self, line: int, names: list[str]) -> bool:
        good = len(set(names)) == len(names)
        if not good:
            self._complain(line, "channels names one of them twice", "keep it once")
        for name in names:
            if self._channels is not None and name not in self._channels:
                good = False
                # A forgotten comma puts a phone number where a channel should be.
                shown = name if SPEAKABLE.fullmatch(name) else mask_contact(name)
                remedy = nearest(
                    name, self._channels, f"add [channels.NAME] to civicloop.toml; {_known(self._channels)}"
                )
                self._complain(line, f"channel {shown!r} is not defined", remedy)
        return good

    def check_ops(self, street: str, around: Collection[str]) -> None:
        """Complain unless somebody runs the street: ``around`` are the places at which that may be said."""
        if not self._complaints.has_given_up(PARTIES.file) and not any((place, OPS) in self.lines for place in around):
            remedy = f"add a row such as {street},{OPS},ORGANISATION,,console"
            self._complain(1, f"nobody holds {OPS} for the street {street!r}", remedy)

    def read_roster(self, content: bytes | None, zone: ZoneInfo) -> dict[Seat, tuple[Shift, ...]]:
        """The shifts of each seat by their beginning; times are read in ``zone`` and kept in UTC."""
        shifts: dict[Seat, list[tuple[int, Shift]]] = {}
        for line, (role, place, begins, ends, person) in read_rows(ROSTER, content, self._complaints):
            span = self._span(line, begins, ends, zone)
            if self._is_seat(line, place, role) and span is not None:
                shift = Shift(role, place, *span, Personal(person))
                shifts.setdefault((place, role), []).append((line, shift))
        return {seat: self._in_order(rows) for seat, rows in shifts.items()}

    def _is_seat(self, line: int, place: str, role: str) -> bool:
        if not self._is_role(ROSTER.file, line, role) or not self._is_place(ROSTER.file, line, place):
            return False
        if (place, role) in self.lines or self._complaints.has_given_up(PARTIES.file):
            return True
        there = sorted(other for at, other in self.lines if at == place)
        remedy = nearest(role, there, f"add the row to parties.csv; held there: {', '.join(there) or 'nothing'}")
        self._complain(line, f"no party holds {role} at {place!r}", remedy, ROSTER.file)
        return False

    def _span(self, line: int, begins: str, ends: str, zone: ZoneInfo) -> tuple[datetime, datetime] | None:
        first, last = (self._instant(line, name, text, zone) for name, text in (("from", begins), ("to", ends)))
        if first is None or last is None:
            return None
        if first >= last:
            self._complain(
                line, "the shift does not end after it begins", "from is the earlier time, to the later", ROSTER.file
            )
            return None
        return first, last

    def _instant(self, line: int, name: str, text: str, zone: ZoneInfo) -> datetime | None:
        found = _TIME.fullmatch(text)
        try:
            numbers = [int(part or 0) for part in found.groups()] if found else []
            at = datetime(*numbers[:6], tzinfo=zone) if numbers and numbers[0] in _YEARS else None  # type: ignore[arg-type,misc]  # six integers
        except ValueError:
            at = None
        if at is None:
            what = f"{name} is not a local time of the years {_YEARS[0]} to {_YEARS[-1]}"
            self._complain(line, what, "write 2026-01-31 08:00; midnight is 00:00 of the next day", ROSTER.file)
        return at and at.astimezone(UTC)

    def _in_order(self, rows: list[tuple[int, Shift]]) -> tuple[Shift, ...]:
        rows.sort(key=lambda row: (row[1].begins, row[0]))
        latest: dict[str, tuple[int, Shift]] = {}
        for line, shift in rows:
            before = latest.get(shift.person)
            if before is not None and shift.begins < before[1].ends:
                first, second = sorted((before[0], line))
                what = f"{mask_name(shift.person)} is on duty here already, by the shift of line {first}"
                self._complain(second, what, "keep one of the rows, or let the second begin later", ROSTER.file)
            if before is None or shift.ends > before[1].ends:
                latest[shift.person] = (line, shift)
        return tuple(shift for _, shift in rows)


def _known(channels: Collection[str]) -> str:
    return f"known are {', '.join(sorted(channels))}" if channels else "none is defined yet"


def contacts_of(parties: Mapping[Seat, Party]) -> dict[Seat, tuple[str, ...]]:
    """The contacts of each party that has some."""
    return {seat: party.contacts for seat, party in parties.items() if party.contacts}
