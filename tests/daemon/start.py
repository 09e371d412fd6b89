"""Runs the daemon of a street's folder as a process of its own: ``python start.py DIR``."""

import asyncio
import sys
from pathlib import Path

import click

from civicloop.core.daemon import Daemon
from civicloop.core.engine.opening import open_street
from civicloop.core.stores.sqlite import SqliteStore


async def run(folder: Path) -> None:
    opened = open_street(folder)
    store = SqliteStore(opened.folder.path(opened.folder.settings.store.path))
    try:
        await Daemon(opened, store, listen="127.0.0.1:0").run(click.echo)
    finally:
        store.close()


if __name__ == "__main__":
    asyncio.run(run(Path(sys.argv[1])))
