"""Every command explains itself, and docs/cli.md says the same."""

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import click
import pytest


def load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("cli_handbook", Path(__file__).with_name("handbook.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


HANDBOOK = load()
COMMANDS = dict(HANDBOOK.commands())


def test_the_handbook_is_up_to_date() -> None:
    assert HANDBOOK.PATH.read_text(encoding="utf-8") == HANDBOOK.handbook(), "run: make docs"


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_explains_itself(cli, name: str) -> None:
    result = cli(*name.split()[1:], "--help")
    assert result.exit_code == 0, result.stderr
    assert result.stderr == ""
    assert result.stdout.startswith(f"Usage: {name} ")
    for option in re.findall(r"--[a-z-]+", " ".join(names for names, _ in HANDBOOK.options(COMMANDS[name]))):
        assert option in result.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_has_help_in_both_languages_and_options_have_help(name: str) -> None:
    command = COMMANDS[name]
    assert re.search(r"[a-z]{3}", command.help or "")
    assert re.search(r"[\u4e00-\u9fff]{2}", command.help or ""), f"{name}: add a line of Chinese"
    plain = (click.Choice, click.IntRange)  # whose help shows what they take
    for option in command.params:
        if isinstance(option, click.Option) and not isinstance(option.type, plain):
            assert option.help, f"{name} {option.opts}"


def test_the_command_alone_explains_itself(cli) -> None:
    assert cli().stdout == cli("--help").stdout
    assert cli("--version").stdout.startswith("civicloop, version ")
