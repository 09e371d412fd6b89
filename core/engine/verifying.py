"""Whether a store holds what was written, and keeps the laws of the loop: every fault has a name and a place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import blake2b
from typing import Final, NamedTuple

from ..loop.checks import person
from ..loop.ledger import ledger
from ..model.case import Case, Entry, Reason, Track
from ..stores.base import Store, StoreError
from ..stores.chain import HASH_BYTES, beginning, hash_after
from ..stores.snapshot import Snapshot, StoredCase, StoredLine

SAY_EVERY: Final = 5_000
"""Cases between two words of progress."""


class Law(StrEnum):
    """What a stored state must keep to."""

    FILE_WHOLE = "file_whole"
    LINE_AS_WRITTEN = "line_as_written"
    NO_GAP = "no_gap"
    NO_LINE_LOST = "no_line_lost"
    CASE_OF_LINE = "case_of_line"
    CASE_READABLE = "case_readable"
    RULES_KEPT = "rules_kept"
    CASE_FOUND = "case_found"
    ONE_OPEN = "one_open"
    NEVER_FORGOTTEN = "never_forgotten"
    CLOSED_IS_QUIET = "closed_is_quiet"
    OTHER_HANDS = "other_hands"
    LEDGER_ADDS_UP = "ledger_adds_up"
    CASE_OF_NOTICE = "case_of_notice"


class Flaw(NamedTuple):
    """A law that the stored state breaks, and where: the case, the line of its journal, the row of the table.

    ``told`` is what the place looks like, in the words of whoever found it; a number of 0 is not known.
    """

    law: Law
    case: str = ""
    seq: int = 0
    row: int = 0
    told: str = ""


@dataclass(slots=True)
class Tally:
    """What a verification has read so far. ``seal`` names all journals as they were read, and nothing else does."""

    cases: int = 0
    lines: int = 0
    last_row: int = 0
    cases_all: int = 0
    first_altered: Flaw | None = None
    seal: str = ""
    on_progress: Callable[[Tally], None] = field(default=lambda _: None, repr=False)


def verify(store: Store, tally: Tally | None = None, *, is_whole: bool = True) -> Iterator[Flaw]:
    """Every fault of the stored state, as of the moment at which this begins; in memory is one case at a time.

    ``is_whole``: the file's pages and indexes are read as well, which takes longest. ``tally`` is brought up
    to date on the way; after the last fault it has the seal. A file that cannot be read on is the last fault.
    """
    tally = tally or Tally()
    try:
        last = store.last_turn()
        with store.snapshot() as snapshot:
            if is_whole:
                yield from (Flaw(Law.FILE_WHOLE, told=told) for told in snapshot.damages())
            tally.cases_all, tally.last_row = snapshot.count()
            tally.on_progress(tally)
            yield from _cases(snapshot, tally, last)
            for scenario, key in snapshot.twins():
                yield Flaw(Law.ONE_OPEN, told=f"{scenario}/{key}")
            for row, key, case in snapshot.stray_notices():
                yield Flaw(Law.CASE_OF_NOTICE, case, row=row, told=key)
    except StoreError as error:
        yield Flaw(Law.FILE_WHOLE, told=str(error))


def _cases(snapshot: Snapshot, tally: Tally, last: datetime | None) -> Iterator[Flaw]:
    """Cases and journals side by side, both in the order of the cases' ids."""
    seal = blake2b(digest_size=HASH_BYTES)
    lines = _by_case(snapshot.lines())
    journal = next(lines, None)
    for stored in snapshot.cases():
        while journal is not None and _order(journal[0].case) < _order(stored.id):
            yield _noted(tally, _without_case(journal))
            journal = next(lines, None)
        own: list[StoredLine] = []
        if journal is not None and journal[0].case == stored.id:
            own, journal = journal, next(lines, None)
        for flaw in (*_chain(stored, own), *_laws(stored, own, last)):
            yield _noted(tally, flaw)
        seal.update(own[-1].hash if own else b"")
        tally.cases += 1
        tally.lines += len(own)
        if tally.cases % SAY_EVERY == 0:
            tally.on_progress(tally)
    while journal is not None:
        yield _noted(tally, _without_case(journal))
        journal = next(lines, None)
    tally.seal = seal.hexdigest()


def _order(case: str) -> bytes:
    """How the database sorts texts."""
    return case.encode()


def _by_case(lines: Iterator[StoredLine]) -> Iterator[list[StoredLine]]:
    """The lines of one case after the other; a journal is as long as its case, and fits in memory."""
    own: list[StoredLine] = []
    for line in lines:
        if own and own[0].case != line.case:
            yield own
            own = []
        own.append(line)
    if own:
        yield own


def _noted(tally: Tally, flaw: Flaw) -> Flaw:
    first = tally.first_altered
    if flaw.row and flaw.law in ALTERED and (first is None or flaw.row < first.row):
        tally.first_altered = flaw
    return flaw


ALTERED: Final = frozenset({Law.LINE_AS_WRITTEN, Law.NO_GAP, Law.NO_LINE_LOST, Law.CASE_OF_LINE})
"""What says that somebody other than civicloop has written in the journal, or that a disk has."""


def _without_case(lines: list[StoredLine]) -> Flaw:
    return Flaw(Law.CASE_OF_LINE, lines[0].case, lines[0].seq, lines[0].row, f"{len(lines)}")


# the journal -----------------------------------------------------------------------------------------------------


def _chain(stored: StoredCase, lines: list[StoredLine]) -> Iterator[Flaw]:
    """The first line of a case that is not what was written; everything after it hangs on it."""
    head = beginning(stored.id)
    for number, line in enumerate(lines, 1):
        if line.seq != number:
            yield Flaw(Law.NO_GAP, stored.id, number, line.row, f"{line.seq}")
            return
        head = hash_after(head, line.hashed)
        if head != line.hash:
            yield Flaw(Law.LINE_AS_WRITTEN, stored.id, line.seq, line.row)
            return
    if stored.case is not None and stored.case.entries != len(lines):
        row = lines[-1].row if lines else 0
        yield Flaw(Law.NO_LINE_LOST, stored.id, len(lines), row, f"{stored.case.entries}")


# the laws --------------------------------------------------------------------------------------------------------


def _laws(stored: StoredCase, lines: list[StoredLine], last: datetime | None) -> Iterator[Flaw]:
    case = stored.case
    if case is None:
        law, told = (Law.CASE_READABLE, stored.fault) if stored.fault else (Law.RULES_KEPT, stored.rules)
        yield Flaw(law, stored.id, told=told)
        return
    if not stored.is_found:
        yield Flaw(Law.CASE_FOUND, stored.id, told=case.ref)
    for track in case.tracks:
        yield from _of_track(case, track)
    if case.is_open and not any(track.is_open and track.required for track in case.tracks):
        yield Flaw(Law.NEVER_FORGOTTEN, case.id, told=case.ref)
    try:
        entries = [line.entry() for line in lines]
    except (LookupError, ValueError, TypeError) as error:
        yield Flaw(Law.LEDGER_ADDS_UP, case.id, told=f"{type(error).__name__}: {error}")
        return
    yield from _other_hands(case, entries)
    until = case.closed_at or max(last or case.opened_at, entries[-1].at if entries else case.opened_at)
    if not _adds_up(case, entries, until):
        yield Flaw(Law.LEDGER_ADDS_UP, case.id, told=case.ref)


def _of_track(case: Case, track: Track) -> Iterator[Flaw]:
    """An open track waits for an instant; whatever is closed waits for nothing and asks nobody."""
    told = f"{case.ref} {track.name}"
    if case.is_open and track.is_open and track.next_at is None:
        yield Flaw(Law.NEVER_FORGOTTEN, case.id, told=told)
    is_over = not case.is_open or not track.is_open
    if is_over and (track.next_at is not None or any(order.is_open for order in track.orders)):
        yield Flaw(Law.CLOSED_IS_QUIET, case.id, told=told)


def _other_hands(case: Case, entries: list[Entry]) -> Iterator[Flaw]:
    """Whoever verified a result is neither the party nor the person that reported it."""
    for track in case.tracks:
        reports = [order for order in track.orders if order.number in track.reporters]
        passed = [entry for entry in entries if entry.reason is Reason.VERIFIED and entry.track == track.name]
        if track.is_open or not reports or not passed:
            continue
        checker = passed[-1]
        who = person(checker.by)
        if any(checker.party == order.party or (who and who == person(order.by)) for order in reports):
            yield Flaw(Law.OTHER_HANDS, case.id, checker.seq, told=f"{case.ref} {checker.party}")


def _adds_up(case: Case, entries: list[Entry], until: datetime) -> bool:
    """Whether every second of the case's life has a holder; while it was closed it did not live."""
    age, since, is_open = timedelta(), case.opened_at, True
    for entry in entries:
        if entry.reason is Reason.CLOSED:
            age, is_open = age + (entry.at - since), False
        elif entry.reason is Reason.REOPENED:
            since, is_open = entry.at, True
    age += until - since if is_open else timedelta()
    booked = ledger(entries, until)
    return is_open == case.is_open and age == sum((booking.span for booking in booked), timedelta())
