"""verify, backup, restore."""

import json
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

from .conftest import BIN, full, hear


def tamper(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as raw, raw:
        raw.execute(statement)


def store_of(street: Path) -> Path:
    return street / "var" / "civicloop.db"


def test_a_whole_store_is_said_to_be_one(cli, busy: Path) -> None:
    told = cli("verify", busy)
    assert told.exit_code == 0
    assert "civicloop.db is whole: 1 cases, 3 journal lines (up to row 3), seal " in told.stdout
    found = json.loads(cli("verify", busy, "--json").stdout)
    assert found["seal"] in told.stdout
    assert (found["flaws_all"], found["first_altered"]) == (0, None)
    assert "完好" in cli("verify", busy, "--language", "zh").stdout


def test_the_first_altered_line_is_told_with_what_to_do(cli, busy: Path) -> None:
    tamper(store_of(busy), "UPDATE journal SET party = 'hauler' WHERE row = 2")
    told = cli("verify", busy)
    assert told.exit_code == 1
    assert "journal row 2 (case " in told.stderr
    assert "line 2) is not what was written; compare it with a backup" in told.stderr
    assert "the first altered journal row is 2" in told.stderr
    assert told.stderr.endswith("flaws: 1\n")
    assert "最早被改动的是第 2 行流水" in cli("verify", busy, "--language", "zh").stderr
    found = json.loads(cli("verify", busy, "--json").stdout)
    assert [(flaw["law"], flaw["row"], flaw["seq"]) for flaw in found["flaws"]] == [("line_as_written", 2, 2)]
    assert found["first_altered"]["row"] == 2


def test_many_flaws_are_counted_and_some_are_told(cli, street: Path) -> None:
    hear(cli, street, *(full(f"e{number}", "bin-willow-garden-dry") for number in range(2)))
    many = "WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60)"
    columns = 'v, partition, seq, at, "case" || i, ref, track, reason, step, loop, party, due, "by", event, hash'
    names = 'v, partition, seq, at, "case", ref, track, reason, step, loop, party, due, "by", event, hash'
    tamper(store_of(street), f"INSERT INTO journal ({names}) {many} SELECT {columns} FROM journal, n WHERE row = 1")
    told = cli("verify", street)
    assert told.exit_code == 1
    assert "and 10 more" in told.stderr
    assert "flaws: 60" in told.stderr


def test_a_street_that_never_ran_has_nothing_to_verify_or_back_up(cli, street: Path, tmp_path: Path) -> None:
    for words in (("verify", street), ("backup", street, tmp_path / "b.db")):
        told = cli(*words)
        assert told.exit_code == 1
        assert "there is no database" in told.stderr


def test_a_backup_is_made_verified_and_never_overwrites_unasked(cli, busy: Path, tmp_path: Path) -> None:
    file = tmp_path / "backup.db"
    told = cli("backup", busy, file)
    assert told.exit_code == 0, told.stderr
    assert f"backed up to {file}: 1 cases, as of " in told.stdout
    assert "BLAKE2b-256 of the file: " in told.stdout
    seal = json.loads(cli("verify", busy, "--json").stdout)["seal"]
    assert f"seal of its journals: {seal}" in told.stdout
    assert cli("verify", busy, "--store", file).exit_code == 0
    before = file.read_bytes()
    refused = cli("backup", busy, file)
    assert refused.exit_code == 1
    assert "exists; name another file, or overwrite it with --force" in refused.stderr
    assert file.read_bytes() == before
    assert cli("backup", busy, file, "--force").exit_code == 0
    assert "is a folder" in cli("backup", busy, tmp_path).stderr


def test_a_flawed_store_is_not_backed_up_over_a_good_one(cli, busy: Path, tmp_path: Path) -> None:
    file = tmp_path / "backup.db"
    assert cli("backup", busy, file).exit_code == 0
    before = file.read_bytes()
    tamper(store_of(busy), "UPDATE journal SET party = 'hauler' WHERE row = 2")
    told = cli("backup", busy, file, "--force")
    assert told.exit_code == 1
    assert "no backup was made" in told.stderr
    assert file.read_bytes() == before


def test_a_restore_puts_back_what_was_and_keeps_what_is(cli, busy: Path, tmp_path: Path) -> None:
    file = tmp_path / "backup.db"
    assert cli("backup", busy, file).exit_code == 0
    assert cli("answer", busy, BIN, "accept", "--party", "property_company").exit_code == 0
    assert json.loads(cli("verify", busy, "--json").stdout)["lines"] == 4
    toml = busy / "civicloop.toml"
    toml.write_text(
        toml.read_text(encoding="utf-8").replace("repeat_hours = 24", "repeat_hours = 23"), encoding="utf-8"
    )
    told = cli("restore", busy, file)
    assert told.exit_code == 0, told.stderr
    assert "is restored from" in told.stdout
    assert "the backup belongs to configuration" in told.stdout
    assert "deadlines that have passed fire at once" in told.stdout
    assert json.loads(cli("verify", busy, "--json").stdout)["lines"] == 3
    [aside] = (busy / "var").glob("civicloop.db.2*")
    assert str(aside) in told.stdout
    assert json.loads(cli("verify", busy, "--store", aside, "--json").stdout)["lines"] == 4


def test_a_street_without_a_store_is_restored_as_well(cli, busy: Path, tmp_path: Path) -> None:
    file = tmp_path / "backup.db"
    assert cli("backup", busy, file).exit_code == 0
    store_of(busy).unlink()
    told = cli("restore", busy, file)
    assert told.exit_code == 0, told.stderr
    assert "the old store is kept" not in told.stdout
    assert json.loads(cli("verify", busy, "--json").stdout)["cases"] == 1


def test_a_backup_that_is_none_is_not_restored(cli, busy: Path, tmp_path: Path) -> None:
    before = store_of(busy).read_bytes()
    (tmp_path / "text.db").write_text("not a database, though as long as one" * 200)
    for file, why in (("nowhere.db", "there is no backup"), ("text.db", "is no database")):
        told = cli("restore", busy, tmp_path / file, "--force")
        assert told.exit_code == 1
        assert why in told.stderr
    assert store_of(busy).read_bytes() == before


def test_a_backup_that_breaks_a_law_is_restored_only_when_told_to(cli, busy: Path, tmp_path: Path) -> None:
    file = tmp_path / "backup.db"
    assert cli("backup", busy, file).exit_code == 0
    tamper(file, "UPDATE journal SET party = 'hauler' WHERE row = 2")
    told = cli("restore", busy, file)
    assert told.exit_code == 1
    assert "nothing was restored" in told.stderr
    assert not list((busy / "var").glob("civicloop.db.2*"))
    assert cli("restore", busy, file, "--force").exit_code == 0
    assert cli("verify", busy).exit_code == 1


def test_a_store_that_is_served_is_backed_up_and_not_restored(cli, start, busy: Path, tmp_path: Path) -> None:
    file = tmp_path / "backup.db"
    with start("run", busy, "--listen", "127.0.0.1:0") as daemon:
        daemon.wait_for("listening on")
        assert cli("backup", busy, file).exit_code == 0
        assert cli("verify", busy).exit_code == 0
        told = cli("restore", busy, file)
        assert told.exit_code == 1
        assert "stop it, then restore" in told.stderr
        assert daemon.end(signal.SIGTERM) == 0
    assert cli("restore", busy, file).exit_code == 0
    with start("run", busy, "--listen", "127.0.0.1:0") as daemon:
        daemon.wait_for("listening on")
        assert daemon.end(signal.SIGTERM) == 0
