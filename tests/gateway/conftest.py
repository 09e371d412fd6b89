"""A daemon of a small street for the tests of its doors."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ..daemon.kit import Served, serving, write_street


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(write_street(tmp_path / "street")) as served:
        yield served
