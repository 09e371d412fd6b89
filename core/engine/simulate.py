"""Simulated time: inputs in their order, and every deadline between them, through the real engine."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from .engine import Engine
from .receipt import Input, Receipt

INSTANT: Final = timedelta(microseconds=1)

STALLED_MAX: Final = 10_000
"""Turns at one instant before simulated time is called stuck."""


class Simulation:
    """An engine whose clock is moved by hand."""

    def __init__(self, engine: Engine, start: datetime) -> None:
        self.engine = engine
        self.now = start
        engine.start(start)

    def feed(self, inputs: Sequence[Input], at: datetime) -> list[Receipt]:
        """Move to ``at``, firing what lapses before it, and take in ``inputs`` there. ``at`` never moves time back."""
        at = max(at, self.now)
        self.advance(at - INSTANT)
        self.now = at
        return self.engine.turn(inputs, at)

    def advance(self, until: datetime) -> None:
        """Let time pass until ``until``, firing every deadline and watchdog at its own instant."""
        stalled = 0
        while (due := self.engine.next_due()) is not None and due <= until:
            stalled = stalled + 1 if due <= self.now else 0
            if stalled > STALLED_MAX:
                raise RuntimeError(f"simulated time stands still at {self.now}: a deadline lapses again and again")
            self.now = max(self.now, due)
            self.engine.turn((), self.now)
        self.now = max(self.now, until)
