"""Town: a whole civicloop in memory, on a clock you control."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Self
from zoneinfo import ZoneInfo

import orjson

from ..engine.engine import Engine
from ..engine.receipt import Input, Receipt
from ..engine.setup import Setup
from ..engine.simulate import Simulation
from ..model.case import Case, Entry, Reason
from ..model.event import Envelope
from ..model.limit import Limit
from ..model.notice import Notice, NoticeKind
from ..model.place import Device, Directory, Level, Party, Place
from ..model.street import Street
from ..sdk.binding import bind
from ..sdk.loader import Plugin, Registry, assemble
from ..sdk.scenario import Scenario
from ..stores.base import CaseQuery
from ..stores.sqlite import SqliteStore

SHANGHAI = ZoneInfo("Asia/Shanghai")
MORNING = datetime(2025, 9, 12, 8, 0, tzinfo=SHANGHAI)
"""A Friday at 08:00, when a Town's clock starts unless you say otherwise."""

PLACES = (
    Place("street", "Sample street", Level.STREET),
    Place("committee", "First committee", Level.COMMITTEE, "street"),
    Place("estate", "Sample estate", Level.ESTATE, "committee"),
    Place("building", "Building 1", Level.BUILDING, "estate"),
    Place("household", "Household 101", Level.UNIT, "building"),
)


class Sent(NamedTuple):
    """One message as it went out: when, through which channel, and what it says."""

    at: datetime
    channel: str
    notice: Notice


class Town:
    """A whole civicloop in memory: give it scenarios, let it ``hear`` events, ``wait``, and look whom it ``asked``.

    It has one place of each level (``street``, ``committee``, ``estate``, ``building``, ``household``). Every role that
    the scenarios name is held at the street by an organisation of its own, unless ``nobody`` lists it. A subject it has
    never heard of is registered as a device at the estate. ``config`` maps scenario names to their settings;
    ``directory`` changes who holds what, such as ``lambda town: replace(town, parties={...})``.
    """

    def __init__(
        self,
        *scenarios: type[Scenario[Any, Any]],
        config: Mapping[str, Mapping[str, Any]] | None = None,
        nobody: Iterable[str] = (),
        start: datetime = MORNING,
        lateness: timedelta = timedelta(),
        directory: Callable[[Directory], Directory] | None = None,
        setup: Setup | None = None,
    ) -> None:
        self._store = SqliteStore(None)
        self._setup = setup or _setup(scenarios, config or {}, frozenset(nobody), lateness)
        self._engine = Engine(self._store, self._setup)
        self._time = Simulation(self._engine, start)
        self._events = 0
        if directory is not None:
            self._use(directory(self._setup.street.directory))

    @property
    def now(self) -> datetime:
        """What time it is in town, in Shanghai."""
        return self._time.now.astimezone(SHANGHAI)

    # what happens --------------------------------------------------------------------------------------------

    def hear(
        self,
        type: str,
        subject: str = "",
        *,
        at: datetime | None = None,
        place: str | None = None,
        id: str | None = None,
        source: str = "//town",
        data: Mapping[str, Any] | None = None,
        **members: Any,
    ) -> Receipt:
        """A fact happens now (or is reported now to have happened ``at`` some time). Returns what became of it.

        Further arguments are members of the event's data; ``data`` brings members whose names are taken here.
        """
        if place is None:
            self._register(subject)
        content = {**(data or {}), **members}
        envelope = self._envelope(type, subject, at or self._time.now, place, id, source, content)
        return self._time.feed([Input(envelope)], self._time.now)[0]

    def answer(self, verb: str, ref: str, party: str, **data: Any) -> Receipt:
        """A party answers now: ``town.answer("accept", "garbage_sorting.overflow/B7", "property_company")``."""
        content = {"party": party, **data}
        envelope = self._envelope(f"loop.{verb}", ref, self._time.now, None, None, "//town/answers", content)
        return self._time.feed([Input(envelope)], self._time.now)[0]

    def wait(self, span: Limit | timedelta) -> Self:
        """Let time pass; every deadline on the way is met at its own instant."""
        length = span.span if isinstance(span, Limit) else span
        self._time.advance(self._time.now + length)
        return self

    def add_device(self, id: str, place: str = "estate", kind: str = "device", via: str = "") -> Self:
        """Register a device at a place of the town; ``via`` is the gateway it reports through."""
        directory = self._setup.street.directory
        self._use(replace(directory, devices={**directory.devices, id: Device(id, kind, place, via=via)}))
        return self

    def add_place(self, code: str, level: Level, parent: str) -> Self:
        """Add a place to the town."""
        directory = self._setup.street.directory
        self._use(replace(directory, places={**directory.places, code: Place(code, code, level, parent)}))
        return self

    # what can be seen ----------------------------------------------------------------------------------------

    @property
    def asked(self) -> list[str]:
        """The roles that were asked to do something, in order, once for every asking."""
        asked = [notice for notice in self.notices if notice.kind is NoticeKind.ASK]
        return [notice.party for notice in asked if notice.not_before is None]

    @property
    def sent(self) -> list[Sent]:
        """Everything that has gone out by now, message by message, in order."""
        owed = [one for name in self._store.channels_owed() for one in self._store.owed(name, self._time.now, 100_000)]
        owed.sort(key=lambda one: (one.next_at, one.notice.at, _decided(one.notice), one.channel))
        return [Sent(one.next_at.astimezone(SHANGHAI), one.channel, one.notice) for one in owed]

    @property
    def notices(self) -> list[Notice]:
        """The notices that have gone out by now, each once, in the order in which they were decided."""
        notices = {one.notice.key: one.notice for one in self.sent}
        return sorted(notices.values(), key=lambda notice: (notice.at, _decided(notice)))

    def told(self, party: str) -> list[NoticeKind]:
        """The kinds of notices one party was sent, in order."""
        return [notice.kind for notice in self.notices if notice.party == party]

    @property
    def cases(self) -> list[Case]:
        """Every case, oldest first."""
        page, _ = self._store.find_cases(CaseQuery(most=10_000))
        return sorted(page, key=lambda case: (case.opened_at, case.id))

    @property
    def open_cases(self) -> list[Case]:
        """The cases that are still open, oldest first."""
        return [case for case in self.cases if case.is_open]

    @property
    def is_quiet(self) -> bool:
        """Whether no case is open."""
        return not self.open_cases

    def case(self, ref: str) -> Case:
        """The open round of ``SCENARIO/KEY``, else its latest. Raises ``LookupError`` when there never was one."""
        scenario, _, key = ref.partition("/")
        case = self._store.round(scenario, key)
        if case is None:
            have = ", ".join(case.ref for case in self.cases) or "none"
            raise LookupError(f"the town has no case {ref}; it has {have}")
        return case

    def journal(self, ref: str) -> list[Entry]:
        """The journal of a case."""
        return self._store.journal(self.case(ref).id)

    def story(self, ref: str) -> list[Reason]:
        """The reasons of a case's journal, in order."""
        return [entry.reason for entry in self.journal(ref)]

    def close(self) -> None:
        """Put the town away."""
        self._store.close()

    def _register(self, subject: str) -> None:
        directory = self._setup.street.directory
        if subject and subject not in directory.devices and subject not in directory.places:
            self.add_device(subject)

    def _use(self, directory: Directory) -> None:
        self._setup = replace(self._setup, street=replace(self._setup.street, directory=directory))
        self._engine.setup = self._setup

    def _envelope(
        self,
        type: str,
        subject: str,
        at: datetime,
        place: str | None,
        id: str | None,
        source: str,
        data: dict[str, Any],
    ) -> Envelope:
        self._events += 1
        name = id or f"e{self._events}"
        attributes = {"specversion": "1.0", "id": name, "source": source, "type": type, "time": at.isoformat()}
        attributes |= {"subject": subject} if subject else {}
        attributes |= {"place": place} if place else {}
        body = orjson.dumps({**attributes, "data": data}, option=orjson.OPT_SORT_KEYS)
        return Envelope(
            name, source, type, subject or None, at, orjson.loads(orjson.dumps(data)), place, "", None, body
        )


def _decided(notice: Notice) -> tuple[str, int, int]:
    case, _, rest = notice.key.partition(".")
    seq, _, index = rest.partition(".")
    return case, int(seq) if seq.isdigit() else 0, int(index) if index.isdigit() else 0


def _setup(
    scenarios: tuple[type[Scenario[Any, Any]], ...],
    config: Mapping[str, Mapping[str, Any]],
    nobody: frozenset[str],
    lateness: timedelta,
) -> Setup:
    registry = _registry(scenarios, config)
    roles = {"ops_center", "neighborhood_committee"}
    for binding in registry.bindings.values():
        roles |= {binding.rules.arbiter, *binding.rules.check.parties}
        roles |= {role for rule in binding.rules.tracks for role in binding.rules.check_of(rule.name).parties}
        roles |= {
            role for rule in binding.rules.tracks for step in rule.chain for role in (*step.parties, *step.inform)
        }
    parties = {("street", role): Party("street", role, f"{role} Ltd.") for role in roles - nobody}
    directory = Directory("street", {place.code: place for place in PLACES}, {}, parties)
    return Setup(Street("street", directory), registry, lateness=lateness)


def _registry(scenarios: tuple[type[Scenario[Any, Any]], ...], config: Mapping[str, Mapping[str, Any]]) -> Registry:
    plugins: dict[str, list[type[Scenario[Any, Any]]]] = {}
    for scenario in scenarios:
        bind(scenario, {})  # a faulty class is told before anything else
        plugins.setdefault(scenario.name.partition(".")[0], []).append(scenario)
    tables: dict[str, dict[str, Any]] = {
        name: {one.short_name(): config.get(one.name, {}) for one in group} for name, group in plugins.items()
    }
    return assemble([Plugin(name, "", tuple(group)) for name, group in plugins.items()], tables)
