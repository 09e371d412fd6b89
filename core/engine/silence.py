"""Watchdogs: armed by facts, disarmed by newer ones, and asked about when nothing came."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final

from ..model.finding import Expect, Outcome
from ..sdk.binding import Binding
from ..sdk.scenario import Context
from ..stores.base import Memo
from .asking import OutcomeError, ask
from .judgement import Judgement
from .lapsing import INSTANT, LAPSES_MAX
from .quarantine import SILENCE, quarantine_internal, quarantine_silence, silence_id
from .work import Ref, Work

RETRY_AFTER: Final = timedelta(minutes=15)
"""When a scenario that raised over a silence is asked again."""

SETTLED_MAX: Final = 64
"""How many silences of one key one turn asks about; a scenario that arms again and again goes on in the next turn."""

REARM_MIN: Final = timedelta(seconds=1)
"""By how much a silence must be armed later than the one it follows from, so that it comes to an end."""

Armed = tuple[str, datetime]


def arm(work: Work, memo: Memo, outcomes: Iterable[Outcome]) -> Memo:
    """The memo with the watchdogs that these outcomes arm or disarm."""
    expects = memo.expects
    for outcome in outcomes:
        if isinstance(outcome, Expect):
            expects = tuple(armed for armed in expects if armed[0] != outcome.name)
            if outcome.by is not None:
                expects = (*expects, (outcome.name, outcome.by))
    if expects is memo.expects:
        return memo
    return memo._replace(expects=expects, wake_at=_wake_at(work, expects))


def _wake_at(work: Work, expects: Iterable[Armed]) -> datetime | None:
    earliest = min((by for _, by in expects), default=None)
    if earliest is None:
        return None
    wake_at = earliest + work.setup.lateness
    return wake_at if work.catching_up_until is None else max(wake_at, work.catching_up_until)


def settle_before(work: Work, binding: Binding, key: str, at: datetime, judged: list[Judgement]) -> Memo | None:
    """A fact later than an armed deadline proves that silence: it is judged first, then the fact ends it."""
    memo = work.memo((binding.name, key))
    if memo is None or memo.wake_at is None or work.catching_up_until is not None:
        return memo
    judged += settle_all(work, binding, (binding.name, key), at - INSTANT)
    return work.memo((binding.name, key))


def settle_all(work: Work, binding: Binding, ref: Ref, until: datetime) -> list[Judgement]:
    """Judge every silence of a key up to ``until``, earliest first, those that arise on the way included."""
    judged: list[Judgement] = []
    asked: set[Armed] = set()
    while len(asked) < SETTLED_MAX and (memo := work.memo(ref)) is not None:
        over = [armed for armed in memo.expects if armed[1] <= until and armed not in asked]
        if not over:
            break
        name, by = min(over, key=lambda armed: (armed[1], armed[0]))
        asked.add((name, by))
        judged += _settle(work, binding, memo, name, by)
    return judged


def _settle(work: Work, binding: Binding, memo: Memo, name: str, by: datetime) -> list[Judgement]:
    """A watchdog has run out: disarm it and ask the scenario what the silence means."""
    directory = work.setup.street.directory
    place = directory.places.get(memo.place)
    try:
        if place is None:
            raise LookupError(f"place {memo.place} is no longer in places.csv")
        context: Context[Any] = Context(work.now, place, None, directory)
        outcomes, memory = ask(binding, memo, context, lambda: binding.scenario.overdue(Expect(name, by), context))
        _check_progress(outcomes, by)
    except Exception as error:  # noqa: BLE001  # a stranger's code may raise anything; look again later rather than never
        quarantine_silence(work, binding.name, memo.key, name, error)
        put_off(work, memo)
        return []
    memo = arm(work, memo._replace(memory=memory), [Expect(name, None), *outcomes])
    work.remember(memo)
    work.writes.released.append((silence_id(memo.key, name), SILENCE, binding.name))
    return [Judgement(binding, memo.key, outcomes, by, place, None, name)] if outcomes else []


def _check_progress(outcomes: Iterable[Outcome], by: datetime) -> None:
    for outcome in outcomes:
        if isinstance(outcome, Expect) and outcome.by is not None and outcome.by < by + REARM_MIN:
            raise OutcomeError(
                f"arms {outcome.name!r} for {outcome.by.isoformat()}, not later than the silence it was asked about; "
                "arm it from expectation.by on, or not at all"
            )


def put_off(work: Work, memo: Memo) -> None:
    """Keep what could not be judged armed as it is, and look again later."""
    lateness = work.setup.lateness
    later = [by + lateness for _, by in memo.expects if by + lateness > work.now]
    work.remember(memo._replace(wake_at=min([*later, work.now + RETRY_AFTER])))


def keep_silence(work: Work, one: Judgement, detail: str) -> None:
    """The loop itself failed on what a silence means: keep it, and ask again later."""
    quarantine_internal(work, silence_id(one.key, one.silence), SILENCE, one.binding.name, detail)
    memo = work.memo((one.binding.name, one.key))
    if memo is not None:
        put_off(work, arm(work, memo, [Expect(one.silence, one.at)]))


def wake(work: Work) -> list[Judgement]:
    """Ask scenarios what it means that nothing was heard, for every watchdog whose time and allowance have passed."""
    judged: list[Judgement] = []
    due = work.turn.due_memos(work.now, LAPSES_MAX)
    work.load_memos([(memo.scenario, memo.key) for memo in due])
    for stored in due:
        ref = (stored.scenario, stored.key)
        memo, binding = work.memo(ref), work.setup.registry.bindings.get(stored.scenario)
        if memo is None:
            continue
        if binding is None:  # its plugin is disabled now: the silence is nobody's to judge
            work.remember(memo._replace(expects=(), wake_at=None))
            continue
        if memo.wake_at is not None and memo.wake_at <= work.now:  # not put off, not armed anew by a fact of this turn
            judged += settle_all(work, binding, ref, work.now - work.setup.lateness)
    return judged


def hold_watchdogs(work: Work, until: datetime) -> int:
    """Let no watchdog be looked at before ``until``; returns how many were held, at most ``LAPSES_MAX``."""
    early = work.turn.due_memos(until - INSTANT, LAPSES_MAX)
    work.load_memos([(memo.scenario, memo.key) for memo in early])
    for memo in early:
        work.remember(memo._replace(wake_at=until))
    return len(early)
