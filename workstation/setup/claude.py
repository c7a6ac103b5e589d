"""Claude Code. Source: its documentation of settings and of gateways for models."""

from __future__ import annotations

from pathlib import Path

from workstation.configuration.edits import Change, Format, Setting
from workstation.setup.base import HELPER_SECONDS, SetUp, Wish, folder_of


def set_up(wish: Wish) -> SetUp:
    """Return its settings with the gateway's address and a helper that prints a token."""
    settings = (
        Setting(("apiKeyHelper",), wish.helper_line()),
        *(Setting(("env", name), value) for name, value in environment(wish).items()),
    )
    return SetUp((Change(settings_file(wish.project), Format.JSON, settings),))


def environment(wish: Wish) -> dict[str, str]:
    """Return the variables beside the helper."""
    return {
        "ANTHROPIC_BASE_URL": wish.url("anthropic"),
        "CLAUDE_CODE_API_KEY_HELPER_TTL_MS": str(HELPER_SECONDS * 1000),
    }


def settings_file(project: Path | None) -> Path:
    """Return its settings of a repository, or else of the user."""
    if project:
        return project / ".claude" / "settings.json"
    return folder_of("CLAUDE_CONFIG_DIR", Path.home() / ".claude") / "settings.json"
