"""indicators: the rates of a street with what they are made of, on the screen and as JSON."""

import json
from pathlib import Path

UNTIL = ("--until", "2025-09-12T10:00")


def told(cli, sample: Path, morning: Path, *words: str) -> dict:
    result = cli("indicators", sample, "--store", morning, "--json", *words)
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def test_every_rate_comes_with_what_it_is_made_of(cli, sample: Path, morning: Path) -> None:
    found = told(cli, sample, morning)
    cases = json.loads(cli("cases", sample, "--store", morning, "--json").stdout)["cases"]
    assert found["counts"]["registered"] == len(cases)
    assert found["counts"]["closed"] == sum(case["closed_at"] is not None for case in cases)
    for rate in [*found["rates"], *found["closed_by_level"]]:
        assert set(rate) == {"name", "numerator", "denominator", "value", "unknown"}
        assert rate["value"] == round(100 * rate["numerator"] / rate["denominator"], 2)
    assert sum(rate["numerator"] for rate in found["closed_by_level"]) == found["counts"]["closed"]


def test_who_found_the_cases_is_read_from_the_stored_events(cli, sample: Path, morning: Path) -> None:
    found = {rate["name"]: rate for rate in told(cli, sample, morning)["rates"]}
    leads, registered = found["registration"], found["smart_discovery"]
    cases = told(cli, sample, morning)["counts"]
    followed_up = cases["by_scenario"]["ebike_charging.three_meetings"]
    assert leads["denominator"] + leads["unknown"] == cases["registered"] - followed_up
    assert registered["denominator"] + registered["unknown"] == leads["numerator"]
    assert 0 < registered["numerator"] <= registered["denominator"]


def test_a_span_and_a_place(cli, sample: Path, morning: Path) -> None:
    everything = told(cli, sample, morning)["counts"]["registered"]
    early = told(cli, sample, morning, "--until", "2025-09-12T07:30")["counts"]["registered"]
    late = told(cli, sample, morning, "--since", "2025-09-12T07:30")["counts"]["registered"]
    assert (early > 0, early + late) == (True, everything)
    assert 0 < told(cli, sample, morning, "--place", "willow-garden")["counts"]["registered"] < everything


def test_nothing_to_measure(cli, sample: Path, morning: Path) -> None:
    result = cli("indicators", sample, "--store", morning, "--until", "2020-01-01T00:00")
    assert result.stdout == "no case fits.\n"
    rates = told(cli, sample, morning, "--until", "2020-01-01T00:00")["rates"]
    assert {rate["name"]: rate["value"] for rate in rates if rate["value"] is not None} == {"compliant_disposal": 100.0}


def test_the_indicators_on_the_screen(cli, sample: Path, morning: Path) -> None:
    english = cli("indicators", sample, "--store", morning, *UNTIL).stdout
    assert "closing on time" in english
    assert "found by devices or AI" in english
    chinese = cli("indicators", sample, "--store", morning, *UNTIL, "--language", "zh").stdout
    assert "按期结案率" in chinese
    assert "居委解决" in chinese
