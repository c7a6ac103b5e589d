"""The managed files for all machines of a company."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import PurePosixPath, PureWindowsPath
from types import MappingProxyType
from typing import Any, TypeAlias

import tomlkit

from workstation.hook.documents import hooks_for
from workstation.setup.base import OfferedConnection, Wish, shell_line


class System(StrEnum):
    LINUX = "linux"
    MACOS = "macos"
    WINDOWS = "windows"


COMMANDS: Mapping[System, str] = MappingProxyType(
    {
        System.LINUX: "/usr/local/bin/abeyance",
        System.MACOS: "/usr/local/bin/abeyance",
        System.WINDOWS: "C:\\Program Files\\Abeyance\\abeyance.exe",
    }
)
"""Where Abeyance is installed on managed machines. With its name alone, a user could put another
program of that name first."""


@dataclass(frozen=True, slots=True)
class Fleet:
    """The machines of a company, which are to use these connections of a gateway."""

    gateway: str
    connections: tuple[OfferedConnection, ...]
    commands: Mapping[System, str] = field(default_factory=lambda: COMMANDS)
    own_sign_in: bool = False
    """Whether Claude Code signs in at the gateway itself instead of asking a helper."""

    def wish(self, system: System) -> Wish:
        """Return what each tool of a machine is to use."""
        windows = system is System.WINDOWS
        command = (self.commands[system],)
        return Wish(self.gateway, self.connections, command, windows=windows)

    def hooks(self, tool: str, system: System) -> dict[str, Any]:
        """Return the document of a tool's hooks."""
        windows = system is System.WINDOWS
        command = shell_line((self.commands[system],), windows=windows)
        return hooks_for(tool, "fleet", command=command, gateway=self.gateway, windows=windows)


@dataclass(frozen=True, slots=True)
class ManagedFile:
    """A file that an administrator installs at a place of a machine."""

    place: str
    text: str

    def name_in(self, system: System) -> str:
        """Return its path below a folder that stands for the machine."""
        if system is not System.WINDOWS:
            return str(PurePosixPath(self.place).relative_to("/"))
        path = PureWindowsPath(self.place.replace("%", ""))
        return str(PurePosixPath(*path.relative_to(path.anchor).parts))


def this_system() -> System:
    """Return the system of this machine."""
    return {"darwin": System.MACOS, "win32": System.WINDOWS}.get(sys.platform, System.LINUX)


Managing: TypeAlias = Callable[[Fleet, System], tuple[ManagedFile, ...]]


def json_text(document: Mapping[str, Any]) -> str:
    """Return the text of a file in JSON."""
    return json.dumps(document, indent=2) + "\n"


def toml_text(document: Mapping[str, Any]) -> str:
    """Return the text of a file in TOML."""
    return tomlkit.dumps(document)
