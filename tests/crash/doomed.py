"""civicloop, fated to die: runs the command line given after ``--`` and kills itself at a crash point.

``doomed.py [--at POINT --nth N] [--disk honest|lying] -- run FOLDER ...``. Started as a script in a process of its own.
``kill -9`` by its own hand is the same as by another's: nothing is flushed, nobody is told.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from civicloop.cli import main
from civicloop.core.stores.crash import CrashPoint, watching


def doom(point: CrashPoint | None, nth: int) -> Callable[[CrashPoint], None]:
    """What is called at every crash point: it dies at the ``nth`` time that ``point`` is reached."""
    left = nth

    def dies(reached: CrashPoint) -> None:
        nonlocal left
        if reached is point:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    return dies


def run() -> None:
    """Read the fate, then be the daemon."""
    split = sys.argv.index("--")
    fate = argparse.ArgumentParser()
    fate.add_argument("--at", type=CrashPoint)
    fate.add_argument("--nth", type=int, default=1)
    fate.add_argument("--disk", choices=("honest", "lying"))
    chosen = fate.parse_args(sys.argv[1:split])
    if chosen.disk:
        from power import Disk  # beside this script, which is started by its path

        Disk(lies=chosen.disk == "lying").insert()
    # A script's folder comes first on the path, and what lies there is nobody's plugin.
    sys.path.remove(str(Path(__file__).parent))
    sys.argv = ["civicloop", *sys.argv[split + 1 :]]
    with watching(doom(chosen.at, chosen.nth)):
        main()


if __name__ == "__main__":
    run()
