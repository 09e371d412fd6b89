"""When a command cannot do its work: one sentence with the culprit, the place and the remedy, never a traceback."""

from __future__ import annotations

import errno
import os
import tempfile
import traceback
from pathlib import Path
from typing import Final

from ..sdk.binding import PluginError
from ..stores.base import StoreError
from ..street.complaint import StreetError
from .voice import Voice

FAILED: Final = 1
INTERRUPTED: Final = 130
"""What shells report for a process that Ctrl-C ended."""

DEBUG: Final = "CIVICLOOP_DEBUG"


class Trouble(Exception):
    """A command failed; the message is the sentence to show."""


def explain(error: Exception, voice: Voice) -> list[str] | None:
    """The lines to show for an error that people can put right; ``None`` for a fault of ours."""
    if isinstance(error, StreetError):
        return [*map(str, error.complaints), voice.say("complaints", count=len(error.complaints))]
    if isinstance(error, PluginError):
        return [*map(str, error.faults)]
    if isinstance(error, Trouble | StoreError):
        return [str(error)]
    if isinstance(error, OSError):
        return [_of_the_system(error, voice)]
    return None


def _of_the_system(error: OSError, voice: Voice) -> str:
    name = os.fsdecode(error.filename) if isinstance(error.filename, str | bytes) else ""
    why = (error.strerror or str(error) or type(error).__name__).lower()
    if error.errno == errno.ENOSPC:
        return voice.say("disk_full", name=name or "-")
    return voice.say("file_trouble", name=name, why=why) if name else voice.say("system_trouble", why=why)


def last_resort(error: Exception, voice: Voice) -> list[str]:
    """The lines to show for a fault of ours; its traceback is kept in a file, or shown with CIVICLOOP_DEBUG=1."""
    trace = "".join(traceback.format_exception(error))
    told = f"{type(error).__name__}: {error}".splitlines()[0][:400]
    if os.environ.get(DEBUG) == "1":
        return [trace, voice.say("our_fault", error=told)]
    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix="civicloop-", suffix=".log", delete=False, encoding="utf-8", errors="backslashreplace"
        ) as file:
            file.write(trace)
    except OSError:
        return [voice.say("our_fault", error=told), voice.say("our_fault_unlogged", variable=DEBUG)]
    return [voice.say("our_fault", error=told), voice.say("our_fault_logged", path=Path(file.name), variable=DEBUG)]
