"""opencode. Source: its documentation of configuration."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from app.errors import BadSettings
from workstation.tools.base import Route, Start, Tool

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_CONFIG = "OPENCODE_CONFIG_CONTENT"
_PROVIDERS = {
    "anthropic": ("anthropic", "/v1"),
    "openai": ("openai", "/v1"),
    "gemini": ("google", "/v1beta"),
}


def _start(routes: tuple[Route, ...], environment: Mapping[str, str], _: Path) -> Start:
    providers: dict[str, Any] = {}
    for route in routes:
        name, path = _PROVIDERS[route.kind]
        providers[name] = {"options": {"baseURL": route.url + path, "apiKey": route.key}}
    ours = {"enabled_providers": list(providers), "provider": providers}
    merged = _merged(_given(environment.get(_CONFIG, "")), ours)
    return Start({_CONFIG: json.dumps(merged)})


def _given(text: str) -> dict[str, Any]:
    try:
        given = json.loads(text) if text else {}
    except ValueError as error:
        raise BadSettings(f"{_CONFIG} is no JSON ({error}); mend it, or unset it.") from error
    return given if isinstance(given, dict) else {}


def _merged(given: dict[str, Any], ours: dict[str, Any]) -> dict[str, Any]:
    """Return both, ours where they differ."""
    merged = dict(given)
    for name, value in ours.items():
        there = merged.get(name)
        both = isinstance(value, dict) and isinstance(there, dict)
        merged[name] = _merged(there, value) if both and isinstance(there, dict) else value
    return merged


OPENCODE = Tool(
    name="opencode",
    title="opencode",
    kinds=tuple(_PROVIDERS),
    starting=_start,
    several=True,
    note="Only models of these providers can be chosen while opencode runs this way.",
)
