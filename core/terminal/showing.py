"""One case on the screen: what it is, whom it waits for, its story, who held it, and what will happen next."""

from __future__ import annotations

import getpass
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta, tzinfo
from typing import Any

from rich.text import Text

from ..gateway.dossier import Dossier, Explanation, explain, read_dossier
from ..gateway.story import Line, Teller
from ..gateway.viewer import Viewer
from ..gateway.views import CaseView, ForecastView, TrackView
from ..loop.forecast import Forecast
from ..loop.ledger import totals
from ..model.case import Case, OrderState
from ..running.letters import place_name
from ..stores.base import Access
from .cases import need_case
from .screen import local, plain, put_json, screen, table, tell
from .story import style_of
from .street import Desk


def show_case(at: Desk, ref: str, as_json: bool, purpose: str | None) -> None:
    """Tell the story of one case.

    People, and what they said, are masked, unless a ``purpose`` is given; then the reading is recorded.
    """
    case = need_case(at, ref)
    if purpose is not None:
        at.store.record_access(Access(at.now, f"cli:{getpass.getuser()}", f"case {case.id}", purpose))
    viewer = Viewer(at.opened.setup, at.now, sees_all=purpose is not None)
    teller = Teller(at.opened.setup, at.voice.language)
    dossier = read_dossier(at.store, at.opened.setup, case, at.now, viewer.event)
    view = viewer.dossier(dossier, teller)
    if as_json:
        put_json(view.model_dump(mode="json"))
        return
    for line in (*_head(at, case, teller), *_kin(at, case, dossier)):
        tell(line)
    for track in view.tracks:
        tell("")
        tell(_track_line(at, view, track, teller))
        screen().print(_orders(at, track))
    tell("")
    tell(at.voice.say("story"))
    _put_lines(at, teller.tell(case, dossier.journal, dossier.said))
    tell("")
    screen().print(_ledger(at, dossier, teller))


def _head(at: Desk, case: Case, teller: Teller) -> Iterator[str]:
    setup, say = at.opened.setup, at.voice.say
    zone = setup.street.calendar.zone
    yield f"{case.ref} · {case.id}"
    yield say("case_is", title=teller.title(case.scenario), finding=teller.finding(case))
    place, stage = f"{place_name(setup.street.directory, case.place)} ({case.place})", case.stage.value
    yield say("case_where", place=place, severity=case.severity.value, stage=stage, round=case.round)
    opened = local(case.opened_at, zone)
    if case.closed_at is None:
        yield say("case_open", opened=opened, due=local(case.due, zone))
    else:
        yield say("case_closed", opened=opened, closed=local(case.closed_at, zone), result=teller.result(case.result))
    if case.supervised:
        yield say("case_supervised", level=case.supervised)
    if case.appeal is not None:
        party, asked = at.voice.role(case.appeal.party), local(case.appeal.asked_at, zone)
        yield say("case_appeal", party=party, asked=asked, result=case.appeal.result or "-")


def _kin(at: Desk, case: Case, dossier: Dossier) -> Iterator[str]:
    """The cases that belong to this one: the rounds it repeats, its parent, and its children."""
    zone, say = at.opened.setup.street.calendar.zone, at.voice.say
    if case.recurrences:
        yield say("case_recurs", count=case.recurrences)
    if case.parent:
        yield say("case_parent", id=case.parent)
    for key, cases in (("case_earlier", dossier.earlier), ("case_child", dossier.children)):
        for one in cases:
            opened, closed = local(one.opened_at, zone), local(one.closed_at, zone)
            yield say(key, id=one.id, ref=one.ref, opened=opened, closed=closed, result=one.result or "-")


def _track_line(at: Desk, case: CaseView, track: TrackView, teller: Teller) -> str:
    say, zone = at.voice.say, at.opened.setup.street.calendar.zone
    step = teller.step(case.scenario, track.step)
    parts = [say("track", track=track.name, state=track.state, step=step, loop=track.loop, due=local(track.due, zone))]
    if track.remind_at is not None:
        parts.append(say("track_reminds", at=local(track.remind_at, zone)))
    if not track.required:
        parts.append(say("track_informs"))
    for key, count in (("track_rework", track.rework), ("track_returns", track.returns)):
        if count:
            parts.append(say(key, count=count))
    if track.is_arbitrated:
        parts.append(say("track_arbitrated"))
    if track.request is not None:
        party, asked = at.voice.role(track.request.party), local(track.request.asked_at, zone)
        parts.append(say("track_request", party=party, verb=track.request.verb, asked=asked))
    return teller.say("and").join(parts)


def _orders(at: Desk, track: TrackView) -> Any:
    zone = at.opened.setup.street.calendar.zone
    rows: list[list[object]] = []
    for order in track.orders:
        state = Text(order.state, style="dim" if order.state == OrderState.WITHDRAWN else "")
        if order.is_late:
            state.append(f" {at.voice.say('late')}", style="red")
        times = [local(time, zone) for time in (order.asked_at, order.accept_by, order.finish_by)]
        who = (at.voice.role(order.party), order.organisation, ", ".join(order.people))
        rows.append([order.id, order.duty, *who, *times, state])
    names = ("order", "duty", "party", "organisation", "people", "asked_at", "accept_by", "finish_by", "state")
    return table([at.voice.say(f"head_{name}") for name in names], rows)


def _put_lines(at: Desk, lines: Iterable[Line]) -> None:
    zone, out = at.opened.setup.street.calendar.zone, screen()
    for told in lines:
        entry = told.entry
        line = Text(f"  {told.at.astimezone(zone):%Y-%m-%d %H:%M:%S}  ")
        line.append(plain(told.text), style=style_of(entry.reason))
        behind = " ".join(filter(None, (entry.event, entry.by if entry.by != "clock" else "")))
        if behind:
            line.append(f"  [{plain(behind)}]", style="dim")
        out.print(line, soft_wrap=True)


def _ledger(at: Desk, dossier: Dossier, teller: Teller) -> Any:
    rows = [
        [at.voice.role(party), teller.say(f"holding_{holding}"), span_text(span)]
        for (party, holding), span in totals(dossier.booked).items()
    ]
    return table([at.voice.say(f"head_{name}") for name in ("holder", "holding", "span")], rows)


def span_text(span: timedelta) -> str:
    """A span as ``2 d 03:15:20``; the days left out where there are none."""
    seconds = round(span.total_seconds())
    clock = f"{seconds // 3600 % 24:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return f"{seconds // 86400} d {clock}" if seconds >= 86400 else clock


# what will happen ------------------------------------------------------------------------------------------------


def explain_case(at: Desk, ref: str, moment: datetime | None, as_json: bool) -> None:
    """Say how a case stands, now or at another instant, and what happens next, and when, if nobody acts."""
    case, setup = need_case(at, ref), at.opened.setup
    zone = setup.street.calendar.zone
    when = at.now if moment is None else moment if moment.tzinfo else moment.replace(tzinfo=zone)
    viewer, teller = Viewer(setup, at.now, sees_all=False), Teller(setup, at.voice.language)
    dossier = read_dossier(at.store, setup, case, at.now, viewer.event)
    found = explain(dossier, teller, at.now, when)
    foreseen = None
    if found.ending is not None:
        foreseen = viewer.forecast(Forecast(found.foreseen, found.ending), teller, found.standing)
    if as_json:
        put_json(_as_json(case, found, foreseen, zone))
        return
    for line in _head(at, case, teller):
        tell(line)
    tell("")
    for line in _explained(at, teller, found, foreseen, asked=moment is not None):
        tell(line)


def _explained(
    at: Desk, teller: Teller, found: Explanation, foreseen: ForecastView | None, asked: bool
) -> Iterator[str]:
    say, zone = at.voice.say, at.opened.setup.street.calendar.zone
    yield say("at_that_time", at=local(found.at, zone)) if asked else say("at_now", at=local(found.at, zone))
    if not found.past:
        yield f"  {say('not_yet')}"
    if found.held is not None:
        held, since = teller.say(f"holding_{found.held.holding}"), teller.clock(found.held.begins, found.at)
        yield f"  {say('held_by', party=at.voice.role(found.held.party), holding=held, since=since)}"
    yield from (f"  {line}" for line in found.standing)
    yield from (f"  {say('was_due', track=track, due=local(due, zone))}" for track, due in found.dues.items())
    if foreseen is None:
        yield from _history(at, found)
    elif foreseen.moments:
        yield say("if_nobody_acts")
        for moment in foreseen.moments:
            told = say("told", parties=at.voice.role("+".join(moment.told))) if moment.told else ""
            yield f"  {local(moment.at, zone)}  {moment.text}{told}"
        yield f"  {foreseen.text}"


def _history(at: Desk, found: Explanation) -> Iterator[str]:
    """What led to a past instant, and what came next."""
    zone = at.opened.setup.street.calendar.zone
    for key, lines in (("story", found.past), ("what_followed", found.followed)):
        if lines:
            yield at.voice.say(key)
            yield from (f"  {local(line.at, zone)}  {line.text}" for line in lines)


def _as_json(case: Case, found: Explanation, foreseen: ForecastView | None, zone: tzinfo) -> dict[str, object]:
    held = found.held
    return {
        "ref": case.ref,
        "id": case.id,
        "at": found.at.astimezone(zone),
        "held": held and {"party": held.party, "holding": held.holding, "since": held.begins.astimezone(zone)},
        "dues": {track: due.astimezone(zone) for track, due in found.dues.items()},
        "story": [{"at": line.at.astimezone(zone), "text": line.text} for line in found.past],
        "followed": [{"at": line.at.astimezone(zone), "text": line.text} for line in found.followed],
        "forecast": foreseen and foreseen.model_dump(mode="json"),
    }
