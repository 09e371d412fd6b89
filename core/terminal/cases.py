"""Cases on the screen: the list, and one case with its story."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from datetime import datetime
from typing import Final, NamedTuple

from rich.text import Text

from ..engine.answering import split_ref
from ..engine.letters import place_name
from ..gateway.views import Viewer
from ..model.case import Case, OrderState, Track
from ..stores.base import Access, CaseQuery, Store
from ..street.complaint import nearest
from .screen import local, plain, put_json, screen, show, table, tell
from .story import Teller, style_of
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
        page = [viewer.case(case).model_dump(mode="json", exclude={"journal"}) for case in cases]
        put_json({"cases": page, "next": following})
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
    directory = at.opened.setup.street.directory
    if wanted.place is not None and wanted.place not in directory.places:
        remedy = nearest(wanted.place, directory.places, at.voice.say("see_places"))
        raise Trouble(at.voice.say("no_place", place=wanted.place, remedy=remedy))
    query = CaseQuery(
        places=frozenset(directory.subtree(wanted.place)) if wanted.place else None,
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


def _row(at: Desk, case: Case) -> list[object]:
    zone = at.opened.setup.street.calendar.zone
    stage = Text(
        case.stage.value if case.is_open else case.result or case.stage.value, style="" if case.is_open else "dim"
    )
    is_late = case.due is not None and case.due < at.now
    due = Text(local(case.due, zone), style="red" if is_late else "")
    place = at.opened.setup.street.directory.places.get(case.place)
    where = place.name if place else case.place
    asked = ", ".join(at.voice.role(party) for party in open_parties(case))
    return [case.ref, case.severity.value, stage, asked or "-", where, local(case.opened_at, zone), due]


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


def show_case(at: Desk, ref: str, as_json: bool, purpose: str | None) -> None:
    """Tell the story of one case.

    People are masked, unless a ``purpose`` is given; then the reading is recorded.
    """
    case = need_case(at, ref)
    if purpose is not None:
        at.store.record_access(Access(at.now, f"cli:{getpass.getuser()}", f"case {case.id}", purpose))
    viewer = Viewer(at.opened.setup, at.now, sees_all=purpose is not None)
    view = viewer.case(case, at.store.journal(case.id))
    if as_json:
        put_json(view.model_dump(mode="json"))
        return
    teller = Teller(at.voice, at.opened.setup)
    for line in _head(at, case, teller):
        tell(line)
    people = {order.id: order.people for track in view.tracks for order in track.orders}
    for track in case.tracks:
        tell("")
        tell(_track_line(at, case, track, teller))
        screen().print(table(*_orders(at, case, track, people)))
    tell("")
    tell(at.voice.say("story"))
    _tell_story(at, case, teller)


def _head(at: Desk, case: Case, teller: Teller) -> Iterator[str]:
    setup = at.opened.setup
    zone = setup.street.calendar.zone
    yield f"{case.ref} · {case.id}"
    yield at.voice.say("case_is", title=teller.title(case.scenario), finding=teller.finding(case))
    where = place_name(setup.street.directory, case.place)
    yield at.voice.say(
        "case_where",
        place=f"{where} ({case.place})",
        severity=case.severity.value,
        stage=case.stage.value,
        round=case.round,
    )
    opened = local(case.opened_at, zone)
    if case.closed_at is None:
        yield at.voice.say("case_open", opened=opened, due=local(case.due, zone))
    else:
        yield at.voice.say("case_closed", opened=opened, closed=local(case.closed_at, zone), result=case.result or "-")


def _track_line(at: Desk, case: Case, track: Track, teller: Teller) -> str:
    zone = at.opened.setup.street.calendar.zone
    step = case.step(track).name
    return at.voice.say(
        "track",
        track=track.name,
        state=track.state.value,
        step=teller.step(case.scenario, step),
        loop=track.loop.name.lower(),
        due=local(track.due, zone),
    )


def _orders(at: Desk, case: Case, track: Track, people: dict[str, list[str]]) -> tuple[list[str], list[list[object]]]:
    zone = at.opened.setup.street.calendar.zone
    rows: list[list[object]] = []
    for order in track.orders:
        name = case.order_id(order)
        state = Text(order.state.value, style="dim" if order.state is OrderState.WITHDRAWN else "")
        who = ", ".join(people.get(name, ()))
        times: list[datetime | None] = [order.asked_at, order.accept_by, order.finish_by]
        rows.append(
            [name, at.voice.role(order.party), order.organisation, who, *(local(time, zone) for time in times), state]
        )
    names = ("order", "party", "organisation", "people", "asked_at", "accept_by", "finish_by", "state")
    return [at.voice.say(f"head_{name}") for name in names], rows


def _tell_story(at: Desk, case: Case, teller: Teller) -> None:
    zone = at.opened.setup.street.calendar.zone
    out = screen()
    for entry in at.store.journal(case.id):
        line = Text(f"  {entry.at.astimezone(zone):%Y-%m-%d %H:%M:%S}  ")
        line.append(teller.sentence(entry), style=style_of(entry.reason))
        behind = " ".join(filter(None, (entry.event, entry.by if entry.by != "clock" else "")))
        if behind:
            line.append(f"  [{plain(behind)}]", style="dim")
        out.print(line, soft_wrap=True)
