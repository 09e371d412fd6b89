"""Three real homes as CloudEvents and a street's folder: sensor logs of van Kasteren et al., 2008 and 2010.

    python examples/homes/convert.py DATA OUT             OUT/homes.jsonl and the files of a street
    python examples/homes/convert.py DATA OUT --deliver 7 OUT/delivered.jsonl as well

DATA holds ``events.csv`` (home, start, dur_s, sensor) and ``sensors.csv`` (home, sensor, name, kind, kit_role), times
on the wall clock of Amsterdam. Same input, same output, byte for byte. The README beside this file says what becomes
of which sensor.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

import click
import orjson

ZONE: Final = ZoneInfo("Europe/Amsterdam")
DOUBLED: Final = 0.05
"""The share of events that are delivered twice."""

DELAY_MAX: Final = timedelta(minutes=10)
"""How long a delivery may take; a street waits as long for late facts (``lateness_minutes``)."""

Event = dict[str, Any]


class Sensor(NamedTuple):
    """A row of ``sensors.csv``."""

    home: str
    sensor: str
    name: str
    kind: str
    kit_role: str

    @property
    def device(self) -> str:
        """Its id as a device."""
        return f"{self.home}-{self.sensor}"


class Firing(NamedTuple):
    """A row of ``events.csv``: when a sensor began to fire and for how long; ``row`` counts from 1."""

    row: int
    sensor: Sensor
    start: datetime
    seconds: int


def read_sensors(data: Path) -> dict[tuple[str, str], Sensor]:
    """The sensors by home and number."""
    with (data / "sensors.csv").open(encoding="utf-8", newline="") as file:
        rows = [Sensor(*(row[name] for name in Sensor._fields)) for row in csv.DictReader(file)]
    return {(row.home, row.sensor): row for row in rows}


def read_firings(data: Path, sensors: dict[tuple[str, str], Sensor]) -> Iterator[Firing]:
    """The firings in the order of the file; one of a sensor that is not listed counts as one without a name."""
    with (data / "events.csv").open(encoding="utf-8", newline="") as file:
        for number, row in enumerate(csv.DictReader(file), start=1):
            unknown = Sensor(row["home"], row["sensor"], "", "", "")
            sensor = sensors.get((row["home"], row["sensor"]), unknown)
            start = datetime.fromisoformat(row["start"]).replace(tzinfo=ZONE)
            yield Firing(number, sensor, start, int(float(row["dur_s"])))


def convert(firings: Iterable[Firing], everything: bool = False) -> list[Event]:
    """The events of these firings by time; ``everything`` adds the sensors that belong to no kit."""
    events = [event for firing in firings for event in _events_of(firing, everything)]
    return sorted(events, key=lambda event: (_moment(event["time"]), event["source"], event["id"]))


def _events_of(firing: Firing, everything: bool) -> Iterator[Event]:
    sensor = firing.sensor
    if sensor.kit_role == "door_contact":
        yield _event(firing, "care.door", firing.start, {"open": True})
        # Counted in UTC: a door that stands open while the clocks change stands open no hour longer.
        closed = firing.start.timestamp() + firing.seconds
        yield _event(firing, "care.door", datetime.fromtimestamp(closed, ZONE), {"open": False}, "-closed")
    elif sensor.kit_role == "water_use":
        yield _event(firing, "care.water", firing.start, {})
    elif sensor.kit_role == "pir" or not sensor.name:
        yield _event(firing, "care.motion", firing.start, {})
    elif everything:
        data = {"kind": sensor.kind, "name": sensor.name, "seconds": firing.seconds}
        yield _event(firing, "home.sensor", firing.start, data)


def _event(firing: Firing, type: str, at: datetime, data: dict[str, Any], part: str = "") -> Event:
    return {
        "specversion": "1.0",
        "id": f"{firing.row}{part}",
        "source": f"//homes/{firing.sensor.home}",
        "type": type,
        "subject": firing.sensor.device,
        "time": at.isoformat(),
        "datacontenttype": "application/json",
        "data": data,
    }


def _moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def deliver(events: Iterable[Event], seed: int) -> list[Event]:
    """The same events as an unsteady network delivers them: some twice, each within ``DELAY_MAX``, by ``received``."""
    chance = random.Random(seed)
    sent = [event for event in events for _ in range(2 if chance.random() < DOUBLED else 1)]
    delivered = [{**event, "received": _later(event["time"], chance)} for event in sent]
    return sorted(delivered, key=lambda event: (_moment(event["received"]), event["source"], event["id"]))


def _later(text: str, chance: random.Random) -> str:
    delay = timedelta(seconds=chance.randint(0, int(DELAY_MAX.total_seconds())))
    return datetime.fromtimestamp(_moment(text) + delay.total_seconds(), ZONE).isoformat()


# the street --------------------------------------------------------------------------------------------------

SETTINGS: Final = """\
# Three homes of people who live alone, as a street. Written by examples/homes/convert.py.

[street]
code = "homes"
name = "Three homes"
zone = "Europe/Amsterdam"
language = "en"

[channels.nowhere]
kind = "null"

[delivery]
default = ["nowhere"]

[plugins.message_channels]

[plugins.elderly_care]

# These sensors report use and nothing else: a tap that nobody opens for a day is not broken.
[plugins.elderly_care.protection_lost]
silent_hours = 0
"""

CALENDAR: Final = """\
weekdays = ["mon", "tue", "wed", "thu", "fri"]
slots = ["09:00-12:30", "13:00-17:30"]
"""

ROLES: Final = (
    *("property_company", "neighborhood_committee", "party_secretary", "peer_volunteer", "micro_fire_station"),
    *("call_center", "ops_center", "police", "fire_rescue", "medical_rescue", "gas_company", "device_vendor"),
)

KINDS: Final = {"door_contact": "door", "pir": "pir", "water_use": "water"}
"""Kit role to device kind."""


def write_street(out: Path, sensors: Iterable[Sensor]) -> None:
    """The files of a street in which only the sensors with a name are registered."""
    named = sorted((sensor for sensor in sensors if sensor.name), key=lambda sensor: sensor.device)
    homes = sorted({sensor.home for sensor in named})
    (out / "civicloop.toml").write_text(SETTINGS, encoding="utf-8")
    (out / "calendar.toml").write_text(CALENDAR, encoding="utf-8")
    _write(out / "places.csv", ("code", "name", "level", "parent"), _places(homes))
    _write(
        out / "devices.csv",
        ("id", "kind", "place", "purpose", "via", "vendor"),
        [(one.device, KINDS.get(one.kit_role, one.kind), one.home, one.name, "", "") for one in named],
    )
    _write(
        out / "parties.csv",
        ("place", "role", "organisation", "contacts", "channels"),
        [
            *(("homes", role, role.replace("_", " ").capitalize(), "", "") for role in ROLES),
            *((home, "family", f"Family of {home}", "", "") for home in homes),
        ],
    )
    _write(out / "roster.csv", ("role", "place", "from", "to", "person"), [])


def _places(homes: list[str]) -> Iterator[tuple[str, ...]]:
    yield from (("homes", "Three homes", "street", ""), ("committee", "Committee", "committee", "homes"))
    yield ("estate", "Estate", "estate", "committee")
    for home in homes:
        yield (f"{home}-house", f"House of {home}", "building", "estate")
        yield (home, home, "unit", f"{home}-house")


def _write(path: Path, header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *rows])


def write_events(path: Path, events: Iterable[Event]) -> None:
    """JSON Lines, one event each."""
    path.write_bytes(b"".join(orjson.dumps(event, option=orjson.OPT_APPEND_NEWLINE) for event in events))


@click.command()
@click.argument("data", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("out", type=click.Path(file_okay=False, path_type=Path))
@click.option("--deliver", "seed", type=int, help="Also write delivered.jsonl: doubled and shuffled by this seed.")
@click.option("--everything", is_flag=True, help="Also send the sensors that belong to no kit, as home.sensor.")
def main(data: Path, out: Path, seed: int | None, everything: bool) -> None:
    """Turn the three homes in DATA into a street's folder OUT and its events."""
    out.mkdir(parents=True, exist_ok=True)
    sensors = read_sensors(data)
    events = convert(read_firings(data, sensors), everything)
    write_street(out, sensors.values())
    write_events(out / "homes.jsonl", events)
    click.echo(f"{len(events)} events: civicloop replay {out} {out / 'homes.jsonl'}")
    if seed is not None:
        delivered = deliver(events, seed)
        write_events(out / "delivered.jsonl", delivered)
        click.echo(f"{len(delivered)} deliveries: civicloop replay --as-delivered {out} {out / 'delivered.jsonl'}")


if __name__ == "__main__":
    main()
