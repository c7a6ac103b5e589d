"""opencode. Source: its documentation of configuration and plugins.

Its providers take a base URL and a key that stays the same. A plugin puts a fresh token into the
header of each request instead.
"""

from __future__ import annotations

import json
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from workstation.configuration.edits import Format, Setting, SettingsChange
from workstation.setup.base import HELPER_SECONDS, SetUp, Wish, folder_of
from workstation.setup.fleet import Fleet, ManagedFile, System, json_text, this_system

_MANAGED = {
    System.LINUX: "/etc/opencode/",
    System.MACOS: "/Library/Application Support/opencode/",
    System.WINDOWS: "C:\\ProgramData\\opencode\\",
}
LIMITS = (
    (
        "These files count more than those of users and repositories, and enabled_providers "
        "leaves no other provider."
    ),
    (
        "OPENCODE_TEST_MANAGED_CONFIG_DIR in a user's environment makes opencode read another "
        "folder in their place, and a user can run another program: close the providers' hosts."
    ),
)
_PROVIDERS = {"anthropic": ("anthropic", "/v1"), "openai": ("openai", "/v1")}
_PROVIDERS["gemini"] = ("google", "/v1beta")
PLUGIN_FILE = "abeyance.js"
_NO_KEY = "abeyance"
"""Stands in place of a key, so that none of a vendor is sent. The gateway refuses it."""
_PLUGIN = """\
// Written by Abeyance. `abeyance setup opencode --undo` removes it.
import { execFile } from "node:child_process"
import { promisify } from "node:util"

const addresses = %(addresses)s
const [command, ...args] = %(helper)s
const run = promisify(execFile)
let token = ""
let until = 0

async function fresh() {
  if (Date.now() >= until) {
    token = (await run(command, args)).stdout.trim()
    until = Date.now() + %(milliseconds)d
  }
  return token
}

export const Abeyance = async () => ({
  "chat.headers": async (input, output) => {
    const address = `${input.provider?.options?.baseURL ?? ""}/`
    if (!addresses.some((ours) => address.startsWith(ours))) return
    const key = await fresh()
    output.headers["authorization"] = `Bearer ${key}`
    if (input.model?.api?.npm === "@ai-sdk/anthropic") output.headers["x-api-key"] = key
    if (input.model?.api?.npm === "@ai-sdk/google") output.headers["x-goog-api-key"] = key
  },
})
"""


def set_up(wish: Wish) -> SetUp:
    """Return its providers with the gateway's address, and the plugin."""
    folder = wish.project or config_folder()
    settings = [
        Setting(("provider", name, "options", option), value)
        for name, said in providers(wish).items()
        for option, value in said["options"].items()
    ]
    plugins = folder / ".opencode" / "plugin" if wish.project else folder / "plugin"
    return SetUp(
        (
            SettingsChange(config_file(folder), Format.JSONC, tuple(settings)),
            SettingsChange(
                plugins / PLUGIN_FILE, Format.WHOLE, (Setting(("text",), plugin(wish)),)
            ),
        ),
        ("Other providers of opencode still go past the gateway: choose a model of these.",),
    )


def managed(fleet: Fleet, system: System) -> tuple[ManagedFile, ...]:
    """Return the configuration that counts most, with the plugin beside it."""
    wish, folder = fleet.wish(system), _MANAGED[system]
    found = providers(wish)
    path = (PureWindowsPath if system is System.WINDOWS else PurePosixPath)(folder, PLUGIN_FILE)
    document = {
        "$schema": "https://opencode.ai/config.json",
        "enabled_providers": list(found),
        "provider": found,
        "plugin": [path.as_uri()],
        # It would publish conversations on the vendor's pages.
        "share": "disabled",
    }
    return (
        ManagedFile(f"{folder}opencode.json", json_text(document)),
        ManagedFile(str(path), plugin(wish)),
    )


def providers(wish: Wish) -> dict[str, Any]:
    """Return the providers that there is a connection for, with its address."""
    return {
        _PROVIDERS[kind][0]: {"options": {"baseURL": url + _PROVIDERS[kind][1], "apiKey": _NO_KEY}}
        for kind, url in wish.urls(tuple(_PROVIDERS)).items()
    }


def plugin(wish: Wish) -> str:
    """Return the plugin's text."""
    return _PLUGIN % {
        "addresses": json.dumps([f"{known.url}/" for known in wish.connections]),
        "helper": json.dumps(wish.helper()),
        "milliseconds": HELPER_SECONDS * 1000,
    }


def config_folder() -> Path:
    """Return the folder of the user's configuration, the same on each system."""
    return folder_of("XDG_CONFIG_HOME", Path.home() / ".config") / "opencode"


def config_file(folder: Path) -> Path:
    """Return the file that counts most of those in a folder."""
    commented = folder / "opencode.jsonc"
    return commented if commented.exists() else folder / "opencode.json"


def managed_folder() -> Path:
    """Return the folder that counts most on this machine."""
    default = Path(_MANAGED[this_system()])
    return folder_of("OPENCODE_TEST_MANAGED_CONFIG_DIR", default)
