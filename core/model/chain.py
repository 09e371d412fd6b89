"""The rules a case is opened under: steps, tracks, checks, and what a cleared sensor or an outcome means."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from enum import IntEnum, StrEnum
from functools import cached_property
from hashlib import blake2b
from typing import Final

import orjson

from .limit import Limit


class Loop(IntEnum):
    """The four loops, smallest first (微 小 中 大闭环): estate or village, street, department, whole of society."""

    MICRO = 1
    SMALL = 2
    MEDIUM = 3
    LARGE = 4


MICRO, SMALL, MEDIUM, LARGE = Loop


class Severity(StrEnum):
    """How grave a case is. ``P0`` is a danger to life: it ignores quiet hours, away registers and rate limits."""

    P0 = "P0"
    P1 = "P1"
    P2 = "P2"
    P3 = "P3"

    def graver_than(self, other: Severity) -> bool:
        """Whether this is graver than ``other``; ``P0`` is the gravest."""
        return self < other


class Need(StrEnum):
    """Whose answer completes a step with several parties: any one, all of them, or the lead (the first named)."""

    ANY = "any"
    ALL = "all"
    LEAD = "lead"


class Effect(StrEnum):
    """What a reported outcome means for the case: solved, not solved, or there was nothing to solve."""

    DONE = "done"
    FAILED = "failed"
    FALSE_ALARM = "false_alarm"


class OnCleared(StrEnum):
    """What it means when sensors say that all is in order again."""

    CLOSE = "close"
    CLOSE_BEFORE_DISPATCH = "close_before_dispatch"
    VERIFY = "verify"
    EVIDENCE = "evidence"


CLOSE, CLOSE_BEFORE_DISPATCH, VERIFY, EVIDENCE = OnCleared


class Silence(StrEnum):
    """What it means when a track's chain has ended and nobody has answered.

    ``REPEAT``: the last party and ops hear of it again until somebody solves it. ``END``: the track ends, lapsed.
    """

    REPEAT = "repeat"
    END = "end"


ENFORCEMENT_BODIES: Final = frozenset({"urban_enforcement"})
"""Roles that punish, and so are asked only after a human review of machine evidence (domain 6.5)."""


@dataclass(frozen=True, slots=True, init=False)
class Step:
    """Ask these parties to do this: accept within, finish within.

    ``parties`` are roles; the first is the lead. A step without parties is a pause of ``finish`` before anybody is
    asked. ``accept`` and ``finish`` count from when the step is asked; with ``from_opening`` ``finish`` counts from
    the case's opening. ``inform`` are roles that are told but not asked. ``review`` marks the human review of machine
    evidence; a step with ``enforcement`` is never reached without one (Pudong off-site enforcement rules, article 10).
    ``pre_verify`` (核实): somebody looks at a lead before others are sent; like a review it is approved, which leads
    on, or denied as a false alarm, but it opens no way to enforcement. ``goes_on``: what solves it leads on to the
    next step, as a hearing does to a vote, instead of ending the track; silence does not lead on, so that such a step
    is pressed every day until it is done, or somebody sends the case on by hand.
    """

    name: str
    parties: tuple[str, ...]
    accept: Limit | None
    finish: Limit | None
    loop: Loop
    need: Need
    from_opening: bool
    inform: tuple[str, ...]
    review: bool
    enforcement: bool
    goes_on: bool
    pre_verify: bool

    def __init__(
        self,
        name: str,
        parties: str | Iterable[str] = (),
        accept: Limit | None = None,
        finish: Limit | None = None,
        loop: Loop = MICRO,
        need: Need = Need.ANY,
        from_opening: bool = False,
        inform: str | Iterable[str] = (),
        review: bool = False,
        enforcement: bool = False,
        goes_on: bool = False,
        pre_verify: bool = False,
    ) -> None:
        put = object.__setattr__
        put(self, "name", name)
        put(self, "parties", _roles(parties))
        put(self, "accept", accept)
        put(self, "finish", finish)
        put(self, "loop", loop)
        put(self, "need", need)
        put(self, "from_opening", from_opening)
        put(self, "inform", _roles(inform))
        put(self, "review", review)
        put(self, "enforcement", enforcement)
        put(self, "goes_on", goes_on)
        put(self, "pre_verify", pre_verify)


@dataclass(frozen=True, slots=True, init=False)
class Check:
    """How a reported result is verified, by somebody other than whoever reported it.

    ``quiet``: the sensors see nothing for this long, counted from the report. ``clear``: a sensor must say that all is
    clear, and keep to it for this long; where it says nothing ``within``, people look. ``parties``: roles asked to
    look, the first that is not the reporter's own; they answer ``within``. Sensors or people suffice; with neither, a
    report closes. ``sample`` is the percentage of reports that people re-inspect, drawn from the case's id; it doubles
    with each recent failure of the reporting party, and a danger to life is always checked.
    """

    quiet: Limit | None
    parties: tuple[str, ...]
    within: Limit | None
    clear: Limit | None
    sample: int

    def __init__(
        self,
        quiet: Limit | None = None,
        parties: str | Iterable[str] = (),
        within: Limit | None = None,
        clear: Limit | None = None,
        sample: int = 100,
    ) -> None:
        put = object.__setattr__
        put(self, "quiet", quiet)
        put(self, "parties", _roles(parties))
        put(self, "within", within)
        put(self, "clear", clear)
        put(self, "sample", sample)


@dataclass(frozen=True, slots=True)
class Proof:
    """What a report must bring to count as done, or a case to close.

    A piece of evidence of ``kind``. ``to_close``: it may follow the report, but nothing closes without it.
    ``is_optional``: it may be left out, and must fit where it is brought.
    ``is_fresh``: it carries a hash that no case has seen before. ``is_here``: it names the case's place, or one in or
    around it. ``is_timely``: it says when it was taken, between the asking and now. ``is_numbered``: it carries a
    document number. ``outcomes``: it says which of these came of it, as a visit record does. ``steps``: only reports on
    orders of these steps need it; with ``to_close``, only a track that has asked one of them (empty: every one).
    """

    kind: str
    to_close: bool = False
    is_optional: bool = False
    is_fresh: bool = False
    is_here: bool = False
    is_timely: bool = False
    is_numbered: bool = False
    outcomes: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Recurrence:
    """The same thing again ``within`` a span of its last closing: the case starts at ``start``, with its history."""

    within: Limit
    start: str


def _roles(named: str | Iterable[str]) -> tuple[str, ...]:
    return (named,) if isinstance(named, str) else tuple(named)


@dataclass(frozen=True, slots=True)
class TrackRule:
    """One line of work: its chain, and whether the case stays open for it.

    ``opens_at`` names the step of the main track that opens it (empty: it opens with the case); ``silence`` says what
    becomes of it when its chain has ended in vain. ``check`` says how its results are verified where that is not the
    scenario's way: sensors that see a bicycle no more say nothing of a report that is owed on paper.
    """

    name: str
    chain: tuple[Step, ...]
    required: bool = True
    opens_at: str = ""
    silence: Silence = Silence.REPEAT
    check: Check | None = None


@dataclass(frozen=True)
class Rules:
    """Everything a case freezes when it opens; ``digest`` names this text for ever.

    ``outcomes`` are the scenario's own report results and their effect; ``proofs`` the evidence that a report and a
    closing need; ``quiet`` how long the sensors must stay silent after ``Cleared`` where ``on_cleared`` verifies.
    ``join`` is how many required tracks must be closed for the case to close (0: all that were opened).
    ``remind_percent`` of the way to a finish, whoever owes a report is reminded (0: never). The ``returns_max``-th
    return of a track goes to the ``arbiter``, the party that answers for the territory, whose choice cannot be
    returned.
    """

    scenario: str
    tracks: tuple[TrackRule, ...]
    severity: Severity = Severity.P2
    on_cleared: OnCleared = VERIFY
    quiet: Limit | None = None
    check: Check = field(default_factory=Check)
    outcomes: tuple[tuple[str, Effect], ...] = ()
    proofs: tuple[Proof, ...] = ()
    join: int = 0
    recurrence: Recurrence | None = None
    remind_percent: int = 75
    returns_max: int = 3
    arbiter: str = "ops_center"

    @cached_property
    def digest(self) -> str:
        """A short hash of these rules, under which they are stored."""
        return blake2b(encode_rules(self), digest_size=8).hexdigest()

    def track(self, name: str) -> TrackRule:
        """The rule of track ``name``; raises ``LookupError`` for a track these rules do not have."""
        for rule in self.tracks:
            if rule.name == name:
                return rule
        raise LookupError(f"{self.scenario} has no track {name!r}")

    def check_of(self, track: str) -> Check:
        """How results on ``track`` are verified; raises ``LookupError`` for a track these rules do not have."""
        return self.track(track).check or self.check

    def quiet_of(self, track: str) -> Limit | None:
        """How long sensors that call all clear must stay silent for ``track``; ``None`` where they have no say."""
        own = self.track(track).check
        return own.quiet if own else self.quiet or self.check.quiet

    def chain(self, track: str) -> tuple[Step, ...]:
        """The chain of ``track``; raises ``LookupError`` for a track these rules do not have."""
        return self.track(track).chain


def encode_rules(rules: Rules) -> bytes:
    """The rules as canonical JSON: their fields in the order of their declaration."""
    return orjson.dumps({field.name: getattr(rules, field.name) for field in fields(rules)})
