"""How a notice reaches a party: through which pages, at once or later, and whether quiet hours hold it back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from typing import Final, NamedTuple

from ..model.chain import Severity
from ..model.notice import NoticeKind
from ..model.place import Holder, Page, Reach
from ..model.street import Street

PRESSING: Final = frozenset({NoticeKind.ASK, NoticeKind.REWORK, NoticeKind.CHECK, NoticeKind.DISPATCH})
"""Notices that want an answer, and so are paged again while there is none."""

_AS_USUAL: Final = (Reach(),)


class Call(NamedTuple):
    """One message to one person (empty: the party as a whole), through ``channels``, ``not_before`` a later instant."""

    person: str
    channels: tuple[str, ...]
    not_before: datetime | None


def calls(holder: Holder | None, kind: NoticeKind, severity: Severity, street: Street, now: datetime) -> Iterator[Call]:
    """The messages by which ``holder`` hears of something; at least one, through the street's usual channels.

    A danger to life goes out on every page of everybody on duty at once and ignores quiet hours (domain 8.5).
    """
    reaches = holder.reaches if holder else ()
    for reach in reaches or _AS_USUAL:
        awake = None if severity is Severity.P0 else _awake_at(reach, severity, street, now)
        for after, channels in _by_delay(reach.pages, kind, severity):
            later = max(now + after, awake or now)
            yield Call(reach.person, channels, later if later > now else None)


@lru_cache(maxsize=1024)  # the same few are asked for each notice; nobody changes what comes back
def _by_delay(pages: tuple[Page, ...], kind: NoticeKind, severity: Severity) -> list[tuple[timedelta, tuple[str, ...]]]:
    """The channels to use after each delay, soonest first; none of its own: the usual ones, at once."""
    if severity is Severity.P0:
        return [(timedelta(), tuple(dict.fromkeys(page.channel for page in pages)))]
    fitting = [page for page in pages if not page.least.graver_than(severity)]
    delays = sorted({page.after for page in fitting if kind in PRESSING or not page.after})
    found = [(after, tuple(page.channel for page in fitting if page.after == after)) for after in delays]
    return found if timedelta() in delays else [(timedelta(), ()), *found]


def _awake_at(reach: Reach, severity: Severity, street: Street, now: datetime) -> datetime | None:
    """The end of the quiet hours that ``now`` lies in, where a case of this gravity must wait for it."""
    if reach.quiet is None or not street.wakes.graver_than(severity):
        return None
    zone = street.calendar.zone
    local = now.astimezone(zone)
    begins, ends = reach.quiet
    is_overnight = begins > ends
    is_evening = is_overnight and local.time() >= begins
    is_quiet = is_evening or (local.time() < ends and (is_overnight or local.time() >= begins))
    if not is_quiet:
        return None
    return _instant(local + timedelta(days=is_evening), ends)


def _instant(day: datetime, at: time) -> datetime:
    return datetime.combine(day.date(), at, day.tzinfo).astimezone(UTC)
