"""events, deadletters and token."""

import json
from pathlib import Path

import pytest

from civicloop.core.gateway.tokens import Gate
from civicloop.core.running.clock import SystemClock
from civicloop.core.stores.sqlite import SqliteStore

AT = "2025-09-12T08:00:00+08:00"


@pytest.fixture
def odd(cli, street: Path) -> Path:
    """A street that has heard of a stranger's bin and of a type that nobody listens to."""
    base = {"specversion": "1.0", "source": "//test", "time": AT}
    told = [
        {"id": "ok", "type": "waste.bin.level", "subject": "bin-willow-garden-dry", "data": {"fill_percent": 5}},
        {"id": "q1", "type": "waste.bin.level", "subject": "stranger", "data": {"fill_percent": 95}},
        {"id": "q2", "type": "waste.bin.level", "subject": "other", "data": {"fill_percent": 95}},
        {"id": "u1", "type": "nobody.hears", "subject": "bin-willow-garden-dry", "data": {}},
        {"id": "u2", "type": "nobody.hears", "subject": "bin-willow-garden-dry", "data": {}},
    ]
    file = street / "odd.jsonl"
    file.write_text("\n".join(json.dumps(base | one) for one in told), encoding="utf-8")
    words = ("replay", street, file, "--until", AT, "--store", street / "var" / "civicloop.db")
    assert cli(*words).exit_code == 0
    return street


def register(street: Path, device: str) -> None:
    devices = street / "devices.csv"
    lines = devices.read_text(encoding="utf-8").splitlines()
    twin = next(line for line in lines if line.startswith("bin-willow-garden-dry,"))
    devices.write_text("\n".join([*lines, twin.replace("bin-willow-garden-dry", device)]) + "\n", encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "ids"),
    [
        ([], ["ok", "q1", "q2", "u1", "u2"]),
        (["--state", "accepted"], ["ok"]),
        (["--state", "unheard"], ["u1", "u2"]),
        (["--type", "waste.bin.level"], ["ok", "q1", "q2"]),
        (["--type", "waste.bin.level", "--state", "unheard"], []),
        (["--limit", "2"], ["ok", "q1"]),
        (["--after", "3"], ["u1", "u2"]),
    ],
)
def test_events_are_listed_in_order_of_arrival(cli, odd: Path, words: list[str], ids: list[str]) -> None:
    told = json.loads(cli("events", odd, "--json", *words).stdout)
    assert [one["event"]["id"] for one in told["events"]] == ids
    assert told["next"] == (2 if "--limit" in words else None)
    assert all(name in cli("events", "list", odd, *words).stdout for name in ids)


def test_quarantined_events_are_shown_with_the_reason(cli, odd: Path) -> None:
    shown = cli("events", odd, "--state", "quarantined").stdout
    assert "unknown_device: device stranger is not in devices.csv and names no place" in shown
    told = json.loads(cli("events", odd, "--state", "quarantined", "--json", "--limit", 1).stdout)["quarantined"]
    assert [(one["source"], one["id"], one["type"]) for one in told] == [("//test", "q1", "waste.bin.level")]


def test_unheard_types_are_counted(cli, odd: Path) -> None:
    assert json.loads(cli("events", "unheard", odd, "--json").stdout) == {"unheard": {"nobody.hears": 2}}
    assert "nobody.hears" in cli("events", "unheard", odd).stdout


def test_an_event_is_retried_once_its_device_is_registered(cli, odd: Path) -> None:
    told = cli("events", "retry", odd, "//test", "q1")
    assert told.exit_code == 1
    assert told.stderr.splitlines() == [
        "device stranger is not in devices.csv and names no place",
        "1 retried: 0 accepted, 1 still quarantined.",
    ]
    register(odd, "stranger")
    told = cli("events", "retry", odd, "--all")
    assert told.exit_code == 1
    assert told.stderr.splitlines()[-1] == "2 retried: 1 accepted, 1 still quarantined."
    register(odd, "other")
    told = cli("events", "retry", odd, "--all")
    assert (told.exit_code, told.stdout) == (0, "1 retried: 1 accepted, 0 still quarantined.\n")
    assert cli("events", "retry", odd, "--all").stdout == "nothing is quarantined.\n"
    refs = {case["ref"] for case in json.loads(cli("cases", odd, "--json").stdout)["cases"]}
    assert {"garbage_sorting.overflow/stranger", "garbage_sorting.overflow/other"} <= refs


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ([], 2, "say --all, or SOURCE and ID"),
        (["//test"], 2, "say --all, or SOURCE and ID"),
        (["--all", "//test", "q1"], 2, "say --all, or SOURCE and ID"),
        (["//test", "ok"], 1, "event ok of //test is not quarantined; "),
    ],
)
def test_a_retry_that_cannot_be_meant(cli, odd: Path, words: list[str], code: int, said: str) -> None:
    told = cli("events", "retry", odd, *words)
    assert (told.exit_code, told.stdout) == (code, "")
    assert told.stderr.startswith(said)


def bury(street: Path) -> list[str]:
    """Let every pending notice of the street die."""
    store = SqliteStore(street / "var" / "civicloop.db")
    try:
        owed = store.owed("console", SystemClock().now(), 100)
        for one in owed:
            store.give_up(one.notice.key, "console", "refused: no such number", SystemClock().now())
        return [one.notice.key for one in owed]
    finally:
        store.close()


def test_dead_letters_are_shown_and_tried_again(cli, odd: Path) -> None:
    assert cli("deadletters", odd).stdout == "there are no dead letters.\n"
    keys = bury(odd)
    assert len(keys) >= 2
    assert "refused: no such number" in cli("deadletters", "list", odd).stdout
    letters = json.loads(cli("deadletters", "list", odd, "--json").stdout)["dead_letters"]
    assert {one["key"] for one in letters} == set(keys)
    assert cli("deadletters", "retry", odd, keys[0]).stdout.startswith("1 notices will be tried again")
    told = cli("deadletters", "retry", odd, keys[0], keys[1])
    assert (told.exit_code, told.stdout) == (1, "")
    assert told.stderr == f"there is no dead letter {keys[0]}; `civicloop deadletters list` shows them\n"
    assert cli("deadletters", "retry", odd).stdout.startswith(f"{len(keys) - 1} notices")
    assert cli("deadletters", "retry", odd).stdout == "there are no dead letters.\n"


def test_a_token_is_shown_once_stored_hashed_and_revoked(cli, street: Path) -> None:
    assert cli("token", street).stdout.startswith("there is no token: ")
    told = cli("token", "create", street, "gate", "--scope", "ingest", "--scope", "read", "--place", "willow-garden")
    assert told.exit_code == 0, told.stderr
    text = told.stdout.strip()
    assert text.startswith("civicloop_")
    store = SqliteStore(street / "var" / "civicloop.db")
    try:
        bearer = Gate(store).bearer(f"Bearer {text}", 0.0)
        assert (bearer.name, bearer.scopes, bearer.place) == ("gate", {"ingest", "read"}, "willow-garden")
    finally:
        store.close()
    assert text.encode() not in (street / "var" / "civicloop.db").read_bytes()
    listed = cli("token", "list", street)
    assert "gate" in listed.stdout
    assert text not in listed.stdout
    assert "hash" not in json.loads(cli("token", "list", street, "--json").stdout)["tokens"][0]
    again = cli("token", "create", street, "gate", "--scope", "read")
    assert again.exit_code == 1
    assert "gate" in again.stderr
    told = cli("token", "revoke", street, "gat")
    assert told.exit_code == 1
    assert told.stderr == "there is no token gat; did you mean 'gate'?\n"
    told = cli("token", "revoke", street, "gate")
    assert told.stdout.splitlines()[0] == "token gate is revoked and stops working within seconds."


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["t"], 2, "Missing option '--scope'"),
        (["t", "--scope", "everything"], 2, "Invalid value for '--scope': 'everything' is not one of "),
        (["t", "--scope", "answer"], 1, "a token that answers must say for whom; "),
        (
            ["t", "--scope", "read", "--role", "cleanr"],
            1,
            "nobody holds cleanr in parties.csv; did you mean 'cleaner'?",
        ),
        (["t", "--scope", "read", "--place", "moon"], 1, "there is no place moon in places.csv; "),
        (["t", "--scope", "read", "--organisation", "x"], 1, "there is no organisation x in parties.csv; "),
        (["two words", "--scope", "read"], 1, "a token's name is one printable word without spaces"),
        ([b"\xff".decode(errors="surrogateescape"), "--scope", "read"], 2, "Invalid value for '[DIR] NAME': it is no"),
    ],
)
def test_a_token_that_cannot_be_meant_is_not_made(cli, street: Path, words: list[str], code: int, said: str) -> None:
    told = cli("token", "create", street, *words)
    assert (told.exit_code, told.stdout) == (code, "")
    assert told.stderr.startswith(said), told.stderr
    assert json.loads(cli("token", street, "--json").stdout) == {"tokens": []}
