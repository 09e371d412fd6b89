"""The contract of a store: what one turn may read and must write at once, and what readers and the courier ask."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple, Protocol

from ..model.case import Case, Entry
from ..model.notice import Notice
from .keeper import Keeper

if TYPE_CHECKING:
    from .snapshot import Snapshot


class StoreError(Exception):
    """The store cannot do its work now (full disk, locked or damaged database); nothing of the turn was written."""


class EventState(StrEnum):
    """What became of a stored event."""

    ACCEPTED = "accepted"
    UNHEARD = "unheard"
    QUARANTINED = "quarantined"


class EventRow(NamedTuple):
    """One stored event. ``at`` is the fact's time, ``received_at`` the turn's; ``body`` the envelope as JSON.

    ``speaker`` says, as JSON, whose token brought an answer; empty for facts and where there are no tokens.
    """

    id: str
    source: str
    partition: str
    type: str
    subject: str
    at: datetime
    received_at: datetime
    place: str
    state: EventState
    digest: bytes
    body: bytes
    speaker: str = ""


class Quarantined(NamedTuple):
    """An event that could not be judged, kept with the reason until somebody retries it.

    ``scenario`` is the one that raised, or empty when no scenario was reached (unknown device or place); ``why`` is
    one sentence, ``trace`` the traceback if there is one.
    """

    id: str
    source: str
    scenario: str
    at: datetime
    reason: str
    why: str
    trace: str


class Memo(NamedTuple):
    """What a scenario keeps of one key: its newest fact, its memory as JSON, and its armed watchdogs.

    ``wake_at`` is when the earliest watchdog must be looked at, lateness allowance included; ``None``: none is armed.
    """

    scenario: str
    key: str
    partition: str
    place: str
    newest: datetime
    memory: bytes
    expects: tuple[tuple[str, datetime], ...]
    wake_at: datetime | None


class Hashed(NamedTuple):
    """A piece of evidence that was brought: its hash, the first case and answer that brought it, and when."""

    hash: str
    case: str
    event: str
    at: datetime
    partition: str


class Conduct(NamedTuple):
    """How the seat of a role at a place has done lately: ``doubt`` grows with each result that failed its check."""

    place: str
    role: str
    partition: str
    doubt: int


class OutboxState(StrEnum):
    """Where a notice stands on one channel. A page whose order was answered before its time is withdrawn."""

    PENDING = "pending"
    DELIVERED = "delivered"
    DEAD = "dead"
    WITHDRAWN = "withdrawn"


class Owed(NamedTuple):
    """One notice on one channel, as the courier sees it."""

    notice: Notice
    channel: str
    state: OutboxState
    attempts: int
    next_at: datetime
    error: str


@dataclass(slots=True)
class Writes:
    """Everything one turn writes, in one commit.

    ``at`` is the turn's time, ``digest`` the configuration: by them the turn can be decided again. ``silenced``
    are orders by id: their pages for after ``at`` that nobody tried to deliver are withdrawn before ``notices`` come.
    """

    at: datetime
    digest: str = ""
    events: list[EventRow] = field(default_factory=list)
    quarantined: list[Quarantined] = field(default_factory=list)
    released: list[tuple[str, str, str]] = field(default_factory=list)
    memos: list[Memo] = field(default_factory=list)
    cases: list[Case] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    silenced: list[str] = field(default_factory=list)
    notices: list[tuple[Notice, str]] = field(default_factory=list)
    brought: list[Hashed] = field(default_factory=list)
    conduct: list[Conduct] = field(default_factory=list)


class Turn(Protocol):
    """One turn of the engine inside one write transaction: read first, then ``commit`` once."""

    @property
    def alive_at(self) -> datetime | None:
        """When the turn before was committed, or ``heartbeat`` called; ``None`` for a new store."""
        ...

    @property
    def back_at(self) -> datetime | None:
        """When the engine came back from its last outage; ``None`` where it never was away."""
        ...

    def seen(self, names: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], bytes]:
        """Of these ``(id, source)`` pairs those already stored, with the digest of what was stored."""
        ...

    def memos(self, keys: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], Memo]:
        """The memos of these ``(scenario, key)`` pairs."""
        ...

    def latest(self, refs: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], Case]:
        """The open round of each ``(scenario, key)``, else its latest."""
        ...

    def cases(self, ids: Sequence[str]) -> Mapping[str, Case]:
        """Cases by id."""
        ...

    def brought(self, hashes: Sequence[str]) -> frozenset[str]:
        """Of these hashes of evidence those that were brought before."""
        ...

    def conduct(self, seats: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], Conduct]:
        """How these ``(place, role)`` seats have done lately, as far as anything is known."""
        ...

    def asked(self, party: str, places: frozenset[str], most: int) -> list[Case]:
        """Open cases at these places in which a role was ever asked, newest first."""
        ...

    def due_cases(self, now: datetime, most: int) -> list[Case]:
        """Open cases to which something happens by itself at or before ``now``, earliest first."""
        ...

    def due_memos(self, now: datetime, most: int) -> list[Memo]:
        """Memos whose watchdog must be looked at by ``now``, earliest first."""
        ...

    def shift_watchdogs(self, silent_from: datetime, silent_until: datetime) -> None:
        """Move every watchdog armed for later than ``silent_from`` by the outage's length; from now on in this turn."""
        ...

    def commit(self, writes: Writes) -> None:
        """Write everything and make it durable. Raises ``StoreError`` and writes nothing when that is impossible."""
        ...


class CaseQuery(NamedTuple):
    """Which cases to list, newest first.

    ``places`` are the codes of a subtree; ``after`` is the cursor of the last page; ``party`` is a role that has
    been asked in the case, whenever. Overdue is a case in which somebody who was asked has let a deadline pass before
    ``overdue_at`` and may still answer, even where the chain has gone on without them.
    """

    places: frozenset[str] | None = None
    scenario: str | None = None
    stage: str | None = None
    party: str | None = None
    overdue_at: datetime | None = None
    is_open: bool | None = None
    after: str | None = None
    most: int = 50


class Token(NamedTuple):
    """An API token as stored: only its hash. ``scopes`` are ingest, answer, read, admin; the rest bind its bearer."""

    name: str
    hash: str
    scopes: tuple[str, ...]
    organisation: str
    roles: tuple[str, ...]
    place: str
    person: str
    created_at: datetime


class Access(NamedTuple):
    """One reading of personal data: who, what, when, and why (PIPL article 51, video regulations article 16)."""

    at: datetime
    reader: str
    what: str
    purpose: str


class Inspection(NamedTuple):
    """What a look at the stored state has found: ``lost`` says what is missing, ``is_whole`` whether all was seen."""

    lost: str
    is_whole: bool


class Store(Keeper, Protocol):
    """Where everything lives."""

    def turn(self) -> AbstractContextManager[Turn]:
        """A write transaction, alone against every other process; left without commit it leaves no trace."""
        ...

    def next_due(self) -> datetime | None:
        """The earliest instant a case or a watchdog waits for, or ``None``: how long the engine may sleep."""
        ...

    def last_turn(self) -> datetime | None:
        """When the last turn was committed, or ``heartbeat`` called; ``None`` for a new store."""
        ...

    def heartbeat(self, now: datetime) -> None:
        """Note that the engine was alive at ``now``; an earlier time than is noted changes nothing."""
        ...

    def inspect(self, seconds_max: float) -> Inspection:
        """Look whether what was committed is there and whole, for at most ``seconds_max``.

        Raises ``StoreError`` for what is damaged. What is missing is told once.
        """
        ...

    # readers -------------------------------------------------------------------------------------------------

    def event(self, source: str, id: str) -> EventRow | None:
        """One stored event."""
        ...

    def events(self, state: EventState | None, after: int, most: int) -> list[tuple[int, EventRow]]:
        """Stored events in order of arrival with their row numbers, after row ``after``."""
        ...

    def unheard_types(self) -> Mapping[str, int]:
        """How many stored events of each type no scenario listened to."""
        ...

    def quarantine(self, most: int) -> list[Quarantined]:
        """What waits in quarantine, oldest first."""
        ...

    def case(self, id: str) -> Case | None:
        """One case by id."""
        ...

    def round(self, scenario: str, key: str) -> Case | None:
        """The open round of a key, else its latest."""
        ...

    def children(self, case: str, most: int) -> list[Case]:
        """The cases that were linked to this one when they opened, newest first."""
        ...

    def find_cases(self, query: CaseQuery) -> tuple[list[Case], str | None]:
        """A page of cases and the cursor of the next one, ``None`` on the last page.

        Raises ``ValueError`` for a cursor that no page has given.
        """
        ...

    def journal(self, case: str) -> list[Entry]:
        """The journal of one case, in order."""
        ...

    def journal_after(self, row: int, most: int) -> list[tuple[int, Entry]]:
        """Journal entries of all cases in order of writing, after row ``row``."""
        ...

    def counts(self) -> Mapping[str, int]:
        """How much there is, by name: events, quarantined, cases, open_cases, pending_notices, dead_notices, and
        armed_watchdogs (keys that have one).
        """
        ...

    # the courier ---------------------------------------------------------------------------------------------

    def owed(self, channel: str, now: datetime, most: int, is_urgent: bool | None = None) -> list[Owed]:
        """Pending notices of a channel whose time has come, gravest first, then oldest.

        ``is_urgent``: only those about a danger to life (``P0``), or only the others.
        """
        ...

    def channels_owed(self) -> list[str]:
        """The names of all channels that pending notices wait for."""
        ...

    def delivered(self, names: Iterable[tuple[str, str]], now: datetime) -> None:
        """Mark ``(notice key, channel)`` pairs as delivered."""
        ...

    def retry_later(self, key: str, channel: str, next_at: datetime, error: str) -> None:
        """A delivery failed and will be tried again at ``next_at``."""
        ...

    def give_up(
        self, key: str, channel: str, error: str, now: datetime, instead: Sequence[tuple[Notice, str]] = ()
    ) -> int:
        """A delivery will not be tried again by itself: it becomes a dead letter.

        The next page to the same person about the same order need not wait for its time any more; returns on how many
        channels it goes out now. Where there is none, and the notice is under way through no other channel, the notices
        ``instead`` are owed.
        """
        ...

    def dead_letters(self, most: int) -> list[Owed]:
        """What could not be delivered, oldest first."""
        ...

    def revive(self, keys: Sequence[str] | None, now: datetime) -> int:
        """Make dead letters (all of them for ``None``) pending again; returns how many."""
        ...

    # tokens and access ---------------------------------------------------------------------------------------

    def add_token(self, token: Token) -> None:
        """Store a token. Raises ``ValueError`` when the name is taken."""
        ...

    def token(self, hash: str) -> Token | None:
        """The token with this hash."""
        ...

    def tokens(self) -> list[Token]:
        """All tokens."""
        ...

    def drop_token(self, name: str) -> bool:
        """Revoke a token; whether there was one."""
        ...

    def record_access(self, access: Access) -> None:
        """Write down that personal data was read."""
        ...

    def accesses(self, most: int) -> list[Access]:
        """The latest readings, newest first."""
        ...

    def snapshot(self) -> AbstractContextManager[Snapshot]:
        """Everything as it is now, read piece by piece while others go on writing."""
        ...

    def close(self) -> None:
        """Let go of the database; safe to call twice."""
        ...
