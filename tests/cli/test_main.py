"""The command line as a whole: what it offers, and that it loads no more than it has to."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module

import pytest
import typer

from cli.main import COMMANDS


def abeyance(*arguments: str) -> str:
    command = [sys.executable, "-m", "cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_it_says_which_version_it_is() -> None:
    assert abeyance("--version").startswith("abeyance 0.")


def test_its_help_names_every_command() -> None:
    told = abeyance("--help")
    assert [name for name in COMMANDS if f" {name} " not in told] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_stands_where_the_table_says(name: str) -> None:
    module, _, member = COMMANDS[name].place.partition(":")
    found = getattr(import_module(module), member)
    assert isinstance(found, typer.Typer) or callable(found)
