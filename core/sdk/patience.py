"""How long a stranger's module and its hooks may take to say what they bring."""

from __future__ import annotations

import ctypes
import os
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

LOAD_SECONDS_MAX: Final = 30.0


class _Slow(BaseException):
    """Raised in the thread that loads; not an ``Exception``, which a stranger's code may swallow."""


def end_process(complaint: str) -> None:
    """Say which plugin it is, and end; for a process that cannot go on without it."""
    sys.stderr.write(f"{complaint}\n")
    sys.stderr.flush()
    os._exit(1)


class Patience:
    """Bounds each piece of loading by ``seconds``, in whichever thread it runs.

    What still goes on after twice as long, because it waits in C where Python cannot interrupt it, is handed as a
    sentence to ``gives_up``, in a thread of its own.
    """

    def __init__(self, seconds: float = LOAD_SECONDS_MAX, gives_up: Callable[[str], None] = end_process) -> None:
        self._seconds = seconds
        self._gives_up = gives_up

    @contextmanager
    def over(self, culprit: str) -> Iterator[None]:
        """One plugin is loaded in between. Raises ``TimeoutError`` that says where it was interrupted."""
        lock, thread, is_over = threading.Lock(), threading.get_ident(), threading.Event()

        def interrupt() -> None:
            with lock:
                if not is_over.is_set():
                    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(_Slow))
            if not is_over.wait(self._seconds):
                self._gives_up(
                    f"{culprit}: it has been loading for {2 * self._seconds:g} s and cannot be interrupted; "
                    "let its module and its hooks only say what they bring, or uninstall it"
                )

        timer = threading.Timer(self._seconds, interrupt)
        timer.daemon = True
        timer.start()
        try:
            try:
                yield
            finally:
                timer.cancel()
                # Under the lock, so that the interruption comes in here or not at all.
                with lock:
                    is_over.set()
        except _Slow as error:
            is_over.set()
            frames = [one for one in traceback.extract_tb(error.__traceback__) if one.filename != __file__]
            where = f" at {frames[-1].filename}:{frames[-1].lineno} in {frames[-1].name}" if frames else ""
            raise TimeoutError(f"not done within {self._seconds:g} s; it was interrupted{where}") from error


USUAL: Final = Patience()
