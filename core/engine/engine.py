"""The engine: takes a batch, decides it, and commits it, one turn at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from ..model.case import Case
from ..model.event import Envelope, digest_of
from ..model.given import Lapse
from ..stores.base import EventState, Store
from .answering import PREFIX, answer_of, case_named, forbids, read_answer, told_at
from .hearing import Heard, Judgement, conclude_all, hear, keys_of, locate, quarantine_unplaced, read_typed, settle, store_event
from .receipt import FORBIDDEN, Input, InvalidAnswer, Receipt, Status
from .setup import Setup
from .work import Work

LAPSES_MAX: Final = 1000
"""How many lapsed deadlines and watchdogs one turn takes on; the rest come in the next turn."""

CASCADE_MAX: Final = 64
"""How often one case may lapse within a turn; more would mean a chain without spans, which its proof refuses."""

OUTAGE_MIN: Final = timedelta(minutes=1)
"""A shorter absence than this is a restart, not an outage."""


class Engine:
    """Decides batches of events against a store. Time comes in with each call; nothing here reads a clock.

    ``was_idle`` says that the last turn had nothing to write: what is due then cannot be done yet.
    """

    def __init__(self, store: Store, setup: Setup) -> None:
        self.store = store
        self.setup = setup
        self.counts: Counter[tuple[str, str]] = Counter()
        self.was_idle = False
        self._catching_up_until: datetime | None = None

    def start(self, now: datetime) -> timedelta:
        """Take up work after an absence; returns how long it lasted.

        The absence counts as our silence, not as people's: watchdogs move by it, and none is judged until the
        sources have had ``lateness`` to catch up. Deadlines of cases that passed meanwhile fire with the next turn.
        """
        last = self.store.last_turn()
        if last is None or now - last < OUTAGE_MIN:
            return timedelta()
        self.store.shift_watchdogs(last, now)
        self.store.heartbeat(now)
        self._catching_up_until = now + self.setup.lateness
        return now - last

    def turn(self, inputs: Sequence[Input], now: datetime) -> list[Receipt]:
        """Take in a batch and everything that is due, and commit once; the receipts are in the order of the inputs.

        Deadlines before ``now`` come first, then facts in the order of their times, then answers, then deadlines of
        this instant. Raises ``StoreError`` when nothing could be written; then nothing has happened.
        """
        catching_up = self._catching_up_until is not None and now < self._catching_up_until
        self.was_idle = True
        with self.store.turn() as turn:
            work = Work(turn, self.setup, now, catching_up)
            lapse_cases(work, now - timedelta(microseconds=1))
            receipts = take_in(work, inputs)
            lapse_cases(work, now)
            if not catching_up:
                wake(work)
            if not work.is_empty:
                work.commit()
                self.was_idle = False
        self._count(receipts, work)
        return receipts

    def next_due(self) -> datetime | None:
        """The earliest instant at which a turn is needed though nothing comes in."""
        return self.store.next_due()

    def retry(self, rows: Sequence[tuple[Input, str]], now: datetime) -> list[Receipt]:
        """Judge quarantined events again, each for the scenario that raised (or for all, if it was never placed)."""
        with self.store.turn() as turn:
            work = Work(turn, self.setup, now)
            receipts = retry_quarantined(work, rows)
            if not work.is_empty:
                work.commit()
        self._count(receipts, work)
        return receipts

    def _count(self, receipts: list[Receipt], work: Work) -> None:
        for receipt in receipts:
            self.counts["event", receipt.status] += 1
        for reason, times in work.decisions.items():
            self.counts["decision", reason] += times


def take_in(work: Work, inputs: Sequence[Input]) -> list[Receipt]:
    """Judge a batch of inputs: duplicates out, facts in the order of their times, then answers.

    What is turned away leaves no trace, so that a repeat of it is judged anew, in the same batch as well.
    """
    receipts: list[Receipt | None] = [None] * len(inputs)
    digests = [digest_of(item.envelope) for item in inputs]
    stored = dict(work.turn.seen([(item.envelope.id, item.envelope.source) for item in inputs]))
    facts: list[tuple[Heard, int]] = []
    answers: list[int] = []
    for index, item in enumerate(inputs):
        envelope, digest = item.envelope, digests[index]
        if envelope.type.startswith(PREFIX):
            answers.append(index)
            continue
        admitted = _repeated(work, stored, envelope, digest) or admit(work, envelope, digest)
        if isinstance(admitted, Heard):
            facts.append((admitted, index))
        else:
            receipts[index] = admitted
            if admitted.status is Status.REJECTED:
                continue
        stored.setdefault((envelope.id, envelope.source), digest)
    for heard, index in hear_all(work, facts):
        receipts[index] = Receipt(Status.ACCEPTED, cases=heard.cases)
    for index in answers:
        envelope, digest = inputs[index].envelope, digests[index]
        receipt = _repeated(work, stored, envelope, digest) or take_answer(work, inputs[index], digest)
        receipts[index] = receipt
        if receipt.status is Status.ACCEPTED:
            stored[envelope.id, envelope.source] = digest
    return [receipt or Receipt(Status.REJECTED, "lost", "this input was not judged") for receipt in receipts]


def _repeated(
    work: Work, stored: Mapping[tuple[str, str], bytes], envelope: Envelope, digest: bytes
) -> Receipt | None:
    known = stored.get((envelope.id, envelope.source))
    if known is None:
        return None
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
    listening = setup.registry.listening.get(envelope.type)
    if listening is None:
        place, _ = locate(work, envelope)
        store_event(work, envelope, digest, at, place, EventState.UNHEARD)
        return Receipt(Status.UNHEARD, "no_scenario", f"no enabled scenario listens to {envelope.type}; it is stored")
    event = read_typed(listening, envelope, at)
    if isinstance(event, str):
        return Receipt(Status.REJECTED, "data", event)
    place, device = locate(work, envelope)
    if place is None:
        return quarantine_unplaced(work, envelope, digest, at)
    store_event(work, envelope, digest, at, place, EventState.ACCEPTED)
    heard = Heard(envelope, event, at, place, device, setup.street.directory.partition(place.code), [])
    keys_of(work, heard, listening.bindings)
    return heard


def hear_all(work: Work, facts: list[tuple[Heard, int]]) -> list[tuple[Heard, int]]:
    """Load what the facts are about in one go, then judge them in the order of their times."""
    facts.sort(key=lambda fact: (fact[0].at, fact[0].envelope.source, fact[0].envelope.sequence, fact[0].envelope.id))
    refs = [(binding.name, key) for heard, _ in facts for binding, key in heard.keys]
    work.load_memos(refs)
    judged = [one for heard, _ in facts for one in hear(work, heard)]
    conclude_all(work, judged)
    return facts


def take_answer(work: Work, item: Input, digest: bytes) -> Receipt:
    """Hear one answer; one that is refused or cannot be read leaves no trace in the store."""
    envelope = item.envelope
    try:
        data = read_answer(envelope)
    except InvalidAnswer as error:
        return Receipt(Status.REJECTED, "data", str(error))
    if envelope.time is not None and envelope.time > work.now + work.setup.future_max:
        return Receipt(Status.REJECTED, "future", f"time {envelope.time.isoformat()} lies ahead; set the sender's clock")
    case = case_named(work, envelope.subject or "")
    forbidden = forbids(work, data, case, item.speaker)
    if forbidden:
        return Receipt(Status.REFUSED, FORBIDDEN, forbidden)
    answer = answer_of(work, envelope, data, case, item.speaker)
    decision = work.decide(case, answer)
    cases = (case.id,) if case else ()
    if decision.refused:
        return Receipt(Status.REFUSED, decision.reason, decision.detail, cases)
    place = work.setup.street.directory.places.get(case.place) if case else None
    store_event(work, envelope, digest, told_at(envelope, work.now), place, EventState.ACCEPTED)
    return Receipt(Status.ACCEPTED, decision.reason, cases=cases)


def lapse_cases(work: Work, until: datetime) -> None:
    """Fire every case deadline up to ``until``, earliest first."""
    due = {case.id: work.take_in(case) for case in work.turn.due_cases(until, LAPSES_MAX)}
    due |= {case.id: case for case in work.changed()}
    ready = [(case.due, case.id, case) for case in due.values() if case.due is not None and case.due <= until]
    for _, _, case in sorted(ready, key=lambda item: item[:2]):
        _lapse_case(work, case, until)


def _lapse_case(work: Work, case: Case, until: datetime) -> None:
    for _ in range(CASCADE_MAX):
        track = next((track for track in case.tracks if track.due is not None and track.due <= until), None)
        if track is None or track.due is None:
            return
        decision = work.decide(case, Lapse(track.name, track.due))
        if decision.case is None or decision.case is case:
            return
        case = decision.case


def wake(work: Work) -> None:
    """Ask scenarios what it means that nothing was heard, for every watchdog whose time and allowance have passed."""
    lateness = work.setup.lateness
    due = work.turn.due_memos(work.now, LAPSES_MAX)
    work.load_memos([(memo.scenario, memo.key) for memo in due])
    judged: list[Judgement] = []
    for stored in due:
        binding = work.setup.registry.bindings.get(stored.scenario)
        memo = work.memo((stored.scenario, stored.key))
        if memo is None:
            continue
        if binding is None:  # its plugin is disabled now: the silence is nobody's to judge
            work.remember(memo._replace(expects=(), wake_at=None))
            continue
        for name, by in sorted(memo.expects, key=lambda armed: armed[1]):
            if by + lateness <= work.now:
                judged += settle(work, binding, work.memo((stored.scenario, stored.key)) or memo, name, by)
    conclude_all(work, judged)


def retry_quarantined(work: Work, rows: Sequence[tuple[Input, str]]) -> list[Receipt]:
    """Judge quarantined events again; what still cannot be judged stays where it is."""
    receipts: list[Receipt] = []
    for item, scenario in rows:
        envelope = item.envelope
        before = len(work.writes.quarantined)
        place, device = locate(work, envelope)
        listening = work.setup.registry.listening.get(envelope.type)
        if place is None or listening is None:
            what = "its place is still unknown" if place is None else "no enabled scenario listens to it"
            receipts.append(Receipt(Status.QUARANTINED, "still", f"{envelope.id}: {what}"))
            continue
        at = envelope.time or work.now
        event = read_typed(listening, envelope, at)
        if isinstance(event, str):
            receipts.append(Receipt(Status.QUARANTINED, "still", event))
            continue
        heard = Heard(envelope, event, at, place, device, work.setup.street.directory.partition(place.code), [])
        keys_of(work, heard, [one for one in listening.bindings if scenario in ("", one.name)])
        hear_all(work, [(heard, 0)])
        failed = len(work.writes.quarantined) > before
        if not failed:
            work.writes.released.append((envelope.id, envelope.source, scenario))
        status = Status.QUARANTINED if failed else Status.ACCEPTED
        receipts.append(Receipt(status, "retried", cases=heard.cases))
    return receipts
