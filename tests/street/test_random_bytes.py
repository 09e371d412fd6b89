"""Whatever lies in a folder, loading it either works or raises StreetError."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from civicloop.core.street.complaint import FILES, StreetError
from civicloop.core.street.folder import load_street

from .conftest import GOOD


def load(file: str, content: bytes) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for other, text in GOOD.items():
            (folder / other).write_bytes(content if other == file else text.encode())
        try:
            load_street(folder)
        except StreetError as error:
            told = error
        else:
            return
    assert told.complaints
    assert len(str(told).splitlines()) == len(told.complaints)


def spoiled(file: str) -> st.SearchStrategy[bytes]:
    """The good file with a piece of it cut out, repeated or replaced."""
    good = GOOD[file].encode()
    places = st.integers(0, len(good))
    return st.builds(
        lambda start, end, put: good[: min(start, end)] + put + good[max(start, end) :],
        places,
        places,
        st.binary(max_size=8)
        | st.sampled_from([b"\n", b",", b'"', b"[", b"]", b"=", b"\x00", b"\r", b";", b"\xef\xbb\xbf"]),
    )


@pytest.mark.parametrize("file", FILES)
def test_random_bytes_are_told_apart_from_a_crash(file: str) -> None:
    @settings(max_examples=150, deadline=None)
    @given(st.binary(max_size=200) | st.text(max_size=100).map(lambda text: text.encode("utf-8", "replace")))
    def check(content: bytes) -> None:
        load(file, content)

    check()


@pytest.mark.parametrize("file", FILES)
def test_a_spoiled_file_is_told_apart_from_a_crash(file: str) -> None:
    @settings(max_examples=200, deadline=None)
    @given(spoiled(file))
    def check(content: bytes) -> None:
        load(file, content)

    check()


CELLS = st.lists(
    st.sampled_from(["S", "E", "C", "D", "X", "", "city", "street", "unit", "a,b", '"']), min_size=4, max_size=4
)


@settings(max_examples=300, deadline=None)
@given(st.lists(CELLS, max_size=12))
def test_random_trees_are_told_apart_from_a_crash(rows: list[list[str]]) -> None:
    load("places.csv", "\n".join(["code,name,level,parent", *map(",".join, rows)]).encode())
