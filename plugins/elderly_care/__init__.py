"""Elderly care: emergencies, homes without a sign of life, devices that protect nobody any more, and leaks."""

from __future__ import annotations

from typing import Any

from civicloop import Scenario, hookimpl

from .alarms import Gas, Smoke, Sos
from .away_call import AwayCall
from .gateway_lost import GatewayLost
from .leak import Leak
from .no_sign_of_life import NoSignOfLife
from .protection_lost import ProtectionLost
from .unwatched import Unwatched


@hookimpl
def civicloop_scenarios() -> list[type[Scenario[Any, Any]]]:
    """The gravest first."""
    return [Sos, Smoke, Gas, NoSignOfLife, Unwatched, AwayCall, ProtectionLost, GatewayLost, Leak]
