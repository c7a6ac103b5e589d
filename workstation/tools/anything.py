"""Programs that are not known: aider, SDKs, scripts. They read the usual variables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workstation.tools.base import Route, Start, Tool

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path


def _anthropic(route: Route) -> dict[str, str]:
    return {
        "ANTHROPIC_BASE_URL": route.url,
        "ANTHROPIC_API_BASE": route.url,
        "ANTHROPIC_API_KEY": route.key,
        "ANTHROPIC_AUTH_TOKEN": route.key,
    }


def _openai(route: Route) -> dict[str, str]:
    base = f"{route.url}/v1"
    return {"OPENAI_BASE_URL": base, "OPENAI_API_BASE": base, "OPENAI_API_KEY": route.key}


def _gemini(route: Route) -> dict[str, str]:
    return {
        "GOOGLE_GEMINI_BASE_URL": route.url,
        "GEMINI_API_BASE": route.url,
        "GEMINI_API_KEY": route.key,
        "GOOGLE_API_KEY": route.key,
    }


def _cursor(route: Route) -> dict[str, str]:
    return {"CURSOR_BACKEND_URL": route.url, "CURSOR_API_KEY": route.key}


_VARIABLES: Mapping[str, Callable[[Route], dict[str, str]]] = {
    "anthropic": _anthropic,
    "openai": _openai,
    "gemini": _gemini,
    "cursor": _cursor,
}


def _start(routes: tuple[Route, ...], _: Mapping[str, str], __: Path) -> Start:
    found: dict[str, str] = {}
    for route in routes:
        found |= _VARIABLES[route.kind](route)
    return Start(found)


ANYTHING = Tool(
    name="",
    title="This program",
    kinds=tuple(_VARIABLES),
    starting=_start,
    several=True,
    conflicting=(
        "ANTHROPIC_UNIX_SOCKET",
        "CLAUDE_CODE_OAUTH_TOKEN",
        "CLAUDE_CODE_USE_BEDROCK",
        "CLAUDE_CODE_USE_FOUNDRY",
        "CLAUDE_CODE_USE_VERTEX",
        "GOOGLE_GENAI_USE_GCA",
        "GOOGLE_GENAI_USE_VERTEXAI",
        "OPENAI_ORG_ID",
        "OPENAI_ORGANIZATION",
        "OPENAI_PROJECT_ID",
    ),
)
