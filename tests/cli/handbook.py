"""Writes docs/cli.md from the commands themselves: ``python tests/cli/handbook.py``."""

from collections.abc import Iterator
from pathlib import Path

import click

from civicloop.cli import civicloop

PATH = Path(__file__).parents[2] / "docs" / "cli.md"
HEAD = """# The command line

*Written by `make docs` from the commands themselves; the tests compare it.*

`DIR` is a street's folder. Inside one (where `civicloop.toml` lies) it may be left out. Every command takes
`--language zh|en`.

| exit code | meaning |
|---|---|
| 0 | done; for `run` and `demo` also: stopped by SIGTERM or Ctrl-C after finishing what was taken in |
| 1 | it could not be done; one sentence on standard error names the culprit, the place and the remedy |
| 2 | the command was not understood |
| 75 | `run`: the daemon wants to be started again, its memory did not become free; seen only where no parent does it |
| 130 | interrupted by Ctrl-C |

| environment | meaning |
|---|---|
| `CIVICLOOP_LANGUAGE` | `zh` or `en`; `--language` goes before it, the street's own language comes after it |
| `CIVICLOOP_DEBUG` | `1` shows the traceback of a fault of civicloop itself, which otherwise goes to a file |
| `NO_COLOR` | no colours |
"""


def commands(
    group: click.Group = civicloop, path: tuple[str, ...] = ("civicloop",)
) -> Iterator[tuple[str, click.Command]]:
    """Every command with its full name, groups before their members."""
    yield " ".join(path), group
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield " ".join((*path, name)), command


def options(command: click.Command) -> list[tuple[str, str]]:
    """The options of a command, as they are written, and what they mean."""
    found = []
    for option in command.params:
        if not isinstance(option, click.Option) or option.name == "version":
            continue
        names = " / ".join(f"`{name}{value_of(option)}`" for name in (*option.opts, *option.secondary_opts))
        told = (option.help or "").strip()
        if option.show_default:
            told = f"{told} Default: {option.default}.".strip()
        if option.required:
            told += " Required."
        found.append((names, told))
    return found


def value_of(option: click.Option) -> str:
    if option.is_flag:
        return ""
    if isinstance(option.type, click.Choice):
        return f" {'|'.join(map(str, option.type.choices))}"
    return f" {option.metavar or option.type.name.upper()}"


def is_common(name: str, option: str) -> bool:
    """Whether an option is said once for all commands."""
    return option.startswith("`--language") and name != "civicloop"


def section(name: str, command: click.Command) -> str:
    words = " ".join(param.metavar or "" for param in command.params if isinstance(param, click.Argument))
    text = "\n".join(line.strip() for line in (command.help or "").strip().splitlines())
    lines = [f"## `{name}`", "", text]
    if not isinstance(command, click.Group):
        lines = [f"## `{name}`", "", "```", f"{name} {words}".strip(), "```", "", text]
    if shown := [one for one in options(command) if not is_common(name, one[0])]:
        lines += ["", "| option | |", "|---|---|"]
        lines += [f"| {names.replace('|', chr(92) + '|')} | {told} |" for names, told in shown]
    return "\n".join(lines)


def handbook() -> str:
    """The whole of docs/cli.md."""
    return "\n\n".join([HEAD.strip(), *(section(name, command) for name, command in commands())]) + "\n"


if __name__ == "__main__":
    PATH.write_text(handbook(), encoding="utf-8")
