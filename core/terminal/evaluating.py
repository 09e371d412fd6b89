"""The indicators of a street on the screen: what was due, what was done in time, and whose hands solved it."""

from __future__ import annotations

from collections.abc import Iterator

from ..gateway.indicators import Counts, Period, Rate, Record, closed_by_level, concerns, counts, indicators
from ..gateway.leads import finder_of, leads
from ..sdk.loader import Registry
from ..stores.base import CaseQuery, Store
from .books import PAGE, Span
from .cases import subtree
from .screen import in_zone, local, put_json, show, tell
from .street import Desk


def show_indicators(at: Desk, span: Span, place: str | None, as_json: bool) -> None:
    """Show the rates of domain 5 with what they are made of, the counts, and the closing split."""
    street = at.opened.setup.street
    since, until = (in_zone(one, street.calendar.zone) if one else None for one in span)
    period = Period(since, min(until or at.now, at.now))
    query = CaseQuery(places=subtree(at, place), most=PAGE)
    found = list(records(at.store, query, period, at.opened.setup.registry))
    rates = [*leads(found, period), *indicators(found, period)]
    split = closed_by_level(found, period, street.directory)
    counted = counts(found, period)
    if as_json:
        put_json(
            {
                "since": period.since,
                "until": period.until,
                "counts": counted._asdict(),
                "rates": [one._asdict() for one in rates],
                "closed_by_level": [one._asdict() for one in split],
            }
        )
    elif found:
        zone = street.calendar.zone
        tell(at.voice.say("indicators_span", since=local(period.since, zone), until=local(period.until, zone)))
        show([at.voice.say("head_count"), at.voice.say("head_cases")], _counts(at, counted))
        _show_rates(at, rates)
        _show_rates(at, split)
    else:
        tell(at.voice.say("no_cases"))


def records(store: Store, query: CaseQuery, period: Period, registry: Registry) -> Iterator[Record]:
    """The cases that a period has to do with, each with its journal and finder; they are read a page at a time."""
    while True:
        page, cursor = store.find_cases(query)
        for case in page:
            if concerns(case, period):
                journal = store.journal(case.id)
                yield Record(case, journal, finder_of(journal, store, registry))
        if cursor is None:
            return
        query = query._replace(after=cursor)


def _counts(at: Desk, counted: Counts) -> Iterator[tuple[str, object]]:
    for name in ("registered", "sightings", "dispatched", "closed", "void", "open", "overdue_open"):
        yield at.voice.say(f"count_{name}"), getattr(counted, name)
    if counted.disposal_seconds is not None:
        yield at.voice.say("count_disposal_minutes"), f"{counted.disposal_seconds / 60:.1f}"
    yield from counted.by_scenario.items()


def _show_rates(at: Desk, rates: list[Rate]) -> None:
    headings = [at.voice.say(f"head_{name}") for name in ("rate", "numerator", "denominator", "percent", "unknown")]
    show(headings, [(at.voice.say(f"rate_{one.name}"), *_shown(one)) for one in rates])


def _shown(one: Rate) -> tuple[object, ...]:
    return one.numerator, one.denominator, percent(one), one.unknown or ""


def percent(one: Rate) -> str:
    """A rate as people read it; a dash where there was nothing to measure."""
    return "-" if one.value is None else f"{one.value:.2f} %"
