"""Whether ingest or a decision has become much slower: a small check for every change, which compares ratios only.

``python benchmarks/regression.py [--slowed TIMES] [--rounds N] [--json FILE]`` measures the processor time of workload
W in process beside that of the same SQL statements replayed bare, and that of deciding beside that of validating. The
least of several rounds counts, because what else a machine does only ever adds; rounds go on until all ratios are as
good as recorded here, or there have been too many. ``--slowed 2`` makes everything that is measured so much slower,
which must be noticed.

The limits are the ratios when they were recorded and a third more. Who makes something faster writes the new ratio
down, or the gain may be lost again unnoticed.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from deciding import Kind, kinds
from lab.recorder import record
from lab.report import Row, finish, options
from lab.stores import ingest, open_store
from lab.workload import Batch, batches, fresh, stream, street

from civicloop.core.loop.decide import decide
from civicloop.core.model.street import Street
from civicloop.core.running.memory import collect_rarely
from civicloop.core.street.folder import load_street
from civicloop.core.street.sample import write_sample

INGEST = "in process, times bare statements"
DECIDE = "decide, times validate"
RECORDED = {INGEST: 3.8, DECIDE: 7.4}
"""Each of them as it was measured last, in processor time."""
SLACK = 4 / 3
EVENTS = 3_000
TURN = 500
CASES = 150
ROUNDS_MIN = 3
ROUNDS_MAX = 12


def busy(work: Callable[[], object]) -> float:
    """Seconds of processor time."""
    began = time.process_time()
    work()
    return time.process_time() - began


def slowed(took: float, times: float) -> float:
    """As if it had taken so many times as long: the rest is spent for nothing."""
    began = time.process_time()
    while time.process_time() - began < took * (times - 1):
        pass
    return took + time.process_time() - began


def ingesting(path: Path, bodies: list[Batch], times: float) -> tuple[float, float]:
    """Processor seconds of the engine, and of its statements replayed bare."""
    store = open_store(fresh(path))
    engine = slowed(busy(lambda: ingest(store, street(), bodies)), times)
    store.close()
    store = open_store(fresh(path))
    recorder = record(store)
    ingest(store, street(), bodies)
    store.close()
    store = open_store(fresh(path))
    raw = store._writes.raw

    def replay() -> None:
        for kind, text, values in recorder.statements:
            getattr(raw, kind)(text, values).fetchall()

    bare = busy(replay)
    store.close()
    return engine, bare


def deciding(prepared: dict[str, Kind], town: Street, times: float) -> tuple[float, float]:
    """Processor seconds of one decision of each kind, and of validating the events that caused them."""
    asked = [one for kind in prepared.values() for one in kind.asked]
    bodies = [(kind.validate, body) for kind in prepared.values() for body in kind.bodies]
    decided = slowed(busy(lambda: [decide(*one, town) for one in asked]), times)
    return decided, busy(lambda: [validate(body) for validate, body in bodies])


def measure(times: float, rounds_max: int) -> tuple[dict[str, float], list[dict[str, tuple[float, float]]]]:
    """The best ratios, and all rounds."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_sample(folder / "street")
        town = load_street(folder / "street").street
        prepared, bodies = kinds(town, CASES), batches(stream(), EVENTS, TURN)
        rounds: list[dict[str, tuple[float, float]]] = []
        while True:
            rounds.append(
                {
                    INGEST: ingesting(folder / "bench.db", bodies, times),
                    DECIDE: deciding(prepared, town, times),
                }
            )
            best = {
                what: min(one[what][0] for one in rounds) / min(one[what][1] for one in rounds) for what in RECORDED
            }
            is_fine = all(best[what] <= recorded * SLACK for what, recorded in RECORDED.items())
            if len(rounds) >= (ROUNDS_MIN if is_fine else rounds_max):
                return best, rounds


def main() -> int:
    """Measure, print, and fail where something has become slower than may be."""
    parser = options(__doc__)
    parser.add_argument("--slowed", type=float, default=1.0, metavar="TIMES", help="pretend that all is so much slower")
    parser.add_argument("--rounds", type=int, default=ROUNDS_MAX, help="at most")
    given = parser.parse_args()
    collect_rarely()  # as the daemon does
    best, rounds = measure(given.slowed, 1 if given.quick else given.rounds)
    rows = [Row(what, ratio, "x", RECORDED[what] * SLACK, at_least=False) for what, ratio in best.items()]
    return finish("regression (least of the rounds)", rows, given.json, rounds=rounds)


if __name__ == "__main__":
    sys.exit(main())
