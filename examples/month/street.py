"""The folder of a synthetic street: places, devices, parties and settings, at the proportions of Pudong."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple

from civicloop.core.street.sample import write_sample

STREET: Final = "month-street"
DISTRICT: Final = "month-district"
ESTATES_TO_A_COMMITTEE: Final = 5
POINTS: Final = 2
BINS_TO_A_POINT: Final = ("dry", "dry", "wet", "wet", "recyclable")
SHOPS: Final = 50
"""Shops to an estate (issue 4)."""

ALONE: Final = 35
"""Elders who live alone, to an estate: 16,680 in the eight streets of Hongkou (SH), in streets of 60 estates."""

KITS_TO_100: Final = 5
"""Kits for each 100 elders (issue 4)."""

KIT: Final = ("door", "pir", "water", "smoke", "sos")
BUILDINGS: Final = 4
HOUSEHOLDS: Final = 5
"""Households of a building that cameras know by name."""

SETTINGS: Final = f"""# A synthetic street, written by examples/month/month.py. Everybody in it is invented.

[street]
code = "{STREET}"
name = "月度示例街道"
zone = "Asia/Shanghai"
language = "zh"

[limits]
lateness_minutes = 10

[channels.nowhere]
kind = "null"

[delivery]
default = ["nowhere"]
ops = ["nowhere"]
commands = ["nowhere"]

[plugins.garbage_sorting]
enabled = true

[plugins.garbage_sorting.reconciliation]
open_days = 1                 # late weighings are rare here, and every look costs a moment

[plugins.elderly_care]
enabled = true

[plugins.ebike_charging]
enabled = true
"""

ESTATE_ROLES: Final = ("property_company", "property_manager", "cleaner", "owners_committee", "micro_fire_station")
COMMITTEE_ROLES: Final = ("neighborhood_committee", "party_secretary", "block_cadre", "peer_volunteer")
STREET_ROLES: Final = (
    "ops_center",
    "call_center",
    "sanitation_station",
    "hauler",
    "urban_enforcement",
    "police",
    "device_vendor",
    "data_steward",
)
DISTRICT_ROLES: Final = (
    "greening_sanitation_bureau",
    "fire_rescue",
    "medical_rescue",
    "gas_company",
    "housing_bureau",
)


class Estate(NamedTuple):
    """What facts can be about: codes of places and ids of devices."""

    code: str
    buildings: tuple[str, ...]
    households: tuple[str, ...]
    shops: tuple[str, ...]
    homes: tuple[str, ...]
    points: tuple[str, ...]
    bins: tuple[tuple[str, str], ...]


def estate(number: int) -> Estate:
    """Estate ``number``, from 1 on."""
    code = f"e{number:02}"
    buildings = tuple(f"{code}-b{one}" for one in range(1, BUILDINGS + 1))
    households = tuple(f"{building}-{one}01" for building in buildings for one in range(1, HOUSEHOLDS + 1))
    points = tuple(f"drop-{code}-{one}" for one in range(1, POINTS + 1))
    bins = tuple(
        (f"bin-{point[5:]}-{at}-{category}", category)
        for point in points
        for at, category in enumerate(BINS_TO_A_POINT)
    )
    kits = number * ALONE * KITS_TO_100 // 100 - (number - 1) * ALONE * KITS_TO_100 // 100
    return Estate(
        code,
        buildings,
        households,
        tuple(f"{code}-shop{one:02}" for one in range(1, SHOPS + 1)),
        households[:: len(households) // kits][:kits],
        points,
        bins,
    )


def write_street(folder: Path, estates: int) -> list[Estate]:
    """Write the folder of a street with so many estates; what is not about it is as in the sample street."""
    write_sample(folder)
    for name in ("people.csv", "rotations.csv", "morning.jsonl"):
        (folder / name).unlink()
    made = [estate(number) for number in range(1, estates + 1)]
    (folder / "civicloop.toml").write_text(SETTINGS, encoding="utf-8")
    _write(folder / "roster.csv", "role,place,from,to,person", ())
    _write(folder / "places.csv", "code,name,level,parent", _places(made))
    _write(folder / "devices.csv", "id,kind,place,purpose,via,vendor", _devices(made))
    _write(folder / "parties.csv", "place,role,organisation,contacts,channels", _parties(made))
    return made


def _write(path: Path, header: str, rows: Iterable[tuple[str, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header.split(","))
        writer.writerows(rows)


def _committee(at: int) -> str:
    return f"c{at // ESTATES_TO_A_COMMITTEE + 1:02}"


def _places(estates: list[Estate]) -> Iterable[tuple[str, ...]]:
    yield "month-city", "示例市", "city", ""
    yield DISTRICT, "示例区", "district", "month-city"
    yield STREET, "月度示例街道", "street", DISTRICT
    for code in sorted({_committee(at) for at in range(len(estates))}):
        yield code, f"{code}居委会", "committee", STREET
    for at, one in enumerate(estates):
        yield one.code, f"{one.code}小区", "estate", _committee(at)
        yield from ((shop, f"{shop}商铺", "unit", one.code) for shop in one.shops)
        yield from ((building, f"{building}楼", "building", one.code) for building in one.buildings)
        yield from ((home, f"{home}室", "unit", home.rpartition("-")[0]) for home in one.households)


def _devices(estates: list[Estate]) -> Iterable[tuple[str, ...]]:
    yield from ((truck, "vehicle", STREET, "", "", "") for truck in trucks(len(estates)))
    yield "station-1", "station", STREET, "", "", ""
    for one in estates:
        yield from ((point, "drop_point", one.code, "生活垃圾投放点", "", "") for point in one.points)
        yield from ((name, "bin", one.code, "垃圾满溢监测", "", "") for name, _ in one.bins)
        for building in one.buildings:
            yield f"cam-{building}", "camera", building, "公共安全：楼道消防", "", ""
            yield f"lift-{building}", "camera", building, "公共安全：电梯消防", "", ""
        yield f"pile-{one.code}", "pile", one.code, "充电桩监测", "", ""
        yield f"gw-{one.code}", "gateway", one.code, "独居老人安全：网关", "", ""
        yield from ((f"meter-{home}", "meter", home, "用电安全", "", "") for home in one.households)
        for home in one.homes:
            yield from ((f"{kind}-{home}", kind, home, "独居老人安全", f"gw-{one.code}", "") for kind in KIT)


def _parties(estates: list[Estate]) -> Iterable[tuple[str, ...]]:
    for role in STREET_ROLES:
        yield STREET, role, f"街道 {role}", "", ""
    for role in DISTRICT_ROLES:
        yield DISTRICT, role, f"区 {role}", "", ""
    for code in sorted({_committee(at) for at in range(len(estates))}):
        yield from ((code, role, f"{code} {role}", "", "") for role in COMMITTEE_ROLES)
    for one in estates:
        yield from ((one.code, role, f"{one.code} {role}", "", "") for role in ESTATE_ROLES)
        yield from ((home, "family", f"家属 {home}", "", "") for home in one.homes)


def trucks(estates: int) -> list[str]:
    """The vehicles of the hauler, each of which serves ten estates."""
    return [f"truck-{one + 1}" for one in range((estates + 9) // 10)]
