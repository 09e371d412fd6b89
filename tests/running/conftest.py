"""The two stores, as the engine's tests have them."""

from ..engine.conftest import store

__all__ = ["store"]
