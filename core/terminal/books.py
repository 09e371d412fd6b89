"""The ledger of a street: how long each party held its cases, and for what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from ..gateway.wording import STORY
from ..loop.ledger import Holding, by_hours, ledger, totals
from ..model.case import Case
from ..sdk.texts import render
from ..stores.base import CaseQuery
from .cases import subtree
from .screen import put_json, show, tell
from .showing import span_text
from .street import Desk

PAGE: Final = 200
"""Cases that are read at once; of each its journal, one after the other."""


class Span(NamedTuple):
    """From when until when is booked; without an end until now."""

    since: datetime | None
    until: datetime | None


def show_ledger(at: Desk, party: str | None, span: Span, place: str | None, as_json: bool) -> None:
    """Sum up over all cases how long each role held them for each thing, the longest first."""
    zone = at.opened.setup.street.calendar.zone
    since, until = (one if one is None or one.tzinfo else one.replace(tzinfo=zone) for one in span)
    held, cases = _sums(at, CaseQuery(places=subtree(at, place), most=PAGE), since, min(until or at.now, at.now))
    rows = [one for one in sorted(held, key=lambda one: (-held[one], one)) if party in (None, one[0])]
    if as_json:
        put_json(
            {
                "ledger": [
                    {
                        "party": who,
                        "holding": what,
                        "seconds": held[who, what].total_seconds(),
                        "cases": cases[who, what],
                    }
                    for who, what in rows
                ]
            }
        )
    elif rows:
        language = at.voice.language
        show(
            [at.voice.say(f"head_{name}") for name in ("holder", "holding", "span", "cases")],
            [
                [at.voice.role(who), render(STORY, language, f"holding_{what}", {}), span_text(held[who, what]), count]
                for who, what in rows
                if (count := cases[who, what])
            ],
        )
    else:
        tell(at.voice.say("no_cases"))


def _sums(
    at: Desk, query: CaseQuery, since: datetime | None, until: datetime
) -> tuple[dict[tuple[str, Holding], timedelta], Counter[tuple[str, Holding]]]:
    held: dict[tuple[str, Holding], timedelta] = {}
    cases: Counter[tuple[str, Holding]] = Counter()
    street = at.opened.setup.street
    for case in _cases(at, query, since, until):
        booked = by_hours(ledger(at.store.journal(case.id), until), case, street)
        for who, span in totals(booked, since, until).items():
            held[who] = held.get(who, timedelta()) + span
            cases[who] += 1
    return held, cases


def _cases(at: Desk, query: CaseQuery, since: datetime | None, until: datetime) -> Iterator[Case]:
    """The cases that were open within the span, a page in memory at a time."""
    while True:
        page, cursor = at.store.find_cases(query)
        for case in page:
            if case.opened_at < until and (since is None or case.closed_at is None or case.closed_at > since):
                yield case
        if cursor is None:
            return
        query = query._replace(after=cursor)
