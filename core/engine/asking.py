"""Asking a stranger's code: its memory handed over, its outcomes checked before any of them counts."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from itertools import islice
from types import GeneratorType
from typing import Any, Final

from ..model.chain import Severity
from ..model.event import Event
from ..model.finding import Cleared, Command, Expect, Finding, Outcome
from ..sdk.binding import Binding, step_or_next
from ..sdk.scenario import Context, Memory
from ..stores.base import Memo

MEMORY_BYTES_MAX: Final = 64 * 1024
"""What a scenario may remember of one key; a memory that grows past it is a fault of the plugin."""

OUTCOMES_MAX: Final = 100
"""How many outcomes one fact may have; more would be a loop without an end."""

KEYS_MAX: Final = 64
"""How many things one event may be about in one scenario."""

TEXT_CHARS_MAX: Final = 2000
INTEGER_MAX: Final = 2**63 - 1


NOTHING: Final = Memory()
"""The memory of a scenario that has none; it has no fields, so that nothing can be kept in it."""


class OutcomeError(ValueError):
    """Something that a scenario concluded cannot be carried out. The message continues the scenario's name."""


Question = Callable[[Any, Context[Any]], object]
"""``assess`` with an event, or ``overdue`` with what was expected."""


def ask(
    binding: Binding, memo: Memo | None, context: Context[Any], question: Question, about: Event | Expect
) -> tuple[list[Outcome], bytes]:
    """What the scenario answers, and its memory afterwards. Raises whatever it raises, and ``OutcomeError``."""
    if not binding.remembers:
        context.recall(NOTHING)
    elif memo is not None and memo.memory:
        context.recall(binding.scenario.memory_type.model_validate_json(memo.memory))
    else:
        context.recall(binding.scenario.memory_type())
    outcomes = read_outcomes(binding, question(about, context))
    return outcomes, _memory_bytes(context) if binding.remembers else b""


def _memory_bytes(context: Context[Any]) -> bytes:
    text: bytes = context.memory.model_dump_json().encode()
    if len(text) > MEMORY_BYTES_MAX:
        raise OutcomeError(f"remembers {len(text)} bytes of one key; keep its memory under {MEMORY_BYTES_MAX}")
    return text


def read_outcomes(binding: Binding, given: object) -> list[Outcome]:
    """The outcomes that ``assess`` or ``overdue`` gave. Raises ``OutcomeError`` for what is none."""
    if given is None:
        return []
    # Asked first because it is what nearly every scenario gives, and an abstract class is slow to ask.
    if not isinstance(given, (GeneratorType, list, tuple)) and not isinstance(given, Iterable):
        raise OutcomeError(f"returned a {type(given).__name__} by itself; yield it, or return a list")
    outcomes = list(islice(given, OUTCOMES_MAX + 1))
    if len(outcomes) > OUTCOMES_MAX:
        raise OutcomeError(f"yielded more than {OUTCOMES_MAX} outcomes at once; look for a loop without an end")
    for outcome in outcomes:
        _check(binding, outcome)
    return outcomes


def _check(binding: Binding, outcome: object) -> None:
    match outcome:
        case Cleared():
            return
        case Expect():
            _check_text("the name of an Expect", outcome.name)
            if outcome.by is not None and not is_aware(outcome.by):
                raise OutcomeError(f"expects {outcome.name!r} by {outcome.by!r}; give a time with a zone, or None")
        case Finding():
            _check_finding(binding, outcome)
        case Command():
            _check_text("the device of a Command", outcome.device)
            _check_text("the action of a Command", outcome.action)
            _check_variables(outcome.action, outcome.variables)
        case _:
            what = type(outcome).__name__
            raise OutcomeError(f"yielded a {what}, which is no outcome; yield Finding, Cleared, Expect or Command")


def is_aware(at: object) -> bool:
    """Whether this is a time with a zone."""
    return isinstance(at, datetime) and at.utcoffset() is not None


def _check_finding(binding: Binding, finding: Finding) -> None:
    _check_text("the message of a Finding", finding.message)
    _check_variables(finding.message, finding.variables)
    if finding.severity is not None and not isinstance(finding.severity, Severity):
        raise OutcomeError(
            f"found {finding.message} of severity {finding.severity!r}; say one of {', '.join(Severity)}"
        )
    for what in (finding.place, finding.parent):
        if what is not None:
            _check_text(f"the place or parent of Finding {finding.message!r}", what)
    if finding.climb and finding.start is None:
        raise OutcomeError(f"found {finding.message} that climbs to no step; name it in start")
    if finding.start is not None:
        start_of(binding, finding.start)


def _check_text(what: str, text: object) -> None:
    if not isinstance(text, str) or not text:
        raise OutcomeError(f"gave {text!r} as {what}; give a text")
    if len(text) > TEXT_CHARS_MAX:
        raise OutcomeError(f"gave {len(text)} characters as {what}; give at most {TEXT_CHARS_MAX}")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise OutcomeError(f"gave half a character as {what}; give a text of whole ones") from error


def _check_variables(message: str, variables: object) -> None:
    if not isinstance(variables, Mapping):
        raise OutcomeError(f"gave variables of {message!r} as {type(variables).__name__}; give a mapping")
    for name, value in variables.items():
        what = f"variable {name!r} of {message!r}"
        if isinstance(value, str):
            _check_text(what, value or " ")
        elif not isinstance(value, (int, float)):
            raise OutcomeError(f"gave a {type(value).__name__} as {what}; give a text or a number")
        elif not math.isfinite(value) or (isinstance(value, int) and abs(value) > INTEGER_MAX):
            raise OutcomeError(f"gave {str(value)[:30]} as {what}; give a number of at most 64 bits, or a text")


def check_keys(given: object) -> tuple[str, ...]:
    """The keys a scenario gave, each once; empty for none. Raises ``OutcomeError`` for what is no text, or too many."""
    if given is None or given == "":
        return ()
    if isinstance(given, str) or not isinstance(given, Iterable):
        _check_text("the key of an event", given)
        return (str(given),)
    keys = list(islice(given, KEYS_MAX + 1))
    if len(keys) > KEYS_MAX:
        raise OutcomeError(f"gave more than {KEYS_MAX} keys of one event; an event is about a few things only")
    found = dict.fromkeys(key for key in keys if key is not None and key != "")
    for key in found:
        _check_text("the key of an event", key)
    return tuple(map(str, found))


def start_of(binding: Binding, start: str) -> str:
    """The step at which a finding that names ``start`` begins: the next one where the street has left that step out.

    A step that only another profile's chain has means the beginning. Raises ``OutcomeError`` for a step that the
    scenario never had.
    """
    kept = {rule.name: rule.chain for rule in binding.rules.tracks}
    for track, declared in binding.declared.items():
        if any(step.name == start for step in declared):
            return step_or_next(start, declared, kept.get(track, ()))
    main = binding.rules.tracks[0]
    if any(step.name == start for chain in binding.scenario.profiles().values() for step in chain):
        return main.chain[0].name
    names = ", ".join(step.name for step in binding.declared[main.name])
    raise OutcomeError(f"starts at step {start!r}, which it does not have; its steps are: {names}")
