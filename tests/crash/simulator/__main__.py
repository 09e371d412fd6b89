"""``python -m tests.crash.simulator``: many seeds, one after the other or side by side, and what they add up to."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from itertools import count, islice

import structlog

from civicloop.core.running.clock import monotonic
from civicloop.core.stores.crash import CrashPoint

from .record import add_up, head, write_row
from .script import NEVER_DRAWN
from .seeds import Verdict, judge, story

SILENT = 50


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.crash.simulator", description=__doc__)
    parser.add_argument("--seeds", type=int, help="how many seeds (default: as many as the time allows)")
    parser.add_argument("--seconds", type=float, help="for how long (default: until the seeds are done)")
    parser.add_argument("--from", dest="first", type=int, help="the first seed (default: after the last one recorded)")
    parser.add_argument("--only", help="of one seed, the numbers of the happenings that are to happen, with commas")
    parser.add_argument("-j", dest="processes", type=int, default=1, help="how many processes (default: 1)")
    parser.add_argument("--record", action="store_true", help="add the seeds to the record and to docs/reliability.md")
    given = parser.parse_args()
    if given.seeds is None and given.seconds is None:
        parser.error("say how many --seeds, or for how many --seconds")
    return given


def quiet() -> None:
    """The daemon's log is not what is looked at here."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(SILENT))


def judge_in_brief(seed: int) -> Verdict:
    """A verdict without what the week had stored, which nobody compares any more: thousands are kept to the end."""
    verdict = judge(seed)
    if verdict.outcome is not None:
        verdict.outcome.tables.clear()
        verdict.outcome.taken.clear()
    return verdict


def side_by_side(seeds: Iterator[int], until: float | None, processes: int) -> Iterable[Verdict]:
    """The verdicts as they come; no seed is begun once the time is up."""
    with ProcessPoolExecutor(processes, initializer=quiet) as pool:
        running: set[Future[Verdict]] = set()
        while True:
            is_time = until is None or monotonic() < until
            if is_time:
                running |= {pool.submit(judge_in_brief, seed) for seed in islice(seeds, 2 * processes - len(running))}
            if not running:
                return
            done, running = wait(running, return_when=FIRST_COMPLETED)
            yield from (future.result() for future in done)


def deaths(verdicts: Iterable[Verdict]) -> str:
    """Where the weeks died and how often, of how many times that they came there."""
    outcomes = [verdict.outcome for verdict in verdicts if verdict.outcome]
    died = sum((one.died for one in outcomes), Counter[CrashPoint]())
    reached = sum((one.reached for one in outcomes), Counter[CrashPoint]())
    return "died at " + ", ".join(
        f"{point} {died[point]} of {reached[point]}" for point in CrashPoint if point not in NEVER_DRAWN
    )


def main() -> int:
    given = arguments()
    quiet()
    if given.only is not None:
        verdict = judge(given.first, [int(number) for number in given.only.split(",")])
        sys.stdout.write(f"{verdict.detail or 'clean'}\n")
        return int(not verdict.is_clean)
    record, commit = add_up(), head()
    first = record.following if given.first is None else given.first
    seeds = islice(count(first), given.seeds) if given.seeds is not None else count(first)
    until = None if given.seconds is None else monotonic() + given.seconds
    verdicts = []
    for verdict in side_by_side(iter(seeds), until, given.processes):
        verdicts.append(verdict)
        if not verdict.is_clean:
            sys.stdout.write(f"{story(verdict)}\n\n")
        elif len(verdicts) % 100 == 0:
            sys.stdout.write(f"{len(verdicts)} seeds\n")
        sys.stdout.flush()
    clean = [verdict for verdict in verdicts if verdict.is_clean]
    sys.stdout.write(f"{len(clean)} of {len(verdicts)} seeds clean, from {first}\n{deaths(verdicts)}\n")
    if given.record:
        write_row(verdicts, commit)
    return int(len(clean) < len(verdicts))


if __name__ == "__main__":
    sys.exit(main())
