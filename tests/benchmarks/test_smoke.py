"""Every benchmark runs, in its smallest size. Whether it meets its goals is not asked: that depends on the machine."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
SMALLEST = {
    "ingest": (["--quick"], {"rows", "rounds"}),
    "deciding": (["--quick"], {"rows", "recorded", "rounds"}),
    "growth": (["--quick"], {"rows", "paces"}),
    "latency": (["--quick"], {"rows", "percentiles"}),
    "memory": (["--quick"], {"rows", "held"}),
    "no_sign_of_life": (["--cuts", "10", "--quick"], {"pooled", "homes", "goals"}),
    "pudong": (["--quick"], {"rows", "per_mille"}),
    "reading": (["--quick"], {"rows", "cases"}),
    "regression": (["--quick"], {"rows", "rounds"}),
    "starting": (["--quick"], {"rows", "starts", "ticks"}),
    "verifying": (["--quick"], {"rows", "verified"}),
}


def test_every_benchmark_is_tried() -> None:
    assert {path.stem for path in (ROOT / "benchmarks").glob("[!_]*.py")} == set(SMALLEST)


@pytest.mark.slow
@pytest.mark.parametrize("name", SMALLEST)
def test_a_benchmark_measures_and_says_so(name: str, tmp_path: Path) -> None:
    sizes, kept = SMALLEST[name]
    if name == "no_sign_of_life" and not (ROOT.parent / "shared" / "data" / "homes" / "events.csv").exists():
        pytest.skip("the homes of van Kasteren et al. are not here: ../shared/data/homes")
    result = tmp_path / "result.json"
    command = [sys.executable, f"benchmarks/{name}.py", *sizes, "--json", str(result)]
    done = subprocess.run(command, cwd=ROOT, env=os.environ, capture_output=True, text=True, timeout=300)
    assert "Traceback" not in done.stderr, done.stderr
    assert done.returncode in (0, 1), done.stderr
    assert kept <= json.loads(result.read_text(encoding="utf-8")).keys()
    assert "goal" in done.stdout


@pytest.mark.slow
def test_all_of_them_run_by_one_command_into_one_table_and_one_file(tmp_path: Path) -> None:
    result = tmp_path / "benchmarks.json"
    command = [sys.executable, "benchmarks", "--quick", "--json", str(result), "deciding", "latency"]
    done = subprocess.run(command, cwd=ROOT, env=os.environ, capture_output=True, text=True, timeout=300)
    assert done.returncode in (0, 1), done.stderr
    kept = json.loads(result.read_text(encoding="utf-8"))
    assert kept.keys() == {"machine", "deciding", "latency"}
    for name in ("deciding", "latency"):
        assert all(f"{name}: {row['what']}" in done.stdout for row in kept[name]["rows"])
    missed = sum(
        row["goal"] is not None and not met(row) for name in ("deciding", "latency") for row in kept[name]["rows"]
    )
    assert f"{missed} of " in done.stdout
    assert done.returncode == (1 if missed else 0)


def met(row: dict[str, Any]) -> bool:
    return bool(row["figure"] >= row["goal"] if row["at_least"] else row["figure"] <= row["goal"])
