"""Codex. Source: its configuration reference."""

from __future__ import annotations

from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from app.errors import BadSettings
from workstation.configuration.edits import Format, Setting, SettingsChange
from workstation.setup.base import HELPER_SECONDS, SetUp, Wish, folder_of
from workstation.setup.fleet import Fleet, ManagedFile, System, this_system, toml_text

REQUIREMENTS = {
    System.LINUX: "/etc/codex/requirements.toml",
    System.MACOS: "/etc/codex/requirements.toml",
    System.WINDOWS: "C:\\ProgramData\\OpenAI\\Codex\\requirements.toml",
}
MANAGED = {
    System.LINUX: "/etc/codex/managed_config.toml",
    System.MACOS: "/etc/codex/managed_config.toml",
    System.WINDOWS: "%USERPROFILE%\\.codex\\managed_config.toml",
}
LIMITS = (
    (
        "requirements.toml cannot be overridden. On macOS it can also be a managed preference: "
        "com.openai.codex, requirements_toml_base64."
    ),
    (
        "managed_config.toml sets the provider at each start; on Windows it is in the user's "
        "own folder, where the user can delete it."
    ),
    (
        "Codex lets an action through when a hook crashes or times out. The gateway's own hold "
        "on tool calls does not depend on that."
    ),
    (
        "A user can run another program than this one: close api.openai.com and chatgpt.com in "
        "the network."
    ),
)
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
    return SetUp((SettingsChange(config_file(), Format.TOML, tuple(settings)),))


def managed(fleet: Fleet, system: System) -> tuple[ManagedFile, ...]:
    """Return what nobody can override, and the provider that is set at each start."""
    windows, command = system is System.WINDOWS, fleet.commands[system]
    folder = str((PureWindowsPath if windows else PurePosixPath)(command).parent)
    requirements = {
        "allow_managed_hooks_only": True,
        "allowed_login_methods": ["api"],
        "features": {"hooks": True},
        "hooks": {
            "windows_managed_dir" if windows else "managed_dir": folder,
            **fleet.hooks("codex", system)["hooks"],
        },
    }
    config = {
        "model_provider": PROVIDER,
        "model_providers": {PROVIDER: provider(fleet.wish(system))},
    }
    return (
        ManagedFile(REQUIREMENTS[system], toml_text(requirements)),
        ManagedFile(MANAGED[system], toml_text(config)),
    )


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


def managed_file() -> Path:
    """Return the defaults that an administrator set on this machine."""
    return Path(MANAGED[this_system()].replace("%USERPROFILE%", str(Path.home())))


def requirements_file() -> Path:
    """Return what an administrator requires on this machine."""
    return Path(REQUIREMENTS[this_system()])
