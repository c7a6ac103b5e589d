"""Gemini CLI. Source: its configuration reference.

It has no helper for tokens, and takes the address of its API from the environment alone. A `.env`
in its own folder is read into that.
"""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

from workstation.configuration.edits import Format, Setting, SettingsChange
from workstation.setup.base import SetUp, Wish, folder_of
from workstation.setup.fleet import Fleet, ManagedFile, System, json_text, this_system

MANAGED = {
    System.LINUX: "/etc/gemini-cli/settings.json",
    System.MACOS: "/Library/Application Support/GeminiCli/settings.json",
    System.WINDOWS: "C:\\ProgramData\\gemini-cli\\settings.json",
}
LIMITS = (
    (
        "Gemini CLI takes the gateway's address only from the variable GOOGLE_GEMINI_BASE_URL: "
        "set it for all users (Linux: the file above; macOS: /etc/zshenv; Windows: setx /M), or "
        "start it with `abeyance exec -- gemini`. A user who unsets it, with a Google API key "
        "of her own, goes past the gateway: close generativelanguage.googleapis.com in the "
        "network."
    ),
    (
        "Sign-in with Google is refused by enforcedType. GEMINI_CLI_SYSTEM_SETTINGS_PATH in a "
        "user's environment takes the place of the system settings: close "
        "cloudcode-pa.googleapis.com too."
    ),
)
_BY_KEY = "gemini-api-key"
SETTINGS: dict[tuple[str, ...], Any] = {
    ("security", "auth", "selectedType"): _BY_KEY,
    # The first .env that it finds is the only one: a project's would take the place of ours.
    ("advanced", "ignoreLocalEnv"): True,
}
_NO_HELPER = (
    "Gemini CLI cannot ask for a token by itself. Start it with `abeyance exec -- gemini`, or "
    "create a gateway key with `abeyance key create` and add a line GEMINI_API_KEY=<key> to "
    "~/.gemini/.env."
)
_NOTES = (
    _NO_HELPER,
    "In folders that Gemini CLI does not trust it reads no .env, and asks for a key.",
    "Projects' own .env files are no longer read by Gemini CLI (advanced.ignoreLocalEnv).",
)


def set_up(wish: Wish) -> SetUp:
    """Return its settings, and the gateway's address as a variable."""
    folder = folder_in(wish.project)
    settings = tuple(Setting(path, value) for path, value in SETTINGS.items())
    address = Setting(("GOOGLE_GEMINI_BASE_URL",), wish.url("gemini"))
    return SetUp(
        (
            SettingsChange(folder / "settings.json", Format.JSONC, settings),
            SettingsChange(folder / ".env", Format.VARIABLES, (address,)),
        ),
        _NOTES,
    )


def managed(fleet: Fleet, system: System) -> tuple[ManagedFile, ...]:
    """Return the system's settings, and on Linux the variable for all users."""
    address = fleet.wish(system).url("gemini")
    document = {
        "security": {"auth": {"selectedType": _BY_KEY, "enforcedType": _BY_KEY}},
        "advanced": {"ignoreLocalEnv": True},
    }
    files = [ManagedFile(MANAGED[system], json_text(document))]
    if system is System.LINUX:
        text = f"export GOOGLE_GEMINI_BASE_URL={shlex.quote(address)}\n"
        files.append(ManagedFile("/etc/profile.d/abeyance-gemini.sh", text))
    return tuple(files)


def folder_in(project: Path | None) -> Path:
    """Return the folder of its files for a repository, or else of the user."""
    home = folder_of("GEMINI_CLI_HOME", Path.home())
    return (project or home) / ".gemini"


def managed_file() -> Path:
    """Return the settings that an administrator set on this machine."""
    return Path(MANAGED[this_system()])
