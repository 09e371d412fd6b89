"""Watchdogs as they are kept: armed by facts, put off, held while the sources catch up."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from ..model.finding import Expect, Outcome
from ..stores.base import Memo
from .judgement import Judgement
from .lapsing import INSTANT, LAPSES_MAX
from .quarantine import SILENCE, quarantine_internal, silence_id
from .work import Work

RETRY_AFTER: Final = timedelta(minutes=15)
"""When a scenario that raised over a silence is asked again."""

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


def allow(work: Work, memo: Memo) -> None:
    """Look again when the sources have had their time, which a reload has made longer since the watchdog was armed."""
    work.remember(memo._replace(wake_at=_wake_at(work, memo.expects)))


def put_off(work: Work, memo: Memo) -> None:
    """Keep what could not be judged armed as it is, and look again later."""
    lateness = work.setup.lateness
    now = work.facts_now
    later = [by + lateness for _, by in memo.expects if by + lateness > now]
    work.remember(memo._replace(wake_at=min([*later, now + RETRY_AFTER])))


def keep_silence(work: Work, one: Judgement, detail: str) -> None:
    """The loop itself failed on what a silence means: keep it, and ask again later."""
    quarantine_internal(work, silence_id(one.key, one.silence), SILENCE, one.binding.name, detail)
    memo = work.memo((one.binding.name, one.key))
    if memo is not None:
        put_off(work, arm(work, memo, [Expect(one.silence, one.at)]))


def hold_watchdogs(work: Work) -> int:
    """Let no watchdog be looked at before the sources have caught up; returns how many, at most ``LAPSES_MAX``."""
    until = work.catching_up_until
    if until is None:
        return 0
    early = work.turn.due_memos(until - INSTANT, LAPSES_MAX)
    work.load_memos([(memo.scenario, memo.key) for memo in early])
    for memo in early:
        work.remember(memo._replace(wake_at=until))
    return len(early)
