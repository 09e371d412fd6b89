"""Who is on duty for each role: a table, and the gaps of the street's own operations centre."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from datetime import datetime, timedelta, tzinfo
from typing import Final, NamedTuple

from rich.text import Text

from ..engine.opening import Opened
from ..model.chain import Severity
from ..model.place import OPS, Directory, Page, Seat
from ..model.privacy import mask_name
from ..model.roster import Roster
from ..model.street import Street
from ..stores.base import Access
from ..street.complaint import Complaint, nearest
from ..street.rows import ROSTER
from .screen import in_zone, local, put_json, show, tell
from .street import Desk
from .trouble import Trouble

AHEAD: Final = timedelta(days=31)
"""How far ahead is looked for the end of a duty."""

GAPS_WITHIN: Final = timedelta(days=7)
"""How far ahead a gap of the operations centre is worth a warning."""


class Filter(NamedTuple):
    """Whose duty is asked for: a role's, at whatever holds it for a place, at a time; by default all of them now."""

    role: str | None
    place: str | None
    at: datetime | None


class Line(NamedTuple):
    """One seat; ``people`` are empty for a party as a whole, or in a gap; ``until`` is unknown beyond ``AHEAD``."""

    role: str
    place: str
    organisation: str
    people: tuple[str, ...]
    is_vacant: bool
    until: datetime | None
    channels: tuple[str, ...]


def show_duty(at: Desk, wanted: Filter, as_json: bool, purpose: str | None) -> None:
    """Show who is on duty. People are masked, unless a ``purpose`` is given; then the reading is recorded."""
    street = at.opened.setup.street
    zone = street.calendar.zone
    now = in_zone(wanted.at, zone) if wanted.at else at.now
    lines = list(_lines(street, _seats(at, wanted), now))
    if purpose is not None:
        at.store.record_access(Access(at.now, f"cli:{getpass.getuser()}", "duty", purpose))
    else:
        lines = [line._replace(people=tuple(map(mask_name, line.people))) for line in lines]
    if as_json:
        put_json({"at": now.astimezone(zone), "seats": [_as_json(line) for line in lines]})
    elif not lines:
        tell(at.voice.say("no_duty"))
    else:
        names = ("party", "place", "organisation", "people", "until", "ways")
        show([at.voice.say(f"head_{name}") for name in names], [_row(at, line) for line in lines])


def _seats(at: Desk, wanted: Filter) -> list[Seat]:
    """The seats that fit. Raises ``Trouble`` for a place or role that nobody knows."""
    directory = at.opened.setup.street.directory
    roles = dict.fromkeys(role for _, role in directory.parties)
    if wanted.role is not None and wanted.role not in roles:
        remedy = nearest(wanted.role, roles, at.voice.say("see_roles"))
        raise Trouble(at.voice.say("no_role", role=wanted.role, remedy=remedy))
    if wanted.place is not None and wanted.place not in directory.places:
        remedy = nearest(wanted.place, directory.places, at.voice.say("see_places"))
        raise Trouble(at.voice.say("no_place", place=wanted.place, remedy=remedy))
    asked = [wanted.role] if wanted.role is not None else list(roles)
    if wanted.place is None:
        return [seat for seat in directory.parties if seat[1] in asked]
    return [seat for role in asked if (seat := directory.seat(role, wanted.place))]


def _lines(street: Street, seats: list[Seat], now: datetime) -> Iterator[Line]:
    directory, zone = street.directory, street.calendar.zone
    for place, role in seats:
        holder, roster = directory.holder(role, place, now), directory.roster.get((place, role))
        pages = [page for reach in holder.reaches for page in reach.pages] if holder else []
        yield Line(
            role,
            place,
            directory.parties[place, role].organisation,
            holder.people if holder else (),
            directory.is_vacant(role, place, now),
            _until(roster, now, zone) if roster else None,
            tuple(dict.fromkeys(map(_written, pages))),
        )


def _until(roster: Roster, now: datetime, zone: tzinfo) -> datetime | None:
    """When somebody else comes on duty, or nobody, or somebody after a gap."""
    people = roster.watch(now).people
    for watch in roster.watches(now):
        if watch.people != people:
            return watch.begins.astimezone(zone)
        if watch.begins > now + AHEAD:
            break
    return None


def _written(page: Page) -> str:
    """A page as parties.csv has it."""
    delay = f"+{page.after // timedelta(minutes=1)}" if page.after else ""
    return f"{page.channel}{delay}{f'@{page.least}' if page.least is not Severity.P3 else ''}"


def _as_json(line: Line) -> dict[str, object]:
    return line._asdict() | {"people": list(map(str, line.people)), "channels": list(line.channels)}


def _row(at: Desk, line: Line) -> list[object]:
    directory, zone = at.opened.setup.street.directory, at.opened.setup.street.calendar.zone
    people = Text(", ".join(line.people) or "-")
    if line.is_vacant:
        people = Text(at.voice.say("nobody_on_duty"), style="red")
    where = f"{directory.places[line.place].name} ({line.place})"
    ways = "; ".join(line.channels) or "-"
    return [at.voice.role(line.role), where, line.organisation, people, local(line.until, zone), ways]


def gap_of_ops(opened: Opened, now: datetime) -> Complaint | None:
    """A warning where nobody is on duty in the street's operations centre at some time of the next days."""
    street = opened.setup.street
    found = _gap(street.directory, street.code, now)
    if found is None:
        return None
    what = f"nobody is on duty as {OPS} at {local(found, street.calendar.zone)}"
    return Complaint(ROSTER.file, 0, what, "give the time to somebody; until then the party is told as a whole")


def _gap(directory: Directory, code: str, now: datetime) -> datetime | None:
    seat = directory.seat(OPS, code)
    roster = directory.roster.get(seat) if seat else None
    for watch in roster.watches(now) if roster else ():
        if watch.begins > now + GAPS_WITHIN:
            break
        if not watch.people:
            return max(now, watch.begins)
    return None
