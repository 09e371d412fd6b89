"""A plugin's rule: what an event means, and what silence means."""

from __future__ import annotations

import typing
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, ClassVar, Generic, Protocol, get_args, get_origin
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict
from typing_extensions import TypeVar

from ..model.case import Case
from ..model.chain import VERIFY, Check, Effect, OnCleared, Proof, Recurrence, Severity, Step, TrackRule
from ..model.event import Event
from ..model.finding import Expect, Outcome
from ..model.limit import Limit, hours, minutes
from ..model.place import Device, Level, Place
from ..model.street import OPS, Street

API_VERSION = 1
"""The version of the plugin interface; a scenario says which one it was written for in ``api``."""


class Config(BaseModel):
    """The settings of one scenario; subclass it, give every field a unit in its name and a description with its source.

    Streets set them in ``[plugins.NAME.SCENARIO]``; a key that is not a field is an error.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")


class Memory(BaseModel):
    """What a scenario remembers per key; subclass it with defaults for every field.

    Change it freely in ``assess`` and ``overdue``; it is saved with the batch, and undone when the scenario raises.
    """

    model_config = ConfigDict(extra="ignore")


class Known(Protocol):
    """What is known of the keys of scenarios, each named ``(scenario, key)``."""

    def case(self, ref: tuple[str, str]) -> Case | None:
        """The latest round, all earlier facts carried out."""

    def heard(self, ref: tuple[str, str]) -> datetime | None:
        """The time of the newest fact."""


E = TypeVar("E", bound=Event)
M = TypeVar("M", bound=Memory, default=Memory)


class Context(Generic[M]):
    """What a scenario may look at besides the event.

    ``now`` is the time of this turn, ``place`` where the event happened, ``device`` the registered device it came from
    (``None`` when the sender named the place itself), ``key`` what it is about, ``memory`` what was remembered of this
    key, ``case`` its latest round, and ``zone`` the street's time zone.
    """

    __slots__ = ("_known", "_memory", "_scenario", "_street", "device", "key", "now", "place")

    def __init__(self, now: datetime, place: Place, device: Device | None, street: Street) -> None:
        self.now = now
        self.place = place
        self.device = device
        self.key = self._scenario = ""
        self._street = street
        self._known: Known | None = None
        self._memory: M | None = None

    @property
    def zone(self) -> ZoneInfo:
        """The street's time zone."""
        return self._street.calendar.zone

    @property
    def memory(self) -> M:
        """What was remembered of this key; not yet there while ``key`` is asked."""
        if self._memory is None:
            raise LookupError("context.memory belongs to a key; key() is asked before there is one")
        return self._memory

    @property
    def case(self) -> Case | None:
        """The latest round of this key, open or closed, all earlier facts carried out; ``None``: there never was one.

        How it ended stands in ``result`` and ``closed_at``.
        """
        return self._knowing("context.case").case((self._scenario, self.key))

    def find_case(self, ref: str) -> Case | None:
        """The latest round of another key, ``SCENARIO/KEY``, of whatever scenario; ``None``: there never was one."""
        scenario, _, key = ref.partition("/")
        return self._knowing("context.find_case").case((scenario, key))

    def heard(self, ref: str) -> datetime | None:
        """The time of the newest fact that a scenario has heard of a key, ``SCENARIO/KEY``; ``None``: of none."""
        scenario, _, key = ref.partition("/")
        return self._knowing("context.heard").heard((scenario, key))

    def _knowing(self, asked: str) -> Known:
        if self._known is None:
            raise LookupError(f"{asked} belongs to a key; key() is asked before there is one")
        return self._known

    def belong(self, scenario: str, key: str, known: Known) -> None:
        """Tell the context whose it is and what is known; the engine calls this once the key is known."""
        self._scenario = scenario
        self.key = key
        self._known = known

    def recall(self, memory: M) -> None:
        """Give the context its memory; the engine calls this once the key is known."""
        self._memory = memory

    def enclosing(self, level: Level) -> Place | None:
        """The place of ``level`` around the event, itself included."""
        return self._street.directory.enclosing(self.place.code, level)

    @property
    def household(self) -> Place | None:
        """The household the event belongs to."""
        return self.enclosing(Level.UNIT)

    @property
    def building(self) -> Place | None:
        """The building the event belongs to."""
        return self.enclosing(Level.BUILDING)

    def find_place(self, code: str) -> Place | None:
        """The place of that code, if the street knows it."""
        return self._street.directory.places.get(code)

    def find_device(self, id: str) -> Device | None:
        """The device of that id, if the street has registered it."""
        return self._street.directory.devices.get(id)

    def devices_at(self, code: str) -> list[Device]:
        """The devices registered exactly at a place, in order of their ids."""
        return list(self._street.directory.devices_by_place.get(code, ()))

    def devices_behind(self, gateway: str) -> list[Device]:
        """The devices that report through a gateway, in order of their ids."""
        return list(self._street.directory.devices_by_gateway.get(gateway, ()))


class Scenario(Generic[E, M]):
    """One rule of a plugin: ``class Overflow(Scenario[BinLevel])``.

    ``E`` is the event type it listens to, or a union of several; ``M`` its memory, if it needs one. Declare
    ``config: MyConfig`` for settings. ``name`` is ``plugin.scenario``; ``chain`` the steps of the main track and
    ``tracks`` further lines of work; ``texts`` the catalogue from ``read_texts``. ``chains`` are other orders of work
    by name, of which a street may choose one with ``profile``; ``profile`` is the name of ``chain`` among them.

    ``join`` is how many required tracks must be closed for the case to close (0: all); ``evidence`` what a report or a
    closing needs, a kind or a ``Proof`` each; ``recurrence`` where a case begins that comes back soon.
    ``remind_percent`` of the way to a finish whoever owes a report is reminded (0: never); the
    ``returns_max``-th return of a track goes to the ``arbiter``.

    A scenario holds no state of its own: the same event, context and config must always give the same outcomes.
    """

    name: ClassVar[str]
    api: ClassVar[int] = API_VERSION
    chain: ClassVar[tuple[Step, ...]]
    profile: ClassVar[str] = ""
    chains: ClassVar[Mapping[str, tuple[Step, ...]]] = {}
    tracks: ClassVar[tuple[TrackRule, ...]] = ()
    severity: ClassVar[Severity] = Severity.P2
    on_cleared: ClassVar[OnCleared] = VERIFY
    quiet: ClassVar[Limit | None] = minutes(10)
    check: ClassVar[Check] = Check(parties=("ops_center", "neighborhood_committee"), within=hours(24))
    outcomes: ClassVar[Mapping[str, Effect]] = {}
    evidence: ClassVar[tuple[str | Proof, ...]] = ()
    join: ClassVar[int] = 0
    recurrence: ClassVar[Recurrence | None] = None
    remind_percent: ClassVar[int] = 75
    returns_max: ClassVar[int] = 3
    arbiter: ClassVar[str] = OPS
    texts: ClassVar[Mapping[str, Mapping[str, str]]] = {}

    listens: ClassVar[tuple[type[Event], ...]] = ()
    memory_type: ClassVar[type[Memory]] = Memory
    config: Config

    def __init__(self, config: Config) -> None:
        self.config = config

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for base in cls.__dict__.get("__orig_bases__", ()):
            if isinstance(get_origin(base), type) and issubclass(get_origin(base), Scenario):
                event, *memory = get_args(base)
                cls.listens = _event_types(event)
                if memory and isinstance(memory[0], type):
                    cls.memory_type = memory[0]

    def key(self, event: E, context: Context[M]) -> str | Iterable[str] | None:  # noqa: ARG002  # a subclass may look
        """What this event is about in this scenario: one key, one memory, at most one open case.

        Default: the event's subject. ``None``: the event does not concern this scenario. Several keys: it is about
        several things (a weighing: who sent and who received it), and ``assess`` is asked once for each, with
        ``context.key``, its own memory and its own case; at most 64.
        """
        return event.subject

    def assess(self, event: E, context: Context[M]) -> Iterable[Outcome]:
        """What this event means: ``Finding``, ``Cleared``, ``Expect`` and ``Command`` outcomes, all about its key.

        A fact older than the newest of its key may change the memory; its outcomes are dropped.
        """
        raise NotImplementedError(
            f"{type(self).__name__} must say what an event means: def assess(self, event, context)"
        )

    def overdue(self, expectation: Expect, context: Context[M]) -> Iterable[Outcome]:  # noqa: ARG002  # a default
        """What it means that nothing was heard of a key by the time an ``Expect`` had named."""
        return ()

    @classmethod
    def profiles(cls) -> dict[str, tuple[Step, ...]]:
        """Every main chain that a street may choose, by the name of its profile."""
        return {cls.profile: cls.chain, **cls.chains}

    @classmethod
    def short_name(cls) -> str:
        """The part of the name after the plugin's."""
        return cls.name.partition(".")[2]

    @classmethod
    def config_type(cls) -> type[Config]:
        """The settings model, from the ``config`` annotation."""
        hint = cls.config_hint()
        return hint if isinstance(hint, type) and issubclass(hint, Config) else Config

    @classmethod
    def config_hint(cls) -> object:
        """The ``config`` annotation, whatever it is; what is not a ``Config`` is refused when the plugin is loaded."""
        return typing.get_type_hints(cls).get("config", Config)


def _event_types(hint: Any) -> tuple[type[Event], ...]:
    if isinstance(hint, type):
        return (hint,)
    return tuple(part for part in get_args(hint) if isinstance(part, type) and issubclass(part, Event))
