"""``parties.csv`` and ``people.csv``: who answers for what, and how parties and persons are reached."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Final

from ..model.place import OPS, Page, Party, Person, Quiet, Seat
from ..model.privacy import Personal, mask_name
from .cells import CellError, read_pages, read_quiet
from .complaint import Complaints, nearest
from .places import like
from .rows import PARTIES, PEOPLE, Sheet, read_rows, split_cell
from .settings import Delivery

_ROLE: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")


class PeopleReader:
    """Reads parties and persons against the places and channels that are known.

    ``places`` are the known codes and ``channels`` the known names; ``None`` where a broken file leaves them unknown.
    """

    def __init__(
        self, places: Mapping[str, int] | None, channels: Collection[str] | None, complaints: Complaints
    ) -> None:
        self._places = places
        self._channels = channels
        self._complaints = complaints
        self.parties: dict[Seat, Party] = {}
        self.people: dict[str, Person] = {}
        self.lines: dict[Seat, int] = {}

    def read_parties(self, content: bytes | None, usual: Delivery) -> None:
        """Fill ``parties``; contacts are kept as ``Personal``, which no ``repr`` shows.

        A party that names no channels gets those of ``usual``, so that its quiet hours hold for them too.
        """
        for line, (place, role, organisation, *ways) in read_rows(PARTIES, content, self._complaints):
            seat = (place, role)
            if seat in self.lines:
                what = f"{role} at {place!r} was there before, on line {self.lines[seat]}"
                self._complain(PARTIES, line, what, "keep one of the rows; several contacts are parted by ';'")
                continue
            good = self._is_role(PARTIES, line, role) and self._is_place(PARTIES, line, place)
            if good:
                self.lines[seat] = line
            try:
                party = Party(place, role, organisation, *self._ways(*ways))
            except CellError as error:
                self._complain(PARTIES, line, error.what, error.remedy)
                continue
            if good:
                names = usual.ops_channels if role == OPS else usual.default
                self.parties[seat] = party if party.pages else replace(party, pages=tuple(map(Page, names)))

    def read_people(self, content: bytes | None) -> None:
        """Fill ``people``, by name; names are kept as ``Personal`` too."""
        lines: dict[str, int] = {}
        for line, (name, *ways) in read_rows(PEOPLE, content, self._complaints):
            if name in lines:
                what = f"{mask_name(name)} was there before, on line {lines[name]}"
                remedy = "keep one of the rows, or tell two people of one name apart here and in the rosters"
                self._complain(PEOPLE, line, what, remedy)
                continue
            lines[name] = line
            try:
                self.people[Personal(name)] = Person(Personal(name), *self._ways(*ways))
            except CellError as error:
                self._complain(PEOPLE, line, error.what, error.remedy)

    def _ways(self, contacts: str, channels: str, quiet: str) -> tuple[tuple[str, ...], tuple[Page, ...], Quiet | None]:
        """The last three cells of a row. Raises ``CellError``."""
        return tuple(map(Personal, split_cell(contacts))), read_pages(channels, self._channels), read_quiet(quiet)

    def _complain(self, sheet: Sheet, line: int, what: str, remedy: str) -> None:
        self._complaints.add(sheet.file, line, what, remedy)

    def _is_role(self, sheet: Sheet, line: int, role: str) -> bool:
        good = _ROLE.fullmatch(role) is not None
        if not good:
            what = "role is not a role's name"
            self._complain(sheet, line, what, "write one like property_company, in small letters")
        return good

    def _is_place(self, sheet: Sheet, line: int, place: str) -> bool:
        good = self._places is None or place in self._places
        if not good:
            may_guess = self._complaints.may_guess(sheet.file)
            remedy = like(place, self._places or (), "add it to places.csv", may_guess)
            self._complain(sheet, line, f"unknown place {place!r}", remedy)
        return good

    def is_seat(self, sheet: Sheet, line: int, place: str, role: str) -> bool:
        """Whether a party holds ``role`` at ``place``; complains of a row of ``sheet`` that says so in vain."""
        if not self._is_role(sheet, line, role) or not self._is_place(sheet, line, place):
            return False
        if (place, role) in self.lines or self._complaints.has_given_up(PARTIES.file):
            return True
        remedy = "add the row to parties.csv"
        if self._complaints.may_guess(sheet.file):
            there = sorted(other for at, other in self.lines if at == place)
            remedy = nearest(role, there, f"{remedy}; held there: {', '.join(there) or 'nothing'}")
        self._complain(sheet, line, f"no party holds {role} at {place!r}", remedy)
        return False

    def check_ops(self, street: str, around: Collection[str]) -> None:
        """Complain unless somebody runs the street: ``around`` are the places at which that may be said."""
        if not self._complaints.has_given_up(PARTIES.file) and not any((place, OPS) in self.lines for place in around):
            remedy = f"add a row such as {street},{OPS},ORGANISATION,,console"
            self._complain(PARTIES, 1, f"nobody holds {OPS} for the street {street!r}", remedy)


def contacts_of(parties: Mapping[Seat, Party]) -> dict[Seat, tuple[str, ...]]:
    """The contacts of each party that has some."""
    return {seat: party.contacts for seat, party in parties.items() if party.contacts}
