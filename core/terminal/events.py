"""Stored events, the quarantine, and dead letters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from ..engine.receipt import Input, Receipt, Status
from ..gateway.cloudevents import read_json
from ..gateway.viewer import Viewer
from ..stores.base import EventRow, EventState, Owed, Quarantined
from .screen import local, put_json, show, tell
from .street import Desk
from .trouble import Trouble

PAGE: Final = 1000
RETRIED_AT_ONCE: Final = 200
QUARANTINE_MAX: Final = 100_000
LETTERS_MAX: Final = 100_000
OVERDUE: Final = "overdue"
"""The source under which silences stand that a plugin could not judge."""


class Filter(NamedTuple):
    """Which stored events are asked for: in this state, of this type, after this row, at most so many."""

    state: str | None
    type: str | None
    after: int
    most: int


def list_events(at: Desk, wanted: Filter, as_json: bool) -> None:
    """Show stored events in order of arrival; those in quarantine with the reason."""
    if wanted.state == EventState.QUARANTINED:
        _list_quarantine(at, wanted.type, wanted.most, as_json)
        return
    found, following = _find(at, wanted)
    if as_json:
        put_json({"events": [_event_json(at, number, row) for number, row in found], "next": following})
        return
    if not found:
        tell(at.voice.say("no_events"))
        return
    zone = at.opened.setup.street.calendar.zone
    headings = [at.voice.say(f"head_{name}") for name in ("at", "type", "subject", "place", "state", "source", "id")]
    rows = [
        (local(row.at, zone), row.type, row.subject, row.place, row.state.value, row.source, row.id) for _, row in found
    ]
    show(headings, rows)
    if following is not None:
        tell(at.voice.say("more_events", after=following))


def _find(at: Desk, wanted: Filter) -> tuple[list[tuple[int, EventRow]], int | None]:
    found: list[tuple[int, EventRow]] = []
    for number, row in _scan(at, EventState(wanted.state) if wanted.state else None, wanted.after):
        if wanted.type not in (None, row.type):
            continue
        if len(found) == wanted.most:
            return found, found[-1][0]
        found.append((number, row))
    return found, None


def _scan(at: Desk, state: EventState | None, after: int) -> Iterator[tuple[int, EventRow]]:
    while page := at.store.events(state, after, PAGE):
        yield from page
        after = page[-1][0]


def _event_json(at: Desk, number: int, row: EventRow) -> dict[str, Any]:
    event = Viewer(at.opened.setup, at.now, sees_all=False).event(row.type, row.body)
    zone = at.opened.setup.street.calendar.zone
    times = {"at": row.at.astimezone(zone), "received_at": row.received_at.astimezone(zone)}
    return {"row": number, "state": row.state.value, **times, "place": row.place, "event": event}


def _list_quarantine(at: Desk, type: str | None, most: int, as_json: bool) -> None:
    zone = at.opened.setup.street.calendar.zone
    found = []
    for one in at.store.quarantine(QUARANTINE_MAX):
        row = at.store.event(one.source, one.id)
        if type is None or (row is not None and row.type == type):
            found.append((one, row.type if row else "-"))
        if len(found) == most:
            break
    if as_json:
        put_json({"quarantined": [{**one._asdict(), "at": one.at.astimezone(zone), "type": of} for one, of in found]})
    elif not found:
        tell(at.voice.say("nothing_quarantined"))
    else:
        headings = [at.voice.say(f"head_{name}") for name in ("at", "type", "why", "source", "id")]
        show(headings, [(local(one.at, zone), of, f"{one.reason}: {one.why}", one.source, one.id) for one, of in found])


def list_unheard(at: Desk, as_json: bool) -> None:
    """Count stored events by type that no scenario listened to."""
    types = dict(sorted(at.store.unheard_types().items(), key=lambda item: (-item[1], item[0])))
    if as_json:
        put_json({"unheard": types})
    elif not types:
        tell(at.voice.say("no_unheard"))
    else:
        show([at.voice.say("head_type"), at.voice.say("head_count")], types.items())


def retry_events(at: Desk, wanted: tuple[str, str] | None) -> None:
    """Judge quarantined events again, all of them or the one named ``(source, id)``.

    Raises ``Trouble`` for one that is not quarantined, and when some still cannot be judged.
    """
    held = [one for one in at.store.quarantine(QUARANTINE_MAX) if wanted in (None, (one.source, one.id))]
    if wanted is not None and not held:
        raise Trouble(at.voice.say("not_quarantined", source=wanted[0], id=wanted[1]))
    rows = [(one, row) for one in held if (row := at.store.event(one.source, one.id)) is not None]
    if not rows:
        tell(at.voice.say("nothing_quarantined"))
    else:
        _retry(at, rows)
    if len(rows) < len(held):
        tell(at.voice.say("silences_left", count=len(held) - len(rows)), stderr=True)


def _retry(at: Desk, rows: list[tuple[Quarantined, EventRow]]) -> None:
    engine = at.engine()
    receipts: list[Receipt] = []
    for start in range(0, len(rows), RETRIED_AT_ONCE):
        some = rows[start : start + RETRIED_AT_ONCE]
        receipts += engine.retry([(Input(read_json(row.body)), one.scenario) for one, row in some], at.now)
    # What has raised again says why by its receipt; what never came to be judged is where it was, and so is why.
    still = [
        receipt.detail if receipt.reason == "retried" else one.why
        for (one, _), receipt in zip(rows, receipts, strict=True)
        if receipt.status is not Status.ACCEPTED
    ]
    counts = {"tried": len(rows), "accepted": len(rows) - len(still), "still": len(still)}
    told = at.voice.say("retried", **counts)
    if still:
        raise Trouble("\n".join([*list(dict.fromkeys(still))[:20], told]))
    tell(told)


def list_letters(at: Desk, as_json: bool) -> None:
    """Show the notices that could not be delivered, oldest first."""
    letters = at.store.dead_letters(LETTERS_MAX)
    if as_json:
        put_json({"dead_letters": [_letter_json(at, one) for one in letters]})
        return
    if not letters:
        tell(at.voice.say("no_dead_letters"))
        return
    zone = at.opened.setup.street.calendar.zone
    names = ("key", "channel", "party", "ref", "at", "attempts", "error")
    show(
        [at.voice.say(f"head_{name}") for name in names],
        [
            (
                one.notice.key,
                one.channel,
                one.notice.party,
                one.notice.ref,
                local(one.notice.at, zone),
                one.attempts,
                one.error,
            )
            for one in letters
        ],
    )


def _letter_json(at: Desk, one: Owed) -> dict[str, Any]:
    notice = one.notice
    return {
        "key": notice.key,
        "channel": one.channel,
        "kind": notice.kind.value,
        "party": notice.party,
        "ref": notice.ref,
        "at": notice.at.astimezone(at.opened.setup.street.calendar.zone),
        "attempts": one.attempts,
        "error": one.error,
    }


def retry_letters(at: Desk, keys: list[str]) -> None:
    """Try dead letters again, all of them where none is named. Raises ``Trouble`` for a key that is not dead."""
    dead = {one.notice.key for one in at.store.dead_letters(LETTERS_MAX)}
    unknown = [key for key in keys if key not in dead]
    if unknown:
        raise Trouble("\n".join(at.voice.say("no_such_letter", key=key) for key in unknown))
    count = at.store.revive(keys or None, at.now) if dead else 0
    tell(at.voice.say("revived", count=count) if count else at.voice.say("no_dead_letters"))
