"""What people answer: most accept and solve in time, some late, some not at all, some send it back.

Every share below is an assumption; the README lists them. Nobody here knows how a case will end: they see only what
they were asked, and answer it.
"""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final, NamedTuple

from life import Life

from civicloop.core.engine.engine import Engine
from civicloop.core.model.case import Case, Duty, Entry, OrderState, Reason, Track, WorkOrder
from civicloop.core.model.chain import Effect, Proof, Step
from civicloop.core.model.limit import Limit, minutes
from civicloop.core.model.street import OPS


class Habit(NamedTuple):
    """How often somebody does not answer at all, by day and by night, and how much of a limit they usually need."""

    silent: float
    silent_at_night: float
    needs: float


HABITS: Final = {
    "property_company": Habit(0.05, 0.12, 0.35),
    "cleaner": Habit(0.06, 0.25, 0.35),
    "property_manager": Habit(0.15, 0.35, 0.45),
    "neighborhood_committee": Habit(0.06, 0.25, 0.40),
    "party_secretary": Habit(0.20, 0.50, 0.50),
    "block_cadre": Habit(0.30, 0.60, 0.50),
    "peer_volunteer": Habit(0.30, 0.60, 0.45),
    "family": Habit(0.40, 0.60, 0.50),
    "owners_committee": Habit(0.60, 0.90, 0.60),
}
STEADY: Final = Habit(0.03, 0.05, 0.40)
"""Everybody with a duty desk."""

SPREAD: Final = 0.45
"""Of the logarithm of how long people need: at 0.35 of the limit one in a hundred is late, at 0.5 one in sixteen."""

BADLY_DONE: Final = 0.03
FALSE_ALARM: Final = 0.02
SENT_BACK: Final = 0.010
ASKS_FOR_TIME: Final = 0.003
GRANTED: Final = 0.8
CHECK_FAILS: Final = 0.02
CHECK_SKIPPED: Final = 0.08
REVIEW_DENIES: Final = 0.15
PRESSED_ANSWERS: Final = 0.6
APPEALS: Final = 0.05
DEFAULT: Final = minutes(40)
"""How long somebody takes where no limit is given."""


class People:
    """Reads the journal as it grows, and queues what people will say."""

    def __init__(self, engine: Engine, life: Life, seed: int) -> None:
        self._rng = random.Random(f"people {seed}")
        self._engine = engine
        self._life = life
        self._row = 0

    def listen(self) -> None:
        """Take in what has been asked since."""
        while page := self._engine.store.journal_after(self._row, 500):
            self._row = page[-1][0]
            for _, entry in page:
                self._hear(entry)

    def _hear(self, entry: Entry) -> None:
        case = self._engine.store.case(entry.case)
        track = case.track(entry.track) if case else None
        if case is None or track is None:
            return
        match entry.reason:
            case Reason.ASKED | Reason.ESCALATED | Reason.REASSIGNED if entry.party:
                for party in entry.party.split("+"):
                    self._asked(case, track, party, entry)
            case Reason.CHECK_ASKED if entry.party != "sensor":
                self._check(case, entry)
            case Reason.CHECK_FAILED:
                for order in _open(track):
                    self._work(case, order, entry.at)
            case Reason.CHAIN_ENDED | Reason.REPEATED | Reason.REVIEW_AWAITED:
                self._pressed(case, track, entry)
            case _:
                self._ops_hear(case, track, entry)

    def _ops_hear(self, case: Case, track: Track, entry: Entry) -> None:
        """What the street's operations centre decides, and what it hears after a closing."""
        match entry.reason:
            case Reason.DISPATCH_ASKED | Reason.ARBITER_ASKED:
                self._say(entry.at + self._span(minutes(15), 0.4), case, "escalate", OPS, track=track.name)
            case Reason.REQUESTED:
                verb = "approve" if self._rng.random() < GRANTED else "deny"
                self._say(entry.at + self._span(minutes(20), 0.4), case, verb, OPS, track=track.name)
            case Reason.CLOSED:
                self._closed(case, entry.at)
            case Reason.APPEALED:
                for hours, person in ((5, "甲"), (20, "乙")):
                    self._say(entry.at + timedelta(hours=hours), case, "approve", OPS, person=person)

    # being asked ---------------------------------------------------------------------------------------------

    def _asked(self, case: Case, track: Track, party: str, entry: Entry) -> None:
        order = next((one for one in reversed(track.orders) if one.party == party and one.is_open), None)
        if order is None or order.duty is not Duty.WORK or self._is_silent(party, entry.at):
            return
        step = _step(case, track, order)
        if step.review or step.pre_verify:
            verb = "deny" if self._rng.random() < REVIEW_DENIES else "approve"
            self._say(entry.at + self._of(order, step.accept or step.finish, 0.4), case, verb, party, track=track.name)
            return
        if self._rng.random() < SENT_BACK:
            at = entry.at + self._of(order, step.accept or step.finish, 0.3)
            self._say(at, case, "return", party, order=case.order_id(order), reason="不属于本单位职责")
            return
        accepted_at = entry.at
        if step.accept:
            accepted_at += self._of(order, step.accept, _habit(party).needs)
            self._say(accepted_at, case, "accept", party, order=case.order_id(order))
        if self._rng.random() < ASKS_FOR_TIME:
            self._say(accepted_at + timedelta(minutes=2), case, "extend", party, reason="需要设备")
        self._work(case, order, accepted_at)

    def _work(self, case: Case, order: WorkOrder, since: datetime) -> None:
        """Do the work, and report it; what is reported is decided when it is done."""
        track = next((one for one in case.tracks if order in one.orders), case.tracks[0])
        at = since + self._of(order, _step(case, track, order).finish, _habit(order.party).needs)
        self._say(at, case, "report", order.party, order=case.order_id(order), track=track.name)

    def _check(self, case: Case, entry: Entry) -> None:
        if self._rng.random() < CHECK_SKIPPED:
            return
        result = "fail" if self._rng.random() < CHECK_FAILS else "pass"
        at = entry.at + self._span(minutes(90), 0.5)
        self._say(at, case, "verify", entry.party, track=entry.track, result=result)

    def _pressed(self, case: Case, track: Track, entry: Entry) -> None:
        """Whoever still has an order is pressed again; sooner or later somebody does it."""
        orders = _open(track)
        if not orders or self._rng.random() > PRESSED_ANSWERS:
            return
        order = self._rng.choice(orders)
        step = _step(case, track, order)
        if step.review or step.pre_verify:
            self._say(entry.at + timedelta(hours=2), case, "approve", order.party, track=track.name)
        else:
            self._say(entry.at + timedelta(hours=3), case, "report", order.party, order=case.order_id(order))

    def _closed(self, case: Case, at: datetime) -> None:
        late = [order.party for track in case.tracks for order in track.orders if order.is_late]
        if late and self._rng.random() < APPEALS:
            self._say(at + timedelta(hours=6), case, "appeal", late[0], reason="道路封闭")

    # saying it -----------------------------------------------------------------------------------------------

    def is_said(self, case: Case | None, verb: str, data: dict[str, Any], at: datetime) -> bool:
        """Whether it is still said when its time has come; a report gets its result and its evidence now."""
        if case is None:
            return False
        if verb not in ("accept", "report"):
            return case.is_open or verb in ("appeal", "approve")
        found = [
            (track, order) for track in case.tracks for order in track.orders if case.order_id(order) == data["order"]
        ]
        if not found or not found[0][1].is_open or not found[0][0].is_open:
            return False
        track, order = found[0]
        taken = (OrderState.ACCEPTED, OrderState.REPORTED)
        others = [one for one in track.orders if one.step == order.step and one.number != order.number]
        if order.state is OrderState.ASKED and any(one.state in taken for one in others):
            return False  # somebody else has taken it on
        if verb == "report":
            self._report(case, track, order, data, at)
        return True

    def _report(self, case: Case, track: Track, order: WorkOrder, data: dict[str, Any], at: datetime) -> None:
        is_well_done = self._rng.random() >= BADLY_DONE
        proofs = [one for one in case.rules.proofs if _is_owed(one, order)]
        outcomes = next((one.outcomes for one in proofs if one.outcomes), ())
        data["result"] = outcomes[0] if outcomes else "done"
        if self._rng.random() < FALSE_ALARM and (not outcomes or "false_alarm" in outcomes):
            data["result"] = "false_alarm"
        elif outcomes:
            known = dict(case.rules.outcomes)
            data["result"] = self._rng.choice([one for one in outcomes if known.get(one) is Effect.DONE] or ["done"])
        data["evidence"] = [_evidence(one, case, data["result"], at) for one in proofs]
        if track.required:
            self._life.solve(case, at + timedelta(seconds=30), is_well_done)

    def _say(self, at: datetime, case: Case, verb: str, party: str, **data: str) -> None:
        self._life.put(at, f"loop.{verb}", case.id, {"party": party, **data})

    def _is_silent(self, party: str, at: datetime) -> bool:
        habit, hour = _habit(party), (at + timedelta(hours=8)).hour
        return self._rng.random() < (habit.silent if 7 <= hour < 22 else habit.silent_at_night)

    def _of(self, order: WorkOrder, limit: Limit | None, share: float) -> timedelta:
        """Some time of a limit; of one in working time as much as passes until its deadline."""
        if limit is not None and order.finish_by and limit.count.value == "work":
            last = order.accept_by if order.accept_by and share < 1 else order.finish_by
            return (last - order.asked_at) * min(self._share(share), 3.0)
        return self._span(limit or DEFAULT, share)

    def _span(self, limit: Limit, share: float) -> timedelta:
        return timedelta(seconds=round(limit.seconds * self._share(share)) + 1)

    def _share(self, share: float) -> float:
        return share * self._rng.lognormvariate(0, SPREAD)


def _habit(party: str) -> Habit:
    return HABITS.get(party, STEADY)


def _open(track: Track) -> list[WorkOrder]:
    return [order for order in track.orders if order.is_open and order.duty is Duty.WORK]


def _step(case: Case, track: Track, order: WorkOrder) -> Step:
    return next(one for one in case.rules.chain(track.name) if one.name == order.step)


def _is_owed(proof: Proof, order: WorkOrder) -> bool:
    return not proof.is_optional and (not proof.steps or order.step in proof.steps)


def _evidence(proof: Proof, case: Case, result: str, at: datetime) -> dict[str, str]:
    item = {"kind": proof.kind, "place": case.place, "taken_at": at.isoformat()}
    item["hash"] = "sha256:" + sha256(f"{case.id} {at}".encode()).hexdigest()
    if proof.is_numbered:
        item["number"] = f"沪城〔2025〕{case.id[:6]}"
    return {**item, "outcome": result} if proof.outcomes else item
