"""Rows to cases and back: shares the rules between cases, and does not decode the same bytes twice."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from datetime import datetime
from threading import Lock
from typing import Any, Final

from ..model.case import Case, Duty, OrderState, TrackState
from ..model.chain import Rules, encode_rules
from .codec import decode_case, decode_rules, encode_case, micros, micros_or_none

KEPT_MAX: Final = 2048

_RUNNING: Final = {
    TrackState.WORKING: Duty.WORK,
    TrackState.SUPERVISED: Duty.WORK,
    TrackState.VERIFYING: Duty.CHECK,
    TrackState.DISPATCHING: Duty.DISPATCH,
}
"""Whose clock runs while a track is in a state; the others' rest. A suspended one runs against nobody."""


class Casebook:
    """The rules that were met, by digest, and the latest cases that were written or read, by their very bytes.

    Both are named by their content, so they are true whatever other processes write meanwhile.
    """

    def __init__(self) -> None:
        self.rules: dict[str, Rules] = {}
        self._texts: dict[str, bytes] = {}
        # Ordered, because a plain dict looks for its oldest entry among the places of all that were taken out before.
        self._cases: OrderedDict[tuple[str, bytes], Case] = OrderedDict()
        self._lock = Lock()

    def row(self, case: Case) -> tuple[Any, ...]:
        """The case as column values, in the order of its table."""
        body = encode_case(case)
        digest = case.rules.digest
        self._keep((digest, body), case)
        return (
            case.id,
            case.scenario,
            case.key,
            case.round,
            case.partition,
            case.place,
            str(case.severity),
            str(case.stage),
            micros(case.opened_at),
            micros_or_none(case.next_at),
            micros_or_none(late_at(case)),
            micros_or_none(case.closed_at),
            digest,
            body,
            case.parent,
        )

    def rulebook(self, cases: Iterable[Case]) -> list[tuple[str, bytes]]:
        """The rules of these cases as column values, each once. Whether the table has them is for the table to say."""
        rules = {case.rules.digest: case.rules for case in cases}
        for digest in rules.keys() - self._texts.keys():
            self._texts[digest] = encode_rules(rules[digest])
        return [(digest, self._texts[digest]) for digest in rules]

    def read(self, rows: Iterable[Any], find_rules: Callable[[str], bytes]) -> list[Case]:
        """The cases of rows that begin with digest and body; ``find_rules`` fetches rules not met before."""
        return [self._cases.get((row[0], row[1])) or self._decode(row[0], row[1], find_rules) for row in rows]

    def _decode(self, digest: str, body: bytes, find_rules: Callable[[str], bytes]) -> Case:
        rules = self.rules.get(digest)
        if rules is None:
            rules = self.rules.setdefault(digest, decode_rules(find_rules(digest)))
        case = decode_case(body, rules)
        self._keep((digest, body), case)
        return case

    def _keep(self, name: tuple[str, bytes], case: Case) -> None:
        with self._lock:
            if len(self._cases) >= KEPT_MAX:
                self._cases.popitem(last=False)
            self._cases[name] = case


def late_at(case: Case) -> datetime | None:
    """From when on the case is overdue: the earliest deadline that an asked party has let or may let pass.

    Deadlines of parties whom the chain has left behind count, since they may still answer. While returned work is
    dispatched or a result is checked, only those of whoever dispatches or checks do, and while a track is suspended,
    with approval, only the end of the suspension. A reminder is no deadline. ``None`` once nothing is open.
    """
    if not case.is_open:
        return None
    found: datetime | None = None
    for track in case.tracks:
        if not track.is_open:
            continue
        times, running = [track.due], _RUNNING.get(track.state)
        for order in track.orders:
            if order.is_open and order.duty is running:
                times += (order.finish_by, order.accept_by if order.state is OrderState.ASKED else None)
        for at in times:
            if at is not None and (found is None or at < found):
                found = at
    return found
