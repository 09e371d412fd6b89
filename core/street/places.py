"""``places.csv`` and ``devices.csv``: the tree of places, and what stands where in it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from ..model.place import Device, Level, Place
from .complaint import Complaints, nearest
from .rows import DEVICES, PLACES, read_rows

_RANK: Final = {level: rank for rank, level in enumerate(Level)}
_LEVELS: Final = ", ".join(Level)
CANDIDATES_MAX: Final = 5_000
"""Among how many known codes a misspelt one is looked for; beyond that a guess costs more than it helps."""


def like(code: str, known: Collection[str], otherwise: str, may_guess: bool) -> str:
    """The remedy for an unknown code: the known code most like it where there are few enough to compare."""
    return nearest(code, known, otherwise) if may_guess and len(known) <= CANDIDATES_MAX else otherwise


class PlaceReader:
    """Reads the places and keeps each one's line, so that what is wrong with the tree can be said where it is."""

    def __init__(self, complaints: Complaints) -> None:
        self._complaints = complaints
        self.places: dict[str, Place] = {}
        self.lines: dict[str, int] = {}

    def read(self, content: bytes | None, street: str | None) -> None:
        """Fill ``places``; ``street`` is the code of ``[street]``, ``None`` where the settings do not say it."""
        for line, cells in read_rows(PLACES, content, self._complaints):
            self._add(line, cells)
        self._check_parents()
        circles = self._circles()
        self._check_levels(circles)
        if street is not None and self.places:
            self._check_street(street, circles)

    def _complain(self, line: int, what: str, remedy: str) -> None:
        self._complaints.add(PLACES.file, line, what, remedy)

    def _add(self, line: int, cells: list[str]) -> None:
        code, name, level, parent = cells
        if code in self.lines:
            self._complain(line, f"place {code!r} was there before, on line {self.lines[code]}", "keep one of the rows")
            return
        self.lines[code] = line
        if level not in _RANK:
            self._complain(line, f"unknown level {level!r}", nearest(level, Level, f"one of {_LEVELS}"))
            return
        self.places[code] = Place(code, name, Level(level), parent or None)

    def _check_parents(self) -> None:
        for code, place in self.places.items():
            if place.parent is not None and place.parent not in self.lines:
                remedy = like(
                    place.parent, self.lines, "add a row for it above", self._complaints.may_guess(PLACES.file)
                )
                self._complain(self.lines[code], f"unknown parent {place.parent!r} of {code!r}", remedy)

    def _circles(self) -> set[str]:
        """The places that lie in a circle; each circle is complained about once, on its first line."""
        done: set[str] = set()
        members: set[str] = set()
        for start in self.places:
            path: dict[str, None] = {}
            code: str | None = start
            while code in self.places and code not in done and code not in path:
                path[code] = None
                code = self.places[code].parent
            if code is not None and code in path:
                circle = list(path)[list(path).index(code) :]
                members.update(circle)
                shown = " -> ".join([*circle[:8], *(["..."] if len(circle) > 8 else []), code])
                first = min(circle, key=self.lines.__getitem__)
                self._complain(self.lines[first], f"places lie in a circle: {shown}", "give one of them another parent")
            done.update(path)
        return members

    def _check_levels(self, circles: set[str]) -> None:
        for code, place in self.places.items():
            parent = self.places.get(place.parent or "")
            if parent is not None and code not in circles and _RANK[place.level] <= _RANK[parent.level]:
                what = f"the {place.level} {code!r} lies in the {parent.level} {parent.code!r}"
                self._complain(self.lines[code], what, f"a parent must be larger; the levels are {_LEVELS}")

    def _check_street(self, street: str, circles: set[str]) -> None:
        own = self.places.get(street)
        if own is None:
            if street not in self.lines and not self._complaints.has_given_up(PLACES.file):
                remedy = like(street, self.places, "add its row with the level street", may_guess=True)
                self._complain(1, f"the street {street!r} of civicloop.toml is not among the places", remedy)
            return
        if own.level is not Level.STREET:
            self._complain(
                self.lines[street], f"{street!r} has the level {own.level}", "[street] code must name a street"
            )
            return
        above = self._above(street)
        # What hangs on a circle is not complained about again; what hangs above the street lies beside it.
        inside = dict.fromkeys(above, False) | dict.fromkeys(circles, True) | {street: True}
        for code in self.places:
            if code not in above and not self._is_inside(code, inside):
                what = f"{code!r} lies neither in the street {street!r} nor around it"
                self._complain(self.lines[code], what, "give it a parent in the street, or drop it")

    def _above(self, code: str) -> list[str]:
        """The codes of the places around ``code``, itself left out."""
        found: list[str] = []
        place = self.places.get(code)
        while place is not None and place.parent and place.parent not in (code, *found):
            found.append(place.parent)
            place = self.places.get(place.parent)
        return found

    def _is_inside(self, code: str, inside: dict[str, bool]) -> bool:
        """Whether ``code`` leads up to the street; ``inside`` remembers what is known and grows."""
        path: list[str] = []
        at: str | None = code
        while at is not None and at not in inside:
            path.append(at)
            place = self.places.get(at)
            if place is None:
                # It is unknown or broken and was complained about already.
                inside[at] = True
                break
            at = place.parent
        answer = at is not None and inside[at]
        inside.update(dict.fromkeys(path, answer))
        return answer


def read_devices(
    content: bytes | None, places: Mapping[str, Place], known: Mapping[str, int] | None, complaints: Complaints
) -> dict[str, Device]:
    """The devices by id.

    ``known`` has the codes that devices may stand at, broken places included; ``None`` where there are no places to
    compare with. A million rows must load in seconds: the good row is told by three look-ups and nothing else, and
    texts that recur are kept once.
    """
    devices: dict[str, Device] = {}
    lines: dict[str, int] = {}
    once = {code: code for code in places}.setdefault
    for line, (name, kind, place, purpose, via, vendor) in read_rows(DEVICES, content, complaints):
        if name in lines:
            what = f"device {name!r} was there before, on line {lines[name]}"
            complaints.add(DEVICES.file, line, what, "keep one of the rows")
            continue
        lines[name] = line
        if known is not None and place not in known:
            remedy = like(place, known, "add it to places.csv", complaints.may_guess(DEVICES.file))
            complaints.add(DEVICES.file, line, f"unknown place {place!r} of device {name!r}", remedy)
            continue
        devices[name] = Device(
            name, once(kind, kind), once(place, place), once(purpose, purpose), once(via, via), once(vendor, vendor)
        )
    return devices
