"""Claude Code. Source: its documentation of settings and of gateways for models.

Its settings files may set variables too, over those that it is started with. So what it needs is
also in a settings file of the command line, which counts before those of a user or a repository.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from workstation.tools.base import Route, Start, Tool

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def _start(routes: tuple[Route, ...], _: Mapping[str, str], folder: Path) -> Start:
    [route] = routes
    needed = {"ANTHROPIC_BASE_URL": route.url, "ANTHROPIC_AUTH_TOKEN": route.key}
    settings = folder / "claude.json"
    return Start(
        needed, ("--settings", str(settings)), {settings: json.dumps({"env": needed}, indent=2)}
    )


CLAUDE = Tool(
    name="claude",
    title="Claude Code",
    kinds=("anthropic",),
    starting=_start,
    conflicting=(
        "ANTHROPIC_API_KEY",
        "ANTHROPIC_BEDROCK_BASE_URL",
        "ANTHROPIC_FOUNDRY_BASE_URL",
        "ANTHROPIC_UNIX_SOCKET",
        "ANTHROPIC_VERTEX_BASE_URL",
        "CLAUDE_CODE_OAUTH_TOKEN",
        "CLAUDE_CODE_USE_BEDROCK",
        "CLAUDE_CODE_USE_FOUNDRY",
        "CLAUDE_CODE_USE_VERTEX",
    ),
)
