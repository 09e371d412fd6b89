"""The long profile: ``python -m tests.crash.long [--deaths 300] [--seed N] [--note]``.

Runs of 25 deaths each, every third of them power cuts on a disk that forgets, until there have been as many as asked.
Prints what each run found, ends with 1 at the first difference, and with ``--note`` adds a line to docs/reliability.md.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections import Counter
from pathlib import Path
from shutil import rmtree
from typing import Final

from click import echo

from .deaths import Outcome, fates, live
from .record import note

DEATHS_OF_A_RUN: Final = 25
SECTION: Final = "## Deaths of the real daemon"


def differences(after: Outcome, undisturbed: Outcome) -> list[str]:
    """What is not as in the run without a death, in sentences."""
    found = [f"acknowledged and lost: {name}" for name in after.lost]
    found += [f"open without a deadline: {ref}" for ref in after.forgotten]
    found += [f"delivered, but in no commit: {key}" for key in after.unheard]
    for what, told, expected in (
        ("stories", after.stories, undisturbed.stories),
        ("notices", after.notices, undisturbed.notices),
    ):
        kinds = [kind for kind in told | expected if told.get(kind) != expected.get(kind)]
        found += [f"{what} of {kind}: {told.get(kind)}, expected {expected.get(kind)}" for kind in kinds]
    return found


def die(folder: Path, deaths: int, seed: int) -> tuple[int, Counter[str]]:
    """All the runs; the exit code, and how often what happened."""
    undisturbed = live(folder / "undisturbed", [], random.Random(0))
    happened: Counter[str] = Counter()
    for number in range(-(-deaths // DEATHS_OF_A_RUN)):
        disk = "honest" if number % 3 == 2 else ""
        chance = random.Random(seed + number)
        after = live(folder / str(number), fates(chance, DEATHS_OF_A_RUN, disk), chance)
        happened += Counter(rounds=after.rounds, repeated=after.repeated)
        happened["cuts" if disk else "kills"] += DEATHS_OF_A_RUN
        echo(f"run {number}, seed {seed + number}: {after.rounds} rounds{', power cuts' if disk else ''}")
        faults = differences(after, undisturbed)
        for line in faults:
            echo(f"  {line}")
        if faults:
            return 1, happened
        rmtree(folder / str(number))
    return 0, happened


def main() -> int:
    """Run the profile; the exit code."""
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--deaths", type=int, default=300)
    ask.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    ask.add_argument("--note", action="store_true")
    asked = ask.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        code, happened = die(Path(folder), asked.deaths, asked.seed)
    if asked.note:
        told = [asked.seed, happened["kills"], happened["cuts"], happened["rounds"], happened["repeated"]]
        note(SECTION, " | ".join(map(str, [*told, "none" if code == 0 else "found"])))
    return code


if __name__ == "__main__":
    sys.exit(main())
