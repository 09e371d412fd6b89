"""A store that was lived in is whole; what is changed behind civicloop's back is found, by law, case, line and row."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from civicloop.core.engine.verifying import Flaw, Law, Tally, verify
from civicloop.core.stores.sqlite import SqliteStore

from ..stores.released.make import live
from .stage import Full, Stage, answer, fill

B2 = "37701508b2819ba5"
"""The case that hands have closed; its journal has seven lines, in rows 1, 2 and 5 to 9."""


@pytest.fixture
def lived(tmp_path: Path) -> Path:
    path = tmp_path / "lived.db"
    with closing(SqliteStore(path)) as store:
        live(store)
    return path


def flaws(path: Path, tally: Tally | None = None) -> list[Flaw]:
    with closing(SqliteStore(path)) as store:
        return list(verify(store, tally))


def tamper(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as raw, raw:
        for statement in statements:
            raw.execute(statement)


def body(key: str, member: str, value: str) -> str:
    """A statement that puts ``value`` into the case of that key, and leaves its columns."""
    return f"UPDATE \"case\" SET body = json_set(CAST(body AS TEXT), '$.{member}', {value}) WHERE key = '{key}'"


def test_what_was_lived_in_is_whole(store: SqliteStore) -> None:
    live(store)
    tally = Tally()
    assert list(verify(store, tally)) == []
    assert (tally.cases, tally.lines, tally.last_row, tally.first_altered) == (5, 23, 23, None)
    assert len(tally.seal) == 32


def test_the_seal_changes_with_every_line(store: SqliteStore) -> None:
    stage, seals = Stage(Full, store=store), []
    for minute in range(3):
        stage.hear(fill(95, minute=minute, id=f"{minute}", subject=f"B{minute}"), minute=minute)
        tally = Tally()
        assert list(verify(store, tally)) == []
        seals.append(tally.seal)
    assert len(set(seals)) == 3


ALTERED = {
    "a reason": "UPDATE journal SET reason = 'escalated' WHERE row = 6",
    "who it was": "UPDATE journal SET \"by\" = 'f0c39bb98d8e3330' WHERE row = 6",
    "when it was, by a microsecond": "UPDATE journal SET at = at + 1 WHERE row = 6",
    "a deadline taken away": "UPDATE journal SET due = NULL WHERE row = 6",
    "its hash": "UPDATE journal SET hash = zeroblob(16) WHERE row = 6",
    "its partition": "UPDATE journal SET partition = 'c2' WHERE row = 6",
}


@pytest.mark.parametrize("how", ALTERED)
def test_the_first_altered_line_is_named_with_case_line_and_row(lived: Path, how: str) -> None:
    tamper(lived, ALTERED[how])
    tally = Tally()
    found = flaws(lived, tally)
    assert found[0] == Flaw(Law.LINE_AS_WRITTEN, B2, 4, 6)
    assert tally.first_altered == found[0]
    assert {flaw.case for flaw in found} == {B2}


def test_of_several_altered_lines_the_one_that_was_written_first_is_the_first(lived: Path) -> None:
    tamper(lived, "UPDATE journal SET step = 'x' WHERE row IN (20, 17, 13, 9)")
    tally = Tally()
    rows = [flaw.row for flaw in flaws(lived, tally) if flaw.law is Law.LINE_AS_WRITTEN]
    assert sorted(rows) == [9, 13, 17, 20]
    assert rows != sorted(rows)
    assert tally.first_altered is not None
    assert tally.first_altered.row == 9


BROKEN: dict[str, tuple[tuple[str, ...], Flaw]] = {
    "a line taken out": (("DELETE FROM journal WHERE row = 6",), Flaw(Law.NO_GAP, B2, 4, 7, "5")),
    "the last line taken out": (("DELETE FROM journal WHERE row = 9",), Flaw(Law.NO_LINE_LOST, B2, 6, 8, "7")),
    "all lines taken out": ((f"DELETE FROM journal WHERE \"case\" = '{B2}'",), Flaw(Law.NO_LINE_LOST, B2, 0, 0, "7")),
    "a line slipped in": (
        (
            "CREATE TEMP TABLE copied AS SELECT * FROM journal WHERE row = 9",
            "UPDATE copied SET row = 99, seq = 8, reason = 'noted'",
            "INSERT INTO journal SELECT * FROM copied",
        ),
        Flaw(Law.LINE_AS_WRITTEN, B2, 8, 99),
    ),
    "a case taken out": (
        (f"DELETE FROM case_party WHERE \"case\" = '{B2}'", f"DELETE FROM \"case\" WHERE id = '{B2}'"),
        Flaw(Law.CASE_OF_LINE, B2, 1, 1, "7"),
    ),
    "a case that cannot be read": (
        (f"UPDATE \"case\" SET body = '[]' WHERE id = '{B2}'",),
        Flaw(Law.CASE_READABLE, B2, told="TypeError: list indices must be integers or slices, not str"),
    ),
    "rules taken out": (
        ("DELETE FROM rulebook WHERE digest = 'd3160ad00ebaec47'",),
        Flaw(Law.RULES_KEPT, "e14716b7240185a5", told="d3160ad00ebaec47"),
    ),
    "a deadline that is never looked at": (
        ("UPDATE \"case\" SET wake_at = NULL WHERE key = 'B3'",),
        Flaw(Law.CASE_FOUND, "e14716b7240185a5", told="bins.silent/B3"),
    ),
    "a case closed in its column only": (
        ("UPDATE \"case\" SET closed_at = 1 WHERE key = 'B3'",),
        Flaw(Law.CASE_FOUND, "e14716b7240185a5", told="bins.silent/B3"),
    ),
    "a notice about nothing": (
        ("UPDATE outbox SET body = replace(CAST(body AS TEXT), '37701508b2819ba5', 'nothing') WHERE row = 1",),
        Flaw(Law.CASE_OF_NOTICE, "nothing", row=1, told="37701508b2819ba5.2.0"),
    ),
    "an open case without a deadline": (
        (body("B3", "tracks[0].due", "NULL"), "UPDATE \"case\" SET wake_at = NULL WHERE key = 'B3'"),
        Flaw(Law.NEVER_FORGOTTEN, "e14716b7240185a5", told="bins.silent/B3 main"),
    ),
    "a closed case that still waits": (
        (body("B2", "tracks[0].due", "'2026-06-01T00:00:00+00:00'"),),
        Flaw(Law.CLOSED_IS_QUIET, B2, told="bins.full/B2 main"),
    ),
    "whoever verified has reported": (
        (body("B2", "tracks[0].orders[0].party", "'ops_center'"),),
        Flaw(Law.OTHER_HANDS, B2, 6, told="bins.full/B2 ops_center"),
    ),
    "a life longer than its holders": (
        (body("B2", "opened_at", "'1970-01-01T00:00:00+00:00'"), "UPDATE \"case\" SET opened_at = 0 WHERE key = 'B2'"),
        Flaw(Law.LEDGER_ADDS_UP, B2, told="bins.full/B2"),
    ),
    "a second open round": (
        (
            "DROP INDEX uq_case_open",
            "UPDATE \"case\" SET key = 'B1' WHERE key = 'B4' AND round = 2",
        ),
        Flaw(Law.ONE_OPEN, told="bins.full/B1"),
    ),
}


@pytest.mark.parametrize("how", BROKEN)
def test_whatever_breaks_a_law_is_found(lived: Path, how: str) -> None:
    statements, flaw = BROKEN[how]
    tamper(lived, *statements)
    assert flaw in flaws(lived)


def test_every_law_has_a_case_that_breaks_it() -> None:
    shown = {flaw.law for _, flaw in BROKEN.values()} | {Law.LINE_AS_WRITTEN}
    assert shown == set(Law) - {Law.FILE_WHOLE}


def test_a_damaged_page_is_a_flaw_and_not_an_error(lived: Path) -> None:
    with closing(sqlite3.connect(lived)) as raw:
        (root,) = raw.execute("SELECT rootpage FROM sqlite_master WHERE name = 'journal'").fetchone()
    whole = lived.read_bytes()
    at = (root - 1) * 4096
    lived.write_bytes(whole[: at + 100] + b"\xa5" * 3900 + whole[at + 4000 :])
    found = flaws(lived)
    assert found[0].law is Law.FILE_WHOLE
    assert found[0].told


def test_work_that_goes_on_meanwhile_is_no_flaw(lived: Path) -> None:
    with closing(SqliteStore(lived)) as store:
        tally = Tally(on_progress=lambda _: store.heartbeat(store.last_turn() or pytest.fail("no turn")))
        stage = Stage(Full, store=store)
        assert list(verify(store, tally)) == []
        with store.snapshot() as snapshot:
            cases = snapshot.cases()
            first = next(cases)
            stage.hear(
                answer("accept", "bins.full/B1", "cleaner", 66, "x1"), fill(99, 66, "x2", subject="B6"), minute=66
            )
            assert len([first, *cases]) == 5
            assert len(list(snapshot.lines())) == 23
        assert list(verify(store)) == []
