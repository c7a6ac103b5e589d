"""Claude Code. Source: its documentation of settings and of gateways for models."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from workstation.configuration.edits import Format, Setting, SettingsChange
from workstation.setup.base import HELPER_SECONDS, SetUp, Wish, folder_of
from workstation.setup.fleet import Fleet, ManagedFile, System, json_text

MANAGED = {
    System.LINUX: "/etc/claude-code/managed-settings.json",
    System.MACOS: "/Library/Application Support/ClaudeCode/managed-settings.json",
    System.WINDOWS: "C:\\Program Files\\ClaudeCode\\managed-settings.json",
}
LIMITS = (
    "No setting of a user or a repository takes the place of these.",
    (
        "An ANTHROPIC_API_KEY or ANTHROPIC_AUTH_TOKEN in a user's environment is sent in place "
        "of the helper's token, to the gateway, which refuses it."
    ),
    "Claude Code before 2.1.295 lets an action through when a hook times out.",
    "A user can run another program than this one: close api.anthropic.com in the network.",
)
# Other clouds, which a user could choose by a variable.
_ELSEWHERE = (
    "CLAUDE_CODE_USE_BEDROCK",
    "CLAUDE_CODE_USE_FOUNDRY",
    "CLAUDE_CODE_USE_VERTEX",
)


def set_up(wish: Wish) -> SetUp:
    """Return its settings with the gateway's address and a helper that prints a token."""
    settings = (
        Setting(("apiKeyHelper",), wish.helper_line()),
        *(Setting(("env", name), value) for name, value in environment(wish).items()),
    )
    return SetUp((SettingsChange(settings_file(wish.project), Format.JSON, settings),))


def managed(fleet: Fleet, system: System) -> tuple[ManagedFile, ...]:
    """Return the settings that no user can change, with our hooks as the only ones."""
    wish = fleet.wish(system)
    if fleet.own_sign_in:
        document: dict[str, Any] = {
            "forceLoginMethod": "gateway",
            "forceLoginGatewayUrl": fleet.gateway,
            "env": {},
        }
    else:
        document = {"apiKeyHelper": wish.helper_line(), "env": environment(wish)}
    document["env"].update(dict.fromkeys(_ELSEWHERE, "0"))
    document["allowManagedHooksOnly"] = True
    document.update(fleet.hooks("claude", system))
    return (ManagedFile(MANAGED[system], json_text(document)),)


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
