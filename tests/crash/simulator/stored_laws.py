"""The laws of the design, section 3, over what is stored: looked at after every commit, and all of it now and then.

The laws of ``tests/loop`` judge one decision at a time and see what was given; these see only what a power cut would
leave. A law that is broken raises ``LawBrokenError`` with its name, by which a failure is cut down to its cause.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise

from civicloop.core.engine.setup import Setup
from civicloop.core.loop.ledger import ledger
from civicloop.core.model.case import Case, Duty, Entry, OrderState, Reason, Track, TrackState, WorkOrder
from civicloop.core.model.chain import ENFORCEMENT_BODIES, Severity
from civicloop.core.model.street import OPS, Street
from civicloop.core.stores.casebook import late_at

from .books import Armed, Books, Heard, Kept, Posted

SENSOR = "sensor"
SCENERY = "sim."
"""How types of events begin whose listeners all remember and count what they hear."""

OWN_WORDS = ("fault.", "command.")
"""How keys of notices begin that no case owes."""


class LawBrokenError(Exception):
    """A law does not hold. ``law`` is its name."""

    def __init__(self, law: str, detail: str) -> None:
        super().__init__(f"{law}: {detail}")
        self.law = law


def must(holds: object, law: str, detail: str) -> None:
    """Raise unless it holds."""
    if not holds:
        raise LawBrokenError(law, detail)


# --- one case as it stands


def is_never_forgotten(kept: Kept) -> None:
    """Law 1: each open track has a next deadline, and the store will wake for the earliest."""
    case, law = kept.case, "an open case is never forgotten"
    must(case.is_open == any(track.is_open for track in case.tracks), law, f"{case.ref} is open without an open track")
    if case.is_open:
        must(any(track.is_open and track.required for track in case.tracks), law, f"{case.ref} waits for side work")
        must(kept.wake_at is not None, law, f"{case.ref} has no wake_at")
    for track in case.tracks:
        if track.is_open:
            must(track.due and track.step_due and track.next_at, law, f"{case.ref} {track.name} has no deadline")
    must(kept.wake_at == case.next_at, law, f"{case.ref} wakes at {kept.wake_at}, its row says {case.next_at}")
    must(kept.late_at == late_at(case), law, f"{case.ref} is late at {kept.late_at}")


def waits_for_nothing_once_closed(kept: Kept) -> None:
    """Law 3: closing cancels every timer and every order."""
    case, law = kept.case, "what is closed waits for nothing"
    must(kept.closed_at == case.closed_at, law, f"{case.ref} closed at {kept.closed_at}, its row says {case.closed_at}")
    must(case.is_open or kept.wake_at is None, law, f"{case.ref} is closed and wakes at {kept.wake_at}")
    for track in case.tracks:
        if not track.is_open:
            waits = (track.due, track.step_due, track.remind_at, track.quiet_until, track.held_at, track.request)
            must(not any(waits), law, f"{case.ref} {track.name} is closed and waits for {waits}")
            must(not any(order.is_open for order in track.orders), law, f"{case.ref} {track.name} has an open order")


def waits_only_for_its_step(kept: Kept) -> None:
    """Law 3: what is armed is of the current step; a step that was left has no timer of its own."""
    for track in kept.case.tracks:
        if track.state is TrackState.WORKING and track.due:
            orders = current(kept.case, track)
            ends = {order.finish_by for order in orders} | {order.accept_by for order in orders} | {track.step_due}
            must(track.due in ends, "a deadline is of its step", f"{kept.case.ref} {track.name} is due {track.due}")


def current(case: Case, track: Track) -> list[WorkOrder]:
    """The work orders of the step that a track is at."""
    name = case.step(track).name
    return [order for order in track.orders if order.step == name and order.duty is Duty.WORK]


def enforces_after_review_only(kept: Kept, reviewed: set[tuple[str, str]]) -> None:
    """Law 7."""
    case = kept.case
    for track in case.tracks:
        if (case.id, track.name) in reviewed:
            continue
        enforcing = {step.name for step in case.rules.chain(track.name) if step.enforcement}
        bad = [one for one in track.orders if one.step in enforcing or one.party in ENFORCEMENT_BODIES]
        must(not bad, "no enforcement without human review", f"{case.ref} {track.name} asked {bad}")


def has_orders_of_its_own(kept: Kept) -> None:
    """A party holds one order a step, one check apart; numbers are given once."""
    case = kept.case
    orders = [(track, order) for track in case.tracks for order in track.orders]
    numbers = [order.number for _, order in orders]
    must(len(numbers) == len(set(numbers)), "orders are numbered once", case.ref)
    names = [(track.name, order.step, order.party, order.duty) for track, order in orders]
    must(len(names) == len(set(names)), "one order a party and step", f"{case.ref}: {names}")


OF_A_CASE: tuple[Callable[[Kept], None], ...] = (
    is_never_forgotten,
    waits_for_nothing_once_closed,
    waits_only_for_its_step,
    has_orders_of_its_own,
)


# --- one commit


def goes_on_without_a_gap(before: int, case: Case, entries: list[Entry]) -> None:
    """The journal of a case: seq without gaps, and the last one is the case's."""
    expected = list(range(before + 1, before + 1 + len(entries)))
    seqs = [entry.seq for entry in entries]
    must(seqs == expected, "the journal has no gap", f"{case.ref} goes on with {seqs} after {before}")
    must(case.entries == seqs[-1], "the journal has no gap", f"{case.ref} counts {case.entries} entries, {seqs[-1]}")


def keeps_what_it_froze(before: Case, after: Case) -> None:
    """Law 4, and a case becomes no less grave; what it was opened as stays."""
    law = "a case keeps what it froze"
    must(before.rules.digest == after.rules.digest, law, f"{after.ref} changed its rules")
    must(not before.severity.graver_than(after.severity), law, f"{after.ref} became less grave")
    fixed = ("scenario", "key", "round", "place", "partition", "opened_at", "parent", "previous")
    changed = [name for name in fixed if getattr(before, name) != getattr(after, name)]
    must(not changed, law, f"{after.ref} changed its {changed}")
    must(after.newest >= before.newest, law, f"{after.ref} forgot its newest fact")
    must(after.orders_asked >= before.orders_asked, law, f"{after.ref} forgot orders")


def climbs_without_taking_away(before: Case, after: Case, entries: list[Entry], street: Street) -> None:
    """Law 5: who was asked at a lower step may still answer after a climb that nobody but the clock brought about.

    Where the chain has gone back to a review, the step that it climbs to may have been asked before. Its parties hold
    new orders then, but for those whose role nobody holds any more.
    """
    if {entry.by for entry in entries} != {"clock"}:
        return
    for track in before.tracks:
        now = after.track(track.name)
        if now is None or not now.is_open or now.step <= track.step:
            continue
        lower = {(one.step, one.party) for one in track.orders if one.is_open and one.duty is Duty.WORK}
        kept = {(one.step, one.party) for one in now.orders if one.is_open}
        anew = after.step(now).name
        away = [
            (step, party)
            for step, party in lower - kept
            if step != anew or street.holder(party, after.place, entries[-1].at)
        ]
        must(not away, "escalation adds", f"{after.ref} {track.name} took orders {away} away")


def is_verified_by_others(case: Case, entry: Entry, street: Street) -> None:
    """Law 6: neither the party nor the organisation nor the person that reported."""
    track = case.track(entry.track)
    if entry.reason is not Reason.VERIFIED or entry.party == SENSOR or track is None:
        return
    holder = street.holder(entry.party, case.place, entry.at)
    firm = holder.organisation if holder else ""
    for order in (order for order in track.orders if order.number in track.reporters):
        law = "who verifies did not report"
        must(entry.party != order.party, law, f"{case.ref}: {entry.party} verified its own report")
        must(not firm or firm != order.organisation, law, f"{case.ref}: {firm} verified its own report")
        who, reporter = entry.by.partition(" ")[0], order.by.partition(" ")[0]
        is_known = who and not who.startswith("token:") and who != entry.party
        must(not is_known or who != reporter, law, f"{case.ref}: {who} verified what they reported")


Told = set[tuple[str, str, datetime]]
"""Case, party and time of notices that name an order."""


def is_told(case: Case, now: datetime, told: Told) -> None:
    """Law 8: whoever is asked in this commit and has yet to answer is told in it, by the name of an order.

    Who must do several orders again is told once.
    """
    for track in case.tracks if case.is_open else ():
        for order in track.orders:
            if order.state is OrderState.ASKED and order.asked_at == now and order.party != OPS:
                is_there = (case.id, order.party, now) in told
                must(is_there, "who is asked is told", f"{case.ref}: {order.party} of {case.order_id(order)}")


def adds_up(case: Case, entries: list[Entry], now: datetime) -> None:
    """Law 11: every second of a case's life has one holder."""
    age, since = timedelta(), case.opened_at
    for entry in entries:
        if entry.reason is Reason.CLOSED:
            age += entry.at - since
        elif entry.reason is Reason.REOPENED:
            since = entry.at
    age += now - since if case.is_open else timedelta()
    booked = ledger(entries, now)
    total = sum((one.span for one in booked), timedelta())
    must(total == age, "the ledger adds up", f"{case.ref} is {age} old and {total} are booked")
    must(all(one.ends <= two.begins for one, two in pairwise(booked)), "the ledger adds up", f"{case.ref} books twice")


def is_repeated_at_the_end(case: Case, streets: list[Street], now: datetime, back_max: timedelta) -> None:
    """Law 5: at the end of its chain a track is heard of again within the street's span, never silent.

    A clock that was set back, by ``back_max`` at the most, makes what was armed before it later by as much; and what
    was armed before a reload, as one of ``streets``, stays.
    """
    for track in case.tracks:
        if track.state is TrackState.SUPERVISED and track.due:
            latest = max(street.deadline(now, street.repeat_after) for street in streets) + back_max
            must(track.due <= latest, "never silent at the end", f"{case.ref} {track.name} is repeated {track.due}")


RESTART_MAX = timedelta(minutes=1)
"""A shorter absence is a restart, and moves nothing."""


def move_once(before: Armed, after: Armed, away: tuple[datetime, datetime], starts: int) -> None:
    """The absence is our silence: watchdogs that had not run out move by its length, once, however often it started."""
    since, until = away
    must(before.keys() == after.keys(), "an absence moves watchdogs once", f"{set(before) ^ set(after)}")
    length = max(until - since, timedelta())
    for name, by in before.items():
        moved = after[name] - by
        least = max(length - starts * RESTART_MAX, timedelta()) if by > since else timedelta()
        most = length if by > since else timedelta()
        must(least <= moved <= most, "an absence moves watchdogs once", f"{name} by {moved} over {since} to {until}")


def waits_for_the_sources(entries: list[Entry], back_at: datetime | None, lateness: timedelta) -> None:
    """After an absence nobody is called silent before the sources have had their time to catch up, crash or not."""
    for entry in entries:
        is_early = back_at is not None and entry.at < back_at + lateness
        must(not is_early, "silence waits for the sources", f"{entry.ref} {entry.event} at {entry.at}, back {back_at}")


class Watch:
    """Looks at each commit as it is made, and remembers of what it saw only what a law compares."""

    def __init__(self, books: Books, setup: Setup, back_max: timedelta) -> None:
        self.books = books
        self.setup = setup
        self.streets = [setup.street]
        self.back_max = back_max
        self.cases: dict[str, Case] = {}
        self.open: dict[tuple[str, str], str] = {}
        self.reviewed: set[tuple[str, str]] = set()
        self.posted: dict[tuple[str, str], int] = {}
        self._journal_row = 0
        self._post_row = 0
        self._event_row = 0
        self._counted: Counter[str] = Counter()
        self._last_at: dict[str, datetime] = {}
        self._told: Told = set()

    def reload(self, setup: Setup) -> None:
        """Commits are made with another configuration from now on; what was armed before stays as it is."""
        self.setup = setup
        self.streets.append(setup.street)

    def commit(self, now: datetime) -> None:
        """Law by law, what this commit has changed."""
        fresh: dict[str, list[Entry]] = {}
        for row, entry in self.books.journal_after(self._journal_row):
            self._journal_row = row
            fresh.setdefault(entry.case, []).append(entry)
            self._times(entry, now)
            if entry.reason is Reason.REVIEWED:
                self.reviewed.add((entry.case, entry.track))
        silences = [one for entries in fresh.values() for one in entries if one.event.startswith("silence/")]
        if silences:
            waits_for_the_sources(silences, self.books.back_at(), self.setup.lateness)
        posts = self._new_posts(fresh, now)
        # A turn of the same instant may have come before, where the process died after its commit.
        told = {one for one in self._told if one[2] == now}
        told |= {(post.notice.case, post.notice.party, post.created_at) for post in posts if post.notice.order}
        self._told = told
        kept = self.books.cases(fresh)
        must(len(kept) == len(fresh), "the journal is of cases", f"{sorted(fresh)} and {len(kept)} rows")
        # A turn may close one round and open the next; the other way round it may not.
        for one in sorted(kept, key=lambda one: one.case.round):
            self._case(one, fresh[one.case.id], now, told)
        self._memories()

    def _memories(self) -> None:
        """A scenario remembers what it heard: its newest fact, and as many more as it counts."""
        law = "what was heard is remembered"
        before, self._counted = self._counted, self.books.counted()
        heard: Counter[str] = Counter()
        for fact in self.books.heard_after(self._event_row):
            self._event_row = fact.row
            for scenario in self._hearing(fact):
                newest = self.books.remembered(scenario, {fact.subject, fact.place})
                must(newest is not None and newest >= fact.at, law, f"{scenario} knows {newest} after {fact}")
                heard[scenario] += 1
        for scenario, times in heard.items():
            more = self._counted[scenario] - before[scenario]
            must(more >= times, law, f"{scenario} heard {times} facts and counted {more}")

    def _hearing(self, fact: Heard) -> set[str]:
        """The scenarios of the scenery that have judged it; those that the street brings may remember nothing."""
        listening = self.setup.registry.listening.get(fact.type)
        if listening is None or not fact.type.startswith(SCENERY):
            return set()
        return {binding.scenario.name for binding in listening.bindings} - self.books.spoilt(fact.source, fact.id)

    def _times(self, entry: Entry, now: datetime) -> None:
        must(entry.at == now, "a turn has one time", f"{entry.ref} {entry.reason} at {entry.at} in the turn of {now}")
        last = self._last_at.get(entry.case, entry.at)
        must(entry.at >= last - self.back_max, "time goes on", f"{entry.ref} {entry.reason} at {entry.at} after {last}")
        self._last_at[entry.case] = max(entry.at, last)

    def _new_posts(self, fresh: dict[str, list[Entry]], now: datetime) -> list[Posted]:
        posts = self.books.posted_after(self._post_row)
        for post in posts:
            key, law = post.notice.key, "a notice is written in the commit that causes it"
            self._post_row = post.row
            self.posted[key, post.channel] = post.row
            if key.startswith(OWN_WORDS) or key.endswith(".undelivered"):
                continue
            must(post.notice.case in fresh, law, f"{key} came without a line in the journal")
            must(post.created_at == now == post.notice.at, law, f"{key} is of {post.created_at}, the turn of {now}")
            must(key.startswith(f"{post.notice.case}."), "a key names its case", key)
        return posts

    def _case(self, kept: Kept, entries: list[Entry], now: datetime, told: Told) -> None:
        case, before = kept.case, self.cases.get(kept.case.id)
        for law in OF_A_CASE:
            law(kept)
        enforces_after_review_only(kept, self.reviewed)
        goes_on_without_a_gap(before.entries if before else 0, case, entries)
        for entry in entries:
            is_verified_by_others(case, entry, self.setup.street)
        is_told(case, now, told)
        is_repeated_at_the_end(case, self.streets, now, self.back_max)
        if before is not None:
            keeps_what_it_froze(before, case)
            climbs_without_taking_away(before, case, entries, self.setup.street)
            self._ends(before, case, entries)
        self._rounds(before, case, entries)
        self.cases[case.id] = case
        if not case.is_open and not self.back_max:
            adds_up(case, self.books.journal(case.id), now)

    def _rounds(self, before: Case | None, case: Case, entries: list[Entry]) -> None:
        """Law 2: one open round of a key; another one only after it."""
        ref, law = (case.scenario, case.key), "one open case for each key"
        other = self.open.get(ref)
        if case.is_open:
            must(other in (None, case.id), law, f"{case.ref} is open as {other} and as {case.id}")
            self.open[ref] = case.id
        elif other == case.id:
            del self.open[ref]
        if before is None:
            must(entries[0].reason is Reason.OPENED, law, f"{case.ref} begins with {entries[0].reason}")
        opened = [entry.reason for entry in entries].count(Reason.OPENED)
        must(opened == (before is None), law, f"{case.ref} was opened {opened} times")

    def _ends(self, before: Case, case: Case, entries: list[Entry]) -> None:
        """A closed case changes no more, unless it is reopened; a danger to life does not end by a sensor."""
        reasons = {entry.reason for entry in entries}
        if not before.is_open:
            must(not case.is_open or Reason.REOPENED in reasons, "closed stays closed", f"{case.ref}: {reasons}")
        if before.is_open and before.severity is Severity.P0 and before.was_dispatched and not case.is_open:
            sensors = [one for one in entries if one.reason is Reason.CLEARED or one.party == SENSOR]
            must(not sensors, "sensors do not end a danger to life", f"{case.ref}: {sensors}")

    # all of it -----------------------------------------------------------------------------------------------

    def sweep(self, now: datetime) -> None:
        """Everything that is stored, whatever changed it."""
        kept = self.books.all_cases()
        for one in kept:
            for law in OF_A_CASE:
                law(one)
        must({one.case.id for one in kept} == set(self.cases), "no case is lost or conjured", f"{len(kept)} cases")
        must(self.books.count("journal") == self._journal_row, "no line of the journal is lost", f"{self._journal_row}")
        refs = [(one.case.scenario, one.case.key) for one in kept if one.case.is_open]
        must(len(refs) == len(set(refs)), "one open case for each key", str(refs))
        if not self.back_max:
            for one in kept:
                adds_up(one.case, self.books.journal(one.case.id), max(now, self._last_at[one.case.id]))
        posts = self.books.posted_after(0)
        lost = set(self.posted) - {(post.notice.key, post.channel) for post in posts}
        must(not lost, "no notice is lost", str(lost))

    def nothing_is_overdue(self, now: datetime) -> None:
        """Law 3: every deadline that has passed has fired."""
        late = self.books.overdue(now)
        must(not late, "deadlines that passed have fired", f"{late} before {now}")
