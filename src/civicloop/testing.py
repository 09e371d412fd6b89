"""The test kit for plugin authors: ``from civicloop.testing import Town``."""

from .core.engine.receipt import Status
from .core.testing.town import MORNING, Town

__all__ = ["MORNING", "Status", "Town"]
