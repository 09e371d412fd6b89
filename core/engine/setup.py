"""What an engine runs with: a street, its plugins, and its limits. Replaced as a whole when a street reloads."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from ..model.street import Street
from ..sdk.loader import Registry


@dataclass(frozen=True)
class Setup:
    """``future_max``: how far ahead of now a fact's time may be. ``lateness``: how long silence is not yet silence.

    ``channels`` are used for parties that name none, ``ops_channels`` for ops, ``command_channels`` for devices;
    ``digest`` names the configuration in the record of turns; ``salt`` keys the pseudonyms of persons in the journal.
    """

    street: Street
    registry: Registry
    future_max: timedelta = timedelta(minutes=5)
    lateness: timedelta = timedelta(minutes=10)
    channels: tuple[str, ...] = ("console",)
    ops_channels: tuple[str, ...] = ("console",)
    command_channels: tuple[str, ...] = ("console",)
    language: str = "zh"
    digest: str = ""
    salt: bytes = b"civicloop"
