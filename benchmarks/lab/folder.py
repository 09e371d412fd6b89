"""A street's folder of any size, for benchmarks that open one as the daemon does."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

ESTATES_A_COMMITTEE = 10

SETTINGS = """
[street]
code = "street"
name = "Street"
zone = "Asia/Shanghai"
[store]
path = "civicloop.db"
[channels.null]
kind = "null"
[delivery]
default = ["null"]
[plugins.{plugin}]
enabled = true
"""


def write_street(folder: Path, plugin: str, estates: int, devices: Iterable[tuple[str, str]]) -> None:
    """Write a folder that enables one plugin, with estates ``E0``, ``E1`` and so on and a property company in each.

    ``devices`` are pairs of an id and an estate.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "civicloop.toml").write_text(SETTINGS.format(plugin=plugin), encoding="utf-8")
    (folder / "calendar.toml").write_text('weekdays = ["mon", "tue", "wed", "thu", "fri"]\nslots = ["08:00-12:00"]\n')
    (folder / "roster.csv").write_text("role,place,from,to,person\n")
    committees = [
        f"C{number},Committee {number},committee,street" for number in range(-(-estates // ESTATES_A_COMMITTEE))
    ]
    places = [f"E{number},Estate {number},estate,C{number // ESTATES_A_COMMITTEE}" for number in range(estates)]
    _write(folder / "places.csv", "code,name,level,parent", ["street,Street,street,", *committees, *places])
    parties = [f"E{number},property_company,Property {number} Ltd.,," for number in range(estates)]
    parties += ["street,ops_center,Street office,,", "street,neighborhood_committee,Committee,,"]
    _write(folder / "parties.csv", "place,role,organisation,contacts,channels", parties)
    rows = (f"{name},sensor,{place},watching,," for name, place in devices)
    _write(folder / "devices.csv", "id,kind,place,purpose,via,vendor", rows)


def _write(path: Path, head: str, rows: Iterable[str]) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write(f"{head}\n")
        file.writelines(f"{row}\n" for row in rows)
