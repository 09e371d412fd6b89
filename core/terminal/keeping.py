"""Verifying, backing up and restoring a street's store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ..daemon import NotAllowed, alone
from ..engine.verifying import Flaw, Law, Tally, verify
from ..running.clock import SystemClock
from ..stores.keeping import copying, hash_of, origin, replacing
from ..stores.sqlite import SqliteStore
from .screen import local, plain, put_json, screen, tell
from .showing import span_text
from .street import read_street, store_path
from .trouble import Trouble
from .voice import Voice

SHOWN_MAX: Final = 50
"""Flaws that are told one by one; the others are counted."""


def verify_street(voice: Voice, folder: Path, store: Path | None, as_json: bool) -> int:
    """Say whether a store is whole; the exit code. Raises ``Trouble`` where there is none."""
    path = store or store_path(read_street(voice, folder))
    tally, flaws, count = look(voice, _there(voice, path))
    first = tally.first_altered
    if as_json:
        put_json(
            {
                "store": str(path),
                "cases": tally.cases,
                "lines": tally.lines,
                "last_row": tally.last_row,
                "seal": tally.seal,
                "first_altered": first._asdict() if first else None,
                "flaws": [flaw._asdict() for flaw in flaws],
                "flaws_all": count,
            }
        )
        return 1 if count else 0
    _tell_flaws(voice, tally, flaws, count)
    if not count:
        tell(
            voice.say("verified", path=path, cases=tally.cases, lines=tally.lines, row=tally.last_row, seal=tally.seal)
        )
    return 1 if count else 0


def back_up(voice: Voice, folder: Path, target: Path, force: bool) -> None:
    """Copy a street's store while its daemon runs, look at the copy, then give it its name."""
    opened = read_street(voice, folder)
    source = _there(voice, store_path(opened))
    origin(source)
    if target.is_dir():
        raise Trouble(voice.say("backup_is_folder", file=target))
    if target.exists() and not force:
        raise Trouble(voice.say("backup_exists", file=target))
    tell(voice.say("copying", path=source, megabytes=f"{_size(source) / 1e6:.1f}"), stderr=True)
    with copying(source, target) as copy:
        tally, flaws, count = look(voice, copy)
        if count:
            _tell_flaws(voice, tally, flaws, count)
            raise Trouble(voice.say("backup_flawed", path=source))
        come = origin(copy)
    zone = opened.setup.street.calendar.zone
    tell(voice.say("backed_up", file=target, cases=tally.cases, at=local(come.alive_at, zone)))
    tell(voice.say("backup_seal", seal=tally.seal))
    tell(voice.say("backup_hash", hash=hash_of(target)))
    tell(voice.say("backup_configuration", digest=come.digest or "-"))


def restore(voice: Voice, folder: Path, source: Path, force: bool) -> None:
    """Put a backup in the place of a street's store, which is kept aside; never while a daemon serves it."""
    opened = read_street(voice, folder)
    store, now = store_path(opened), SystemClock().now()
    if not source.is_file():
        raise Trouble(voice.say("no_backup", file=source))
    aside = store.with_name(f"{store.name}.{now:%Y%m%dT%H%M%SZ}")
    try:
        with alone(store):
            was_there = store.exists()
            with replacing(store, source, aside) as copy:
                tally, flaws, count = look(voice, copy)
                if count:
                    _tell_flaws(voice, tally, flaws, count)
                    if not force or any(flaw.law is Law.FILE_WHOLE for flaw in flaws):
                        raise Trouble(voice.say("restore_flawed", file=source))
                come = origin(copy)
    except NotAllowed as error:
        raise Trouble(voice.say("restore_running", path=store)) from error
    zone = opened.setup.street.calendar.zone
    ago = span_text(now - come.alive_at) if come.alive_at else "-"
    tell(voice.say("restored", path=store, file=source, at=local(come.alive_at, zone), ago=ago, cases=tally.cases))
    if was_there:
        tell(voice.say("restore_aside", aside=aside))
    if come.digest and come.digest != opened.setup.digest:
        tell(voice.say("restore_configuration", digest=come.digest, now=opened.setup.digest))
    tell(voice.say("restore_next"))


def _there(voice: Voice, path: Path) -> Path:
    if not path.is_file():
        raise Trouble(voice.say("no_store", path=path))
    return path


def _size(store: Path) -> int:
    log = store.with_name(store.name + "-wal")
    return store.stat().st_size + (log.stat().st_size if log.exists() else 0)


def look(voice: Voice, path: Path) -> tuple[Tally, list[Flaw], int]:
    """Verify a store's file, with progress on standard error: what was read, the first flaws, and how many there are.

    Raises ``StoreError`` for a file that cannot be opened.
    """
    store = SqliteStore(path)
    try:
        with _progress(voice) as tally:
            flaws: list[Flaw] = []
            count = 0
            for flaw in verify(store, tally):
                count += 1
                if len(flaws) < SHOWN_MAX:
                    flaws.append(flaw)
            return tally, flaws, count
    finally:
        store.close()


@contextmanager
def _progress(voice: Voice) -> Iterator[Tally]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=screen(stderr=True), transient=True) as shown:
        task = shown.add_task(voice.say("verifying_pages"), total=None)

        def seen(tally: Tally) -> None:
            told = voice.say("verifying_cases")
            shown.update(task, description=told, total=tally.cases_all, completed=tally.cases)

        yield Tally(on_progress=seen)


_SAID: Final = {
    Law.FILE_WHOLE: "flaw_file_whole",
    Law.LINE_AS_WRITTEN: "flaw_line_as_written",
    Law.NO_GAP: "flaw_no_gap",
    Law.NO_LINE_LOST: "flaw_no_line_lost",
    Law.CASE_OF_LINE: "flaw_case_of_line",
    Law.CASE_READABLE: "flaw_case_readable",
    Law.RULES_KEPT: "flaw_rules_kept",
    Law.CASE_FOUND: "flaw_case_found",
    Law.ONE_OPEN: "flaw_one_open",
    Law.NEVER_FORGOTTEN: "flaw_never_forgotten",
    Law.CLOSED_IS_QUIET: "flaw_closed_is_quiet",
    Law.OTHER_HANDS: "flaw_other_hands",
    Law.LEDGER_ADDS_UP: "flaw_ledger_adds_up",
    Law.CASE_OF_NOTICE: "flaw_case_of_notice",
}


def _tell_flaws(voice: Voice, tally: Tally, flaws: list[Flaw], count: int) -> None:
    for flaw in flaws:
        tell(plain(voice.say(_SAID[flaw.law], case=flaw.case, seq=flaw.seq, row=flaw.row, told=flaw.told)), stderr=True)
    if count > len(flaws):
        tell(voice.say("flaws_more", count=count - len(flaws)), stderr=True)
    if first := tally.first_altered:
        tell(voice.say("first_altered", case=first.case, seq=first.seq, row=first.row), stderr=True)
    if count:
        tell(voice.say("flaws_found", count=count), stderr=True)
