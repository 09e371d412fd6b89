"""What hostile senders and careless editors write: valid texts, spoiled; and the cost of reading ever more of it."""

import gc
import time
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

NASTY = (
    *(b"\x00", b"\xff", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\xe2\x80\xae", b"\r", b"\n", b"\t", b"\\ud800", b"\\u0000"),
    *(b'"', b"'", b"\\", b",", b":", b";", b"{", b"}", b"[", b"]", b"=", b"#", b"%", b"+", b"@", b"/", b"-"),
    *(b"NaN", b"Infinity", b"1e999", b"-0", b"null", b"true", b'"id":"2",', b"9" * 400, b"0." + b"1" * 400),
    *(
        b"[" * 100,
        b'{"a":' * 100,
        b"a." * 200,
        b"x" * 5000,
        "\u3000".encode(),
        "２５:６１".encode(),
        b"9999-12-31T23:59:60Z",
    ),
)


def spoiled(*good: bytes) -> st.SearchStrategy[bytes]:
    """One of the good texts with a few pieces of it cut out, repeated or replaced; or the whole in another encoding."""

    def spoil(text: bytes, wounds: list[tuple[float, float, bytes | None]]) -> bytes:
        for begins, ends, put in wounds:
            start, end = sorted((int(begins * len(text)), int(ends * len(text))))
            text = text[:start] + (text[start:end] * 2 if put is None else put) + text[end:]
        return text

    wound = st.tuples(st.floats(0, 1), st.floats(0, 1), st.none() | st.sampled_from(NASTY) | st.binary(max_size=8))
    inserted = st.floats(0, 1).flatmap(lambda at: st.tuples(st.just(at), st.just(at), st.sampled_from(NASTY)))
    texts = st.sampled_from(good)
    wounded = st.builds(spoil, texts, st.lists(wound | inserted, min_size=1, max_size=3))
    encoded = st.builds(lambda text, code: text.decode().encode(code, "replace"), texts, st.sampled_from(CODES))
    return wounded | encoded | st.binary(max_size=300)


CODES = ("utf-16", "utf-32", "gb18030", "utf-7", "utf-8-sig")

LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | st.sampled_from(
        ["", "x" * 5000, "2025-01-01T00:00:00+08:00", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "\u202e"]
    )
)
JSON: st.SearchStrategy[Any] = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
"""Whatever JSON can hold."""

GROWTH_MAX = 9.0
"""Four times as much may cost this many times as much: about 4 where work grows with the input, 16 with its square."""


def growth(work: Callable[[int], object], size: int) -> float:
    """How many times the processor time grows when the input grows fourfold; the least of three each."""
    return _cost(work, 4 * size) / _cost(work, size)


def _cost(work: Callable[[int], object], size: int) -> float:
    costs = []
    for _ in range(3):
        gc.collect()
        began = time.process_time()
        work(size)
        costs.append(time.process_time() - began)
    return max(min(costs), 0.002)  # what is shorter cannot be told from nothing
