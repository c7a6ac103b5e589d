"""The tools that are known by their names, and the connections that each is given."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

from app.errors import BadSettings
from workstation.tools.anything import ANYTHING
from workstation.tools.claude import CLAUDE
from workstation.tools.codex import CODEX
from workstation.tools.gemini import GEMINI
from workstation.tools.opencode import OPENCODE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workstation.setup.base import OfferedConnection
    from workstation.tools.base import Tool

TOOLS = {tool.name: tool for tool in (CLAUDE, CODEX, GEMINI, OPENCODE)}
_CURSOR = frozenset({"agent", "cursor", "cursor-agent"})


def tool_of(command: str) -> Tool:
    """Return what a command starts, by the name of its program.

    Raises BadSettings for Cursor's own programs, which take no address of a gateway.
    """
    name = PurePath(command).name.lower()
    for ending in (".exe", ".cmd", ".bat", ".ps1"):
        name = name.removesuffix(ending)
    if name in _CURSOR:
        raise BadSettings(
            "Cursor's editor and CLI speak to Cursor alone, so their requests cannot go through "
            "the gateway. Their hooks can ask it: see `abeyance hook install cursor`."
        )
    return TOOLS.get(name, ANYTHING)


def routed(
    tool: Tool, connections: Sequence[OfferedConnection], chosen: Sequence[str]
) -> tuple[OfferedConnection, ...]:
    """Return the connections that a tool is given: one of each kind, or one in all.

    Raises BadSettings where none fits, or where it must be said which.
    """
    there = ", ".join(known.name for known in connections) or "none"
    if missing := set(chosen) - {known.name for known in connections}:
        raise BadSettings(f"You may use no connection {min(missing)!r}; there are: {there}.")
    wanted = [c for c in connections if c.kind in tool.kinds and (not chosen or c.name in chosen)]
    if not wanted:
        raise BadSettings(
            f"{tool.title} needs a connection of the kind {' or '.join(tool.kinds)}, and none of "
            f"{', '.join(chosen) or there} is one."
        )
    found = []
    for kind in tool.kinds:
        of_kind = [known for known in wanted if known.kind == kind]
        # The one that is called as its kind is the usual one.
        named = [known for known in of_kind if known.name == kind] or of_kind
        if len(named) > 1:
            names = ", ".join(known.name for known in named)
            raise BadSettings(f"Several connections fit: say which with --connection ({names}).")
        found += named
    return tuple(found if tool.several else found[:1])
