"""Elderly care: emergencies, homes without a sign of life, and devices that protect nobody any more."""

from __future__ import annotations

from typing import Any

from civicloop import Scenario, hookimpl

from .alarms import Gas, Smoke, Sos
from .away_call import AwayCall
from .no_sign_of_life import NoSignOfLife
from .protection_lost import ProtectionLost


@hookimpl
def civicloop_scenarios() -> list[type[Scenario[Any, Any]]]:
    """The gravest first."""
    return [Sos, Smoke, Gas, NoSignOfLife, AwayCall, ProtectionLost]
