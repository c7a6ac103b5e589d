"""Codex. Source: its configuration reference."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from app.errors import BadSettings
from workstation.configuration.edits import Change, Format, Setting
from workstation.setup.base import HELPER_SECONDS, SetUp, Wish, folder_of

PROVIDER = "abeyance"
_HELPER_TIMEOUT_SECONDS = 30


def set_up(wish: Wish) -> SetUp:
    """Return a provider of our own that asks a command for its token, and the choice of it."""
    if wish.project:
        raise BadSettings(
            "Codex ignores model providers in a repository's configuration: run "
            "`abeyance setup codex` without --project."
        )
    settings = [Setting(("model_provider",), PROVIDER)]
    for name, value in provider(wish).items():
        inner = value.items() if isinstance(value, dict) else [(None, value)]
        for part, said in inner:
            path = ("model_providers", PROVIDER, name, *([part] if part else []))
            settings.append(Setting(path, said))
    return SetUp((Change(config_file(), Format.TOML, tuple(settings)),))


def provider(wish: Wish) -> dict[str, Any]:
    """Return the table of the provider. Its id is not `openai`, so it tries no WebSocket."""
    command, *arguments = wish.helper()
    return {
        "name": "Abeyance",
        "base_url": f"{wish.url('openai')}/v1",
        "wire_api": "responses",
        "auth": {
            "command": command,
            "args": arguments,
            "timeout_ms": _HELPER_TIMEOUT_SECONDS * 1000,
            "refresh_interval_ms": HELPER_SECONDS * 1000,
        },
    }


def config_file() -> Path:
    """Return the user's configuration."""
    return folder_of("CODEX_HOME", Path.home() / ".codex") / "config.toml"
