"""A daemon under load that dies again and again, and what must be true of it afterwards.

The load comes in rounds. In each one bin overflows that nobody ever empties, so that its chain climbs to the end by
deadlines alone; one heap of litter is reported, taken care of and verified by answers; and events come that nobody
listens to. All rounds are alike, so what happened to each of them must be what happened in a run without a death: the
same lines of the journal, each once, and the same notices, each delivered at least once under one key.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from civicloop.core.stores.base import CaseQuery
from civicloop.core.stores.crash import CrashPoint
from civicloop.core.stores.sqlite import SqliteStore

from .power import cut
from .street import TRIES_MAX, TRY_SECONDS, WAIT_SECONDS_MAX, Fate, Victim, make_street, receiver

FILLERS: Final = 30
ROUND_SECONDS: Final = 0.1
"""The pause between rounds, so that a run has about as many of them however fast the machine is."""

DYING_SECONDS_MAX: Final = 20.0

REACHED: Final = {
    CrashPoint.OUTAGE_SHIFTED: 1,
    CrashPoint.TURN_BEGUN: 20,
    CrashPoint.TURN_JUDGED: 20,
    CrashPoint.TURN_WRITTEN: 20,
    CrashPoint.TURN_COMMITTED: 20,
    CrashPoint.TURN_ANSWERED: 20,
    CrashPoint.CHECKPOINT_BEGUN: 1,
    CrashPoint.CHECKPOINT_COPIED: 1,
    CrashPoint.CHECKPOINT_DONE: 1,
    CrashPoint.NOTICES_TAKEN: 20,
    CrashPoint.NOTICE_SENT: 6,
    CrashPoint.NOTICES_MARKED: 6,
    CrashPoint.NOTICE_PUT_OFF: 4,
    CrashPoint.NOTICE_BURIED: 2,
}
"""The points that a daemon under this load reaches, and up to the how-manieth time it is left alive."""

ELSEWHERE: Final = {
    CrashPoint.MIGRATED: "tests/stores/test_migrations.py",
    CrashPoint.STORE_COPIED: "tests/stores/test_keeping.py",
    CrashPoint.COPY_CHECKED: "tests/stores/test_keeping.py",
    CrashPoint.COPY_RENAMED: "tests/stores/test_keeping.py",
    CrashPoint.PIECE_PURGED: "tests/running/test_retention.py",
}
"""The others, and the tests in which a process dies there."""

Told = tuple[tuple[str, ...], ...]


class Outcome(NamedTuple):
    """What a run left: per kind of round the different stories and sets of notices, and whom it lost."""

    rounds: int
    stories: dict[str, set[Told]]
    notices: dict[str, set[Told]]
    lost: tuple[str, ...]
    forgotten: tuple[str, ...]
    unheard: tuple[str, ...]
    repeated: int
    """How many notices came more than the twice that the flaky receiver asks for."""


def fact(id: str, type: str, subject: str, **data: Any) -> dict[str, Any]:
    """One event as it is sent."""
    return {"specversion": "1.0", "id": id, "source": "//crash", "type": type, "subject": subject, "data": data}


def batches(n: int) -> Iterator[list[dict[str, Any]]]:
    """What is sent in one round."""
    ref = f"garbage_sorting.bagged_litter/point-{n}"
    yield [fact(f"full-{n}", "waste.bin.level", f"bin-{n}", fill_percent=97)]
    yield [fact(f"seen-{n}", "waste.litter.seen", f"point-{n}", confidence=0.95)]
    yield [fact(f"accept-{n}", "loop.accept", ref, party="property_company")]
    yield [fact(f"report-{n}", "loop.report", ref, party="property_company", result="done")]
    yield [fact(f"verify-{n}", "loop.verify", ref, party="ops_center", result="pass")]
    yield [fact(f"noise-{n}-{m}", "nobody.listens", f"point-{n}", m=m) for m in range(FILLERS)]


class Senders(threading.Thread):
    """Sends round after round until told to end, each batch again until it is acknowledged."""

    def __init__(self, victim: Victim, rounds_max: int) -> None:
        super().__init__()
        self.acknowledged: list[str] = []
        self.rounds = 0
        self.error: BaseException | None = None
        self._victim = victim
        self._rounds_max = rounds_max
        self._ending = threading.Event()

    def run(self) -> None:
        """Send."""
        try:
            while self.rounds == 0 or not (self._ending.wait(ROUND_SECONDS) or self.rounds >= self._rounds_max):
                for batch in batches(self.rounds):
                    self._send(batch)
                self.rounds += 1
        except BaseException as error:  # noqa: BLE001  # it belongs to whoever waits for this thread
            self.error = error

    def end(self) -> None:
        """Finish the round that is under way; raises what went wrong."""
        self._ending.set()
        self.join(2 * WAIT_SECONDS_MAX)
        if self.error is not None:
            raise self.error
        assert not self.is_alive(), "the senders did not finish"

    def _send(self, batch: list[dict[str, Any]]) -> None:
        for _ in range(TRIES_MAX):
            if (results := self._victim.post(batch)) is not None:
                break
            time.sleep(TRY_SECONDS)
        assert results is not None, f"{batch[0]['id']} was never acknowledged"
        for result in results:
            assert result["status"] in ("accepted", "unheard", "duplicate"), result
            self.acknowledged.append(result["id"])


def fates(chance: random.Random, count: int, disk: str = "") -> list[Fate]:
    """``count`` deaths: each point in turn, the rest at no point, in a random order."""
    points = [*REACHED, *[None] * (len(REACHED) // 2)]
    chosen = [points[n % len(points)] for n in range(count)]
    chance.shuffle(chosen)
    # A new store has no last turn, so nobody can have been away.
    if chosen[0] is CrashPoint.OUTAGE_SHIFTED:
        chosen.reverse()
    return [Fate(at, chance.randint(1, REACHED[at]) if at else 1, disk) for at in chosen]


def live(folder: Path, deaths: Sequence[Fate], chance: random.Random) -> Outcome:
    """Run a daemon under load through all these deaths, let it finish what it owes, and look at what it left."""
    rounds_max = max(1, int(len(deaths) * DYING_SECONDS_MAX / ROUND_SECONDS))
    with receiver() as (port, heard):
        victim = Victim(make_street(folder, port, min(rounds_max, 5_000)))
        senders = Senders(victim, rounds_max if deaths else 1)
        victim.start(deaths[0] if deaths else None)
        senders.start()
        try:
            for fate, following in zip(deaths, [*deaths, None][1:], strict=True):
                _die(victim, fate, chance)
                _revive(victim, following, chance)
            senders.end()
            settle(folder, senders.rounds)
        finally:
            assert victim.stop() == 0
        return outcome(folder, senders, heard)


def _die(victim: Victim, fate: Fate, chance: random.Random) -> None:
    if fate.at is None:
        time.sleep(chance.uniform(0.05, 0.8))
        victim.kill()
    else:
        assert victim.dies(DYING_SECONDS_MAX), f"{fate.at} was not reached {fate.nth} times"
    if fate.disk:
        cut(victim.folder / "var", chance)


def _revive(victim: Victim, following: Fate | None, chance: random.Random) -> None:
    """Start it towards its next death; one that dies while starting is dead before it is ready."""
    if following is not None and following.at is CrashPoint.OUTAGE_SHIFTED:
        _was_away(victim.folder)
    victim.start(following)


def _was_away(folder: Path) -> None:
    """Have the store say that the last turn was two minutes ago: that is an outage, a quick restart is none."""
    import sqlite3

    with sqlite3.connect(folder / "var/civicloop.db") as raw:
        raw.execute("UPDATE meta SET value = value - 120000000 WHERE name = 'alive_at'")
    raw.close()


def settle(folder: Path, rounds: int) -> None:
    """Wait until every bin has climbed to the end of its chain and every notice has left or is dead."""
    ended = pending = 0
    for _ in range(TRIES_MAX):
        store = SqliteStore(folder / "var/civicloop.db")
        ended = sum(entry.reason == "chain_ended" for entry in _journal(store))
        pending = store.counts()["pending_notices"]
        store.close()
        if ended == rounds and pending == 0:
            return
        time.sleep(2 * TRY_SECONDS)
    raise AssertionError(f"{ended} of {rounds} chains ended, {pending} notices were not delivered in time")


def _journal(store: SqliteStore) -> Iterator[Any]:
    after = 0
    while page := store.journal_after(after, 10_000):
        after = page[-1][0]
        yield from (entry for _, entry in page)


def outcome(folder: Path, senders: Senders, heard: dict[str, int]) -> Outcome:
    """What the store and the receivers hold, with the number of the round taken out of every name."""
    store = SqliteStore(folder / "var/civicloop.db")
    stories: dict[str, list[tuple[str, ...]]] = {}
    names: dict[str, str] = {}
    for entry in _journal(store):
        names[entry.case] = entry.ref
        stories.setdefault(entry.ref, []).append((entry.track, entry.reason, entry.step, entry.party))
    page, after = store.find_cases(CaseQuery(most=10_000))
    assert after is None, "more cases than one page holds"
    forgotten = tuple(case.ref for case in page if case.is_open and case.due is None)
    stored = stored_events(store)
    store.close()
    dropped: dict[str, list[tuple[str, ...]]] = {ref: [] for ref in stories}
    keys = {path.stem for path in (folder / "var/drop").glob("*.json")}
    for key in keys:
        case, _, number = key.partition(".")
        dropped.setdefault(names.get(case, case), []).append((number,))
    return Outcome(
        senders.rounds,
        _by_kind(stories, in_order=True),
        _by_kind(dropped, in_order=False),
        tuple(sorted(set(senders.acknowledged) - stored)),
        forgotten,
        tuple(sorted(key for key in heard if key not in keys)),
        sum(times > 2 for times in heard.values()),
    )


def stored_events(store: SqliteStore) -> set[str]:
    """The ids of all events in a store."""
    found: set[str] = set()
    after = 0
    while page := store.events(None, after, 10_000):
        after = page[-1][0]
        found.update(row.id for _, row in page)
    return found


def _by_kind(told: dict[str, list[tuple[str, ...]]], in_order: bool) -> dict[str, set[Told]]:
    kinds: dict[str, set[Told]] = {}
    for ref, lines in told.items():
        kind = ref.rpartition("-")[0]
        kinds.setdefault(kind, set()).add(tuple(lines if in_order else sorted(lines)))
    return kinds
