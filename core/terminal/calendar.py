"""The street's calendar: a year of announced holidays is filled in, and a calendar that has run out is noticed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

import click

from ..engine.opening import Opened
from ..model.chain import Rules
from ..model.limit import Count
from ..street.complaint import Complaint
from ..street.filling import FILE, Filling, fill
from ..street.folder import load_street
from ..street.statutory import LIBRARY, ZONES, UnknownYearError, Year, announced, library_version
from .screen import tell
from .trouble import Trouble
from .voice import Voice

DECEMBER: Final = 12
"""The State Council's notice is out in November; a calendar without the next year is late from then on."""


def fill_year(voice: Voice, folder: Path, year: int, writes: bool) -> None:
    """Show what calendar.toml lacks of a year, or write it there.

    Raises ``Trouble`` for a year that is not known, ``StreetError`` for a folder that is not in order: nothing changes.
    """
    settings = load_street(folder).settings.street
    voice.street = settings.language
    if settings.zone not in ZONES:
        raise Trouble(voice.say("calendar_elsewhere", zone=settings.zone))
    path = (folder / FILE).resolve()
    found = fill(path.read_bytes(), _announced(voice, year), _heading(voice, year))
    for day in found.kept:
        tell(voice.say("calendar_kept", day=day), stderr=True)
    if not found.lines:
        tell(voice.say("calendar_complete", file=folder / FILE, year=year), stderr=True)
    elif writes:
        _replace(path, found.content)
        tell(voice.say("calendar_written", file=folder / FILE, year=year))
    else:
        _show(found)
        tell(voice.say("calendar_shown", file=folder / FILE, year=year), stderr=True)


def _announced(voice: Voice, year: int) -> Year:
    try:
        return announced(year, voice.language)
    except UnknownYearError as error:
        known = {"first": error.first, "last": error.last}
        raise Trouble(
            voice.say("calendar_unknown", year=year, library=LIBRARY, version=library_version(), **known)
        ) from error


def _heading(voice: Voice, year: int) -> str:
    return voice.say("calendar_heading", year=year, library=LIBRARY, version=library_version())


def _show(found: Filling) -> None:
    for name, lines in found.lines.items():
        click.echo("\n".join([f"{name} = [", *lines, "]"]))


def _replace(path: Path, content: bytes) -> None:
    """Write the file whole or not at all; it keeps its permissions."""
    new = path.with_name(f".{path.name}.new")
    with new.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    shutil.copymode(path, new)
    new.replace(path)


def calendar_warnings(opened: Opened, now: datetime) -> Iterator[Complaint]:
    """One warning for each year that has no holidays yet, where limits count working time."""
    calendar = opened.setup.street.calendar
    if not _counts_work(binding.rules for binding in opened.setup.registry.bindings.values()):
        return
    today = now.astimezone(calendar.zone)
    named = {day.year for day in calendar.holidays}
    for year in (today.year, today.year + 1) if today.month == DECEMBER else (today.year,):
        if year not in named:
            what = f"it names no holiday of {year}, and there are limits of working time"
            yield Complaint(FILE, 0, what, f"`civicloop calendar fill {year}` knows them, or write them")


def _counts_work(rules: Iterable[Rules]) -> bool:
    """Whether any limit of these chains or their checks is one of working time."""
    every = list(rules)
    steps = (step for rule in every for track in rule.tracks for step in track.chain)
    limits = [limit for step in steps for limit in (step.accept, step.finish)]
    limits += [limit for rule in every for limit in (rule.quiet, rule.check.quiet, rule.check.clear, rule.check.within)]
    return any(limit is not None and limit.count is Count.WORK for limit in limits)
