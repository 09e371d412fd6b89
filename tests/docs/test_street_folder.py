"""The page about a street's folder leaves out no file, column, setting, scope or kind of channel."""

import tomllib
from collections.abc import Iterator
from typing import Any

import annotated_types
import orjson
import pytest
from pydantic.fields import FieldInfo

from civicloop.core.gateway.tokens import Scope
from civicloop.core.model.chain import Loop, Need
from civicloop.core.model.limit import _UNITS
from civicloop.core.model.place import Level
from civicloop.core.sdk.binding import RESERVED, CheckOverride, RecurrenceOverride, StepOverride
from civicloop.core.sdk.channel import config_type
from civicloop.core.sdk.loader import find_plugins
from civicloop.core.street.calendar import WEEKDAYS, CalendarFile
from civicloop.core.street.complaint import FILES
from civicloop.core.street.rows import DEVICES, PARTIES, PEOPLE, PLACES, ROSTER, ROTATIONS, Sheet
from civicloop.core.street.settings import Settings, Table
from civicloop.plugins.message_channels.letter import as_json
from civicloop.plugins.message_channels.webhook import REFUSALS, sign

from .pages import DOCS, blocks, read, rows, section
from .test_hooks import message

PAGE = DOCS / "street-folder.md"


def cells(heading: str) -> dict[str, list[str]]:
    return {row[0]: row[1:] for row in rows(section(PAGE, heading))}


def settings() -> Iterator[tuple[str, FieldInfo]]:
    """Every setting of civicloop.toml; tables with names of the street's own choosing are one setting each."""
    for name, field in Settings.model_fields.items():
        model = field.annotation
        if isinstance(model, type) and issubclass(model, Table):
            yield from ((f"{name}.{key}", inner) for key, inner in model.model_fields.items())
        else:
            yield f"{name}.NAME", field


SETTINGS = dict(settings())


def shown(value: Any) -> str:
    """A default as TOML writes it; texts without their quotes."""
    return orjson.dumps(list(value)).decode() if isinstance(value, tuple) else str(value)


def bounds(field: FieldInfo) -> tuple[Any, Any] | None:
    low = next((one.ge for one in field.metadata if isinstance(one, annotated_types.Ge)), None)
    high = next((one.le for one in field.metadata if isinstance(one, annotated_types.Le)), None)
    return (low, high) if low is not None else None


def test_every_setting_is_documented_and_no_other() -> None:
    assert list(cells("civicloop.toml")) == list(SETTINGS)


@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting_has_its_default_and_its_range(name: str) -> None:
    default, limits, meaning = cells("civicloop.toml")[name]
    field = SETTINGS[name]
    if name.endswith(".NAME"):
        assert default == "none"
    else:
        assert default == ("required" if field.is_required() else shown(field.default)), f"{name}: the default differs"
    if found := bounds(field):
        assert limits == f"{found[0]} to {found[1]}", f"{name}: the range differs"
    assert meaning


def test_every_file_is_documented() -> None:
    assert sorted(cells("A street's folder")) == sorted(FILES)


@pytest.mark.parametrize("sheet", [PLACES, DEVICES, PARTIES, PEOPLE, ROSTER, ROTATIONS], ids=lambda sheet: sheet.file)
def test_every_column_is_documented(sheet: Sheet) -> None:
    table = cells(sheet.file)
    assert tuple(table) == sheet.columns
    assert {column for column, (required, _) in table.items() if required == "yes"} == sheet.required


def test_the_calendar_has_its_keys_and_defaults() -> None:
    table, usual = cells("calendar.toml"), CalendarFile()
    assert list(table) == list(CalendarFile.model_fields)
    assert tomllib.loads(f"x = {table['weekdays'][0]}")["x"] == [WEEKDAYS[day] for day in usual.weekdays]
    slots = [f"{opens:%H:%M}-{closes:%H:%M}" for opens, closes in usual.slots]
    assert tomllib.loads(f"x = {table['slots'][0]}")["x"] == slots


def test_what_a_street_may_change_of_a_scenario_is_documented() -> None:
    documented = [row[0] for row in rows(section(PAGE, "Plugins"))]
    overrides = (StepOverride, CheckOverride, RecurrenceOverride)
    offered = [*RESERVED, *(name for override in overrides for name in override.model_fields)]
    assert sorted(documented) == sorted(offered)
    text = section(PAGE, "Plugins")
    words = [*(f"{unit}s" for unit in _UNITS), *Need, *(loop.name.lower() for loop in Loop)]
    assert [word for word in words if f"`{word}`" not in text] == []


def test_the_levels_of_places_are_documented() -> None:
    assert [level for level in Level if f"`{level}`" not in section(PAGE, "places.csv")] == []


def test_every_scope_is_documented() -> None:
    assert list(cells("Tokens")) == list(Scope)


def test_every_kind_of_channel_is_documented_with_its_settings() -> None:
    channels = find_plugins()[0]["message_channels"].channels
    table = cells("Channels")
    assert table.keys() == channels.keys()
    for kind, channel in channels.items():
        fields = config_type(channel).model_fields
        assert [name for name in fields if f"`{name}`" not in f"`{table[kind][0]}`"] == []
        assert bool(fields) == (table[kind][0] != "none")


def test_what_a_webhook_receives_is_documented() -> None:
    text = section(PAGE, "What a webhook receives")
    assert [member for member in orjson.loads(as_json(message("x"))) if f"`{member}`" not in text] == []
    assert ", ".join(map(str, sorted(REFUSALS)[:-1])) in text


def test_the_receiver_of_the_page_takes_what_we_send_once_and_refuses_a_forgery() -> None:
    [block] = [block for block in blocks(PAGE, "python") if "def receive" in block.text]
    space: dict[str, Any] = {}
    exec(compile(block.text, "docs/street-folder.md", "exec"), space)
    sent = message("a bin is full")
    body, at = as_json(sent), sent.notice.at.isoformat()
    headers = {"X-Civicloop-Time": at, "X-Civicloop-Signature": sign(b"secret", at, body)}
    seen: set[str] = set()
    assert space["receive"](b"secret", headers, body, seen)["key"] == sent.key
    assert space["receive"](b"secret", headers, body, seen) is None
    with pytest.raises(PermissionError):
        space["receive"](b"other", headers, body, set())


def test_the_toml_of_the_page_is_toml() -> None:
    assert [tomllib.loads(block.text) for block in blocks(PAGE, "toml")]
    assert "`init" not in read(PAGE)
