"""Silence: watchdogs that have run out, and scenarios asked what it means."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final

from ..model.finding import Expect, Outcome
from ..sdk.binding import Binding
from ..sdk.scenario import Context
from ..stores.base import Memo
from .asking import OutcomeError, ask
from .concluding import Knowledge, conclude_all
from .judgement import Judgement, Ref
from .lapsing import INSTANT, LAPSES_MAX
from .quarantine import SILENCE, quarantine_silence, silence_id
from .watchdogs import Armed, allow, arm, put_off
from .work import Work

SETTLED_MAX: Final = 64
"""How many silences of one key one turn asks about; a scenario that arms again and again goes on in the next turn."""

REARM_MIN: Final = timedelta(seconds=1)
"""By how much a silence must be armed later than the one it follows from, so that it comes to an end."""


def settle_before(work: Work, binding: Binding, ref: Ref, at: datetime) -> Memo | None:
    """A fact later than an armed deadline proves that silence: it is judged first, then the fact ends it."""
    memo = work.memo(ref)
    if memo is None or memo.wake_at is None or work.catching_up_until is not None:
        return memo
    settle_all(work, binding, ref, at - INSTANT)
    return work.memo(ref)


def settle_all(work: Work, binding: Binding, ref: Ref, until: datetime) -> None:
    """Judge every silence of a key up to ``until``, earliest first, those that arise on the way included."""
    asked: set[Armed] = set()
    while len(asked) < SETTLED_MAX and (memo := work.memo(ref)) is not None:
        over = [armed for armed in memo.expects if armed[1] <= until and armed not in asked]
        if not over:
            break
        name, by = min(over, key=lambda armed: (armed[1], armed[0]))
        asked.add((name, by))
        _settle(work, binding, memo, name, by)


def _settle(work: Work, binding: Binding, memo: Memo, name: str, by: datetime) -> None:
    """A watchdog has run out: disarm it and ask the scenario what the silence means."""
    place = work.setup.street.directory.places.get(memo.place)
    try:
        if place is None:
            raise LookupError(f"place {memo.place} is no longer in places.csv")
        context: Context[Any] = Context(work.now, place, None, work.setup.street)
        context.belong(binding.name, memo.key, Knowledge(work))
        with work.guard.over(binding.name, SILENCE, silence_id(memo.key, name)):
            outcomes, memory = ask(binding, memo, context, binding.scenario.overdue, Expect(name, by))
        _check_progress(outcomes, by)
    except Exception as error:  # noqa: BLE001  # a stranger's code may raise anything; look again later rather than never
        quarantine_silence(work, binding.name, memo.key, name, error)
        return put_off(work, memo)
    memo = arm(work, memo._replace(memory=memory), [Expect(name, None), *outcomes])
    work.remember(memo)
    work.writes.released.append((silence_id(memo.key, name), SILENCE, binding.name))
    if outcomes:
        work.pending.append(Judgement(binding, memo.key, outcomes, by, place, None, name, memo.newest))
    return None


def _check_progress(outcomes: Iterable[Outcome], by: datetime) -> None:
    for outcome in outcomes:
        if isinstance(outcome, Expect) and outcome.by is not None and outcome.by < by + REARM_MIN:
            raise OutcomeError(
                f"arms {outcome.name!r} for {outcome.by.isoformat()}, not later than the silence it was asked about; "
                "arm it from expectation.by on, or not at all"
            )


def wake(work: Work) -> None:
    """Ask scenarios what it means that nothing was heard, for every watchdog whose time and allowance have passed."""
    due = work.turn.due_memos(work.facts_now, LAPSES_MAX)
    work.load_memos([(memo.scenario, memo.key) for memo in due])
    for stored in due:
        ref = (stored.scenario, stored.key)
        memo, binding = work.memo(ref), work.setup.registry.bindings.get(stored.scenario)
        if memo is None:
            continue
        if binding is None:  # its plugin is disabled now: the silence is nobody's to judge
            work.remember(memo._replace(expects=(), wake_at=None))
            continue
        if (
            memo.wake_at is not None and memo.wake_at <= work.facts_now
        ):  # not put off, not armed anew by a fact of this turn
            settle_all(work, binding, ref, work.facts_now - work.setup.lateness)
            if work.memo(ref) is memo:
                allow(work, memo)
    conclude_all(work)
