"""Retention on the screen: what is kept how long, what would go, and what went."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

from ..running.retention import purges_due, sweep
from ..stores.keeper import Kind, Purge, Purged
from ..stores.purging import COUNT_MAX
from .screen import local, put_json, show, tell
from .street import Desk

LOGGED_MAX: Final = 1000
"""Entries of the purge log that are looked through for the latest of each class."""

_NAMES: Final = {
    Kind.QUARANTINE: "kept_quarantine",
    Kind.MEDIA: "kept_media",
    Kind.EVENTS: "kept_events",
    Kind.TURNS: "kept_turns",
    Kind.NOTICES: "kept_notices",
    Kind.MEMORIES: "kept_memories",
    Kind.CLOSED_CASES: "kept_closed_cases",
    Kind.EVIDENCE_HASHES: "kept_evidence_hashes",
    Kind.JOURNALS: "kept_journals",
    Kind.ACCESS: "kept_access",
    Kind.PURGES: "kept_purges",
}


def show_retention(at: Desk, at_once: bool, as_json: bool) -> None:
    """Show every class of data; with ``at_once`` drop what is due first."""
    purges = purges_due(at.opened.folder.settings.retention, at.now)
    gone: Counter[Kind] = Counter()
    if at_once:
        for purge, rows in sweep(at.store, purges, at.now):
            gone[purge.kind] += rows
    last: dict[str, Purged] = {}
    for one in at.store.purges(LOGGED_MAX):
        last.setdefault(one.kind, one)
    lines = [(purge, at.store.count_purgeable(purge), last.get(purge.kind)) for purge in purges]
    if as_json:
        put_json(
            {
                "retention": [_as_json(*line) for line in lines],
                "gone": {kind.value: rows for kind, rows in gone.items()},
            }
        )
        return
    heads = [at.voice.say(f"head_{name}") for name in ("class", "days", "before", "old", "last_purge", "gone")]
    show(heads, [_row(at, *line) for line in lines])
    if at_once:
        tell(at.voice.say("purged_now", count=sum(gone.values())))


def _row(at: Desk, purge: Purge, old: int, last: Purged | None) -> tuple[object, ...]:
    zone = at.opened.setup.street.calendar.zone
    counted = f"{old}+" if old >= COUNT_MAX else old
    name, until = at.voice.say(_NAMES[purge.kind]), local(purge.until, zone)
    return name, purge.days, until, counted, local(last.ended_at if last else None, zone), last.rows if last else "-"


def _as_json(purge: Purge, old: int, last: Purged | None) -> dict[str, Any]:
    told = {"class": purge.kind, "days": purge.days, "until": purge.until, "old": old}
    return told | {"last": last._asdict() if last else None}
