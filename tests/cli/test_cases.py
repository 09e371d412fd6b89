"""cases and answer: what lies open is listed, a case tells its story, and a party is answered for."""

import json
import re
from pathlib import Path

import pytest

from civicloop.core.running.clock import SystemClock
from civicloop.core.stores.sqlite import SqliteStore

from .conftest import BIN


def shown(cli, street: Path, ref: str = BIN) -> dict:
    """The case as it is shown, but for the ledger, which grows while one looks."""
    case = json.loads(cli("cases", "show", street, ref, "--json").stdout)
    return {name: value for name, value in case.items() if name != "ledger"}


def listed(cli, street: Path, *words: object) -> list[str]:
    told = cli("cases", "list", street, "--json", *words)
    assert told.exit_code == 0, told.stderr
    return [case["ref"] for case in json.loads(told.stdout)["cases"]]


def test_a_street_that_never_ran_has_no_cases_and_gets_no_database(cli, street: Path) -> None:
    assert cli("cases", street).stdout == "no case fits.\n"
    assert not (street / "var").exists()


@pytest.mark.parametrize(
    ("words", "fits"),
    [
        ([], lambda _: True),
        (["--open"], lambda case: case["closed_at"] is None),
        (["--closed"], lambda case: case["closed_at"] is not None),
        (["--scenario", "elderly_care.sos"], lambda case: case["scenario"] == "elderly_care.sos"),
        (["--place", "willow-garden"], lambda case: case["place"].startswith("willow-garden")),
        (["--stage", "closing"], lambda case: case["stage"] == "closing"),
        (["--party", "device_vendor"], lambda case: case["scenario"] == "elderly_care.protection_lost"),
        (["--party", "nobody"], lambda _: False),
    ],
)
def test_filters(cli, sample: Path, morning: Path, words: list[str], fits) -> None:
    everything = json.loads(cli("cases", sample, "--store", morning, "--json").stdout)["cases"]
    wanted = [case["ref"] for case in everything if fits(case)]
    assert listed(cli, sample, "--store", morning, *words) == wanted
    assert len(everything) > 5


def test_pages(cli, sample: Path, morning: Path) -> None:
    everything = listed(cli, sample, "--store", morning)
    first = json.loads(cli("cases", sample, "--store", morning, "--json", "--limit", 4).stdout)
    rest = listed(cli, sample, "--store", morning, "--cursor", first["next"])
    assert [case["ref"] for case in first["cases"]] + rest == everything
    assert f"--cursor {first['next']}" in cli("cases", sample, "--store", morning, "--limit", 4).stdout
    told = cli("cases", sample, "--store", morning, "--cursor", "yesterday")
    assert told.exit_code == 1
    assert told.stderr.startswith("--cursor: 'yesterday' is not a cursor; ")


def test_a_place_that_is_not_there(cli, sample: Path) -> None:
    told = cli("cases", sample, "--place", "willow-gardn")
    assert told.exit_code == 1
    assert told.stderr == "there is no place willow-gardn in places.csv; did you mean 'willow-garden'?\n"


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_story_is_told_in_order_and_in_words(cli, sample: Path, morning: Path, language: str) -> None:
    ref = "garbage_sorting.overflow/bin-osmanthus-park-wet"
    told = cli("cases", "show", sample, ref, "--store", morning, "--language", language)
    assert told.exit_code == 0, told.stderr
    parts = {
        "en": ["stage closing", "the case is opened", "not accepted in time: cleaner", "climbs to: street operations"],
        "zh": ["阶段 closing", "立案", "保洁、物业公司逾期未接单", "升级至街道城运中心"],
    }[language]
    at = [told.stdout.find(part) for part in parts]
    assert -1 not in at, told.stdout
    assert at == sorted(at)


def test_people_are_masked_unless_there_is_a_purpose(cli, sample: Path, morning: Path) -> None:
    ref = "ebike_charging.corridor/willow-garden-2-301"

    def people(*words: object) -> set[str]:
        case = json.loads(cli("cases", "show", sample, ref, "--store", morning, "--json", *words).stdout)
        return {name for track in case["tracks"] for order in track["orders"] for name in order["people"]}

    masked = people()
    assert masked
    assert all("*" in name for name in masked)
    clear = people("--purpose", "a complaint of the household")
    assert clear
    assert not any("*" in name for name in clear)
    store = SqliteStore(morning)
    try:
        access = store.accesses(1)[0]
    finally:
        store.close()
    assert access.purpose == "a complaint of the household"
    assert access.reader.startswith("cli:")


def test_a_case_that_nobody_knows(cli, sample: Path, morning: Path) -> None:
    for ref in ("nothing", "no.such/thing", "a/b/c"):
        told = cli("cases", "show", sample, ref, "--store", morning)
        assert (told.exit_code, told.stdout) == (1, "")
        assert told.stderr.startswith(f"no case {ref} is known; write SCENARIO/KEY or the case's id")


def test_a_database_that_is_not_there(cli, sample: Path, tmp_path: Path) -> None:
    told = cli("cases", sample, "--store", tmp_path / "none.db")
    assert told.exit_code == 1
    assert told.stderr.startswith(f"there is no database {tmp_path}/none.db; ")


def test_an_answer_is_taken_and_journaled(cli, busy: Path) -> None:
    told = cli("answer", busy, BIN, "accept", "--party", "cleaner", "--person", "周洁")
    assert told.exit_code == 0, told.stderr
    assert told.stdout.startswith(f"{BIN}: accept taken (accepted); now at disposal, next deadline 20")
    entry = shown(cli, busy)["journal"][-1]
    assert (entry["reason"], entry["party"]) == ("accepted", "cleaner")
    assert "token:cli" in entry["by"]
    assert "周洁" not in entry["by"]


def test_the_same_key_again_changes_nothing(cli, busy: Path) -> None:
    words = ("answer", busy, BIN, "accept", "--party", "cleaner", "--key", "k1")
    assert cli(*words).exit_code == 0
    before = shown(cli, busy)
    again = cli(*words)
    assert again.exit_code == 0
    assert again.stdout == f"{BIN}: this answer (k1) was taken before; nothing has changed\n"
    assert shown(cli, busy) == before
    other = cli(*words, "--note", "another thing")
    assert other.exit_code == 1
    assert "accept is not taken (conflict)" in other.stderr


def test_a_report_brings_evidence_and_names_its_order(cli, busy: Path) -> None:
    order = next(o for o in shown(cli, busy)["tracks"][0]["orders"] if o["party"] == "cleaner")
    told = cli(
        *("answer", busy, BIN, "report", "--party", "cleaner", "--result", "done", "--order", order["id"]),
        *("--evidence", "after_photo=https://photos.example/1", "--evidence", "weight", "--note", "换了桶", "--json"),
        *("--evidence", f"kind=before_photo,hash={'0A' * 32},url=https://photos.example/a,2,taken_at=2026-05-01T08:00"),
    )
    assert told.exit_code == 0, told.stderr
    assert json.loads(told.stdout)["status"] == "accepted"
    assert shown(cli, busy)["stage"] == "verification"


@pytest.mark.parametrize(
    ("evidence", "said"),
    [
        ("kind=photo,colour=red", "colour=red of the evidence kind=photo,colour=red means nothing here; give each"),
        ("kind=photo,hash=", "hash= of the evidence"),
        ("kind=photo,kind=weight", "kind=weight of the evidence"),
        ("kind=photo,hash=abc", "data.evidence.0.hash of loop.report does not fit: Value error, write a SHA-256 as"),
        ("kind=photo,taken_at=noon", "data.evidence.0.taken_at of loop.report does not fit: "),
    ],
)
def test_evidence_that_cannot_be_read_is_named(cli, busy: Path, evidence: str, said: str) -> None:
    told = cli("answer", busy, BIN, "report", "--party", "cleaner", "--result", "done", "--evidence", evidence)
    assert told.exit_code == 1
    assert said in told.stderr


def test_suspend_until_a_time_of_the_street(cli, busy: Path) -> None:
    until = f"{SystemClock().now().date().replace(day=1)}T00:00"
    words = ("answer", busy, BIN, "suspend", "--party", "ops_center", "--reason", "road works", "--until", until)
    told = cli(*words)
    assert told.exit_code == 1
    assert told.stderr.startswith("suspend is not taken (bad_date): ")


def test_whoever_was_not_asked_hears_who_was(cli, busy: Path) -> None:
    told = cli("answer", busy, BIN, "accept", "--party", "plumber")
    assert "no party of this street has the role plumber, see parties.csv" in told.stderr
    assert re.search(r"asked now for [\w-]+: \w+ \(order \w+\.\d, work at \w+\)", told.stderr)
    assert "have ops_center reassign it" in told.stderr


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["none/such", "accept", "--party", "cleaner"], 1, "no case none/such is known; "),
        ([BIN, "accept", "--party", "plumber"], 1, "accept is not taken (not_asked): plumber may not accept"),
        ([BIN, "return", "--party", "cleaner"], 1, "return is not taken (reason_missing): "),
        ([BIN, "report", "--party", "cleaner", "--result", "splendid"], 1, "report is not taken (unknown_result): "),
        ([BIN, "accept", "--party", ""], 1, "accept is not taken (data): data.party of loop.accept does not fit: "),
        ([BIN, "accept", "--party", "cleaner", "--key", "a\x01b"], 1, "accept is not taken (bad_character): "),
        ([BIN, "shout", "--party", "cleaner"], 2, "there is no answer 'shout'; say one of accept, report, "),
        ([BIN, "accept"], 2, "Missing option '--party'; see `civicloop answer --help`"),
        ([BIN, "accept", "more", "--party", "x"], 2, "write [DIR] REF VERB; there are 4 words"),
        ([BIN, "suspend", "--party", "x", "--until", "soon"], 2, "Invalid value for '--until': 'soon' is not a time"),
    ],
)
def test_a_refused_answer_says_why_and_leaves_no_trace(cli, busy: Path, words: list[str], code: int, said: str) -> None:
    before = shown(cli, busy)
    told = cli("answer", busy, *words)
    assert (told.exit_code, told.stdout) == (code, "")
    assert told.stderr.startswith(said), told.stderr
    assert len(told.stderr.splitlines()) == 1
    assert shown(cli, busy) == before
