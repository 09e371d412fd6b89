"""Garbage sorting: full bins, bags on the ground, wrong drops, refused and missed pickups, leaks, and lost weight."""

from __future__ import annotations

from typing import Any

from civicloop import Scenario, hookimpl

from .bagged_litter import BaggedLitter
from .buckets import closing_bucket, stranding_level
from .correction import Correction
from .leakage import Leakage
from .missed_pickup import MissedPickup
from .off_window_drop import OffWindow
from .overflow import Overflow
from .penalty import Penalty
from .reconciliation import Reconciliation
from .refusal import Refusal
from .unsorted_drop import Unsorted

__all__ = [
    "BaggedLitter",
    "Correction",
    "Leakage",
    "MissedPickup",
    "OffWindow",
    "Overflow",
    "Penalty",
    "Reconciliation",
    "Refusal",
    "Unsorted",
    "civicloop_scenarios",
    "closing_bucket",
    "stranding_level",
]


@hookimpl
def civicloop_scenarios() -> list[type[Scenario[Any, Any]]]:
    """From the bin to the terminal, and from guidance to the penalty."""
    return [
        Overflow,
        BaggedLitter,
        Unsorted,
        OffWindow,
        Correction,
        Penalty,
        Refusal,
        MissedPickup,
        Leakage,
        Reconciliation,
    ]
