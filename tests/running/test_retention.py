"""Years pass: what was kept long enough goes, what is open stays, and the store is whole all the while."""

import asyncio
import os
import signal
import subprocess
import sys
from collections import Counter
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

from civicloop import CLOSE, Finding, Scenario
from civicloop.core.engine.verifying import verify
from civicloop.core.model.case import Case
from civicloop.core.running.retention import Sweeper, purges_due, sweep
from civicloop.core.stores.base import Access, CaseQuery, StoreError
from civicloop.core.stores.crash import CrashPoint, watching
from civicloop.core.stores.keeper import PIECE_MAX, Kind
from civicloop.core.stores.purging import BYTES_MAX, reduce
from civicloop.core.stores.sqlite import SqliteStore
from civicloop.core.street.settings import Retention

from ..engine.stage import CHAIN, NOON, Fill, Full, Seen, Silent, Stage, answer, fact, fill

DAY = 24 * 60
SHORT = Retention(
    events_days=30,
    media_days=5,
    notices_days=30,
    memories_days=40,
    quarantine_days=30,
    closed_cases_days=60,
    journals_days=365,
    access_days=180,
)
PHOTO = "https://photos.example/1.jpg"


def at(minute: float) -> datetime:
    return NOON + timedelta(minutes=minute)


def purge(store: SqliteStore, day: float, kept: Retention = SHORT) -> Counter[str]:
    """Sweep at noon of a day; how many rows of each kind are gone."""
    gone: Counter[str] = Counter()
    now = at(day * DAY)
    for what, rows in sweep(store, purges_due(kept, now), now):
        gone[what.kind.value] += rows
    return +gone


def close(stage: Stage, subject: str, minute: float, note: str = "", name: str = "") -> Case:
    """A bin is full and is emptied, with a note and a check by somebody else."""
    ref, name = f"bins.full/{subject}", name or f"{subject}@{minute}"
    stage.hear(fill(95, minute, name, subject=subject, image=PHOTO), minute=minute)
    stage.hear(answer("report", ref, "cleaner", minute + 2, f"r{name}", result="done", note=note), minute=minute + 2)
    stage.hear(answer("verify", ref, "ops_center", minute + 3, f"v{name}", result="pass"), minute=minute + 3)
    case = stage.case(ref)
    assert not case.is_open
    return case


def all_cases(store: SqliteStore) -> list[Case]:
    return store.find_cases(CaseQuery(most=10_000))[0]


def names_of(store: SqliteStore) -> set[str]:
    return {row.id for _, row in store.events(None, 0, 100_000)}


def pages(store: SqliteStore) -> int:
    with store._writes.lock:
        return int(store._writes.raw.execute("PRAGMA page_count").fetchone()[0])


# years ------------------------------------------------------------------------------------------------------------


def test_two_years_pass(store: SqliteStore) -> None:
    stage = Stage(Full, store=store)
    stage.hear(fill(99, 0, "never emptied", subject="B9", image=PHOTO))
    for month in range(24):
        for day in (1, 15):
            minute = (month * 30 + day) * DAY
            for number in range(20):
                name = f"noise {minute} {number}"
                stage.hear(fill(50, minute + number / 10, name, subject="B8", image=PHOTO), minute=minute + number / 10)
            close(stage, f"B{month % 4}", minute + 10, note="at the gate, call Mrs Li")
            owed = store.owed("console", at(minute + 20), 100)
            store.delivered([(one.notice.key, "console") for one in owed], at(minute + 20))
        purge(store, month * 30 + 20)
        assert list(verify(store)) == []
    stage.wait(24 * 30 * DAY)
    purge(store, 24 * 30)

    [never] = [case for case in all_cases(store) if case.is_open]
    assert (never.key, never.evidence[0].event) == ("B9", "/gw#never emptied")
    assert PHOTO.encode() in store.event("/gw", "never emptied").body
    assert len(store.journal(never.id)) > 700

    now = at(24 * 30 * DAY)
    closed = {case.id: case for case in all_cases(store) if not case.is_open}
    assert len(closed) == 24
    for case in closed.values():
        age = now - case.closed_at
        assert age < timedelta(days=366)
        assert store.journal(case.id)[-1].reason == "closed"
        assert (case == reduce(case)) is (age > timedelta(days=60))
    kept = {name for name in names_of(store) if not name.startswith("noise")} - {"never emptied"}
    assert len(kept) == 4 * 3, "four cases are not older than 60 days, and have three events each"
    assert sum(name.startswith("noise") for name in names_of(store)) == 40
    assert {one.kind for one in store.purges(1000)} >= {"events", "media", "notices", "closed_cases", "journals"}
    assert list(verify(store)) == []


def test_the_file_uses_its_freed_pages_again(store: SqliteStore) -> None:
    stage, sizes = Stage(Full, store=store), []
    kept = SHORT.model_copy(update={"journals_days": 60})
    for month in range(12):
        minute = month * 30 * DAY
        for start in range(0, 600, 200):
            names = range(start, start + 200)
            stage.hear(*(fill(50, minute, f"{month} {name}", subject="B8") for name in names), minute=minute)
        case = close(stage, f"B{month % 4}", minute + 10)
        for one in store.owed("console", at(minute + 20), 100):
            store.delivered([(one.notice.key, "console")], at(minute + 20))
        assert case.closed_at is not None
        purge(store, month * 30 + 29, kept)
        sizes.append(pages(store))
    assert sizes[-1] <= 1.05 * sizes[2], "ten months later it is no longer"
    assert sizes[0] < sizes[1]


def test_a_second_sweep_finds_nothing(store: SqliteStore) -> None:
    stage = Stage(Full, store=store)
    close(stage, "B1", 0)
    assert purge(store, 100)
    assert purge(store, 100) == Counter()


# each kind ---------------------------------------------------------------------------------------------------------


def test_an_event_goes_after_its_days_and_its_pictures_earlier(store: SqliteStore) -> None:
    stage = Stage(Full, store=store)
    stage.hear(fill(50, 0, "old", image=PHOTO, odor="none"), fact("bin.unheard", "B1", 0, "deaf", image=PHOTO))
    assert purge(store, 4) == Counter()
    assert purge(store, 6) == {"media": 2}
    row = store.event("/gw", "old")
    assert PHOTO.encode() not in row.body
    assert b'"odor":"none"' in row.body
    assert purge(store, 31) == Counter()
    assert purge(store, 33) == {"events": 2}
    assert stage.hear(fill(50, 33 * DAY, "new"), minute=33 * DAY)[0].status == "accepted"


def test_evidence_follows_its_case(store: SqliteStore) -> None:
    stage = Stage(Full, store=store)
    case = close(stage, "B1", 0, note="call Mrs Li")
    assert purge(store, 50)["events"] == 0
    assert PHOTO.encode() in store.event("/gw", "B1@0").body
    assert store.event("/people", "rB1@0") is not None
    assert purge(store, 62)["closed_cases"] == 1
    assert names_of(store) == set()
    left = store.case(case.id)
    assert (left.evidence, left.variables) == ((), {"percent": 95, "count": 1})
    assert store.journal(case.id)[-1].reason == "closed"
    assert list(verify(store)) == []


class Also(Scenario[Fill, Seen]):
    """Sees the same facts as the other, and is never done."""

    name = "bins.also"
    on_cleared = CLOSE
    chain = CHAIN

    def assess(self, event, context):
        if event.percent >= 80:
            yield Finding("bin_full", percent=event.percent)


def test_an_event_stays_as_long_as_any_case_refers_to_it(store: SqliteStore) -> None:
    stage = Stage(Full, Also, store=store)
    close(stage, "B1", 0)
    purge(store, 100)
    assert names_of(store) == {"B1@0"}
    assert stage.case("bins.also/B1").evidence[0].event == "/gw#B1@0"
    stage.hear(answer("void", "bins.also/B1", "ops_center", 100 * DAY, "x", reason="done"), minute=100 * DAY)
    purge(store, 200)
    assert names_of(store) == set()


def test_what_waits_in_quarantine_keeps_its_event_and_then_goes_with_it(store: SqliteStore) -> None:
    stage = Stage(Full, store=store)
    stage.hear(fill(95, 0, "lost", subject="nobody knows"))
    kept = SHORT.model_copy(update={"quarantine_days": 29, "events_days": 30})
    assert purge(store, 28, kept)["events"] == 0
    assert purge(store, 40, kept) == {"quarantine": 1, "events": 1}


def test_a_notice_goes_once_it_has_left_and_its_case_is_closed(store: SqliteStore) -> None:
    stage = Stage(Full, store=store)
    close(stage, "B1", 0)
    stage.hear(fill(95, 1, "open", subject="B2"), minute=5)
    now = at(10)
    owed = [one.notice.key for one in store.owed("console", now, 100)]
    store.delivered([(key, "console") for key in owed[1:]], now)
    assert purge(store, 40)["notices"] == len(owed) - 2, "one is still owed, and one is about an open case"
    assert store.counts()["pending_notices"] == 1


def test_a_memory_goes_unless_a_watchdog_is_armed_or_its_case_is_open(store: SqliteStore) -> None:
    stage = Stage(Full, Silent, store=store)
    for number, percent in enumerate((50, 50, 95)):
        stage.hear(fill(percent, 0, f"{number}", subject=f"B{number}"))
    stage.hear(fact("bin.beat", "B5", 0, "beat"))
    assert purge(store, 41)["memories"] == 2
    assert stage.memory(key="B2") == {"count": 1, "last": 95}
    assert stage.memory("bins.silent", "B5")


def test_readings_and_turns_go(store: SqliteStore) -> None:
    stage = Stage(Full, store=store)
    stage.hear(fill(50, 0, "1"))
    stage.hear(fill(50, 1, "2"), minute=1)
    store.record_access(Access(NOON, "operator", "bins.full/B1", "complaint"))
    assert purge(store, 100)["turns"] == 1
    assert purge(store, 181) == {"access": 1}
    assert store.accesses(9) == []


def test_a_key_that_comes_back_after_its_last_round_was_dropped_starts_anew(store: SqliteStore) -> None:
    stage = Stage(Full, store=store)
    first = close(stage, "B1", 0)
    assert purge(store, 366)["journals"] == 1
    assert (store.case(first.id), store.journal(first.id)) == (None, [])
    again = close(stage, "B1", 400 * DAY)
    assert again.id == first.id
    assert len(store.journal(again.id)) == again.entries
    owed = [one.notice for one in store.owed("console", at(500 * DAY), 100)]
    assert {notice.at >= at(400 * DAY) for notice in owed if notice.case == again.id} == {True}
    assert list(verify(store)) == []


def test_an_earlier_round_stays_as_long_as_a_later_one_is_open(store: SqliteStore) -> None:
    stage = Stage(Full, store=store)
    first = close(stage, "B1", 0)
    stage.hear(fill(95, 300 * DAY, "again"), minute=300 * DAY)
    assert purge(store, 400)["journals"] == 0
    assert store.case(first.id) is not None


def test_an_event_whose_name_holds_a_nul_is_never_taken_for_free(store: SqliteStore) -> None:
    stage = Stage(Full, store=store)
    stage.hear(fill(95, 0, "a\0b"), fill(95, 0, "a#b", subject="B2"))
    purge(store, 100)
    assert names_of(store) == {"a\0b", "a#b"}


# what changes between looking and dropping ---------------------------------------------------------------------------


def found(store: SqliteStore, kind: Kind, day: float):
    [what] = [one for one in purges_due(SHORT, at(day * DAY)) if one.kind is kind]
    return what, store.find_purgeable(what)


def test_a_case_that_is_reopened_meanwhile_keeps_everything(store: SqliteStore) -> None:
    stage = Stage(Full, store=store)
    close(stage, "B1", 0)
    purge(store, 50)
    what, looked = found(store, Kind.CLOSED_CASES, 62)
    assert len(looked.rows) == 1
    reopened = answer("reopen", "bins.full/B1", "ops_center", 62 * DAY, "x", reason="full again")
    assert stage.hear(reopened, minute=62 * DAY)[0].status == "accepted"
    assert store.purge(what, looked.rows, looked.passed, at(62 * DAY)) == 0
    assert len(names_of(store)) == 4
    assert stage.case("bins.full/B1").evidence


def test_a_dead_letter_that_is_revived_meanwhile_stays(store: SqliteStore) -> None:
    stage = Stage(Full, store=store)
    close(stage, "B1", 0)
    for one in store.owed("console", at(10), 100):
        store.give_up(one.notice.key, "console", "no such number", at(10))
    what, looked = found(store, Kind.NOTICES, 40)
    assert looked.rows
    store.revive(None, at(40 * DAY))
    assert store.purge(what, looked.rows, looked.passed, at(40 * DAY)) == 0


def test_a_memory_that_is_touched_meanwhile_stays(store: SqliteStore) -> None:
    stage = Stage(Full, store=store)
    stage.hear(fill(50, 0, "1"))
    what, looked = found(store, Kind.MEMORIES, 41)
    stage.hear(fill(50, 41 * DAY, "2"), minute=41 * DAY)
    assert store.purge(what, looked.rows, looked.passed, at(41 * DAY)) == 0
    assert stage.memory() == {"count": 2, "last": 50}


# pieces and crashes --------------------------------------------------------------------------------------------------


def crowd(store: SqliteStore, count: int) -> None:
    stage = Stage(Full, store=store)
    for start in range(0, count, 500):
        stage.hear(*(fill(50, 0, f"{start + number}") for number in range(min(500, count - start))))
    for number in range(4):
        close(stage, f"B{number + 2}", 10 + 10 * number)


def test_no_transaction_drops_more_than_a_piece_and_the_log_adds_up(store: SqliteStore) -> None:
    crowd(store, 1000)
    now = at(40 * DAY)
    pieces = [rows for what, rows in sweep(store, purges_due(SHORT, now), now) if what.kind is Kind.EVENTS]
    assert pieces == [PIECE_MAX] * 5
    [logged] = [one for one in store.purges(100) if one.kind == "events"]
    assert (logged.rows, logged.days) == (1000, 30)
    assert logged.until == at(10 * DAY).replace(hour=0)


class Died(Exception):
    """The process would have died here."""


def test_whoever_dies_between_pieces_is_continued(store: SqliteStore) -> None:
    crowd(store, 1000)
    deaths = 0
    for _ in range(30):
        countdown = [2]

        def dies(point: CrashPoint, countdown: list[int] = countdown) -> None:
            countdown[0] -= point is CrashPoint.PIECE_PURGED
            if not countdown[0]:
                raise Died

        try:
            with watching(dies):
                purge(store, 62)
        except Died:
            deaths += 1
        else:
            break
        assert list(verify(store)) == []
    assert deaths >= 3
    assert names_of(store) == set()
    assert sum(one.rows for one in store.purges(100) if one.kind == "events") == 1012


KILLED = """
import os, signal, sys
from datetime import datetime
from pathlib import Path
from civicloop.core.running.retention import purges_due, sweep
from civicloop.core.stores.crash import CrashPoint, watching
from civicloop.core.stores.sqlite import SqliteStore
from civicloop.core.street.settings import Retention

path, now, left = Path(sys.argv[1]), datetime.fromisoformat(sys.argv[2]), int(sys.argv[3])

def dies(point):
    global left
    left -= point is CrashPoint.PIECE_PURGED
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)

with watching(dies):
    kept = Retention(events_days=30, media_days=5, closed_cases_days=60, quarantine_days=30)
    for _ in sweep(SqliteStore(path), purges_due(kept, now), now):
        pass
"""


def test_a_purge_that_is_killed_leaves_a_whole_store_and_is_continued(tmp_path: Path) -> None:
    path = tmp_path / "street.db"
    with closing(SqliteStore(path)) as store:
        crowd(store, 1500)
    command = [sys.executable, "-c", KILLED, str(path), at(62 * DAY).isoformat()]
    for left in (2, 3, 2):
        done = subprocess.run([*command, str(left)], check=False, env=os.environ)
        assert done.returncode == -signal.SIGKILL
        with closing(SqliteStore(path)) as store:
            assert list(verify(store)) == []
    assert subprocess.run([*command, "999"], check=False, env=os.environ).returncode == 0
    with closing(SqliteStore(path)) as store:
        assert names_of(store) == set()
        assert list(verify(store)) == []


# the daemon's sweeper -------------------------------------------------------------------------------------------------


class Calendar:
    """A clock that is set by the day."""

    def __init__(self, day: float) -> None:
        self.day = day

    def now(self) -> datetime:
        return at(self.day * DAY)

    def real_seconds(self, span: timedelta) -> float:
        return span.total_seconds()


def test_the_sweeper_sweeps(store: SqliteStore) -> None:
    crowd(store, 10)
    asyncio.run(Sweeper(store, lambda: SHORT, Calendar(100)).sweep_once())
    assert names_of(store) == set()


def test_a_clock_that_is_years_ahead_for_a_while_costs_a_day_or_two(store: SqliteStore) -> None:
    crowd(store, 10)
    clock = Calendar(1)
    sweeper = Sweeper(store, lambda: SHORT, clock)
    asyncio.run(sweeper.sweep_once())
    clock.day = 3650
    for _ in range(3):
        asyncio.run(sweeper.sweep_once())
    assert len(names_of(store)) == 22
    clock.day = 2
    asyncio.run(sweeper.sweep_once())
    assert store.advance(at(40 * DAY), timedelta(days=1)) == at(3 * DAY)
    for day in range(4, 40):
        clock.day = day
        asyncio.run(sweeper.sweep_once())
    assert not any(name.isdigit() for name in names_of(store))


def test_pictures_are_dropped_a_bounded_number_of_bytes_at_a_time(store: SqliteStore) -> None:
    stage = Stage(Full, store=store)
    for number in range(6):
        big = fill(50, 0, f"{number}", image=PHOTO, text="x" * (BYTES_MAX // 3))
        stage.hear(big)
    what, looked = found(store, Kind.MEDIA, 10)
    assert 2 <= len(looked.rows) < 6
    assert not looked.is_last
    assert purge(store, 10)["media"] == 6
    assert not any(PHOTO.encode() in row.body for _, row in store.events(None, 0, 100))
    assert what.kind is Kind.MEDIA


def test_a_store_that_cannot_purge_now_is_trouble_and_no_end(tmp_path: Path) -> None:
    path = tmp_path / "street.db"
    with closing(SqliteStore(path, busy_seconds=0.01)) as store, closing(SqliteStore(path)) as other:
        crowd(store, 10)
        sweeper = Sweeper(store, lambda: SHORT, Calendar(100))
        with other.turn():
            asyncio.run(sweeper.sweep_once())
        assert "is locked by another process" in sweeper.troubles["all"]
        assert sweeper.counts == {("all", "failed"): 1}
        assert len(names_of(store)) == 22
        asyncio.run(sweeper.sweep_once())
        assert sweeper.troubles == {}
        assert names_of(store) == set()
        assert issubclass(StoreError, Exception)


def stick(store: SqliteStore, table: str) -> None:
    """Have the database refuse to drop rows of a table."""
    raw = store._writes.raw
    raw.execute(f"CREATE TRIGGER stuck BEFORE DELETE ON {table} BEGIN SELECT RAISE(ABORT, 'Mrs Li stays'); END")


def test_a_class_that_cannot_be_dropped_keeps_no_other_one_back(store: SqliteStore) -> None:
    crowd(store, 10)
    told: list[tuple[str, str]] = []
    sweeper = Sweeper(store, lambda: SHORT, Calendar(100), lambda *what: told.append(what))
    stick(store, "turn")
    asyncio.run(sweeper.sweep_once())
    assert names_of(store) == set()
    assert store.counts()["pending_notices"], "none has left"
    [(kind, why)] = sweeper.troubles.items()
    assert (kind, why) == told.pop() == ("turns", why)
    assert "IntegrityError" in why
    assert "Mrs Li" not in why, "whoever may look at /readyz may not read what a fault quotes"
    failed = [one for one, result in sweeper.counts if result == "failed"]
    done = [one for one, result in sweeper.counts if result == "done"]
    assert (failed, sorted([*done, "turns"])) == (["turns"], sorted([*Kind, "all"]))
    store._writes.raw.execute("DROP TRIGGER stuck")
    asyncio.run(sweeper.sweep_once())
    assert (sweeper.troubles, told, sweeper.counts["turns", "done"]) == ({}, [], 1)
    assert any(one.kind == "turns" for one in store.purges(100))


def test_ops_who_cannot_be_told_are_told_the_next_time(store: SqliteStore) -> None:
    crowd(store, 10)
    tries: list[str] = []

    def fail(kind: str, _why: str) -> None:
        tries.append(kind)
        raise StoreError("the disk is full: free some space")

    sweeper = Sweeper(store, lambda: SHORT, Calendar(100), fail)
    stick(store, "turn")
    for _ in range(2):
        asyncio.run(sweeper.sweep_once())
    assert tries == ["turns"] * 2
    assert sweeper.counts["turns", "failed"] == 2


def test_every_kind_has_days_and_an_order() -> None:
    due = purges_due(Retention(), NOON)
    assert [one.kind for one in due] == list(Kind)
    assert {one.kind.value: one.days for one in due} == {
        "quarantine": 180,
        "media": 30,
        "events": 180,
        "turns": 180,
        "notices": 180,
        "memories": 400,
        "closed_cases": 1825,
        "evidence_hashes": 1825,
        "journals": 3650,
        "access": 1095,
        "purges": 3650,
    }
    assert all(one.until == NOON.replace(hour=0) - timedelta(days=one.days) for one in due)
