"""Nothing has become much slower: ratios of processor time beside a raw limit of the same run, never absolute times."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def check(*options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "benchmarks/regression.py", *options]
    return subprocess.run(command, cwd=ROOT, env=os.environ, capture_output=True, text=True, timeout=300)


@pytest.mark.slow
def test_ingest_and_decisions_are_about_as_fast_as_they_were() -> None:
    done = check()
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_code_that_is_half_as_fast_does_not_pass() -> None:
    done = check("--slowed", "2", "--rounds", "4")
    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stdout.count("missed") == 2, done.stdout
