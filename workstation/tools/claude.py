"""Claude Code. Source: its documentation of gateways for models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workstation.tools.base import Route, Start, Tool

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def _start(routes: tuple[Route, ...], _: Mapping[str, str], __: Path) -> Start:
    [route] = routes
    return Start({"ANTHROPIC_BASE_URL": route.url, "ANTHROPIC_AUTH_TOKEN": route.key})


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
