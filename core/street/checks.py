"""Checks of ``civicloop.toml`` beyond the shape of each table.

They read the raw tables, so that a fault in one table does not hide the faults of another.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from .complaint import Complaints, nearest
from .lines import Key
from .secret import read_secret_file
from .settings import Delivery, Plugin, is_loopback, split_address
from .tables import Tables

_DEFAULT: Final = list(Delivery().default)


def check_settings(folder: Path, tables: Tables, complaints: Complaints) -> None:
    """Complain of unknown channels, missing secrets, stray plugin keys and an address that is open to others."""
    for check in (_check_delivery, _check_plugins, _check_listen):
        check(tables, complaints)
    _check_secrets(folder, tables, complaints)


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


def _check_listen(tables: Tables, complaints: Complaints) -> None:
    address = tables.get("listen", "address")
    try:
        host = split_address(address)[0] if isinstance(address, str) else "localhost"
    except ValueError:
        return  # The model has complained of it.
    if not is_loopback(host):
        what = f"listen.address: other machines can reach {host!r}, and nobody would have to log in"
        remedy = 'write "127.0.0.1:8420" and put a gateway that checks its callers in front'
        _complain(tables, complaints, ("listen", "address"), what, remedy)


def _check_secrets(folder: Path, tables: Tables, complaints: Complaints) -> None:
    """Secrets in files must be there; those in the environment are the daemon's, and may be missing here."""
    for name in tables.table("channels"):
        file = tables.get("channels", name, "secret_file")
        if isinstance(file, str) and file.strip() and file.isprintable():
            try:
                read_secret_file(folder, file)
            except ValueError as error:
                what, _, remedy = str(error).partition("; ")
                _complain(tables, complaints, ("channels", name, "secret_file"), f"channel {name!r}: {what}", remedy)
