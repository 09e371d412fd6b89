"""A case's story in words: who was asked, why and until when, what they said, and how it stands now."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from itertools import groupby
from typing import Any, Final, NamedTuple

from ..engine.answering import PREFIX
from ..engine.setup import Setup
from ..loop.checks import missing_to_close
from ..model.case import Case, Duty, Entry, OrderState, Reason, Track, TrackState, WorkOrder
from ..running.letters import FRAMES
from ..sdk.texts import render
from ..stores.base import EventRow, Store
from .wording import STORY, known, loop_name, role_name

WORDS: Final = ("result", "reason", "note", "evidence", "until")
"""Members of an answer that are told, in this order."""

_FOLLOWS: Final = frozenset(
    {
        *(Reason.ASKED, Reason.ESCALATED, Reason.PAUSED, Reason.CHECK_ASKED, Reason.CHAIN_ENDED, Reason.NOBODY_FOUND),
        *(Reason.REVIEW_AWAITED, Reason.NOBODY_ON_DUTY, Reason.TRACK_CLOSED, Reason.CLOSED, Reason.RESUMED),
    }
)
"""What happens because of something else, which the journal names before it at the same instant."""
_SPEAKS_FOR_ITSELF: Final = frozenset({Reason.OPENED, Reason.TRACK_OPENED, Reason.REPORTED})
"""What needs not be told again as the cause of what follows it."""

Masking = Callable[[str, bytes], Mapping[str, Any]]
"""An event's type and body -> the envelope as one reader may see it."""


class Said(NamedTuple):
    """What a person said in an answer: which party, and the told members of its data, as the reader may see them."""

    party: str
    words: Mapping[str, object]


class Line(NamedTuple):
    """One line of a story."""

    at: datetime
    text: str
    entry: Entry


def what_was_said(store: Store, entries: Iterable[Entry], masking: Masking) -> dict[str, Said]:
    """What people said in the answers that a journal names, by the name of the event.

    An answer that has been erased, or that came from before this database, is not told; its entry stays.
    """
    found: dict[str, Said] = {}
    for entry in entries:
        if entry.event and entry.event not in found and (row := stored_event(store, entry.event)):
            data = masking(row.type, row.body).get("data") if row.type.startswith(PREFIX) else None
            if isinstance(data, Mapping):
                words = {name: data[name] for name in WORDS if data.get(name)}
                found[entry.event] = Said(str(data.get("party", "")), words)
    return found


def stored_event(store: Store, name: str) -> EventRow | None:
    """The event a journal names as ``SOURCE#ID``, in either of which there may be a ``#`` as well."""
    parts = name.split("#")
    pairs = (("#".join(parts[:cut]), "#".join(parts[cut:])) for cut in range(len(parts) - 1, 0, -1))
    return next((row for pair in pairs if (row := store.event(*pair))), None)


class Teller:
    """Puts cases and journal entries of one street into words of one language."""

    def __init__(self, setup: Setup, language: str) -> None:
        self._setup = setup
        self.language = language
        self.zone = setup.street.calendar.zone

    def say(self, key: str, /, **variables: object) -> str:
        """The text ``key`` of the story's catalogue."""
        return render(STORY, self.language, key, variables)

    def title(self, scenario: str) -> str:
        """The name of a scenario; one that is not enabled any more shows its own."""
        texts = self._setup.registry.texts(scenario)
        return render(texts, self.language, scenario.partition(".")[2], {}) if texts else scenario

    def finding(self, case: Case) -> str:
        """What was found."""
        return render(self._setup.registry.texts(case.scenario), self.language, case.message, case.variables)

    def step(self, scenario: str, step: str) -> str:
        """What a step asks for."""
        return render(self._setup.registry.texts(scenario), self.language, step, {}) if step else "-"

    def role(self, role: str) -> str:
        """A role in words."""
        return role_name(self.language, role)

    def result(self, result: str) -> str:
        """What a case ended with; an outcome of the scenario's own is its own name."""
        return known(self.language, f"result_{result}", result) if result else "-"

    def clock(self, at: datetime | None, beside: datetime) -> str:
        """A time on the street's own clock, with the day, and the year, where they are others than ``beside``'s."""
        if at is None:
            return "-"
        at, beside = at.astimezone(self.zone), beside.astimezone(self.zone)
        if at.date() == beside.date():
            return f"{at:%H:%M}"
        return f"{at:%m-%d %H:%M}" if at.year == beside.year else f"{at:%Y-%m-%d %H:%M}"

    def sentence(self, entry: Entry) -> str:
        """What one journal entry means; a reason without a text shows itself."""
        key = f"reason_{entry.reason}"
        if key not in STORY:
            return entry.reason.value
        return self.say(
            key,
            party=self.role(entry.party) if entry.party else "-",
            step=self.step(entry.ref.partition("/")[0], entry.step),
            loop=loop_name(self.language, entry.loop) if entry.loop else "-",
            due=self.clock(entry.due, entry.at),
            track=entry.track,
        )

    def tell(self, case: Case, entries: Iterable[Entry], said: Mapping[str, Said]) -> list[Line]:
        """The story of a case in order: what happened, why it came to that, and what was said.

        What happened to several parties at once is one line, with the first of its entries.
        """
        lines: list[Line] = []
        causes: dict[str, Entry] = {}
        told: set[str] = set()
        for entry, parties in _together(entries):
            answer = said.get(entry.event)
            text = self._with_result(case, entry, self.sentence(entry._replace(party=parties)))
            if why := self._why(entry, causes.get(entry.track), answer):
                text = self.say("because", sentence=text, why=why)
            if answer is not None and answer.words and entry.event not in told:
                told.add(entry.event)
                text = self.say("said", sentence=text, words=self._words(answer, entry.at))
            if entry.reason not in _FOLLOWS:
                causes[entry.track] = entry
            lines.append(Line(entry.at, text, entry))
        return lines

    def _with_result(self, case: Case, entry: Entry, text: str) -> str:
        if entry.reason is Reason.CLOSED and entry.at == case.closed_at and case.result:
            return self.say("closed_with", sentence=text, result=self.result(case.result))
        return text

    def _why(self, entry: Entry, cause: Entry | None, answer: Said | None) -> str:
        """Why the chain went there: what had just happened on the track, or who decided so."""
        if entry.reason not in _FOLLOWS:
            return ""
        if cause is not None and cause.at == entry.at and cause.event == entry.event:
            if cause.reason in _SPEAKS_FOR_ITSELF:
                return ""
            return render(FRAMES, self.language, f"reason_{cause.reason}", {})
        return self.say("by_hand", party=self.role(answer.party)) if answer and answer.party else ""

    def _words(self, answer: Said, beside: datetime) -> str:
        parts = (self.say(f"said_{name}", said=self._word(name, value, beside)) for name, value in answer.words.items())
        return self.say("and").join(parts)

    def _word(self, name: str, value: object, beside: datetime) -> str:
        match name, value:
            case "result", str():
                return self.result(value)
            case "until", str():
                return self.clock(datetime.fromisoformat(value), beside)
            case "evidence", list():
                return ", ".join(str(one.get("kind", "")) if isinstance(one, Mapping) else str(one) for one in value)
            case _:
                return str(value)

    # how it stands ---------------------------------------------------------------------------------------------

    def standing(self, case: Case, now: datetime) -> list[str]:
        """How a case stands: whom it waits for, since when, and until when."""
        if case.closed_at is not None:
            closed = self.clock(case.closed_at, now)
            return [self.say("now_closed", closed=closed, result=self.result(case.result))]
        return [line for track in case.tracks if track.is_open for line in self._track(case, track, now)]

    def _track(self, case: Case, track: Track, now: datetime) -> list[str]:
        step = self.step(case.scenario, case.step(track).name)
        lines = [line for order in track.orders if order.is_open and (line := self._order(case, track, order, now))]
        if key := _held_by_nobody(case, track, bool(lines)):
            until = track.quiet_until if key == "now_quiet" else track.due
            lines.append(self.say(key, step=step, due=self.clock(until, now)))
        if track.state is TrackState.VERIFYING and (missing := missing_to_close(case, track)):
            lines.append(self.say("now_missing", evidence=", ".join(self._evidence(case, kind) for kind in missing)))
        if track.request is not None:
            asked, party = self.clock(track.request.asked_at, now), self.role(track.request.party)
            lines.append(self.say("now_requested", party=party, asked=asked, verb=track.request.verb))
        return lines

    def _evidence(self, case: Case, kind: str) -> str:
        """A kind of evidence in the words of its plugin; its own name where there are none."""
        texts = self._setup.registry.texts(case.scenario)
        return render(texts, self.language, kind, {}) if kind in texts else kind

    def _order(self, case: Case, track: Track, order: WorkOrder, now: datetime) -> str:
        """What an open order asks for; while something else holds the track, the work that waits is not told."""
        holds = {TrackState.VERIFYING: Duty.CHECK, TrackState.DISPATCHING: Duty.DISPATCH}
        if order.duty is not holds.get(track.state, Duty.WORK) or track.state is TrackState.SUSPENDED:
            return ""
        key, due = _wanted(order)
        due = due or track.due
        if order.step != case.step(track).name:
            key = "now_still"
        elif order.is_late or (due is not None and due < now):
            key = "now_late"
        asked, step = self.clock(order.asked_at, now), self.step(case.scenario, order.step)
        return self.say(key, party=self.role(order.party), asked=asked, step=step, due=self.clock(due, now))


def _together(entries: Iterable[Entry]) -> Iterator[tuple[Entry, str]]:
    """Entries that say the same of several parties at once as one: the first, and its parties joined by ``+``."""
    for _, group in groupby(entries, lambda one: (one.at, one.track, one.reason, one.step, one.due, one.event)):
        found = list(group)
        yield found[0], "+".join(dict.fromkeys(entry.party for entry in found))


def _wanted(order: WorkOrder) -> tuple[str, datetime | None]:
    """What is wanted of a party next, and by when."""
    match order.duty:
        case Duty.CHECK:
            return "now_to_check", order.finish_by
        case Duty.DISPATCH:
            return "now_to_dispatch", order.finish_by or order.accept_by
        case _:
            if order.state is OrderState.ASKED and order.accept_by is not None:
                return "now_to_accept", order.accept_by
            return "now_to_finish", order.finish_by


def _held_by_nobody(case: Case, track: Track, is_asked: bool) -> str:
    """The key of what a track waits for beside its parties."""
    match track.state:
        case TrackState.SUSPENDED:
            return "now_suspended"
        case TrackState.SUPERVISED:
            return "now_supervised"
        case TrackState.VERIFYING if track.quiet_until is not None:
            return "now_quiet"
        case TrackState.VERIFYING if not is_asked:
            return "now_waiting"
        case TrackState.WORKING if not case.step(track).parties:
            return "now_paused"
        case _:
            return ""
