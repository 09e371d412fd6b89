"""Cases on the screen: the list, and finding one."""

from __future__ import annotations

from typing import Final, NamedTuple

from rich.text import Text

from ..engine.answering import split_ref
from ..gateway.viewer import Viewer
from ..model.case import Case
from ..stores.base import CaseQuery, Store
from ..street.complaint import nearest
from .screen import local, plain, put_json, show, tell
from .street import Desk
from .trouble import Trouble

PAGE: Final = 200


class Filter(NamedTuple):
    """Which cases are asked for; see ``CaseQuery``."""

    is_open: bool | None
    place: str | None
    scenario: str | None
    stage: str | None
    party: str | None
    overdue: bool
    most: int
    cursor: str | None


def list_cases(at: Desk, wanted: Filter, as_json: bool) -> None:
    """Show cases, newest first."""
    cases, following = find_cases(at, wanted)
    if as_json:
        viewer = Viewer(at.opened.setup, at.now, sees_all=False)
        put_json(viewer.page(cases, following))
        return
    if not cases:
        tell(at.voice.say("no_cases"))
        return
    headings = ("ref", "severity", "stage", "asked", "place", "opened", "due")
    show([at.voice.say(f"head_{name}") for name in headings], [_row(at, case) for case in cases])
    if following:
        tell(at.voice.say("more_cases", cursor=following))


def find_cases(at: Desk, wanted: Filter) -> tuple[list[Case], str | None]:
    """The cases that fit, and the cursor of the next one. Raises ``Trouble`` for a filter that cannot be meant."""
    query = CaseQuery(
        places=subtree(at, wanted.place),
        scenario=wanted.scenario,
        stage=wanted.stage,
        party=wanted.party,
        overdue_at=at.now if wanted.overdue else None,
        is_open=wanted.is_open,
        after=wanted.cursor,
    )
    found: list[Case] = []
    while len(found) < wanted.most:
        try:
            page, cursor = at.store.find_cases(query._replace(most=min(PAGE, wanted.most - len(found))))
        except ValueError as error:
            raise Trouble(f"--cursor: {error}") from error
        found += page
        query = query._replace(after=cursor)
        if cursor is None:
            break
    return found, query.after


def subtree(at: Desk, place: str | None) -> frozenset[str] | None:
    """The codes of a place and all inside it, ``None`` for none. Raises ``Trouble`` for a place that is not there."""
    directory = at.opened.setup.street.directory
    if place is not None and place not in directory.places:
        remedy = nearest(place, directory.places, at.voice.say("see_places"))
        raise Trouble(at.voice.say("no_place", place=place, remedy=remedy))
    return frozenset(directory.subtree(place)) if place else None


def _row(at: Desk, case: Case) -> list[object]:
    zone = at.opened.setup.street.calendar.zone
    stage = Text(
        case.stage.value if case.is_open else case.result or case.stage.value, style="" if case.is_open else "dim"
    )
    is_late = case.due is not None and case.due < at.now
    due = Text(local(case.due, zone), style="red" if is_late else "")
    place = at.opened.setup.street.directory.places.get(case.place)
    where = place.name if place else case.place
    parties = open_parties(case)
    asked = at.voice.role("+".join(parties)) if parties else "-"
    return [case.ref, case.severity.value, stage, asked, where, local(case.opened_at, zone), due]


def open_parties(case: Case) -> list[str]:
    """The roles whose answer a case waits for."""
    orders = (order for track in case.tracks for order in track.orders if order.is_open)
    return list(dict.fromkeys(order.party for order in orders))


def find_case(store: Store, ref: str) -> Case | None:
    """A case by id, or the open round of ``SCENARIO/KEY``, else its latest."""
    pair = split_ref(ref)
    return store.round(*pair) if pair else store.case(ref)


def need_case(at: Desk, ref: str) -> Case:
    """The case named ``ref``. Raises ``Trouble`` where there is none."""
    case = find_case(at.store, ref)
    if case is None:
        raise Trouble(at.voice.say("no_such_case", ref=plain(ref)))
    return case
