"""run and demo, as processes of their own: they start, serve, refuse to start, and stop."""

import json
import shutil
import signal
import socket
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import pytest

from civicloop.core.running.clock import SystemClock
from civicloop.core.stores.sqlite import SqliteStore

BIN = "garbage_sorting.overflow/bin-willow-garden-dry"
LISTENING = r"listening on (http://127\.0\.0\.1:\d+)"
HERE = ("--listen", "127.0.0.1:0")


def post(url: str, event: dict) -> int:
    body = json.dumps({"specversion": "1.0", "source": "//test", **event}).encode()
    headers = {"Content-Type": "application/cloudevents+json"}
    with urllib.request.urlopen(urllib.request.Request(f"{url}/events", body, headers), timeout=20) as answer:
        return answer.status


def get(url: str) -> dict:
    with urllib.request.urlopen(url, timeout=20) as answer:
        return json.load(answer)


def full(id: str) -> dict:
    now = SystemClock().now().isoformat()
    told = {"id": id, "type": "waste.bin.level", "subject": "bin-willow-garden-dry", "time": now}
    return told | {"data": {"fill_percent": 97}}


def test_a_case_opens_is_answered_beside_the_daemon_and_outlives_it(cli, street: Path, start) -> None:
    with start("run", street, *HERE) as daemon:
        url = daemon.wait_for(LISTENING)[1]
        assert post(url, full("a")) == 202
        assert get(f"{url}/cases/{BIN}")["stage"] == "dispatch"
        told = cli("answer", street, BIN, "accept", "--party", "cleaner")
        assert told.exit_code == 0, told.stderr
        assert get(f"{url}/cases/{BIN}")["stage"] == "disposal"
        daemon.wait_for("-> cleaner: ")
        assert daemon.end(signal.SIGTERM) == 0, daemon.said
    shown = json.loads(cli("cases", "show", street, BIN, "--json").stdout)
    assert [entry["reason"] for entry in shown["journal"]] == ["opened", "asked", "asked", "accepted"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_stops_when_told_to(street: Path, start, number: int) -> None:
    with start("run", street, *HERE) as daemon:
        daemon.wait_for(LISTENING)
        assert daemon.end(number) == 0, daemon.said
    assert "Traceback" not in daemon.said


def test_a_second_daemon_on_the_same_port_says_so(street: Path, start, tmp_path: Path) -> None:
    other = Path(shutil.copytree(street, tmp_path / "other"))
    with start("run", street, *HERE) as first:
        port = urllib.parse.urlsplit(first.wait_for(LISTENING)[1]).port
        with start("run", other, "--listen", f"127.0.0.1:{port}") as second:
            assert second.end() == 1
        assert second.said.splitlines()[-1] == (
            f"127.0.0.1:{port} is in use; stop what listens there, or choose another port with --listen"
        )
        with start("demo", street, "--listen", f"127.0.0.1:{port}") as third:
            assert third.end() == 1
        assert "is in use; " in third.said
        assert not (street / "var" / "play.db").exists()
        assert first.end(signal.SIGTERM) == 0


def test_it_opens_to_others_only_once_there_are_tokens(cli, street: Path, start) -> None:
    told = cli("run", street, "--listen", "0.0.0.0:0")
    assert (told.exit_code, told.stdout) == (1, "")
    assert told.stderr.splitlines()[-1].startswith("refusing to listen on 0.0.0.0 without a token: ")
    assert cli("token", "create", street, "gate", "--scope", "ingest").exit_code == 0
    with start("run", street, "--listen", "0.0.0.0:0") as daemon:
        port = daemon.wait_for(r"listening on http://0\.0\.0\.0:(\d+)")[1]
        with pytest.raises(urllib.error.HTTPError) as refused:
            get(f"http://127.0.0.1:{port}/cases")
        refused.value.close()
        assert refused.value.code == 401
        assert daemon.end(signal.SIGTERM) == 0


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("8420", "--listen 8420: it is not an address; write HOST:PORT"),
        ("127.0.0.1:99999", "--listen 127.0.0.1:99999: it is not an address"),
    ],
)
def test_an_address_that_is_none(cli, street: Path, address: str, said: str) -> None:
    told = cli("run", street, "--listen", address)
    assert (told.exit_code, told.stdout) == (1, "")
    assert told.stderr.startswith(said)


def test_an_address_of_another_machine(cli, street: Path) -> None:
    assert cli("token", "create", street, "gate", "--scope", "ingest").exit_code == 0
    told = cli("run", street, "--listen", "192.0.2.1:8420")
    assert told.exit_code == 1
    assert told.stderr.splitlines()[-1].startswith("cannot listen on 192.0.2.1:8420 (")


def test_the_log_is_json_where_wanted(street: Path, start) -> None:
    with start("run", street, *HERE, "--log-format", "json") as daemon:
        daemon.wait_for(LISTENING)
        assert daemon.end(signal.SIGTERM) == 0
    entries = [json.loads(line) for line in daemon.said.splitlines()]
    assert all(set(entry) >= {"event", "level", "timestamp"} for entry in entries)


def test_a_bad_reload_keeps_the_old_configuration(street: Path, start) -> None:
    with start("run", street, *HERE) as daemon:
        url = daemon.wait_for(LISTENING)[1]
        (street / "places.csv").unlink()
        daemon.process.send_signal(signal.SIGHUP)
        daemon.wait_for("reload_refused.*places.csv")
        assert post(url, full("a")) == 202
        assert get(f"{url}/cases/{BIN}")["stage"] == "dispatch"
        assert daemon.end(signal.SIGTERM) == 0


def test_recorded_events_are_played_into_a_database_of_their_own(street: Path, start) -> None:
    with start("run", street, *HERE, "--play", street / "morning.jsonl", "--speed", 5000) as daemon:
        url = daemon.wait_for(LISTENING)[1]
        daemon.wait_for("-> ")
        assert get(f"{url}/cases")["cases"]
        assert daemon.end(signal.SIGTERM) == 0
    assert not (street / "var" / "civicloop.db").exists()
    assert "nobody is notified" in daemon.said


def test_nothing_to_play(cli, street: Path) -> None:
    (street / "none.jsonl").write_text("\n")
    told = cli("run", street, "--play", street / "none.jsonl")
    assert told.exit_code == 1
    assert told.stderr.splitlines()[-1].startswith(f"{street}/none.jsonl holds no event with a time; ")


def test_the_demonstration_runs_through(tmp_path: Path, start) -> None:
    folder = tmp_path / "demo street"
    for _ in range(2):  # the second time it finds the folder, and what the first left there
        with start("demo", folder, *HERE, "--exit", "--speed", 4000) as demo:
            assert demo.end() == 0, demo.said
        for word in ("opened", "asked", "escalated", "verified", "closed", "still open", "where to look next:"):
            assert word in demo.said
        assert f"civicloop cases list '{folder}' --store '{folder}/var/play.db'" in demo.said
    store = SqliteStore(folder / "var" / "play.db")
    try:
        assert store.counts()["cases"] > 5
    finally:
        store.close()
    assert list((folder / "var" / "play-notices").glob("*.json"))
    assert not (folder / "var" / "civicloop.db").exists()


def test_the_demonstration_serves_on_until_it_is_stopped(street: Path, start) -> None:
    with start("demo", street, *HERE, "--speed", 20000) as demo:
        demo.wait_for("Ctrl-C ends it")
        url = demo.wait_for(LISTENING)[1]
        assert get(f"{url}/cases")["cases"]
        assert f"{url}/metrics" in demo.said
        assert demo.end(signal.SIGINT) == 0, demo.said


def test_a_demonstration_without_a_morning(cli, street: Path) -> None:
    (street / "morning.jsonl").unlink()
    told = cli("demo", street)
    assert told.exit_code == 1
    assert told.stderr.startswith(f"there is no morning.jsonl in {street}; ")


def test_the_port_of_the_street_is_taken_by_something_else(cli, street: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = f"127.0.0.1:{other.getsockname()[1]}"
        told = cli("run", street, "--listen", address)
    assert told.exit_code == 1
    assert told.stderr.splitlines()[-1].startswith(f"{address} is in use; ")
