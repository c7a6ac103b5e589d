"""Codex. Source: its configuration reference.

A provider of our own, so that it tries no WebSocket. Its id is not the one of `abeyance setup
codex`: tables of two layers are merged, and a key does not go with a command for tokens.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from workstation.tools.base import Route, Start, Tool

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

PROVIDER = "abeyance-exec"
_KEY = "ABEYANCE_KEY"


def _start(routes: tuple[Route, ...], _: Mapping[str, str], __: Path) -> Start:
    [route] = routes
    settings = {
        "model_provider": PROVIDER,
        f"model_providers.{PROVIDER}.name": "Abeyance",
        f"model_providers.{PROVIDER}.base_url": f"{route.url}/v1",
        f"model_providers.{PROVIDER}.env_key": _KEY,
        f"model_providers.{PROVIDER}.wire_api": "responses",
    }
    flags = [part for name, value in settings.items() for part in ("-c", f'{name}="{value}"')]
    return Start({_KEY: route.key}, tuple(flags))


CODEX = Tool(
    name="codex",
    title="Codex",
    kinds=("openai",),
    starting=_start,
    conflicting=("CODEX_API_KEY", "OPENAI_API_KEY", "OPENAI_BASE_URL"),
)
