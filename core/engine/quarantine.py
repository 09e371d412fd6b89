"""Quarantine: what could not be judged is kept with the reason, ops are told, and nothing else stops."""

from __future__ import annotations

import traceback
from datetime import datetime
from hashlib import blake2b
from typing import Final

from ..model.case import Reason
from ..model.chain import Severity
from ..model.event import Envelope
from ..model.notice import Notice, NoticeKind
from ..model.place import Holder, Place
from ..model.street import OPS
from ..stores.base import EventRow, EventState, Quarantined
from .asking import OutcomeError
from .receipt import Receipt, Status
from .work import Work

TRACE_CHARS_MAX: Final = 8000
WHY_CHARS_MAX: Final = 1000
SHELVES: Final = 256
"""How many notices a day at most say that devices, or places, are unknown."""

PLUGIN_ERROR: Final = "plugin_error"
SILENCE: Final = "overdue"
"""What stands for the source of a silence, which no event carries."""


def store_event(
    work: Work,
    envelope: Envelope,
    digest: bytes,
    at: datetime,
    place: Place | None,
    state: EventState,
    speaker: str = "",
) -> None:
    """Write the event down, whatever becomes of it; an answer with whoever spoke."""
    directory = work.setup.street.directory
    code = place.code if place else directory.street
    work.writes.events.append(
        EventRow(
            envelope.id,
            envelope.source,
            directory.partition(code),
            envelope.type,
            envelope.subject or "",
            at,
            work.now,
            code,
            state,
            digest,
            envelope.body,
            speaker,
        )
    )


def quarantine(work: Work, envelope: Envelope, scenario: str, error: Exception) -> None:
    """Keep an event with the plugin's error until somebody retries it; ops are told once a day and scenario."""
    _keep(work, (envelope.id, envelope.source, scenario), PLUGIN_ERROR, why_of(scenario, error), error)
    _blame_plugin(work, scenario, error)


def quarantine_silence(work: Work, scenario: str, key: str, name: str, error: Exception) -> None:
    """Keep a silence that a plugin could not judge; it is asked again by itself."""
    why = why_of(scenario, error, f" over the silence {name!r} of {key}")
    _keep(work, (silence_id(key, name), SILENCE, scenario), PLUGIN_ERROR, why, error)
    _blame_plugin(work, scenario, error)


def quarantine_internal(work: Work, id: str, source: str, scenario: str, detail: str) -> None:
    """Keep what the loop itself failed on: the plugin is not to blame, and the finding must not be lost."""
    why = f"civicloop itself failed on what {scenario} concluded ({detail}); report it, and retry after the repair"
    _keep(work, (id, source, scenario), Reason.INTERNAL_ERROR, why, None)
    warn_ops(work, Reason.INTERNAL_ERROR, scenario, detail)


def quarantine_unread(
    work: Work, envelope: Envelope, digest: bytes, at: datetime, culprit: str, error: Exception
) -> Receipt:
    """Keep an event whose data a stranger's code could not read, for all that listen to it."""
    why = why_of(culprit, error)
    store_event(work, envelope, digest, at, None, EventState.QUARANTINED)
    _keep(work, (envelope.id, envelope.source, ""), PLUGIN_ERROR, why, error)
    _blame_plugin(work, culprit, error)
    return Receipt(Status.QUARANTINED, PLUGIN_ERROR, f"{why}; repair it, then retry")


def quarantine_unplaced(work: Work, envelope: Envelope, digest: bytes, at: datetime) -> Receipt:
    """Keep an event of a device nobody registered, and tell ops once a day."""
    subject = envelope.subject or "(no subject)"
    if envelope.place is not None:
        reason, why = "unknown_place", f"place {envelope.place} is not in places.csv"
    else:
        reason, why = "unknown_device", f"device {subject} is not in devices.csv and names no place"
    store_event(work, envelope, digest, at, None, EventState.QUARANTINED)
    _keep(work, (envelope.id, envelope.source, ""), reason, why, None)
    warn_ops(work, reason, envelope.place or subject, why, _shelf(envelope.place or subject))
    return Receipt(Status.QUARANTINED, reason, f"{why}; register it, then retry")


def silence_id(key: str, name: str) -> str:
    """What stands for the id of a silence in quarantine: one row for each watchdog, however often it fails."""
    return f"{key}/{name}"


def _keep(work: Work, what: tuple[str, str, str], reason: str, why: str, error: Exception | None) -> None:
    trace = "".join(traceback.format_exception(error))[-TRACE_CHARS_MAX:] if error else ""
    trace = trace.encode(errors="replace").decode()  # a traceback may quote half a character
    why = why[:WHY_CHARS_MAX].encode(errors="replace").decode()
    work.writes.quarantined.append(Quarantined(*what, work.now, reason, why, trace))


def why_of(culprit: str, error: Exception, about: str = "") -> str:
    """What a stranger's code did wrong, in one sentence."""
    if isinstance(error, OutcomeError):
        return f"{culprit} {error}{about}"
    return f"{culprit} raised {type(error).__name__}{about}: {error}"


def _blame_plugin(work: Work, scenario: str, error: Exception) -> None:
    work.decisions[PLUGIN_ERROR] += 1
    # What a plugin says in its errors may name anybody; in quarantine it is read under a token, in a notice it is not.
    what = str(error) if isinstance(error, OutcomeError) else type(error).__name__
    warn_ops(work, PLUGIN_ERROR, scenario, what)


def _shelf(name: str) -> str:
    """One of ``SHELVES`` for a name that whoever sends it makes up: a million made-up devices must not be a million
    notices. Two that share one are told of once; both are in quarantine.
    """
    return str(int.from_bytes(blake2b(name.encode(errors="replace"), digest_size=8).digest()) % SHELVES)


def warn_ops(work: Work, reason: str, culprit: str, why: str, shelf: str = "") -> None:
    """Owe ops a word about a fault, at most one a day of the street for each culprit, or for each ``shelf`` of them."""
    street = work.setup.street
    day = f"{work.now.astimezone(street.calendar.zone):%Y-%m-%d}"
    name = blake2b(f"{reason}\0{shelf or culprit}".encode(errors="replace"), digest_size=8).hexdigest()
    key = f"fault.{name}.{day}"
    if key in work.warned:
        return
    work.warned.add(key)
    holder = street.holder(OPS, street.code, work.now)
    work.owe(
        Notice(
            key=key,
            kind=NoticeKind.OPS,
            case="",
            ref="",
            at=work.now,
            severity=Severity.P2,
            party=OPS,
            organisation=holder.organisation if holder else "",
            place=street.code,
            step="",
            message=reason,
            variables={"culprit": culprit, "why": why},
            order="",
            due=None,
            reason=reason,
            channels=_ways(holder, Severity.P2),
        )
    )


def _ways(holder: Holder | None, severity: Severity) -> tuple[str, ...]:
    """The channels on which ops are told at once; a fault has no order whose answer could stop a later page."""
    pages = (page for reach in (holder.reaches if holder else ()) for page in reach.pages)
    at_once = (page for page in pages if not page.after and not page.least.graver_than(severity))
    return tuple(dict.fromkeys(page.channel for page in at_once))
