"""The two stores that one contract holds for."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from civicloop.core.stores.sqlite import SqliteStore

from .desk import Desk


@pytest.fixture(params=["memory", "file"])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    store = SqliteStore(None if request.param == "memory" else tmp_path / "street.db", busy_seconds=0.05)
    yield Desk(store)
    store.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "street.db"


@pytest.fixture
def file_desk(path: Path) -> Iterator[Desk]:
    store = SqliteStore(path, busy_seconds=0.05)
    yield Desk(store)
    store.close()
