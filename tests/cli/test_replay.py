"""replay: the journal on standard output, the same every time; everything else on standard error."""

import json
from datetime import datetime
from pathlib import Path

import pytest

FIELDS = ["v", "seq", "at", "case", "ref", "track", "reason", "step", "loop", "party", "due", "by", "event"]
NOON = ("--until", "2025-09-12T12:00")


def event(id: str, type: str, subject: str, time: str | None, **data: object) -> dict:
    told = {"specversion": "1.0", "id": id, "source": "//test", "type": type, "subject": subject, "data": data}
    return told | ({"time": time} if time else {})


def write(path: Path, *lines: dict | str) -> Path:
    path.write_text(
        "".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines), encoding="utf-8"
    )
    return path


def bin_level(id: str, time: str | None, fill: object) -> dict:
    return event(id, "waste.bin.level", "bin-willow-garden-dry", time, fill_percent=fill)


def test_the_journal_has_exactly_the_fields_of_the_contract(cli, street: Path) -> None:
    told = cli("replay", street, street / "morning.jsonl", *NOON)
    assert told.exit_code == 0, told.stderr
    entries = [json.loads(line) for line in told.stdout.splitlines()]
    assert len(entries) > 50
    for entry in entries:
        assert list(entry) == FIELDS
        assert datetime.fromisoformat(entry["at"]).utcoffset().total_seconds() == 8 * 3600
        assert entry["at"].endswith("+08:00")
    assert [entry["at"] for entry in entries] == sorted(entry["at"] for entry in entries)
    assert {"opened", "escalated", "verified", "closed"} <= {entry["reason"] for entry in entries}
    lines = (street / "morning.jsonl").read_text(encoding="utf-8").splitlines()
    assert f"replayed {len(lines)} events" in told.stderr


def test_two_replays_are_the_same_to_the_byte(cli, street: Path, tmp_path: Path) -> None:
    first = cli("replay", street, street / "morning.jsonl")
    second = cli("replay", street, street / "morning.jsonl", "--store", tmp_path / "kept" / "replay.db")
    assert first.stdout_bytes == second.stdout_bytes
    assert len(first.stdout_bytes) > 10_000


def test_several_files_are_put_in_the_order_of_time(cli, street: Path, tmp_path: Path) -> None:
    lines = (street / "morning.jsonl").read_text(encoding="utf-8").splitlines()
    odd, even = write(tmp_path / "odd.jsonl", *lines[::2]), write(tmp_path / "even.jsonl", *lines[1::2])
    whole = cli("replay", street, street / "morning.jsonl", *NOON)
    assert cli("replay", street, even, odd, *NOON).stdout == whole.stdout


def test_until_may_be_the_streets_own_time_or_carry_an_offset(cli, street: Path) -> None:
    local = cli("replay", street, street / "morning.jsonl", "--until", "2025-09-12T08:00")
    offset = cli("replay", street, street / "morning.jsonl", "--until", "2025-09-12T00:00:00Z")
    assert local.stdout == offset.stdout
    assert json.loads(local.stdout.splitlines()[-1])["at"] <= "2025-09-12T08:00:00+08:00"
    told = cli("replay", street, street / "morning.jsonl", "--until", "tomorrow")
    assert told.exit_code == 2
    assert "'tomorrow' is not a time; write 2025-09-12T10:00" in told.stderr


def test_as_delivered_keeps_the_order_of_the_file(cli, street: Path, tmp_path: Path) -> None:
    full = bin_level("b", "2025-09-12T08:10:00+08:00", 95) | {"received": "2025-09-12T08:10:05+08:00"}
    late = bin_level("a", "2025-09-12T08:00:00+08:00", 3) | {"received": "2025-09-12T08:12:00+08:00"}
    told = cli(
        "replay", street, write(tmp_path / "d.jsonl", full, late), "--as-delivered", "--until", "2025-09-12T08:15"
    )
    reasons = [json.loads(line)["reason"] for line in told.stdout.splitlines()]
    assert reasons[0] == "opened"
    assert "cleared" not in reasons


def test_a_malformed_line_is_named_and_the_others_are_replayed(cli, street: Path, tmp_path: Path) -> None:
    file = write(
        tmp_path / "mixed.jsonl",
        bin_level("a", "2025-09-12T08:00:00+08:00", 95),
        '{"specversion": "1.0"',
        "",
        '{"specversion": "1.0", "id": "x", "source": "//test"}',
        "[" * 1000,
        "\x00",
    )
    told = cli("replay", street, file, "--until", "2025-09-12T08:05")
    assert told.exit_code == 1
    assert json.loads(told.stdout.splitlines()[0])["reason"] == "opened"
    lines = told.stderr.splitlines()
    assert [line.partition(" ")[0] for line in lines[:4]] == [f"mixed.jsonl:{number}:" for number in (2, 4, 5, 6)]
    assert lines[-1] == "4 lines hold no event and were passed over; all the others were taken"


def test_bytes_that_are_no_text_are_a_bad_line(cli, street: Path, tmp_path: Path) -> None:
    (tmp_path / "latin.jsonl").write_bytes('{"id": "é"}\n'.encode("latin-1"))
    told = cli("replay", street, tmp_path / "latin.jsonl")
    assert told.exit_code == 1
    assert told.stderr.startswith("latin.jsonl:1: ")


def test_what_was_not_judged_is_listed_with_the_reason(cli, street: Path, tmp_path: Path) -> None:
    at = "2025-09-12T08:00:00+08:00"
    file = write(
        tmp_path / "odd.jsonl",
        event("u", "nobody.hears", "bin-willow-garden-dry", at),
        event("q", "waste.bin.level", "stranger", at, fill_percent=95),
        bin_level("r", at, "full"),
        event("n", "loop.accept", "garbage_sorting.overflow/none", at, party="cleaner"),
        bin_level("d", at, 20),
        bin_level("d", at, 20),
        bin_level("d", at, 21),
    )
    told = cli("replay", street, file)
    assert (told.exit_code, told.stdout) == (0, "")
    for said in (
        "nobody.hears",
        "device stranger is not in devices.csv",
        "data.fill_percent of waste.bin.level does not fit",
        "no_such_case",
        "duplicate (conflict)",
    ):
        assert said in told.stderr


def test_events_without_any_time_have_no_place_on_a_clock(cli, street: Path, tmp_path: Path) -> None:
    told = cli("replay", street, write(tmp_path / "t.jsonl", bin_level("a", None, 95)))
    assert (told.exit_code, told.stdout) == (1, "")
    assert told.stderr == "no event says when it happened; give at least the first one a time\n"


@pytest.mark.parametrize("name", ["missing.jsonl", "street"])
def test_a_file_that_cannot_be_read(cli, street: Path, name: str) -> None:
    told = cli("replay", street, street.parent / name)
    assert (told.exit_code, told.stdout) == (1, "")
    assert told.stderr.startswith(f"{street.parent / name} cannot be used (")


def test_a_kept_replay_can_be_looked_into_and_gone_on_with(cli, street: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept.db"
    lines = (street / "morning.jsonl").read_text(encoding="utf-8").splitlines()
    early, late = write(tmp_path / "early.jsonl", *lines[:30]), write(tmp_path / "late.jsonl", *lines[30:])
    cut = json.loads(lines[29])["time"]
    first = cli("replay", street, early, "--store", kept, "--until", cut)
    second = cli("replay", street, late, "--store", kept, *NOON)
    assert first.stdout + second.stdout == cli("replay", street, street / "morning.jsonl", *NOON).stdout
    shown = json.loads(cli("cases", "list", street, "--store", kept, "--json").stdout)
    opened = [line for line in (first.stdout + second.stdout).splitlines() if '"reason":"opened"' in line]
    assert len(shown["cases"]) == len(opened) > 5


def test_a_replay_does_not_go_into_the_streets_own_database(cli, street: Path) -> None:
    own = street / "var" / "civicloop.db"
    assert cli("replay", street, street / "morning.jsonl", *NOON, "--store", own).exit_code == 0
    told = cli("replay", street, street / "morning.jsonl", *NOON, "--store", own)
    assert (told.exit_code, told.stdout) == (1, "")
    assert "is the street's own database; name another file for the replay" in told.stderr
