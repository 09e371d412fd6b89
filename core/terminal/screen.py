"""Putting things on the screen: tables, plain lines, JSON; nothing that a terminal would obey comes from outside."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from datetime import datetime, tzinfo
from typing import Any, Final

import click
import orjson
from rich import box
from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.table import Table
from rich.text import Text

WIDTH_PIPED: Final = 10_000
"""Columns for a table that goes to a file or another program: there nothing needs to be folded."""


def plain(text: str) -> str:
    """``text`` without signs that a terminal would obey; line breaks become spaces."""
    return text if text.isprintable() else "".join(sign if sign.isprintable() else " " for sign in text)


def screen(stderr: bool = False) -> Console:
    """The terminal behind standard output or standard error."""
    made = Console(stderr=stderr, markup=False, highlight=False, emoji=False)
    if not made.is_terminal and "COLUMNS" not in os.environ:
        made.width = WIDTH_PIPED
    return made


def table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> Table:
    """A table whose cells are folded, never cut."""
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in headings:
        made.add_column(heading, overflow="fold")
    for row in rows:
        made.add_row(*(cell if isinstance(cell, Text) else Text(plain(str(cell))) for cell in row))
    return made


def show(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table on standard output."""
    screen().print(table(headings, rows))


def tell(line: str, stderr: bool = False) -> None:
    """One line of text."""
    click.echo(plain(line), err=stderr)


def put_json(value: Any) -> None:
    """A JSON document for a script."""
    click.echo(orjson.dumps(value, option=orjson.OPT_INDENT_2))


def local(at: datetime | None, zone: tzinfo) -> str:
    """A time on the street's own clock, to the minute; a dash for none."""
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}" if at is not None else "-"


def in_zone(at: datetime, zone: tzinfo) -> datetime:
    """A time that somebody wrote; without an offset it is the street's own."""
    return at.replace(tzinfo=zone) if at.tzinfo is None else at


def show_steps(steps: Iterable[tuple[str, str]]) -> None:
    """What can be done next: a command or place, and what it is good for; never broken, so that it can be copied."""
    listed = list(steps)
    width = max(cell_len(what) for what, _ in listed)
    out = screen()
    for what, command in listed:
        out.print(f"  {set_cell_size(what, width)}  {command}", soft_wrap=True)
