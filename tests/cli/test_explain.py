"""explain and ledger: what happens next if nobody acts, how a case stood at any moment, and who held the cases."""

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from civicloop.core.model.case import Appeal, Request
from civicloop.core.stores.base import Writes
from civicloop.core.stores.sqlite import SqliteStore
from civicloop.core.terminal.showing import span_text

from .conftest import BIN

CLOSED = "garbage_sorting.overflow/bin-osmanthus-park-wet"


def test_what_happens_if_nobody_acts(cli, busy: Path) -> None:
    told = cli("explain", busy, BIN)
    assert told.exit_code == 0, told.stderr
    lines = told.stdout.splitlines()
    parts = [
        "now (",
        "held by cleaner since",
        "cleaner was asked at",
        "if nobody acts:",
        "not accepted in time: cleaner",
    ]
    at = [next((number for number, line in enumerate(lines) if part in line), -1) for part in parts]
    assert -1 not in at, told.stdout
    assert at == sorted(at)
    assert "(told: " in told.stdout
    assert lines[-1] == "  from then on it only repeats, until somebody solves it"


def test_it_is_told_in_chinese_too(cli, busy: Path) -> None:
    told = cli("explain", busy, BIN, "--language", "zh").stdout
    assert "如果无人处置：" in told
    assert "此后只是重复提醒，直到有人解决" in told


def test_the_forecast_as_json_begins_with_the_next_deadline(cli, busy: Path) -> None:
    seen = json.loads(cli("explain", busy, BIN, "--json").stdout)
    case = json.loads(cli("cases", "show", busy, BIN, "--json").stdout)
    assert seen["forecast"]["moments"] == case["forecast"]["moments"]
    assert seen["forecast"]["moments"][0]["at"] == case["due"]
    assert seen["held"]["party"] == "cleaner"
    assert [line["text"] for line in seen["story"]] == [line["text"] for line in case["story"]]
    assert case["ledger"][0]["holding"] == "waiting_acceptance"


def test_a_moment_to_come(cli, busy: Path) -> None:
    first, second = json.loads(cli("explain", busy, BIN, "--json").stdout)["forecast"]["moments"][:2]
    between = datetime.fromisoformat(first["at"]) + timedelta(minutes=1)
    seen = json.loads(cli("explain", busy, BIN, "--at", between.isoformat(), "--json").stdout)
    assert seen["forecast"]["moments"][0]["at"] == second["at"]
    assert seen["held"] == {"party": "property_manager", "holding": "waiting_acceptance", "since": first["at"]}


@pytest.mark.parametrize(
    ("at", "parts"),
    [
        (
            "2025-09-12T06:00",
            ["at 2025-09-12 06:00:", "the case was not open yet", "what came next:", "07:20  the case is"],
        ),
        (
            "2025-09-12T08:00",
            [
                "held by street operations centre since 07:45: asked, has not accepted",
                "its deadline then, on track main: 2025-09-12 08:15",
                "what happened:",
                "07:45  climbs to: street operations centre, sanitation station",
                "what came next:",
                "08:15  climbs to: greening and sanitation bureau",
            ],
        ),
        ("2025-09-13T08:00", ["what happened:", "09:55  the case is closed: the sensors saw it in order"]),
    ],
)
def test_a_moment_that_has_passed(cli, sample: Path, morning: Path, at: str, parts: list[str]) -> None:
    told = cli("explain", sample, CLOSED, "--at", at, "--store", morning)
    assert told.exit_code == 0, told.stderr
    found = [told.stdout.find(part) for part in parts]
    assert -1 not in found, told.stdout
    assert found == sorted(found)


def test_a_closed_case_has_nothing_to_come(cli, sample: Path, morning: Path) -> None:
    told = cli("explain", sample, CLOSED, "--store", morning).stdout
    assert "it was closed at 2025-09-12 09:55: the sensors saw it in order; nothing more will happen" in told
    assert "if nobody acts" not in told


def test_a_case_that_nobody_knows(cli, busy: Path) -> None:
    told = cli("explain", busy, "none/such")
    assert (told.exit_code, told.stdout) == (1, "")
    assert told.stderr.startswith("no case none/such is known; ")


def test_the_story_and_the_ledger_of_a_case(cli, sample: Path, morning: Path) -> None:
    told = cli("cases", "show", sample, CLOSED, "--store", morning).stdout
    assert "(why: not accepted in time)" in told
    rows = [line.split() for line in told[told.index("holder") :].splitlines()]
    assert ["cleaner", "asked,", "has", "not", "accepted", "00:10:00"] in rows


def test_what_belongs_to_a_case_is_shown(cli, busy: Path) -> None:
    store = SqliteStore(busy / "var" / "civicloop.db")
    case = store.round(*BIN.split("/"))
    assert case is not None
    at = case.opened_at
    track = case.tracks[0]._replace(
        request=Request("extend", "cleaner", at), returns=2, rework=1, is_arbitrated=True, remind_at=case.due
    )
    late = track._replace(orders=(track.orders[0]._replace(is_late=True), *track.orders[1:]))
    changed = case.with_track(late)._replace(
        previous=case.id, recurrences=3, parent="c0", supervised=2, appeal=Appeal("cleaner", at)
    )
    with store.turn() as turn:
        turn.commit(Writes(at, cases=[changed]))
    store.close()
    told = cli("cases", "show", busy, BIN).stdout
    for part in (
        "supervised at level 2",
        "cleaner contested at",
        "it has happened in 3 rounds by now",
        "linked to case c0",
        f"earlier round {case.id}",
        "reminder at",
        "done again: 1",
        "returned: 2",
        "decided by the arbiter",
        "cleaner asked for extend at",
        "asked late",
    ):
        assert part in told, told


# across cases ----------------------------------------------------------------------------------------------------


def booked(cli, sample: Path, morning: Path, *words: str) -> dict[tuple[str, str], float]:
    told = cli("ledger", sample, "--store", morning, "--json", *words)
    assert told.exit_code == 0, told.stderr
    return {(row["party"], row["holding"]): row["seconds"] for row in json.loads(told.stdout)["ledger"]}


UNTIL = ("--until", "2025-09-12T10:00")


def test_the_ledger_adds_up_to_the_ages_of_the_cases(cli, sample: Path, morning: Path) -> None:
    cases = json.loads(cli("cases", sample, "--store", morning, "--json").stdout)["cases"]
    end = datetime.fromisoformat("2025-09-12T10:00:00+08:00")
    ages = [
        (datetime.fromisoformat(case["closed_at"]) if case["closed_at"] else end)
        - datetime.fromisoformat(case["opened_at"])
        for case in cases
    ]
    assert sum(booked(cli, sample, morning, *UNTIL).values()) == sum(ages, timedelta()).total_seconds()


def test_the_ledger_of_a_span_a_party_and_a_place(cli, sample: Path, morning: Path) -> None:
    everything = booked(cli, sample, morning, *UNTIL)
    halves = [
        booked(cli, sample, morning, "--until", "2025-09-12T08:00"),
        booked(cli, sample, morning, "--since", "2025-09-12T08:00", *UNTIL),
    ]
    assert everything == {who: sum(half.get(who, 0) for half in halves) for who in everything}
    cleaner = booked(cli, sample, morning, "--party", "cleaner", *UNTIL)
    assert cleaner == {who: seconds for who, seconds in everything.items() if who[0] == "cleaner"}
    here = booked(cli, sample, morning, "--place", "willow-garden", *UNTIL)
    assert 0 < sum(here.values()) < sum(everything.values())


def test_the_ledger_on_the_screen(cli, sample: Path, morning: Path) -> None:
    told = cli("ledger", sample, "--store", morning, "--since", "2025-09-12T08:00", *UNTIL)
    assert "the sensors" in told.stdout
    assert cli("ledger", sample, "--store", morning, "--until", "2020-01-01T00:00").stdout == "no case fits.\n"
    told = cli("ledger", sample, "--place", "nowhere")
    assert (told.exit_code, told.stdout) == (1, "")
    assert told.stderr.startswith("there is no place nowhere in places.csv; ")


@pytest.mark.parametrize(
    ("span", "text"),
    [
        (timedelta(), "00:00:00"),
        (timedelta(hours=23, minutes=59, seconds=59), "23:59:59"),
        (timedelta(days=2, hours=3), "2 d 03:00:00"),
    ],
)
def test_a_span(span: timedelta, text: str) -> None:
    assert span_text(span) == text
