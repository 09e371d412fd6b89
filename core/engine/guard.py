"""Calls of a stranger's code: each must come back, and none may take the daemon with it."""

from __future__ import annotations

from asyncio import CancelledError
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Final, Self

from .asking import OutcomeError


class Overrun(BaseException):
    """Raised inside a stranger's code that takes too long; not an ``Exception``, which such code often swallows."""


class NoReturn(OutcomeError):
    """A stranger's code did not come back. The message continues its name."""


class Condemned(NoReturn):
    """A call that is not made any more, because it has brought the process down before."""


class Guard:
    """Stands around every call of a stranger's code, and sets it no limit: ``with guard.over(...)``.

    What leaves the call as anything but an ``Exception``, such as ``sys.exit()``, leaves the guard as ``NoReturn``.
    """

    def over(self, culprit: str, source: str, id: str) -> Self:  # noqa: ARG002  # a watch keeps them
        """The call that comes next: whose code, and about what."""
        return self

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if kind is not None and issubclass(kind, (SystemExit, GeneratorExit, CancelledError)):
            raise NoReturn(f"left by {kind.__name__}; raise an Exception instead") from error

    @contextmanager
    def at_rest(self) -> Iterator[None]:
        """In between the stranger's code has asked something of ours, which may not be interrupted."""
        yield


UNGUARDED: Final = Guard()
"""For simulated time, where nothing may depend on how long anything takes."""
