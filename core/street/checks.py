"""Checks of ``civicloop.toml`` beyond the shape of each table.

They read the raw tables, so that a fault in one table does not hide the faults of another.
"""

from __future__ import annotations

from typing import Final

from .complaint import Complaints, nearest
from .lines import Key
from .settings import Delivery, Plugin
from .tables import Tables

_DEFAULT: Final = list(Delivery().default)


def check_settings(tables: Tables, complaints: Complaints) -> None:
    """Complain of channels that are named but not defined, and of plugin keys outside any scenario's table."""
    _check_delivery(tables, complaints)
    _check_plugins(tables, complaints)


def _complain(tables: Tables, complaints: Complaints, key: Key, what: str, remedy: str) -> None:
    complaints.add(tables.file, tables.lines.locate(key), what, remedy)


def _check_delivery(tables: Tables, complaints: Complaints) -> None:
    channels = tables.table("channels")
    for key in Delivery.model_fields:
        names = tables.get("delivery", key)
        if names is None and key == "default":
            names = _DEFAULT
        if names == [] and key == "default":
            _complain(tables, complaints, ("delivery", key), "delivery.default is empty", "name at least one channel")
        for number, name in enumerate(names if isinstance(names, list) else []):
            if isinstance(name, str) and name not in channels:
                what = f"delivery.{key}: channel {name!r} is not defined"
                remedy = nearest(name, channels, f"add [channels.{name}] with its kind")
                _complain(tables, complaints, ("delivery", key, str(number)), what, remedy)


def _check_plugins(tables: Tables, complaints: Complaints) -> None:
    for name in tables.table("plugins"):
        for key, value in tables.table("plugins", name).items():
            if key not in Plugin.model_fields and not isinstance(value, dict):
                otherwise = f"settings belong to a scenario: [plugins.{name}.SCENARIO]"
                remedy = nearest(key, Plugin.model_fields, otherwise)
                what = f"unknown key 'plugins.{name}.{key}'"
                _complain(tables, complaints, ("plugins", name, key), what, remedy)
