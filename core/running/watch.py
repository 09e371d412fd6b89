"""A watch over calls of a stranger's code, by the alarm of its process: one that does not come back is interrupted."""

from __future__ import annotations

import signal
import types
from asyncio import CancelledError
from collections.abc import Callable, Coroutine, Generator, Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any, Final, Self, TypeVar

from ..engine.guard import Condemned, Guard, NoReturn, Overrun
from .flight import FlightRecord, call_name

TICKS: Final = 4
"""How often the alarm looks within the time that a call may take."""

HARD_FACTOR: Final = 2
"""After how many times the limit a call that could not be interrupted ends its process."""

T = TypeVar("T")


class Watch(Guard):
    """A guard that interrupts a call after ``seconds``, in the main thread of a process that has started it.

    It needs SIGALRM. A call that holds the interpreter in C cannot be interrupted: with a ``record`` its process is
    ended from outside after ``HARD_FACTOR`` times as long, and what it dies in a second time is not called again.
    """

    def __init__(self, seconds: float, record: FlightRecord | None = None) -> None:
        self._seconds = seconds
        self._record = record
        self._head = [0] if record is None else record.head
        self._calls = 0
        self._under_way = 0
        self._seen = 0
        self._ticks = 0
        self._rests = False
        self._is_owed = False

    @contextmanager
    def started(self) -> Iterator[None]:
        """Let the alarm tick in between."""
        before = signal.signal(signal.SIGALRM, self._tick)
        signal.setitimer(signal.ITIMER_REAL, self._seconds / TICKS, self._seconds / TICKS)
        if self._record is not None:
            self._record.limit_seconds = self._seconds * HARD_FACTOR
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)

    def over(self, culprit: str, source: str, id: str) -> Self:
        """The call that comes next. Raises ``Condemned`` for one that the process has died in before."""
        self._calls += 1
        record = self._record
        if record is not None and record.is_careful:
            name = call_name(culprit, source, id)
            if name in record.condemned:
                error = Condemned("did not return twice and could not be interrupted; the process had to restart")
                error.add_note(record.condemned[name])
                raise error
            record.note(name)
        return self

    def __enter__(self) -> None:
        self._under_way = self._head[0] = self._calls

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._under_way = self._head[0] = 0
        if kind is None:
            return
        if kind is Overrun:
            raise NoReturn(f"did not return within {self._seconds:g} s; it was interrupted {error}") from error
        super().__exit__(kind, error, trace)

    @contextmanager
    def at_rest(self) -> Iterator[None]:
        """What is ours is not interrupted; a limit that passes meanwhile holds afterwards."""
        self._rests = True
        try:
            yield
        finally:
            self._rests = False
        if self._is_owed:
            raise Overrun("after it had asked about a case")

    def _tick(self, _: int, frame: FrameType | None) -> None:
        """The alarm: interrupt a call that was under way at every look for as long as it may take.

        A call that swallows the interruption is interrupted again at every further look.
        """
        if not self._under_way or self._under_way != self._seen:
            self._seen, self._ticks, self._is_owed = self._under_way, 0, False
            return
        self._ticks += 1
        if self._ticks < TICKS:
            return
        if self._rests:
            self._is_owed = True
        elif frame is not None and frame.f_code.co_filename != __file__:  # the watch itself must always get through
            raise Overrun(f"at {frame.f_code.co_filename}:{frame.f_lineno} in {frame.f_code.co_name}")


@types.coroutine
def stepped(guard: Guard, call: tuple[str, str, str], work: Coroutine[Any, Any, T]) -> Generator[Any, Any, T]:
    """Await a stranger's coroutine with the guard around each of its steps, between which others have their turn."""
    step: Callable[[Any], Any] = work.send
    given: Any = None
    while True:
        awaited, ended = None, None
        with guard.over(*call):
            try:
                awaited = step(given)
            except StopIteration as done:
                result: T = done.value
                return result
            except (CancelledError, GeneratorExit) as error:
                ended = error
        if ended is not None:
            raise ended
        try:
            step, given = work.send, (yield awaited)
        except BaseException as error:  # noqa: BLE001  # handed on to the coroutine, as await does
            step, given = work.throw, error
