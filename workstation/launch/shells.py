"""What a shell has to read, to start a tool as `abeyance exec` would. Pure."""

from __future__ import annotations

import shlex
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workstation.tools.base import Start, Tool


class Shell(StrEnum):
    SH = "sh"
    """And bash, zsh, dash, ksh."""
    FISH = "fish"
    POWERSHELL = "powershell"


def lines_for(shell: Shell, tool: Tool, start: Start) -> Iterator[str]:
    """Yield a line for each variable, and a function for a tool that needs flags."""
    for name in tool.conflicting:
        if name not in start.environment:
            yield _unset(shell, name)
    for name, value in start.environment.items():
        yield _set(shell, name, value)
    if start.arguments:
        yield _function(shell, tool.name, start.arguments)


def _set(shell: Shell, name: str, value: str) -> str:
    match shell:
        case Shell.SH:
            return f"export {name}={shlex.quote(value)}"
        case Shell.FISH:
            return f"set -gx {name} {_fish(value)}"
        case Shell.POWERSHELL:
            return f"$env:{name} = {_powershell(value)}"


def _unset(shell: Shell, name: str) -> str:
    match shell:
        case Shell.SH:
            return f"unset {name}"
        case Shell.FISH:
            return f"set -e {name}"
        case Shell.POWERSHELL:
            return f"Remove-Item Env:{name} -ErrorAction SilentlyContinue"


def _function(shell: Shell, name: str, arguments: tuple[str, ...]) -> str:
    match shell:
        case Shell.SH:
            return f'{name}() {{ command {name} {shlex.join(arguments)} "$@"; }}'
        case Shell.FISH:
            flags = " ".join(map(_fish, arguments))
            return f"function {name}; command {name} {flags} $argv; end"
        case Shell.POWERSHELL:
            flags = " ".join(map(_powershell, arguments))
            program = f"(Get-Command {name} -CommandType Application | Select-Object -First 1)"
            return f"function {name} {{ & {program} {flags} @args }}"


def _fish(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _powershell(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
