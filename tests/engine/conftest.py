"""The two stores that engines run on."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from civicloop.core.stores.sqlite import SqliteStore


@pytest.fixture(params=["memory", "file"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqliteStore]:
    made = SqliteStore(None if request.param == "memory" else tmp_path / "street.db")
    yield made
    made.close()
