"""Whether opencode is covered."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from workstation.configuration.edits import Format
from workstation.doctor.findings import (
    CheckResult,
    CheckState,
    Machine,
    is_installed,
    readable,
    values_in,
)
from workstation.setup.base import folder_of
from workstation.setup.opencode import (
    PLUGIN_FILE,
    config_file,
    config_folder,
    managed_folder,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_POINT = "opencode"
_SET_UP = "run `abeyance setup opencode`, or start it with `abeyance exec -- opencode`"


def examine(machine: Machine) -> Iterator[CheckResult]:
    """Yield what was found; nothing where it is not installed."""
    if not is_installed("opencode"):
        return
    own, managed = config_file(config_folder()), config_file(managed_folder())
    broken = [*readable(_POINT, own, Format.JSONC), *readable(_POINT, managed, Format.JSONC)]
    yield from broken
    if broken:
        return
    mine, theirs = values_in(own, Format.JSONC), values_in(managed, Format.JSONC)
    routed = {
        name
        for config in (mine, theirs)
        for name, provider in _table(config.get("provider")).items()
        if machine.is_ours(_table(_table(provider).get("options")).get("baseURL"))
    }
    if not routed:
        yield CheckResult(_POINT, CheckState.BAD, "no provider of it leads to the gateway", _SET_UP)
        return
    yield CheckResult(
        _POINT, CheckState.GOOD, f"requests to {', '.join(sorted(routed))} go to the gateway"
    )
    plugins = (config_folder() / "plugin" / PLUGIN_FILE, managed_folder() / PLUGIN_FILE)
    if not any(file.exists() for file in plugins):
        yield CheckResult(
            _POINT, CheckState.BAD, "the plugin that brings the token is not there", _SET_UP
        )
    enabled = theirs.get("enabled_providers")
    if isinstance(enabled, list) and routed.issuperset(enabled):
        return
    yield from _others(routed)


def _others(routed: set[str]) -> Iterator[CheckResult]:
    auth = folder_of("XDG_DATA_HOME", Path.home() / ".local" / "share") / "opencode" / "auth.json"
    if broken := list(readable(_POINT, auth, Format.JSONC)):
        yield from broken
        return
    others = [
        name
        for name, said in values_in(auth, Format.JSONC).items()
        if name not in routed and _table(said).get("type") != "wellknown"
    ]
    if others:
        found = f"it has credentials for {', '.join(others)}, which works past the gateway"
        yield CheckResult(_POINT, CheckState.BAD, found, "run `opencode auth logout`")
    else:
        found = "its other providers work past the gateway"
        yield CheckResult(
            _POINT, CheckState.NOTE, found, "have your administrator run `abeyance fleet`"
        )


def _table(found: object) -> dict[str, Any]:
    return found if isinstance(found, dict) else {}
