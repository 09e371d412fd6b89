"""The journal of each case is a chain of hashes, whoever writes it and however often it was left unfinished."""

from contextlib import closing
from hashlib import blake2b
from pathlib import Path

import orjson
import pytest

from civicloop.core.model.case import Case, Reason
from civicloop.core.stores import chain
from civicloop.core.stores.base import Writes
from civicloop.core.stores.chain import HEADS_MAX, Chains
from civicloop.core.stores.sqlite import SqliteStore

from .desk import Desk


def lines(store: SqliteStore, case: Case) -> list[tuple[object, ...]]:
    columns = 'v, partition, seq, at, "case", ref, track, reason, step, loop, party, due, "by", event, hash'
    return store._reads.raw.execute(
        f'SELECT {columns} FROM journal WHERE "case" = ? ORDER BY seq', (case.id,)
    ).fetchall()


def expected(store: SqliteStore, case: Case) -> list[bytes]:
    """The hashes by the rule as the documentation says it, computed a second way."""
    head, found = case.id.encode(), []
    for *line, _ in lines(store, case):
        head = blake2b(head + orjson.dumps(line), digest_size=16).digest()
        found.append(head)
    return found


def hashes(store: SqliteStore, case: Case) -> list[object]:
    return [line[-1] for line in lines(store, case)]


def grow(desk: Desk, case: Case, *seqs: int) -> None:
    desk.put(cases=[case._replace(entries=seqs[-1])], entries=[desk.entry(case, seq) for seq in seqs])


def test_each_line_follows_the_one_before_it_in_its_case(desk: Desk) -> None:
    one, two = desk.case("一"), desk.case("B2")
    entries = [desk.entry(one, 1), desk.entry(two, 1), desk.entry(one, 2), desk.entry(two, 2)]
    desk.put(cases=[one, two], entries=entries)
    grow(desk, one, 3)
    grow(desk, two, 3, 4)
    for case, count in ((one, 3), (two, 4)):
        assert len(hashes(desk.store, case)) == count
        assert hashes(desk.store, case) == expected(desk.store, case)


def test_a_turn_that_is_left_leaves_nothing_in_the_chain(desk: Desk) -> None:
    case = desk.case("B7")
    grow(desk, case, 1)
    with desk.store.turn() as turn:
        turn._write(Writes(desk.at(1), entries=[desk.entry(case, 2, reason=Reason.ASKED)]))
    grow(desk, case, 2)
    assert hashes(desk.store, case) == expected(desk.store, case)


def test_processes_that_take_turns_continue_each_others_chains(file_desk: Desk, path: Path) -> None:
    case = file_desk.case("B7")
    grow(file_desk, case, 1)
    with closing(SqliteStore(path)) as other:
        grow(Desk(other), case, 2)
        grow(file_desk, case, 3)
        grow(Desk(other), case, 4, 5)
    with closing(SqliteStore(path)) as reopened:
        grow(Desk(reopened), case, 6)
        assert hashes(reopened, case) == expected(reopened, case)


def test_a_missing_line_does_not_stop_the_work(file_desk: Desk) -> None:
    case = file_desk.case("B7")
    grow(file_desk, case, 1)
    grow(file_desk, case, 3)
    assert [line[2] for line in lines(file_desk.store, case)] == [1, 3]


@pytest.mark.parametrize("column", range(14))
def test_every_column_of_a_line_is_covered(column: int) -> None:
    line = [1, "c1", 1, 5, "id", "s/k", "main", "opened", "step", "micro", "p", None, "", "e"]
    changed = [*line]
    changed[column] = "other"
    assert chain.hash_after(b"x", line) != chain.hash_after(b"x", changed)
    assert chain.hash_after(b"x", line) != chain.hash_after(b"y", line)


def test_remembered_heads_are_bounded() -> None:
    chains = Chains()
    for number in range(3):
        chains.keep({f"{number}.{case}": (1, b"h") for case in range(HEADS_MAX // 2)})
    asked = [(1, "", 2, 0, f"0.{case}") for case in range(HEADS_MAX // 2)]
    assert len(chains.unknown(asked)) == HEADS_MAX // 2
    assert not chains.unknown([(1, "", 2, 0, "2.5")])
