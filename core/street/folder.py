"""A street's folder, read and checked as a whole: either all of it is good, or everything that is wrong is said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from ..model.chain import Severity
from ..model.limit import hours, minutes
from ..model.place import Directory
from ..model.street import Street
from .calendar import CalendarFile, check_organisations, read_calendar
from .checks import check_settings
from .complaint import FILES, Complaint, Complaints, StreetError
from .lines import Key
from .people import PeopleReader, contacts_of
from .places import PlaceReader, read_devices
from .rosters import RosterReader
from .settings import Delivery, Plugin, Settings, Table
from .source import digest_of, read_files
from .tables import Tables, fit, parse_toml

SETTINGS, CALENDAR, PLACES, DEVICES, PARTIES, PEOPLE, ROSTER, ROTATIONS = FILES

_KNOWN: Final[dict[Key, tuple[str, ...]]] = {
    (): tuple(Settings.model_fields),
    **{
        (name,): tuple(model.model_fields)
        for name, entry in Settings.model_fields.items()
        if isinstance(model := entry.annotation, type) and issubclass(model, Table)
    },
}


@dataclass(frozen=True)
class StreetFolder:
    """A street as its folder describes it.

    ``street`` is what decisions look at; ``plugins`` the switches and raw scenario tables, which the SDK validates, as
    it does the channels of ``settings``; ``contacts`` the phones and the like of each ``(place, role)``;
    ``digest`` names these very files. A ``repr`` shows no personal data and no secret.
    """

    folder: Path
    settings: Settings = field(repr=False)
    street: Street = field(repr=False)
    plugins: Mapping[str, Plugin] = field(repr=False)
    contacts: Mapping[tuple[str, str], tuple[str, ...]] = field(repr=False)
    digest: str
    tables: Tables = field(repr=False, compare=False)

    def locate(self, key: str | Key) -> int:
        """The line of civicloop.toml on which ``key`` stands, such as ``plugins.garbage_sorting.overflow.full_at``."""
        return self.tables.lines.locate(key)

    def complaint(self, key: str | Key, what: str, remedy: str) -> Complaint:
        """A complaint about ``key`` of civicloop.toml, for what only later layers can judge."""
        return Complaint(SETTINGS, self.locate(key), what, remedy)

    def path(self, relative: str) -> Path:
        """A path of the settings: relative ones start at the folder."""
        return self.folder / relative


def load_street(folder: Path) -> StreetFolder:
    """Read and check a street's folder; nothing is kept between calls, so that a failed reload changes nothing.

    Raises ``StreetError`` with every complaint about the folder at once, and nothing else.
    """
    if not folder.is_dir():
        raise StreetError(
            [Complaint(str(folder), 0, "there is no such folder", "`civicloop init DIR` writes a sample")]
        )
    return _Reading(folder).load()


class _Reading:
    """One pass over a folder. What depends on a broken file is judged by what could still be read of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.complaints = Complaints()
        self.contents = read_files(folder, self.complaints)

    def load(self) -> StreetFolder:
        tables, settings = self._settings()
        hours_file, calendar = self._calendar()
        zone = ZoneInfo(settings.street.zone) if settings else ZoneInfo("UTC")
        code = tables.get("street", "code") if tables else None
        delivery = settings.delivery if settings else Delivery()
        directory = self._directory(code if isinstance(code, str) else None, zone, tables, delivery)
        if hours_file and calendar and not self.complaints.has_given_up(PARTIES):
            organisations = frozenset(party.organisation for party in directory.parties.values())
            check_organisations(calendar, hours_file, organisations, self.complaints)
        self.complaints.finish()
        if tables is None or settings is None or calendar is None:
            raise AssertionError("a file was given up without a complaint")
        return self._put_together(tables, settings, calendar, directory)

    def _put_together(
        self, tables: Tables, settings: Settings, calendar: CalendarFile, directory: Directory
    ) -> StreetFolder:
        zone = ZoneInfo(settings.street.zone)
        street = Street(
            code=settings.street.code,
            directory=directory,
            calendar=calendar.calendar(zone),
            repeat_after=hours(settings.limits.repeat_hours),
            calendars=calendar.calendars(zone),
            dispatch_within=minutes(settings.limits.dispatch_minutes),
            wakes=Severity(settings.delivery.wakes),
        )
        return StreetFolder(
            folder=self.folder,
            settings=settings,
            street=street,
            plugins=settings.plugins,
            contacts=contacts_of(directory.parties),
            digest=digest_of(self.contents),
            tables=tables,
        )

    def _settings(self) -> tuple[Tables | None, Settings | None]:
        if SETTINGS not in self.contents:
            return None, None
        tables = parse_toml(SETTINGS, self.contents[SETTINGS], self.complaints)
        if tables is None:
            return None, None
        settings = fit(Settings, tables, _KNOWN, self.complaints)
        check_settings(tables, self.complaints)
        return tables, settings

    def _calendar(self) -> tuple[Tables | None, CalendarFile | None]:
        if CALENDAR not in self.contents:
            return None, None
        tables = parse_toml(CALENDAR, self.contents[CALENDAR], self.complaints)
        return tables, read_calendar(tables, self.complaints) if tables else None

    def _directory(self, street: str | None, zone: ZoneInfo, tables: Tables | None, usual: Delivery) -> Directory:
        reader = PlaceReader(self.complaints)
        reader.read(self.contents.get(PLACES), street)
        known = None if self.complaints.has_given_up(PLACES) else reader.lines
        people = PeopleReader(known, tables.table("channels") if tables else None, self.complaints)
        people.read_parties(self.contents.get(PARTIES), usual)
        people.read_people(self.contents.get(PEOPLE))
        rosters = RosterReader(people, zone, self.complaints)
        directory = Directory(
            street=street or "",
            places=reader.places,
            devices=read_devices(self.contents.get(DEVICES), reader.places, known, self.complaints),
            parties=people.parties,
            roster=rosters.read(self.contents.get(ROSTER), self.contents.get(ROTATIONS)),
            people=people.people,
        )
        if street in reader.places:
            people.check_ops(street, [place.code for place in directory.around(street)])
        return directory
