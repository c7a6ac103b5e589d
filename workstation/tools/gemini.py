"""Gemini CLI. Source: its configuration reference.

With a sign-in by Google its requests go past the gateway, and no variable and no flag chooses
another way over its settings. So its settings are looked at before it is started.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from app.errors import BadSettings
from workstation.configuration import jsonc
from workstation.setup.gemini import folder_in
from workstation.tools.base import Route, Start, Tool

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_SYSTEM = "GEMINI_CLI_SYSTEM_SETTINGS_PATH"
_FOLDERS = {
    "darwin": "/Library/Application Support/GeminiCli",
    "win32": "C:\\ProgramData\\gemini-cli",
}
_FILE = "settings.json"
_BY_KEY = "gemini-api-key"


def _start(routes: tuple[Route, ...], environment: Mapping[str, str], _: Path) -> Start:
    [route] = routes
    chosen = next(filter(None, map(_chosen, _settings(environment))), "")
    if chosen != _BY_KEY:
        how = f"signs in by {chosen!r}" if chosen else "has no way of signing in chosen"
        raise BadSettings(
            f"Gemini CLI {how}, so its requests would not go through Abeyance. Run "
            "`abeyance setup gemini` once, or choose “Use Gemini API Key” in its /auth."
        )
    return Start({"GOOGLE_GEMINI_BASE_URL": route.url, "GEMINI_API_KEY": route.key})


def _settings(environment: Mapping[str, str]) -> Iterator[Path]:
    """Yield its settings files, the one that counts most first."""
    yield Path(
        environment.get(_SYSTEM) or Path(_FOLDERS.get(sys.platform, "/etc/gemini-cli"), _FILE)
    )
    yield folder_in(Path.cwd()) / _FILE
    yield folder_in(None) / _FILE


def _chosen(file: Path) -> str:
    """Return the way of signing in that a file names. Raises BadSettings."""
    try:
        found = jsonc.parse(file.read_text(encoding="utf-8"))
        return str(((found.get("security") or {}).get("auth") or {}).get("selectedType") or "")
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except (OSError, ValueError, AttributeError) as error:
        raise BadSettings(f"{file} cannot be read ({error}); mend it first.") from error


GEMINI = Tool(
    name="gemini",
    title="Gemini CLI",
    kinds=("gemini",),
    starting=_start,
    conflicting=(
        "CODE_ASSIST_ENDPOINT",
        "GEMINI_CLI_USE_COMPUTE_ADC",
        "GOOGLE_API_KEY",
        "GOOGLE_GENAI_USE_GCA",
        "GOOGLE_GENAI_USE_VERTEXAI",
        "GOOGLE_VERTEX_BASE_URL",
    ),
)
