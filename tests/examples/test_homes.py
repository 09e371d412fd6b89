"""Three real homes: what the converter makes of them, and what the elderly care plugin makes of that."""

import csv
import importlib.util
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path
from types import ModuleType
from typing import Any

import orjson
import pytest
from click.testing import CliRunner

from civicloop.core.engine.engine import Engine
from civicloop.core.engine.opening import open_street
from civicloop.core.engine.receipt import Input
from civicloop.core.engine.simulate import Simulation
from civicloop.core.gateway.cloudevents import read_event
from civicloop.core.gateway.files import BadLine, read_lines
from civicloop.core.gateway.replay import Timed, as_delivered, in_order, replay
from civicloop.core.model.case import Case
from civicloop.core.model.event import Envelope
from civicloop.core.sdk.loader import read_plugin
from civicloop.core.stores.base import CaseQuery
from civicloop.core.stores.sqlite import SqliteStore
from civicloop.plugins import elderly_care, message_channels

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "data" / "homes"
SEED = 7

Order = Callable[[Iterable[Envelope]], list[Timed]]
Step = tuple[str, str, str, str]

needs_data = pytest.mark.skipif(
    not (DATA / "events.csv").exists(), reason="the homes of van Kasteren et al. are not here: ../shared/data/homes"
)


def _load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("convert_homes", ROOT / "examples" / "homes" / "convert.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


convert = _load()


def run_converter(data: Path, out: Path, *options: str) -> Path:
    result = CliRunner().invoke(convert.main, [str(data), str(out), *options])
    assert result.exit_code == 0, result.output
    return out


def read_events(path: Path) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in path.read_bytes().splitlines()]


# a home made up for the test ---------------------------------------------------------------------------------

SENSORS = """home,sensor,name,kind,kit_role
h,1,Front door,entrance_door,door_contact
h,2,PIR hall,pir,pir
h,3,Toilet flush,water,water_use
h,4,,cupboard,
h,5,Fridge,cupboard,
"""

FIRINGS = """home,start,dur_s,sensor
h,2008-07-25T08:00:00,20,1
h,2008-07-25T08:00:10,3.0,2
h,2008-07-25T08:05:00,1,3
h,2008-07-25T08:06:00,1,4
h,2008-07-25T08:07:00,9,5
h,2008-12-25T08:00:00,1,2
"""


@pytest.fixture
def made_up(tmp_path: Path) -> Path:
    data = tmp_path / "data"
    data.mkdir()
    (data / "sensors.csv").write_text(SENSORS, encoding="utf-8")
    (data / "events.csv").write_text(FIRINGS, encoding="utf-8")
    return data


def test_firings_become_events_of_the_kit_in_order_with_their_offsets(made_up: Path, tmp_path: Path):
    events = read_events(run_converter(made_up, tmp_path / "out") / "homes.jsonl")
    assert [(e["id"], e["type"], e["subject"], e["time"], e["data"]) for e in events] == [
        ("1", "care.door", "h-1", "2008-07-25T08:00:00+02:00", {"open": True}),
        ("2", "care.motion", "h-2", "2008-07-25T08:00:10+02:00", {}),
        ("1-closed", "care.door", "h-1", "2008-07-25T08:00:20+02:00", {"open": False}),
        ("3", "care.water", "h-3", "2008-07-25T08:05:00+02:00", {}),
        ("4", "care.motion", "h-4", "2008-07-25T08:06:00+02:00", {}),
        ("6", "care.motion", "h-2", "2008-12-25T08:00:00+01:00", {}),
    ]


def test_what_belongs_to_no_kit_is_sent_only_when_asked_for(made_up: Path, tmp_path: Path):
    events = read_events(run_converter(made_up, tmp_path / "out", "--everything") / "homes.jsonl")
    assert [(e["id"], e["data"]) for e in events if e["type"] == "home.sensor"] == [
        ("5", {"kind": "cupboard", "name": "Fridge", "seconds": 9})
    ]


def test_the_street_is_in_order_and_leaves_the_nameless_unregistered(made_up: Path, tmp_path: Path):
    out = run_converter(made_up, tmp_path / "out")
    opened = open_street(out, plugins())
    assert opened.warnings == ()
    assert sorted(opened.setup.street.directory.devices) == ["h-1", "h-2", "h-3", "h-5"]
    store, statuses = replayed(out, "homes.jsonl", in_order)
    assert statuses == {"accepted": 5, "quarantined": 1}
    assert [(one.id, one.reason) for one in store.quarantine(10)] == [("4", "unknown_device")]


def test_the_same_input_gives_the_same_bytes(made_up: Path, tmp_path: Path):
    one, two = (run_converter(made_up, tmp_path / name, "--deliver", "3") for name in ("one", "two"))
    for file in sorted(one.iterdir()):
        assert file.read_bytes() == (two / file.name).read_bytes()


def test_deliveries_are_the_same_events_within_ten_minutes(made_up: Path, tmp_path: Path):
    rows = "".join(f"h,2008-07-25T{hour:02}:{minute:02}:00,1,2\n" for hour in range(24) for minute in range(60))
    (made_up / "events.csv").write_text("home,start,dur_s,sensor\n" + rows, encoding="utf-8")
    out = run_converter(made_up, tmp_path / "out", "--deliver", "3")
    sent, delivered = read_events(out / "homes.jsonl"), read_events(out / "delivered.jsonl")
    received = [datetime.fromisoformat(event["received"]) for event in delivered]
    delays = [at - datetime.fromisoformat(event["time"]) for at, event in zip(received, delivered, strict=True)]
    assert received == sorted(received)
    assert timedelta() <= min(delays) < max(delays) <= timedelta(minutes=10)
    assert 0.03 < len(delivered) / len(sent) - 1 < 0.07
    assert [event["id"] for event in delivered] != sorted((event["id"] for event in delivered), key=int)
    stripped = {event["id"]: {key: event[key] for key in event if key != "received"} for event in delivered}
    assert stripped == {event["id"]: event for event in sent}


# the real homes ----------------------------------------------------------------------------------------------


def plugins() -> list[Any]:
    return [read_plugin("elderly_care", elderly_care), read_plugin("message_channels", message_channels)]


def timed(path: Path, order: Order) -> list[Timed]:
    lines = list(read_lines(path))
    assert not [line for line in lines if isinstance(line, BadLine)]
    return order(line for line in lines if isinstance(line, Envelope))


def replayed(folder: Path, file: str, order: Order) -> tuple[SqliteStore, dict[str, int]]:
    store = SqliteStore(None)
    engine = Engine(store, open_street(folder, plugins()).setup)
    statuses = replay(engine, timed(folder / file, order), None, lambda _at, _receipts: None)
    return store, {status.value: count for status, count in statuses.items()}


def cases_of(store: SqliteStore) -> list[Case]:
    page, cursor = store.find_cases(CaseQuery(most=10_000))
    assert cursor is None
    return sorted(page, key=lambda case: (case.opened_at, case.id))


def journal_of(store: SqliteStore) -> list[dict[str, Any]]:
    return [entry.as_json() for _, entry in store.journal_after(0, 1_000_000)]


def stories(store: SqliteStore) -> dict[tuple[str, str, int], list[Step]]:
    """For each case the sequence of (track, reason, step, party)."""
    names = {case.id: (case.scenario, case.key, case.round) for case in cases_of(store)}
    found: dict[tuple[str, str, int], list[Step]] = defaultdict(list)
    for _, entry in store.journal_after(0, 1_000_000):
        found[names[entry.case]].append((entry.track, entry.reason, entry.step, entry.party))
    return found


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run_converter(DATA, tmp_path_factory.mktemp("homes"), "--deliver", str(SEED))


@pytest.fixture(scope="module")
def ordered(homes: Path) -> tuple[SqliteStore, dict[str, int]]:
    return replayed(homes, "homes.jsonl", in_order)


@needs_data
@pytest.mark.slow
def test_all_days_of_the_three_homes_run_through(ordered: tuple[SqliteStore, dict[str, int]]):
    store, statuses = ordered
    # 14,004 firings of the kit, 335 doors that close again, and 548 firings of sensors without a name.
    assert statuses == {"accepted": 14_339, "quarantined": 548}
    waiting = store.quarantine(1000)
    assert len(waiting) == 548
    assert {(one.source, one.reason) for one in waiting} == {("//homes/kasterenB", "unknown_device")}
    # Nobody answers in this replay: a call ends when somebody comes home, and an alarm that was passed on stays open.
    cases = cases_of(store)
    assert {case.key for case in cases if case.is_open} == {"kasterenA", "kasterenB", "kasterenC"}
    silences = {"elderly_care.no_sign_of_life", "elderly_care.away_call"}
    assert {case.scenario for case in cases if case.is_open} == silences
    assert {case.result for case in cases if not case.is_open} == {"cleared"}
    assert all(case.due is not None for case in cases if case.is_open)


@needs_data
@pytest.mark.slow
def test_twice_gives_the_same_journal(homes: Path, ordered: tuple[SqliteStore, dict[str, int]]):
    again, _ = replayed(homes, "homes.jsonl", in_order)
    assert journal_of(again) == journal_of(ordered[0])


@needs_data
@pytest.mark.slow
def test_as_delivered_gives_the_same_cases_and_their_stories(homes: Path, ordered: tuple[SqliteStore, dict[str, int]]):
    store, statuses = replayed(homes, "delivered.jsonl", as_delivered)
    assert statuses["duplicate"] > 600
    assert stories(store) == stories(ordered[0])


class Neighbours:
    """A committee that visits and records it twelve minutes after a case was opened; a call centre calls back."""

    def __init__(self, folder: Path, inputs: Sequence[Timed]) -> None:
        self.store = SqliteStore(None)
        self.engine = Engine(self.store, open_street(folder, plugins()).setup)
        self.time = Simulation(self.engine, inputs[0][0])
        self._answers: list[tuple[datetime, Envelope]] = []
        self._visited: set[str] = set()
        for at, group in groupby(inputs, key=lambda item: item[0]):
            self._go_to(at)
            self.engine.turn([Input(envelope) for _, envelope in group], at)

    def _go_to(self, until: datetime) -> None:
        while (moment := self._next()) is not None and moment < until:
            self.time.advance(moment)
            due = [answer for answer in self._answers if answer[0] <= moment]
            self._answers = self._answers[len(due) :]
            for at, answer in due:
                self.time.feed([Input(answer)], at)
            self._plan_visits()
        self.time.now = until

    def _next(self) -> datetime | None:
        moments = [moment for moment in (self.engine.next_due(), *(at for at, _ in self._answers[:1])) if moment]
        return min(moments, default=None)

    def _plan_visits(self) -> None:
        for case in self.store.find_cases(CaseQuery(is_open=True))[0]:
            if case.was_dispatched and case.id not in self._visited:
                self._visited.add(case.id)
                self._plan(case, 12, "report", "neighborhood_committee", "safe_at_home")
                self._plan(case, 22, "verify", "call_center", "pass")

    def _plan(self, case: Case, minutes: int, verb: str, party: str, result: str) -> None:
        at = case.opened_at.astimezone(UTC) + timedelta(minutes=minutes)
        event = {
            "specversion": "1.0",
            "id": f"{case.id}-{verb}",
            "source": "//neighbours",
            "type": f"loop.{verb}",
            "subject": case.id,
            "time": at.isoformat(),
            "data": {"party": party, "result": result, "evidence": ["visit_record"] if verb == "report" else []},
        }
        self._answers.append((at, read_event(event)))


@needs_data
@pytest.mark.slow
@pytest.mark.parametrize(
    ("home", "visits", "calls"),
    # All of them are for nothing: nobody had fallen. Called were those who were perhaps away for longer than 13 hours.
    [("kasterenA", 0, 8), ("kasterenB", 6, 6), ("kasterenC", 0, 1)],
)
def test_how_often_somebody_is_sent_for_nothing(homes: Path, home: str, visits: int, calls: int):
    inputs = {
        order: [item for item in timed(homes / file, order) if item[1].source == f"//homes/{home}"]
        for order, file in ((in_order, "homes.jsonl"), (as_delivered, "delivered.jsonl"))
    }
    ordered, delivered = (Neighbours(homes, events).store for events in inputs.values())
    counted = Counter(case.scenario for case in cases_of(ordered))
    assert (counted["elderly_care.no_sign_of_life"], counted["elderly_care.away_call"]) == (visits, calls)
    assert stories(delivered) == stories(ordered)


@needs_data
def test_every_sensor_of_the_homes_is_accounted_for():
    with (DATA / "sensors.csv").open(encoding="utf-8", newline="") as file:
        roles = Counter(row["kit_role"] for row in csv.DictReader(file))
    assert set(roles) == {"", *convert.KINDS}
