"""From a street's folder and its plugins to what an engine runs with; everything that is wrong is said at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from hashlib import blake2b
from pathlib import Path
from typing import Final, NamedTuple

from pydantic import ValidationError

from ..sdk.binding import Fault, PluginError
from ..sdk.channel import Channel, config_type
from ..sdk.loader import Plugin, Registry, assemble, find_plugins
from ..sdk.patience import Patience, end_process
from ..street.complaint import Complaint, StreetError
from ..street.folder import StreetFolder, load_street
from .roles import role_complaints, role_warnings
from .setup import Setup


class Opened(NamedTuple):
    """A street that is in order: its folder, what the engine runs with, and what is worth a warning."""

    folder: StreetFolder
    setup: Setup
    warnings: tuple[Complaint, ...]


LOAD_FACTOR: Final = 6
"""How many times as long as one call a plugin may take to load."""


def open_street(
    path: Path, plugins: Iterable[Plugin] | None = None, gives_up: Callable[[str], None] = end_process
) -> Opened:
    """Read a street's folder, bind the plugins it enables, and check both against each other.

    ``plugins`` are the installed ones unless given; ``gives_up`` is told of one that never finishes loading. Raises
    ``StreetError`` with every complaint.
    """
    folder = load_street(path)
    if plugins is None:
        patience = Patience(folder.settings.limits.assess_seconds_max * LOAD_FACTOR, gives_up)
        found, faults = find_plugins(patience=patience)
        registry = _assemble(folder, found.values(), faults)
    else:
        registry = _assemble(folder, plugins, [])
    complaints = [
        *_key_complaints(folder),
        *role_complaints(folder, registry),
        *_channel_complaints(folder, registry),
    ]
    if complaints:
        raise StreetError(complaints)
    settings, limits = folder.settings, folder.settings.limits
    setup = Setup(
        street=folder.street,
        registry=registry,
        future_max=timedelta(minutes=limits.future_minutes_max),
        lateness=timedelta(minutes=limits.lateness_minutes),
        channels=settings.delivery.default,
        ops_channels=settings.delivery.ops_channels,
        command_channels=settings.delivery.command_channels,
        language=settings.street.language,
        digest=_digest(folder, registry),
        salt=_salt(folder),
    )
    return Opened(folder, setup, tuple(role_warnings(folder, registry)))


def _salt(folder: StreetFolder) -> bytes:
    """What keys the pseudonyms of persons: the street's key file, else its code. Raises ``OSError``."""
    street = folder.settings.street
    key = folder.path(street.pseudonym_key_file).read_bytes() if street.pseudonym_key_file else street.code.encode()
    return blake2b(key.strip(), digest_size=32).digest()


def _key_complaints(folder: StreetFolder) -> Iterator[Complaint]:
    name = folder.settings.street.pseudonym_key_file
    try:
        _salt(folder)
    except OSError as error:
        remedy = f"write 32 random bytes into {name}: openssl rand -hex 32"
        yield folder.complaint(("street", "pseudonym_key_file"), f"{name} cannot be read: {error.strerror}", remedy)


def _digest(folder: StreetFolder, registry: Registry) -> str:
    """Names the configuration and every scenario's rules: what a recorded turn was decided under."""
    rules = [f"{name} {binding.digest}" for name, binding in sorted(registry.bindings.items())]
    return blake2b("\n".join([folder.digest, *rules]).encode(), digest_size=16).hexdigest()


def _assemble(folder: StreetFolder, plugins: Iterable[Plugin], faults: list[Fault]) -> Registry:
    tables = {name: {"enabled": table.enabled, **table.scenarios} for name, table in folder.plugins.items()}
    enabled = {f"plugin {name}" for name, table in folder.plugins.items() if table.enabled}
    faults = [fault for fault in faults if fault.culprit in enabled]
    try:
        registry = assemble(plugins, tables)
    except PluginError as error:
        faults += error.faults
        registry = Registry()
    if faults:
        raise StreetError(
            folder.complaint(_key_of(fault.culprit), f"{fault.culprit}: {fault.complaint}", fault.remedy)
            for fault in faults
        )
    return registry


def _key_of(culprit: str) -> tuple[str, ...]:
    """The key of civicloop.toml that a culprit such as ``[plugins.a.b] chain.x`` stands for."""
    if not culprit.startswith("[plugins."):
        return ("plugins",)
    table, _, rest = culprit[1:].partition("]")
    return tuple(part for part in (*table.split("."), *rest.strip().split(".")) if part)


def _channel_complaints(folder: StreetFolder, registry: Registry) -> Iterator[Complaint]:
    for name in folder.settings.channels:
        try:
            make_channel(folder, registry, name)
        except (ValueError, OSError, TypeError) as error:
            yield folder.complaint(("channels", name), f"channel {name!r}: {_sentence(error)}", "put the table right")


def _sentence(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors(include_input=False, include_url=False)[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    return str(error)


def make_channel(folder: StreetFolder, registry: Registry, name: str) -> Channel:
    """One channel of ``[channels.NAME]``. Raises ``ValueError`` for an unknown kind or settings that do not fit."""
    table = folder.settings.channels[name]
    kind = registry.channels.get(table.kind)
    if kind is None:
        have = ", ".join(sorted(registry.channels)) or "none"
        raise ValueError(f"no plugin brings the kind {table.kind!r}; there are: {have}")
    return kind(config_type(kind).model_validate(table.settings), folder.folder)


def make_channels(opened: Opened) -> dict[str, Channel]:
    """All channels of a street by name."""
    folder, registry = opened.folder, opened.setup.registry
    return {name: make_channel(folder, registry, name) for name in folder.settings.channels}
