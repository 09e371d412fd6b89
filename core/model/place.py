"""Where things are and who answers for them: places, devices, parties, and the directory that finds them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from functools import cached_property
from typing import Final, NamedTuple

from .chain import Severity
from .roster import Roster

OPS: Final = "ops_center"
"""The role that runs the street: it hears of everything that no one else would."""


class Level(StrEnum):
    """The levels of the place tree, largest first (市 区 街镇 片区 居委 小区 楼宇 户)."""

    CITY = "city"
    DISTRICT = "district"
    STREET = "street"
    AREA = "area"
    COMMITTEE = "committee"
    ESTATE = "estate"
    BUILDING = "building"
    UNIT = "unit"


@dataclass(frozen=True, slots=True)
class Place:
    """A place by code; a household is a ``unit``. ``parent`` is the code of the place around it."""

    code: str
    name: str
    level: Level
    parent: str | None = None


@dataclass(frozen=True, slots=True)
class Device:
    """A sensor, camera, bin or meter that the street has registered.

    ``via`` is the gateway it reports through, ``purpose`` why it may record (PIPL article 26 for cameras).
    """

    id: str
    kind: str
    place: str
    purpose: str = ""
    via: str = ""
    vendor: str = ""


class Page(NamedTuple):
    """One way in which somebody is reached: through ``channel``, ``after`` being asked unless answered meanwhile.

    Only cases at least as grave as ``least`` are paged this way. A danger to life goes out on every page at once.
    """

    channel: str
    after: timedelta = timedelta()
    least: Severity = Severity.P3


Quiet = tuple[time, time]
"""A span of local time in which nothing rings for a lesser matter than ``Street.wakes``; it may run past midnight."""


@dataclass(frozen=True, slots=True)
class Party:
    """Who answers: a role at a place, held by an organisation, reached as a whole where nobody is on a roster.

    No ``pages`` means the street's usual channels.
    """

    place: str
    role: str
    organisation: str
    contacts: tuple[str, ...] = ()
    pages: tuple[Page, ...] = ()
    quiet: Quiet | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with ways of their own to be reached; what is left empty is as with their party."""

    name: str
    contacts: tuple[str, ...] = ()
    pages: tuple[Page, ...] = ()
    quiet: Quiet | None = None


class Reach(NamedTuple):
    """How one person, or a party as a whole (empty ``person``), is reached; no ``pages``: on the usual channels."""

    person: str = ""
    pages: tuple[Page, ...] = ()
    quiet: Quiet | None = None


class Holder(NamedTuple):
    """A role resolved at one moment: the organisation that holds it, the people on duty, and how they are reached.

    ``reaches`` has one entry for each person on duty who has ways of their own, and one for the party as a whole where
    anybody else is on duty or there is no roster; empty where only the street's usual channels are known.
    """

    role: str
    place: str
    organisation: str
    people: tuple[str, ...] = ()
    reaches: tuple[Reach, ...] = ()


Seat = tuple[str, str]
"""A role at a place, as ``(place, role)``."""


class _Duty(NamedTuple):
    """What a seat came to at one moment, and the span in which it stays so."""

    begins: datetime
    ends: datetime
    is_vacant: bool
    holder: Holder | None


_FIRST: Final = datetime.min.replace(tzinfo=UTC)
_LAST: Final = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Directory:
    """Places, devices, parties and duty rosters of one street, indexed; ``street`` is the code of its own place.

    ``people`` are those with ways of their own to be reached, by name; ``roster`` has only seats that ``parties`` has.
    """

    street: str
    places: Mapping[str, Place] = field(default_factory=dict)
    devices: Mapping[str, Device] = field(default_factory=dict)
    parties: Mapping[Seat, Party] = field(default_factory=dict)
    roster: Mapping[Seat, Roster] = field(default_factory=dict)
    people: Mapping[str, Person] = field(default_factory=dict)

    @cached_property
    def devices_by_gateway(self) -> Mapping[str, tuple[Device, ...]]:
        """The devices that report through each gateway, in order of their ids."""
        found: dict[str, list[Device]] = {}
        for device in sorted(self.devices.values(), key=lambda device: device.id):
            if device.via:
                found.setdefault(device.via, []).append(device)
        return {via: tuple(devices) for via, devices in found.items()}

    @cached_property
    def roles(self) -> frozenset[str]:
        """The roles that parties have, wherever in the street."""
        return frozenset(role for _, role in self.parties)

    @cached_property
    def devices_by_place(self) -> Mapping[str, tuple[Device, ...]]:
        """The devices registered exactly at each place, in order of their ids."""
        found: dict[str, list[Device]] = {}
        for device in sorted(self.devices.values(), key=lambda device: device.id):
            found.setdefault(device.place, []).append(device)
        return {place: tuple(devices) for place, devices in found.items()}

    def around(self, code: str) -> Iterator[Place]:
        """The place itself, then the places around it, smallest first; nothing for an unknown code."""
        seen = 0
        place = self.places.get(code)
        while place is not None and seen < 32:
            yield place
            seen += 1
            place = self.places.get(place.parent) if place.parent else None

    def enclosing(self, code: str, level: Level) -> Place | None:
        """The place of ``level`` that ``code`` lies in, itself included."""
        return next((place for place in self.around(code) if place.level is level), None)

    def inside(self, code: str, subtree: str) -> bool:
        """Whether ``code`` is ``subtree`` or lies in it."""
        return any(place.code == subtree for place in self.around(code))

    def subtree(self, code: str) -> Iterator[str]:
        """The codes of the place and of everything inside it."""
        yield code
        for child in self._children.get(code, ()):
            yield from self.subtree(child)

    @cached_property
    def _children(self) -> Mapping[str, list[str]]:
        found: dict[str, list[str]] = {}
        for place in self.places.values():
            if place.parent:
                found.setdefault(place.parent, []).append(place.code)
        return found

    def partition(self, code: str) -> str:
        """The committee-level place code, else the street's."""
        found = self._partitions.get(code)
        if found is None:
            committee = self.enclosing(code, Level.COMMITTEE)
            found = committee.code if committee else self.street
            if code in self.places:
                self._partitions[code] = found
        return found

    @cached_property
    def _partitions(self) -> dict[str, str]:
        return {}

    def holder(self, role: str, code: str, now: datetime) -> Holder | None:
        """Who holds ``role`` for ``code`` now: the party at the nearest place around it that has one.

        ``None`` where nobody holds it, and where its seat has a roster and nobody is on duty: an outer place does not
        answer for the gap. Only ``OPS`` is held in a gap too, by the party as a whole.
        """
        seat = self.seat(role, code)
        return self._duty(seat, now).holder if seat else None

    def is_vacant(self, role: str, code: str, now: datetime) -> bool:
        """Whether ``role`` has a seat for ``code`` with nobody on duty now; not where nobody holds the role at all."""
        seat = self.seat(role, code)
        return seat is not None and self._duty(seat, now).is_vacant

    def seat(self, role: str, code: str) -> Seat | None:
        """The seat of ``role`` for ``code``: at the nearest place around it that has one."""
        found = self._seats.get((role, code))
        if found is None:
            found = next((seat for place in self.around(code) if (seat := (place.code, role)) in self.parties), None)
            if found is not None:
                self._seats[role, code] = found
        return found

    def _duty(self, seat: Seat, now: datetime) -> _Duty:
        """What a seat comes to now; kept as long as it stays true, because the same is asked over and over."""
        duty = self._duties.get(seat)
        if duty is None or not duty.begins <= now < duty.ends:
            duty = self._duties[seat] = self._find_duty(seat, now)
        return duty

    def _find_duty(self, seat: Seat, now: datetime) -> _Duty:
        party, roster = self.parties[seat], self.roster.get(seat)
        holder = Holder(party.role, party.place, party.organisation, (), self._reaches(party, ()))
        if roster is None:
            return _Duty(_FIRST, _LAST, False, holder)
        begins, ends, people = roster.watch(now)
        if people:
            return _Duty(begins, ends, False, holder._replace(people=people, reaches=self._reaches(party, people)))
        return _Duty(begins, ends, True, holder if party.role == OPS else None)

    def _reaches(self, party: Party, people: tuple[str, ...]) -> tuple[Reach, ...]:
        known = [person for name in people if (person := self.people.get(name))]
        own = [Reach(one.name, one.pages or party.pages, one.quiet or party.quiet) for one in known]
        if (party.pages or party.quiet or own) and (len(own) < len(people) or not people):
            own.append(Reach("", party.pages, party.quiet))
        return tuple(own)

    @cached_property
    def _seats(self) -> dict[tuple[str, str], Seat]:
        return {}

    @cached_property
    def _duties(self) -> dict[Seat, _Duty]:
        return {}
