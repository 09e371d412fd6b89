"""Every benchmark runs, in its smallest size. Whether it meets its goals is not asked: that depends on the machine."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SMALLEST = {
    "ingest": (["--events", "1000", "--rounds", "1"], {"medians", "ratios", "goals", "rounds"}),
    "deciding": (["--cases", "50"], {"medians", "ratios", "goal", "rounds"}),
    "no_sign_of_life": (["--cuts", "10", "--quick"], {"pooled", "homes", "goals"}),
    "starting": (["--watchdogs", "3000", "--rounds", "1"], {"starts", "ticks", "ratios", "goals"}),
}


def test_every_benchmark_is_tried() -> None:
    assert {path.stem for path in (ROOT / "benchmarks").glob("*.py")} == set(SMALLEST)


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
