"""Catalogues: both languages, the same plain variables, and a sentence whatever happens."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from civicloop import read_texts
from civicloop.core.sdk.texts import faults, render

from ..hostile import JSON

GOOD = {"full": {"zh": "满了 {percent}%", "en": "{percent}% full"}}


def test_a_good_catalogue_has_no_faults_and_no_catalogue_needs_nothing():
    assert faults(GOOD, ["full"]) == []
    assert faults({}, ["full"]) == []


@pytest.mark.parametrize(
    ("texts", "sentence"),
    [
        ({}, "texts lack 'empty'; add [empty] with zh and en"),
        ({"empty": {}}, "text 'empty' lacks zh, en; add zh = \"...\""),
        ({"empty": {"zh": "空"}}, "text 'empty' lacks en; add en = \"...\""),
        ({"empty": {"zh": "空", "en": ""}}, "text 'empty' lacks en"),
        ({"empty": "空"}, "text 'empty' is no table of texts; write [empty]"),
        ({"empty": {"zh": 7, "en": "x"}}, "text 'empty' is no table of texts"),
        ({"empty": {"zh": "空 {a}", "en": "empty {b}"}}, "names different variables in zh and en: a, b"),
        ({"empty": {"zh": "{", "en": "x"}}, "text 'empty' is not a template"),
        ({"empty": {"zh": "{}", "en": "{}"}}, "{} is not a plain name; write {name}"),
        ({"empty": {"zh": "{a.b}", "en": "{a.b}"}}, "{a.b} is not a plain name"),
        ({"empty": {"zh": "{a[0]}", "en": "{a[0]}"}}, "{a[0]} is not a plain name"),
        ({"empty": {"zh": "{a:.1f}", "en": "{a:.1f}"}}, "{a} is formatted; write {a}, and round"),
        ({"empty": {"zh": "{a!r}", "en": "{a!r}"}}, "{a} is formatted"),
        ({"empty": {"zh": "{a:{b}}", "en": "{a:{b}}"}}, "{a} is formatted"),
    ],
)
def test_what_is_wrong_with_a_catalogue_is_said(texts, sentence):
    [found] = faults({**GOOD, **texts}, ["full", "empty"])
    assert sentence in found


@pytest.mark.parametrize(
    ("key", "variables", "text"),
    [
        ("full", {"percent": 90}, "90% full"),
        ("full", {}, "{percent}% full"),
        ("full", {"percent": "{percent}"}, "{percent}% full"),
        ("gone", {}, "gone"),
        ("gone", {"a": 1, "b": "x"}, "gone (a=1, b=x)"),
        ("bad", {"a": "x"}, "{a:.1f}"),
        ("inside", {"a": 1}, "{a.__class__.nothing}"),
    ],
)
def test_a_key_always_becomes_a_sentence(key, variables, text):
    catalogue = {**GOOD, "bad": {"en": "{a:.1f}"}, "inside": {"en": "{a.__class__.nothing}"}}
    assert render(catalogue, "en", key, variables) == text


def test_a_language_that_is_not_there_shows_the_key():
    assert render(GOOD, "fr", "full", {"percent": 1}) == "full (percent=1)"


def test_a_catalogue_lies_beside_its_module(tmp_path: Path):
    (tmp_path / "texts.toml").write_text('[full]\nzh = "满"\nen = "full"\n', encoding="utf-8")
    assert read_texts(str(tmp_path / "module.py")) == {"full": {"zh": "满", "en": "full"}}


TEMPLATES = st.text() | st.sampled_from(
    ["{", "}", "{}", "{a", "{a.b}", "{a[0]}", "{a!r}", "{a:>9999999999}", "{0}", "{{", "{a}{b}"]
)


@given(
    st.dictionaries(
        st.text(max_size=5), st.dictionaries(st.sampled_from(["zh", "en", "de"]), TEMPLATES) | JSON, max_size=4
    )
)
def test_a_catalogue_of_anything_is_judged_and_a_good_one_always_renders(texts: Any) -> None:
    found = faults(texts, ["a"])
    assert all(isinstance(fault, str) and fault for fault in found)
    if not found:
        for key in texts:
            assert isinstance(render(texts, "zh", key, {"a": "{b}", "b": "x" * 100}), str)
