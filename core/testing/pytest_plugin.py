"""A pytest plugin with one fixture: ``town``, which builds towns and puts them away."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest


@pytest.fixture
def town() -> Iterator[Callable[..., Any]]:
    """Build a ``Town`` from scenarios: ``town(Overflow)``; closed when the test ends."""
    from .town import Town  # imported late so that a pytest run that uses no town does not pay for one

    built: list[Town] = []

    def build(*scenarios: Any, **options: Any) -> Town:
        built.append(Town(*scenarios, **options))
        return built[-1]

    yield build
    for one in built:
        one.close()
