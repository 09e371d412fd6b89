"""Garbage sorting: full bins and bagged litter, from the estate's cleaner up to a joint meeting."""

from __future__ import annotations

from typing import Any

from civicloop import Scenario, hookimpl

from .bagged_litter import BaggedLitter
from .overflow import Overflow

__all__ = ["BaggedLitter", "Overflow", "civicloop_scenarios"]


@hookimpl
def civicloop_scenarios() -> list[type[Scenario[Any, Any]]]:
    """Overflow of bins, and bags that were left beside them."""
    return [Overflow, BaggedLitter]
