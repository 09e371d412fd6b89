"""Whatever lies in a folder, loading it either works or raises StreetError."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from civicloop.core.street.complaint import FILES, StreetError
from civicloop.core.street.folder import load_street

from ..hostile import GROWTH_MAX, growth
from ..hostile import spoiled as spoiled_badly
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


@pytest.mark.parametrize("file", FILES)
def test_a_file_full_of_nasty_things_is_told_apart_from_a_crash(file: str) -> None:
    @given(spoiled_badly(GOOD[file].encode(), RICH.get(file, GOOD[file]).encode()))
    def check(content: bytes) -> None:
        load(file, content)

    check()


RICH = {
    "civicloop.toml": GOOD["civicloop.toml"]
    + """\
[store]
path = "var/x.db"
[listen]
address = "[::1]:8420"
[limits]
queue_events_max = 1_000_0
idle_seconds_max = 0x4b
[delivery]
default = ["console", 'drop']
wakes = "P0"
[plugins]
bins = { enabled = true, overflow = { full_at = 9.5e1, chain.clean = { accept = "5 minutes" } } }
""",
    "calendar.toml": """\
weekdays = ["mon", "fri"]
slots = ["08:00-12:00", "22:00-06:00"]
holidays = [2025-01-01, "2025-10-01 to 2025-10-08"]
workdays = ["2025-09-28"]
[organisations."柳新物业"]
slots = ["00:00-24:00"]
""",
}

GROWING: dict[str, tuple[str, Callable[[int], str]]] = {
    "unknown places": ("devices.csv", lambda n: "id,kind,place,purpose,via,vendor\n" + rows("d{0},bin,v{0},,,", n)),
    "unknown parents": ("places.csv", lambda n: GOOD["places.csv"] + rows("u{0},n,unit,x{0}", n)),
    "a circle": ("places.csv", lambda n: GOOD["places.csv"] + rows("u{0},n,unit,u{1}", n) + f"u{n},n,unit,u0\n"),
    "one place again and again": ("places.csv", lambda n: GOOD["places.csv"] + "u,n,unit,E\n" * n),
    "unknown channels": ("parties.csv", lambda n: GOOD["parties.csv"] + rows("E,r{0},o,,z{0}", n)),
    "roles nobody holds": (
        "roster.csv",
        lambda n: GOOD["roster.csv"] + rows("r{0},E,2026-01-01 08:00,2027-01-01 08:00,甲", n),
    ),
    "shifts over each other": (
        "roster.csv",
        lambda n: GOOD["roster.csv"] + rows("cleaner,E,2026-01-01 08:00,2026-01-01 20:00,p{0}", n),
    ),
    "one person again and again": ("people.csv", lambda n: GOOD["people.csv"] + "甲,13800000004,console,\n" * n),
    "an open quote": ("devices.csv", lambda n: "id,kind,place,purpose,via,vendor\n" + '"' + "\n" * 20 * n),
    "a key of many parts": ("civicloop.toml", lambda n: GOOD["civicloop.toml"] + ".".join("a" * n) + " = 1\n"),
    "a table of many parts": ("civicloop.toml", lambda n: GOOD["civicloop.toml"] + "[" + ".".join("a" * n) + "]\n"),
    "lists in lists": ("civicloop.toml", lambda n: GOOD["civicloop.toml"] + "x = " + "[" * n + "]" * n + "\n"),
    "unknown keys": ("civicloop.toml", lambda n: GOOD["civicloop.toml"] + "[limits]\n" + rows("q{0} = 1", n)),
    "many tables": ("civicloop.toml", lambda n: GOOD["civicloop.toml"] + rows("[plugins.p{0}]", n)),
    "many digits": (
        "civicloop.toml",
        lambda n: GOOD["civicloop.toml"] + "[limits]\nqueue_events_max = " + "9" * 20 * n,
    ),
    "many holidays": ("calendar.toml", lambda n: "holidays = [" + '"2025-10-01 to 2025-10-08",' * n + "]\n"),
    "many organisations": ("calendar.toml", lambda n: rows('[organisations.o{0}]\nslots = ["00:00-24:00"]', n)),
}


def rows(template: str, number: int) -> str:
    return "".join(f"{template.format(at, at + 1)}\n" for at in range(number))


@pytest.mark.parametrize("name", GROWING)
def test_the_work_of_reading_a_bad_folder_grows_with_its_size_and_not_faster(name: str) -> None:
    file, make = GROWING[name]
    assert growth(lambda size: load(file, make(size).encode()), 1_500) < GROWTH_MAX
