"""What many commands have in common: their options, and the street they work on."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .shell import FILE, FOLDER, text
from .voice import Voice

if TYPE_CHECKING:
    from ..running.flight import FlightRecord
    from .street import Desk

pass_voice = click.make_pass_decorator(Voice)
as_json = click.option("--json", "as_json", is_flag=True, help="JSON instead of a table.")
at_address = click.option("--listen", metavar="HOST:PORT", type=text, help="Where to listen. Default: as configured.")
in_store = click.option("--store", type=FILE, help="Another database than the street's own, such as a replay's.")
maybe_folder = click.argument("folder", metavar="[DIR]", type=FOLDER, required=False)


def desk(
    voice: Voice, folder: Path | None, store: Path | None, makes: bool = False, judges: bool = False
) -> AbstractContextManager[Desk]:
    """A street with its database; the one in the current directory where no folder is named.

    A command that ``judges`` calls plugins within a turn, which holds up the daemon's: it goes on in a child process,
    as the daemon does, so that a call which cannot be interrupted has somebody who ends it.
    """
    from .street import desk, street_here

    record = _supervised() if judges and voice.owns_process else None
    return desk(voice, folder or street_here(voice), store, makes, record)


def _supervised() -> FlightRecord:
    from .logs import set_up_logs
    from .supervisor import supervised

    set_up_logs("keyvalue", "warning")
    return supervised("command_restarts")
