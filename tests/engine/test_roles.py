"""Roles that plugins ask and nobody holds: refused, unless the street says that it has none, and then told loudly."""

import re
from pathlib import Path

import pytest

from civicloop.core.engine.opening import Opened, open_street
from civicloop.core.street.complaint import StreetError
from civicloop.core.street.sample import write_sample

DESIGNED = (
    *("property_company", "property_manager", "cleaner", "neighborhood_committee", "party_secretary", "block_cadre"),
    *("peer_volunteer", "family", "owners_committee", "micro_fire_station", "call_center", "ops_center"),
    *("sanitation_station", "hauler", "greening_sanitation_bureau", "urban_enforcement", "police", "fire_rescue"),
    *("gas_company", "housing_bureau", "device_vendor", "data_steward"),
)
"""The roles that the design names; a street that has them all has every party the bundled plugins cannot do without."""

LACKING = (
    *("greening_sanitation_bureau", "hauler", "data_steward"),
    *("urban_enforcement", "property_manager", "party_secretary"),
)


@pytest.fixture
def street(tmp_path: Path) -> Path:
    write_sample(tmp_path / "street")
    return tmp_path / "street"


def keep(street: Path, *roles: str) -> None:
    """Take every other party out of the folder, with its people."""
    for name, column in (("parties.csv", 1), ("roster.csv", 0), ("rotations.csv", 0)):
        head, *rows = (street / name).read_text(encoding="utf-8").splitlines()
        kept = [row for row in rows if row.split(",")[column] in roles]
        (street / name).write_text("\n".join([head, *kept]) + "\n", encoding="utf-8")


def only(street: Path, plugin: str, street_lines: str = "", plugin_lines: str = "") -> None:
    """Enable one plugin alone."""
    path = street / "civicloop.toml"
    text = re.split(r"^\[plugins\.", path.read_text(encoding="utf-8"), maxsplit=1, flags=re.MULTILINE)[0]
    text = text.replace("[street]\n", f"[street]\n{street_lines}\n", 1)
    path.write_text(f"{text}[plugins.{plugin}]\nenabled = true\n{plugin_lines}\n", encoding="utf-8")


def without(*roles: str) -> str:
    return f"without_roles = {list(roles)}".replace("'", '"')


def complaints(street: Path) -> list[str]:
    with pytest.raises(StreetError) as caught:
        open_street(street)
    return [str(one) for one in caught.value.complaints]


def test_a_street_with_the_roles_of_the_design_can_enable_every_plugin(street: Path) -> None:
    keep(street, *DESIGNED)
    assert isinstance(open_street(street), Opened)


def test_each_role_that_nobody_holds_is_one_complaint_with_a_line_to_paste(street: Path) -> None:
    keep(street, "property_company", "neighborhood_committee", "ops_center")
    only(street, "garbage_sorting")
    told = complaints(street)
    assert [one.split("nobody holds ")[1].split(", for")[0] for one in told] == [
        "party_secretary or property_manager",
        "greening_sanitation_bureau",
        "urban_enforcement",
        "hauler",
        "data_steward",
    ]
    assert all(one.startswith("civicloop.toml:") for one in told)
    assert "'haul' of garbage_sorting.missed_pickup, 'control_room' of garbage_sorting.leakage" in told[3]
    assert told[3].endswith('[street] without_roles = ["hauler"]')


def test_a_small_street_says_whom_it_has_not_and_is_told_what_that_means(street: Path) -> None:
    keep(street, "property_company", "neighborhood_committee", "ops_center")
    off = "\n[plugins.garbage_sorting.reconciliation]\nenabled = false"
    only(street, "garbage_sorting", without(*(role for role in LACKING if role != "data_steward")), off)
    warned = [str(one) for one in open_street(street).warnings]
    assert any(
        "'haul' of garbage_sorting.missed_pickup asks hauler, which this street has not" in one for one in warned
    )


def test_a_line_of_work_that_reaches_nobody_is_refused_whatever_the_list_says(street: Path) -> None:
    keep(street, "property_company", "neighborhood_committee", "ops_center")
    only(street, "garbage_sorting", without(*LACKING))
    (told,) = complaints(street)
    assert "track 'main' of garbage_sorting.reconciliation asks nobody" in told
    assert "enabled = false in [plugins.garbage_sorting.reconciliation]" in told


@pytest.mark.parametrize(
    ("role", "said"),
    [
        ("cleaner", "cleaner is held by somebody in parties.csv; take it out"),
        ("huler", "no plugin that is enabled asks huler; did you mean 'hauler'?"),
        ("astronaut", "no plugin that is enabled asks astronaut; take it out"),
    ],
)
def test_the_list_must_be_true(street: Path, role: str, said: str) -> None:
    keep(street, *(one for one in DESIGNED if one != "hauler"))
    only(street, "garbage_sorting", without(role))
    assert any(said in one for one in complaints(street))


def test_an_override_that_names_a_role_nobody_holds_is_an_error_even_if_it_is_listed(street: Path) -> None:
    keep(street, *(one for one in DESIGNED if one != "hauler"))
    lines = '\n[plugins.garbage_sorting.overflow.chain.clean]\nparties = ["cleaner", "hauler"]'
    only(street, "garbage_sorting", without("hauler"), lines)
    (told,) = complaints(street)
    assert "step 'clean' of garbage_sorting.overflow asks hauler, which nobody holds" in told
