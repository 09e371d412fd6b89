"""How the command line is read, and how every command ends: with an exit code, and a sentence where it failed."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final, NoReturn

import click

from .trouble import FAILED, INTERRUPTED, explain, last_resort
from .voice import Voice

LANGUAGES: Final = ("zh", "en")
LANGUAGE: Final = "CIVICLOOP_LANGUAGE"


def voice_of(ctx: click.Context) -> Voice:
    """The voice of the command that is being read."""
    return ctx.find_object(Voice) or Voice()


def text(value: str) -> str:
    """Text that can be stored and shown: bytes that are no UTF-8 are refused at the door."""
    if value != value.encode(errors="replace").decode():
        raise click.BadParameter(voice_of(click.get_current_context()).say("not_text"))
    return value


def time(value: str) -> datetime:
    """A time in RFC 3339; without an offset it is the street's own, and not aware here."""
    try:
        return datetime.fromisoformat(value)
    except ValueError as error:
        raise click.BadParameter(voice_of(click.get_current_context()).say("bad_time", text=repr(value))) from error


FOLDER: Final = click.Path(path_type=Path)
FILE: Final = click.Path(path_type=Path, dir_okay=False)


class Spoken(click.Command):
    """A command that takes ``--language``."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        told = "Language of messages. Default: the street's."
        choice = click.Choice(LANGUAGES)
        self.params.append(
            click.Option(["--language"], type=choice, expose_value=False, callback=_take_language, help=told)
        )


def _take_language(ctx: click.Context, param: click.Parameter, value: str | None) -> None:
    del param
    if value:
        voice_of(ctx).asked = value


class Family(click.Group):
    """Commands that belong together, one of which may be left out: ``events DIR`` means ``events list DIR``."""

    command_class = Spoken
    first: str | None = "list"

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands in the order in which a newcomer meets them."""
        del ctx
        return list(self.commands)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the words, with the first command put in where none is named; without any words, explain."""
        if self.first in self.commands and not (args and (args[0] in self.commands or args[0] == "--help")):
            args = [str(self.first), *args]
        args = args or ["--help"]
        return super().parse_args(ctx, args)


class Root(Family):
    """The whole command line."""

    first = None

    def main(  # type: ignore[override]  # it never returns, where click's may
        self, args: Sequence[str] | None = None, prog_name: str | None = None, **extra: Any
    ) -> NoReturn:
        """Run one command and leave with its exit code."""
        _prepare_streams()
        extra["standalone_mode"] = False
        language = os.environ.get(LANGUAGE)
        voice = Voice(language if language in LANGUAGES else None, extra.pop("owns_process", False))
        code: object = FAILED
        try:
            code = super().main(args, prog_name, obj=voice, **extra)
            sys.stdout.flush()
        except click.ClickException as error:
            click.echo(_complaint(error, voice), err=True)
            code = error.exit_code
        except (click.Abort, KeyboardInterrupt):
            click.echo(voice.say("interrupted"), err=True)
            code = INTERRUPTED
        except BrokenPipeError:
            _let_go_of_stdout()
        except Exception as error:  # noqa: BLE001 - nobody should ever be shown a traceback unasked
            for line in explain(error, voice) or last_resort(error, voice):
                click.echo(line, err=True)
        sys.exit(code if isinstance(code, int) else 0)


def _complaint(error: click.ClickException, voice: Voice) -> str:
    """What is wrong with the words of a command, in one sentence."""
    complaint = error.format_message().rstrip(".")
    ctx = getattr(error, "ctx", None)
    return voice.say("usage", complaint=complaint, command=ctx.command_path) if ctx else complaint


def _prepare_streams() -> None:
    """A sign that the terminal cannot show is shown by its code rather than not at all."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure: Callable[..., None] | None = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def _let_go_of_stdout() -> None:
    """Whoever read our output is gone; what is still buffered must not complain at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
