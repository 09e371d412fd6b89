"""One seed from its number to its verdict, and a failure cut down to the shortest history that still shows it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import NamedTuple

from .compare import OF_CRASHES, must_agree
from .happenings import Happening, describe
from .rerun import LAW_10, must_decide_the_same_again
from .scenery import Scene, make_scene
from .script import Author, calm, may_differ
from .stored_laws import LawBrokenError
from .week import Outcome, Week, scratch

SHRINK_RUNS_MAX = 60
CALM_EVERY = 5
"""Of the seeds whose troubles may change decisions, about every so manyth is played without them as well."""


class Verdict(NamedTuple):
    """How a seed went: the law that broke (empty: none) with its sentence, and how much happened."""

    seed: int
    law: str = ""
    detail: str = ""
    outcome: Outcome | None = None

    @property
    def is_clean(self) -> bool:
        return not self.law


def history_of(seed: int, scene: Scene, only: Iterable[int] | None = None) -> list[Happening]:
    """The history of a seed, or of it only the happenings with these numbers."""
    history = Author(seed, scene).write()
    kept = None if only is None else set(only)
    return history if kept is None else [one for one in history if one.number in kept]


def judge(seed: int, only: Iterable[int] | None = None) -> Verdict:
    """Play a seed's week, and the calm one where they are to agree. Whatever is raised is a verdict."""
    scene = make_scene(seed)
    return judge_history(seed, scene, history_of(seed, scene, only))


def judge_history(seed: int, scene: Scene, history: list[Happening], law: str = "") -> Verdict:
    """The same for a history of the caller's own. ``law``: only what this one needs, where a failure is cut down."""
    needs_calm = not may_differ(history) or seed % CALM_EVERY == 1
    try:
        with scratch() as path:
            crashed = Week(scene, history, path).play()
            if law in ("", LAW_10):
                must_decide_the_same_again(scene, history, path, crashed.taken)
        if (not law and needs_calm) or law.startswith(OF_CRASHES):
            with scratch() as path:
                # The calm week goes on for as long, where the last that happens is a crash.
                ends = max((one.at for one in history), default=timedelta())
                must_agree(history, crashed, Week(scene, calm(history), path, ends).play())
    except LawBrokenError as error:
        return Verdict(seed, error.law, str(error))
    except Exception as error:  # noqa: BLE001  # whatever the code under test raises is a finding of this seed
        return Verdict(seed, type(error).__name__, f"{error!r}"[:500])
    return Verdict(seed, outcome=crashed)


def shortest(seed: int, law: str) -> list[Happening]:
    """The seed's history without all that the same failure does not need."""
    scene = make_scene(seed)
    left = SHRINK_RUNS_MAX

    def fails(history: list[Happening]) -> bool:
        nonlocal left
        left -= 1
        return left >= 0 and judge_history(seed, scene, history, law).law == law

    return cut_down(history_of(seed, scene), fails)


def cut_down(history: list[Happening], fails: Callable[[list[Happening]], bool]) -> list[Happening]:
    """Delta debugging (Zeller): leave out ever smaller pieces for as long as what is left still fails.

    The tail goes first: nothing after a failure can have caused it.
    """
    low, high = 0, len(history)
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if fails(history[:middle]) else (middle + 1, high)
    history, pieces = history[:high], 2
    while len(history) > 1:
        size = -(-len(history) // pieces)
        for start in range(0, len(history), size):
            rest = history[:start] + history[start + size :]
            if rest and fails(rest):
                history, pieces = rest, max(pieces - 1, 2)
                break
        else:
            if size == 1:
                break
            pieces = min(pieces * 2, len(history))
    return history


def story(verdict: Verdict) -> str:
    """What broke, the shortest history that shows it, and how to see it again."""
    history = shortest(verdict.seed, verdict.law)
    numbers = ",".join(str(one.number) for one in history)
    again = f"python -m tests.crash.simulator --seeds 1 --from {verdict.seed} --only {numbers}"
    return "\n".join([f"seed {verdict.seed}: {verdict.detail}", *map(describe, history), f"again: {again}"])
