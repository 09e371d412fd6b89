"""Where things are and who answers for them: places, devices, parties, and the directory that finds them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple

from .chain import Severity


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


@dataclass(frozen=True, slots=True)
class Party:
    """Who answers: a role at a place, held by an organisation, reached through channels in order."""

    place: str
    role: str
    organisation: str
    contacts: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Shift:
    """A person on duty in a role at a place from ``begins`` until ``ends``."""

    role: str
    place: str
    begins: datetime
    ends: datetime
    person: str


class Page(NamedTuple):
    """One way in which somebody is reached: through ``channel``, ``after`` being asked unless answered meanwhile.

    Only cases at least as grave as ``least`` are paged this way. A danger to life goes out on every page at once.
    """

    channel: str
    after: timedelta = timedelta()
    least: Severity = Severity.P3


class Reach(NamedTuple):
    """How one person, or a party as a whole (empty ``person``), is reached.

    ``quiet`` is the span of local time in which nothing rings for a lesser matter than ``wakes``.
    """

    person: str = ""
    pages: tuple[Page, ...] = ()
    quiet: tuple[time, time] | None = None


class Holder(NamedTuple):
    """A role resolved at one moment: the organisation that holds it, the people on duty, and how they are reached.

    ``reaches`` has one entry for each person on duty who has ways of their own, else one for the party as a whole;
    empty where only the street's usual channels are known.
    """

    role: str
    place: str
    organisation: str
    people: tuple[str, ...] = ()
    reaches: tuple[Reach, ...] = ()


def _reaches(party: Party) -> tuple[Reach, ...]:
    return (Reach(pages=tuple(map(Page, party.channels))),) if party.channels else ()


@dataclass(frozen=True)
class Directory:
    """Places, devices, parties and duty rosters of one street, indexed; ``street`` is the code of its own place."""

    street: str
    places: Mapping[str, Place] = field(default_factory=dict)
    devices: Mapping[str, Device] = field(default_factory=dict)
    parties: Mapping[tuple[str, str], Party] = field(default_factory=dict)
    roster: Mapping[tuple[str, str], tuple[Shift, ...]] = field(default_factory=dict)

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
        """Who holds ``role`` for ``code`` now: the party at the nearest place around it that has one."""
        found = self._holders.get((role, code)) or self._find_holder(role, code)
        if found is None:
            return None
        holder, shifts = found
        if not shifts:
            return holder
        return holder._replace(people=tuple(shift.person for shift in shifts if shift.begins <= now < shift.ends))

    def is_vacant(self, role: str, code: str, now: datetime) -> bool:
        """Whether there is a seat for ``role`` around ``code``, and nobody is on duty in it now."""
        return False

    def _find_holder(self, role: str, code: str) -> tuple[Holder, tuple[Shift, ...]] | None:
        """The holder without the people on duty, and the shifts that say who they are; kept, because it stays true."""
        for place in self.around(code):
            party = self.parties.get((place.code, role))
            if party is not None:
                holder = Holder(role, place.code, party.organisation, (), _reaches(party))
                self._holders[role, code] = found = holder, self.roster.get((place.code, role), ())
                return found
        return None

    @cached_property
    def _holders(self) -> dict[tuple[str, str], tuple[Holder, tuple[Shift, ...]]]:
        return {}
