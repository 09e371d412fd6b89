"""Retention on the screen: what is kept how long, what would go, and what went."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

from ..running.retention import purges_due, sweep
from ..stores.base import StoreError
from ..stores.keeper import Kind, Purge, Purged
from ..stores.purging import COUNT_MAX
from .screen import local, put_json, show, tell
from .street import Desk
from .trouble import Trouble

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
    """Show every class of data; with ``at_once`` drop what is due first. Raises ``Trouble`` for what could not go."""
    purges = purges_due(at.opened.folder.settings.retention, at.now)
    gone: Counter[Kind] = Counter()
    stuck = [why for purge in purges if (why := _drop(at, purge, gone))] if at_once else []
    _show(at, purges, gone, at_once, as_json)
    if stuck:
        raise Trouble("\n".join(stuck))


def _drop(at: Desk, purge: Purge, gone: Counter[Kind]) -> str:
    """Drop one class of data; why that failed, which keeps no other class back."""
    try:
        for _, rows in sweep(at.store, [purge], at.now):
            gone[purge.kind] += rows
    except StoreError as error:
        return f"{at.voice.say(_NAMES[purge.kind])}: {error}"
    return ""


def _show(at: Desk, purges: list[Purge], gone: Counter[Kind], at_once: bool, as_json: bool) -> None:
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
