"""Gemini CLI. Source: its configuration reference.

With a sign-in by Google that its settings remember, its requests would go past the gateway. The
settings of the system count before those of a user or a repository, so we have it read a copy of
them in which the API's key is chosen.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.errors import BadSettings
from workstation.configuration import jsonc
from workstation.configuration.faults import Unreadable
from workstation.tools.base import Route, Start, Tool

if TYPE_CHECKING:
    from collections.abc import Mapping

_SETTINGS = "GEMINI_CLI_SYSTEM_SETTINGS_PATH"
_FOLDERS = {
    "darwin": "/Library/Application Support/GeminiCli",
    "win32": "C:\\ProgramData\\gemini-cli",
}


def _start(routes: tuple[Route, ...], environment: Mapping[str, str], folder: Path) -> Start:
    [route] = routes
    given = environment.get(_SETTINGS, "")
    system = Path(given or Path(_FOLDERS.get(sys.platform, "/etc/gemini-cli")) / "settings.json")
    settings = folder / "gemini.json"
    needed = {
        "GOOGLE_GEMINI_BASE_URL": route.url,
        "GEMINI_API_KEY": route.key,
        _SETTINGS: str(settings),
    }
    return Start(needed, (), {settings: json.dumps(_with_key(_read(system)), indent=2)})


def _read(system: Path) -> dict[str, Any]:
    """Return the settings of the system; none where there are none. Raises BadSettings."""
    try:
        return jsonc.parse(system.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, Unreadable) as error:
        raise BadSettings(f"{system} cannot be read ({error}); mend it, or remove it.") from error


def _with_key(settings: dict[str, Any]) -> dict[str, Any]:
    security = settings.get("security") or {}
    chosen = {**(security.get("auth") or {}), "selectedType": "gemini-api-key"}
    return {**settings, "security": {**security, "auth": chosen}}


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
