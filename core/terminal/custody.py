"""The commands that keep a store: verify, backup, restore, retention."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from .options import as_json, desk, in_store, maybe_folder, pass_voice
from .shell import Spoken, text
from .voice import Voice

overwrites = click.option("--force", is_flag=True, help="Overwrite FILE.")
in_spite = click.option("--force", is_flag=True, help="Restore a backup that breaks a law of the loop.")


@click.command("verify", cls=Spoken)
@maybe_folder
@in_store
@as_json
@pass_voice
def verify(voice: Voice, folder: Path | None, store: Path | None, as_json: bool) -> None:
    """Check a store: its file, the hashes of its journal, and the laws over all its cases.

    校验数据库：文件是否完好，流水是否被改动，案件是否合乎规则。

    The daemon may run meanwhile. The first altered line is named by case, line and row; the exit code is 1 where
    anything is wrong.
    """
    from .keeping import verify_street
    from .street import street_here

    sys.exit(verify_street(voice, folder or street_here(voice), store, as_json))


@click.command("backup", cls=Spoken)
@click.argument("words", metavar="[DIR] FILE", type=text, nargs=-1, required=True)
@overwrites
@pass_voice
def backup(voice: Voice, words: tuple[str, ...], force: bool) -> None:
    """Copy a street's store into FILE and verify the copy; the daemon may run meanwhile.

    备份数据库，备份后即校验；服务可以照常运行。

    The street's folder (configuration, directory, pseudonym key) is not in it: keep that as well.
    """
    from .keeping import back_up
    from .street import split_words

    folder, (file,) = split_words(voice, words, ("FILE",))
    back_up(voice, folder, Path(file), force)


@click.command("restore", cls=Spoken)
@click.argument("words", metavar="[DIR] FILE", type=text, nargs=-1, required=True)
@in_spite
@pass_voice
def restore(voice: Voice, words: tuple[str, ...], force: bool) -> None:
    """Verify the backup FILE and put it in the place of a street's store, which is kept aside.

    用备份恢复数据库；原数据库改名保留。服务必须先停下。
    """
    from .keeping import restore as put_back
    from .street import split_words

    folder, (file,) = split_words(voice, words, ("FILE",))
    put_back(voice, folder, Path(file), force)


@click.command("retention", cls=Spoken)
@maybe_folder
@click.option("--now", "at_once", is_flag=True, help="Drop what is due now, whether the daemon runs or not.")
@in_store
@as_json
@pass_voice
def retention(voice: Voice, folder: Path | None, at_once: bool, store: Path | None, as_json: bool) -> None:
    """Show how long each class of data is kept, how much is old enough to go, and what went last.

    各类数据保存多久，有多少到期，最近清理了什么。

    The daemon drops what is due every hour by itself. Cases that are open keep all they need.
    """
    from .retaining import show_retention

    with desk(voice, folder, store) as at:
        show_retention(at, at_once, as_json)
