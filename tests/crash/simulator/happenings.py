"""What may happen in a simulated week: a list of these is the whole history, and what a failure is cut down to."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, NamedTuple

from civicloop.core.stores.crash import CrashPoint


class Fact(NamedTuple):
    """One event of a sensor. ``age``: how long before it is sent it happened (below zero: its clock is fast, ``None``:
    it does not say).
    """

    id: str
    type: str
    subject: str
    data: dict[str, Any]
    age: timedelta | None = timedelta()
    place: str | None = None


class Hear(NamedTuple):
    """Sensors send a batch."""

    number: int
    at: timedelta
    facts: tuple[Fact, ...]


class Say(NamedTuple):
    """Somebody answers. ``whom`` draws the case and the order from those that are open then; ``slip`` is what they get
    wrong, ``speaker`` the token they have.
    """

    number: int
    at: timedelta
    whom: int
    verb: str
    result: str = ""
    slip: str = ""
    person: str = ""
    speaker: str = ""


class Again(NamedTuple):
    """What happening ``of`` sent is sent once more; with ``other`` the same names have other contents."""

    number: int
    at: timedelta
    of: int
    other: bool = False


class SetClock(NamedTuple):
    """The daemon's clock is set wrong by so much, or right again."""

    number: int
    at: timedelta
    off: timedelta


class Line(NamedTuple):
    """From now on a channel ``works``, ``fails``, ``hangs``, is ``slow``, or ``refuses`` some for good."""

    number: int
    at: timedelta
    channel: str
    mood: str


class Disk(NamedTuple):
    """From now on the disk is ``good``, ``full``, or ``locked`` by another process."""

    number: int
    at: timedelta
    mood: str


class Crash(NamedTuple):
    """The process dies when it next reaches a point, ``skip`` times later, and is started again after ``down``."""

    number: int
    at: timedelta
    point: CrashPoint
    skip: int
    down: timedelta


class Errand(NamedTuple):
    """Something is done beside the turns: a ``retry`` of all that is in quarantine, a ``sweep`` of what was kept long
    enough, a ``backup``, a ``checkpoint``.
    """

    number: int
    at: timedelta
    what: str


class Reload(NamedTuple):
    """The street's folder is another one from now on, the scene's first or its second, and is read again."""

    number: int
    at: timedelta
    which: int


Happening = Hear | Say | Again | SetClock | Line | Disk | Crash | Errand | Reload
TROUBLES = (Crash, Disk)
"""What a calm run leaves out."""


def describe(one: Happening) -> str:
    """One line for people."""
    day, rest = divmod(one.at, timedelta(days=1))
    told = {name: value for name, value in one._asdict().items() if name not in ("number", "at") and value != ""}
    words = ", ".join(f"{name}={value}" for name, value in told.items())
    if isinstance(one, Hear):
        words = "; ".join(f"{fact.type} {fact.subject} {fact.data} id={fact.id} age={fact.age}" for fact in one.facts)
    return f"{one.number:4} day {day} {rest} {type(one).__name__}: {words}"
