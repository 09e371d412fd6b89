"""The engine: takes a batch, decides it, and commits it, one turn at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from ..model.event import Envelope, digest_of
from ..stores.base import EventState, Store, Turn
from ..stores.crash import CrashPoint, reached
from .answering import PREFIX, answer_of, case_named, forbids, load_cases_named, read_answer, told_at
from .chronicle import away
from .closings import hear_closings, is_reserved
from .guard import UNGUARDED, Guard
from .hearing import hear_all, locate, prepare, read_typed, reader_of
from .judgement import Heard
from .lapsing import INSTANT, LAPSES_MAX, foreseen, lapse_cases, up_to_date
from .quarantine import quarantine_unplaced, quarantine_unread, store_event, warn_ops
from .receipt import FORBIDDEN, Input, InvalidAnswer, Receipt, Status
from .refusals import in_full
from .replying import case_last_asked
from .retrying import retry_quarantined
from .setup import Setup
from .silence import wake
from .watchdogs import hold_watchdogs
from .work import Work

ACCEPTED: Final = Receipt(Status.ACCEPTED)
"""The receipt of nearly every fact: stored and heard, and no case was touched."""

OUTAGE_MIN: Final = timedelta(minutes=1)
"""A shorter absence than this is a restart, not an outage."""


class Engine:
    """Decides batches of events against a store. Time comes in with each call; nothing here reads a clock.

    ``was_idle`` says that the last turn had nothing to write: what is due then cannot be done yet. ``guard`` stands
    around every call of a plugin's code. ``behind`` is how far the machine's clock is behind the times that come in,
    after it was set back; whoever minds the clock sets it.
    """

    def __init__(self, store: Store, setup: Setup, guard: Guard = UNGUARDED) -> None:
        self.store = store
        self.setup = setup
        self.guard = guard
        self.behind = timedelta()
        self.counts: Counter[tuple[str, str]] = Counter()
        self.was_idle = False

    def start(self, now: datetime) -> timedelta:
        """Take up work after an absence; returns how long it lasted.

        The absence counts as our silence, not as people's: watchdogs move by it, and none is judged until the
        sources have had ``lateness`` to catch up. Deadlines of cases that passed meanwhile fire with the next turn.
        That watchdogs have moved, and that it was written down, are one commit: whoever is killed here is still
        catching up when it is back, and the history says why.
        """
        last = self.store.last_turn()
        if last is None or now - last < OUTAGE_MIN:
            return timedelta()
        with self.store.turn() as turn:
            turn.shift_watchdogs(last, now)
            reached(CrashPoint.OUTAGE_SHIFTED)
            work = self._work(turn, now)
            held = hold_watchdogs(work)
            away(work, last)
            work.commit()
        while held == LAPSES_MAX:
            with self.store.turn() as turn:
                work = self._work(turn, now)
                held = hold_watchdogs(work)
                if held:
                    work.commit()
        return now - last

    def turn(self, inputs: Sequence[Input], now: datetime) -> list[Receipt]:
        """Take in a batch and everything that is due, and commit once; the receipts are in the order of the inputs.

        Deadlines before ``now`` come first, then facts in the order of their times, then answers, then deadlines of
        this instant. Time never goes back: a turn is not earlier than the one before. Silence is judged by the time of
        facts (decision 17).

        Raises ``StoreError`` when nothing could be written; then nothing has happened.
        """
        self.was_idle = True
        with self.store.turn() as turn:
            reached(CrashPoint.TURN_BEGUN)
            work = self._work(turn, now)
            now = work.now
            due = turn.due_cases(now, LAPSES_MAX)
            lapse_cases(work, due, now - INSTANT)
            receipts = take_in(work, inputs)
            lapse_cases(work, due, now)
            if work.catching_up_until is None:
                wake(work)
            hear_closings(work)
            reached(CrashPoint.TURN_JUDGED)
            if not work.is_empty:
                work.commit()
                self.was_idle = False
        self._count(receipts, work)
        return receipts

    def next_due(self) -> datetime | None:
        """The earliest instant at which a turn is needed though nothing comes in."""
        return self.store.next_due()

    def warn(self, reason: str, culprit: str, why: str, now: datetime) -> None:
        """Owe ops a word about a fault outside of events."""
        with self.store.turn() as turn:
            work = self._work(turn, now)
            warn_ops(work, reason, culprit, why)
            work.commit()

    def retry(self, rows: Sequence[tuple[Input, str]], now: datetime) -> list[Receipt]:
        """Judge quarantined events again, each for the scenario that raised (or for all, if it was never placed)."""
        names = [(item.envelope.source, item.envelope.id) for item, _ in rows]
        times = {name: row.at for name in names if (row := self.store.event(*name)) is not None}
        with self.store.turn() as turn:
            work = self._work(turn, now)
            receipts = retry_quarantined(work, rows, times)
            hear_closings(work)
            if not work.is_empty:
                work.commit()
        self._count(receipts, work)
        return receipts

    def _work(self, turn: Turn, told: datetime) -> Work:
        """A turn's work, at ``told`` or, where that would go back, at the time of the turn before."""
        now = max(told, turn.alive_at or told)
        until = turn.back_at + self.setup.lateness if turn.back_at else now
        work = Work(turn, self.setup, now, until if now < until else None, self.guard)
        work.behind = self.behind + (now - told)
        return work

    def _count(self, receipts: list[Receipt], work: Work) -> None:
        for status, times in Counter([receipt.status for receipt in receipts]).items():
            self.counts["event", status] += times
        for reason, times in work.decisions.items():
            self.counts["decision", reason] += times


def take_in(work: Work, inputs: Sequence[Input]) -> list[Receipt]:
    """Judge a batch of inputs: duplicates out, facts in the order of their times, then answers.

    What is turned away leaves no trace, so that a repeat of it is judged anew, in the same batch as well.
    """
    names = [(item.envelope.id, item.envelope.source) for item in inputs]
    stored = dict(work.turn.seen(names))
    receipts: dict[int, Receipt] = {}
    facts: dict[int, Heard] = {}
    answers: list[int] = []
    for index, (item, name) in enumerate(zip(inputs, names, strict=True)):
        envelope = item.envelope
        if envelope.type.startswith(PREFIX):
            answers.append(index)
            continue
        digest = digest_of(envelope)
        admitted = _repeated(work, stored[name], digest) if name in stored else admit(work, envelope, digest)
        if isinstance(admitted, Heard):
            facts[index] = admitted
        else:
            receipts[index] = admitted
            if admitted.status is Status.REJECTED:
                continue
        stored.setdefault(name, digest)
    hear_all(work, list(facts.values()))
    for index, heard in facts.items():
        receipts[index] = Receipt(Status.ACCEPTED, "", "", heard.cases) if heard.cases else ACCEPTED
    load_cases_named(work, [inputs[index].envelope.subject or "" for index in answers])
    for index in answers:
        name, digest = names[index], digest_of(inputs[index].envelope)
        known = stored.get(name)
        receipt = _repeated(work, known, digest) if known is not None else take_answer(work, inputs[index], digest)
        receipts[index] = receipt
        if receipt.status is Status.ACCEPTED:
            stored[name] = digest
    return [receipts[index] for index in range(len(inputs))]


def _repeated(work: Work, known: bytes, digest: bytes) -> Receipt:
    """What whoever sends an event again is told; ``known`` is the digest of what was stored."""
    if known == digest:
        return Receipt(Status.DUPLICATE, "same", "this event was stored before")
    work.decisions["conflict"] += 1
    detail = "an event of this source and id was stored before with other content; the first one stands"
    return Receipt(Status.DUPLICATE, "conflict", detail)


def admit(work: Work, envelope: Envelope, digest: bytes) -> Heard | Receipt:
    """Store a fact and prepare it for its scenarios; or say at once what became of it."""
    setup = work.setup
    at = envelope.time or work.now
    if at > work.now + setup.future_max:
        limit = int(setup.future_max.total_seconds() // 60)
        detail = f"time {at.isoformat()} is more than {limit} minutes ahead; set the sender's clock"
        return Receipt(Status.REJECTED, "future", detail)
    if is_reserved(envelope):
        return Receipt(Status.REJECTED, "data", f"{envelope.type} is civicloop's own; send events of your own types")
    listening = setup.registry.listening.get(envelope.type)
    if listening is None:
        place, _ = locate(work, envelope)
        store_event(work, envelope, digest, at, place, EventState.UNHEARD)
        return Receipt(Status.UNHEARD, "no_scenario", f"no enabled scenario listens to {envelope.type}; it is stored")
    try:
        event = read_typed(work, listening, envelope, at)
    except Exception as error:  # noqa: BLE001  # a stranger's code may raise anything
        return quarantine_unread(work, envelope, digest, at, reader_of(listening), error)
    if isinstance(event, str):
        return Receipt(Status.REJECTED, "data", event)
    place, device = locate(work, envelope)
    if place is None:
        return quarantine_unplaced(work, envelope, digest, at)
    store_event(work, envelope, digest, at, place, EventState.ACCEPTED)
    return prepare(work, envelope, event, at, (place, device), listening.bindings)


def take_answer(work: Work, item: Input, digest: bytes) -> Receipt:
    """Hear one answer; one that is refused or cannot be read leaves no trace in the store.

    What fell due before comes first, but it is a refused answer that must not bring it about: the history would not
    say why it came in this turn, and before what.
    """
    envelope = item.envelope
    try:
        data = read_answer(envelope)
        named = case_named(work, envelope.subject) if envelope.subject else case_last_asked(work, item, data)
    except InvalidAnswer as error:
        return Receipt(Status.REJECTED, "data", str(error))
    if envelope.time is not None and envelope.time > work.now + work.setup.future_max:
        detail = f"time {envelope.time.isoformat()} lies ahead; set the sender's clock"
        return Receipt(Status.REJECTED, "future", detail)
    case = foreseen(work, named)
    forbidden = forbids(work, data, case, item.speaker)
    if forbidden:
        return Receipt(Status.REFUSED, FORBIDDEN, forbidden)
    answer = answer_of(work, envelope, data, case, item.speaker)
    if case is not named and not work.foresee(case, answer).refused:
        case = up_to_date(work, named)
        answer = answer_of(work, envelope, data, case, item.speaker)
    decision = work.decide(case, answer)
    cases = (case.id,) if case else ()
    if decision.refused:
        return Receipt(Status.REFUSED, decision.reason, in_full(decision, case, answer, work.setup.street), cases)
    if case is not None:
        work.records.bring(answer, case, told_at(envelope, work.now))
    place = work.setup.street.directory.places.get(case.place) if case else None
    spoken = item.speaker.as_text() if item.speaker else ""
    store_event(work, envelope, digest, told_at(envelope, work.now), place, EventState.ACCEPTED, spoken)
    return Receipt(Status.ACCEPTED, decision.reason, decision.detail, cases)
