"""What the configurations of all tools have in common."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from app.errors import BadSettings
from workstation.configuration.edits import SettingsChange
from workstation.environment import variable

HELPER_SECONDS = 120
"""How old a token may be before a tool asks its helper again. A token that `abeyance login --print`
prints is good for a fifth of its life at least."""


@dataclass(frozen=True, slots=True)
class OfferedConnection:
    """A connection that the caller may use. `url` has no last slash."""

    name: str
    kind: str
    url: str


@dataclass(frozen=True, slots=True)
class Wish:
    """A tool is to use these connections of a gateway."""

    gateway: str
    connections: tuple[OfferedConnection, ...]
    command: tuple[str, ...] = ("abeyance",)
    """What starts Abeyance on the machine."""
    project: Path | None = None
    """The repository to configure; None is the user's own configuration."""
    windows: bool = sys.platform == "win32"

    def url(self, kind: str) -> str:
        """Return the address of the connection of a kind. Raises BadSettings."""
        found = [known.url for known in self.connections if known.kind == kind]
        match found:
            case [url]:
                return url
            case []:
                raise BadSettings(f"You may use no connection to {kind}; ask your administrator.")
            case _:
                names = ", ".join(each.name for each in self.connections if each.kind == kind)
                raise BadSettings(
                    f"There are several connections to {kind}: choose with --connection ({names})."
                )

    def urls(self, kinds: tuple[str, ...]) -> dict[str, str]:
        """Return the address of each kind that there is. Raises BadSettings for none at all."""
        there = {known.kind for known in self.connections}
        if not there.intersection(kinds):
            raise BadSettings(
                f"You may use no connection to {' or '.join(kinds)}; ask your administrator."
            )
        return {kind: self.url(kind) for kind in kinds if kind in there}

    def helper(self) -> tuple[str, ...]:
        """Return the command that prints a token of the gateway."""
        return (*self.command, "login", "--print", self.gateway)

    def helper_line(self) -> str:
        """Return that command as a line for a shell."""
        return shell_line(self.helper(), windows=self.windows)


@dataclass(frozen=True, slots=True)
class SetUp:
    """The changes that configure a tool, and what a person has to know or do besides."""

    changes: tuple[SettingsChange, ...]
    notes: tuple[str, ...] = ()


SettingUp: TypeAlias = Callable[[Wish], SetUp]


def shell_line(words: tuple[str, ...], *, windows: bool = sys.platform == "win32") -> str:
    """Return a command as a line for the shell of a system."""
    return subprocess.list2cmdline(words) if windows else shlex.join(words)


def folder_of(name: str, default: Path) -> Path:
    """Return the folder that a variable names, or else the default."""
    return Path(said) if (said := variable(name)) else default
