"""What was found on a machine, and what every tool's examination needs."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeAlias

from app.errors import Unavailable
from workstation.configuration.edits import EDITORS, Format
from workstation.configuration.faults import Unreadable
from workstation.configuration.files import read
from workstation.environment import variable

if TYPE_CHECKING:
    from pathlib import Path


class CheckState(StrEnum):
    GOOD = "good"
    NOTE = "note"
    """Good, with something to know."""
    BAD = "bad"
    """Something goes past the gateway, or does not work."""


@dataclass(frozen=True, slots=True)
class CheckResult:
    point: str
    state: CheckState
    found: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Machine:
    """What tools on this machine should use."""

    addresses: tuple[str, ...]
    """The gateway, and the connections of the caller, without a last slash."""

    def is_ours(self, url: object) -> bool:
        """Whether a base URL leads to the gateway."""
        found = f"{url}/"
        return any(found.startswith(f"{address}/") for address in self.addresses)


Examining: TypeAlias = Callable[[Machine], Iterator[CheckResult]]


def is_installed(*programs: str) -> bool:
    """Whether one of the programs is on this machine's path."""
    return any(shutil.which(program) for program in programs)


def values_in(file: Path, format_: Format) -> dict[str, Any]:
    """Return what a file says; nothing where there is none. Raises Unreadable, Unavailable."""
    return EDITORS[format_].parse(read(file) or "")


def readable(point: str, file: Path, format_: Format) -> Iterator[CheckResult]:
    """Yield a finding where a file is one that its tool cannot read either."""
    try:
        values_in(file, format_)
    except (Unreadable, Unavailable) as error:
        yield CheckResult(point, CheckState.BAD, f"{file} cannot be read: {error}", "mend the file")


def set_variables(*names: str) -> list[str]:
    """Return those of the variables that are set."""
    return [name for name in names if variable(name)]


def address(point: str, url: object, machine: Machine, remedy: str) -> CheckResult:
    """Judge where a tool's requests go; `url` is empty where that is its vendor."""
    if machine.is_ours(url):
        return CheckResult(point, CheckState.GOOD, f"requests go to {url}")
    if not url:
        return CheckResult(point, CheckState.BAD, "requests go to its vendor", remedy)
    return CheckResult(point, CheckState.BAD, f"requests go to {url}", remedy)
