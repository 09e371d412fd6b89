"""Leads: who found what a street registered, and whether there was anything (domain 5).

A lead is what opened a case: one matter reported, however often it was reported again. Cases that the system opens
because of other cases (three meetings, a camera that is often wrong) were found by nobody and are no leads. What nobody
has said is unknown: it is counted beside a rate, in neither its numerator nor its denominator.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..engine.closings import RESERVED
from ..engine.concluding import SILENCE
from ..model.case import Entry, Reason
from ..model.chain import Effect
from ..sdk.loader import Registry
from ..stores.base import Store
from .indicators import FALSE_ALARM, Finder, Period, Rate, Record, rate
from .story import stored_event


def finder_of(journal: Sequence[Entry], store: Store, registry: Registry) -> Finder | None:
    """Who found what opened a case; ``None`` where the event was purged, or no plugin knows its type any more.

    A case that opened by silence was found by the devices that fell silent. Of all others the event's type says it:
    ``class Complaint(Event, type="...", by_people=True)``.
    """
    opened = next((entry for entry in journal if entry.reason is Reason.OPENED), None)
    if opened is None:
        return None
    if opened.event.startswith(SILENCE):
        return Finder.DEVICES
    row = stored_event(store, opened.event)
    if row is None:
        return None
    if row.type.startswith(RESERVED):
        return Finder.SYSTEM
    known = registry.listening.get(row.type)
    if known is None:
        return None
    return Finder.PEOPLE if known.event.by_people else Finder.DEVICES


def is_registered(record: Record) -> bool | None:
    """Whether a lead became a case (立案), or was declined by whoever looked at it first (核实, 不立案).

    A scenario without such a look registers whatever it finds. ``None`` while somebody still has to look, and where it
    was over before anybody had.
    """
    case = record.case
    is_before = any(track.required and case.step(track).pre_verify for track in case.tracks)
    if not is_before:
        return True
    was_declined = not case.is_open and (record.is_void or record.has({Reason.REVIEWED}))
    return False if was_declined else None


def is_valid(record: Record) -> bool | None:
    """Whether people have found that there was something; ``None`` where none of them has said so.

    A matter that the sensors alone called over was seen by nobody, and an open one may still be denied.
    """
    case = record.case
    if case.is_open:
        return None
    if record.is_void or case.result == FALSE_ALARM or dict(case.rules.outcomes).get(case.result) is Effect.FALSE_ALARM:
        return False
    return True if record.was_seen_by_people else None


def leads(records: Iterable[Record], period: Period) -> list[Rate]:
    """The rates about leads that came in within the period.

    ``registration`` 立案率: registered / leads looked at. ``valid_report`` 有效上报率: those with something in them /
    leads that people have judged. ``smart_discovery`` 智能发现率: found by devices or AI / registered, where it is
    known who found them (the name is Pudong's, the formula an assumption).
    """
    came = [one for one in records if period.has(one.case.opened_at) and one.finder is not Finder.SYSTEM]
    registered = [one for one in came if is_registered(one)]
    smart = [None if one.finder is None else one.finder is Finder.DEVICES for one in registered]
    return [
        _share("registration", [is_registered(one) for one in came]),
        _share("valid_report", [is_valid(one) for one in came]),
        _share("smart_discovery", smart),
    ]


def _share(name: str, said: Sequence[bool | None]) -> Rate:
    known = [one for one in said if one is not None]
    return rate(name, sum(known), len(known))._replace(unknown=len(said) - len(known))
