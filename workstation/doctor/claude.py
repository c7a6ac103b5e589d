"""Whether Claude Code is covered."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from workstation.configuration.edits import Format
from workstation.doctor.findings import (
    CheckResult,
    CheckState,
    Machine,
    address,
    is_installed,
    readable,
    values_in,
)
from workstation.doctor.hooks import our_handlers
from workstation.environment import variable
from workstation.hook.install import hooks_file, version_of
from workstation.setup.claude import settings_file
from workstation.tools.claude import CLAUDE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_POINT = "Claude Code"
_FAILS_CLOSED = (2, 1, 295)
_SET_UP = "run `abeyance setup claude`, or start it with `abeyance exec -- claude`"
_KEYS = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN")


def examine(machine: Machine) -> Iterator[CheckResult]:
    """Yield what was found; nothing where it is not installed."""
    if not is_installed("claude"):
        return
    own, managed = settings_file(None), hooks_file("claude", "fleet", None)
    broken = [*readable(_POINT, own, Format.JSON), *readable(_POINT, managed, Format.JSON)]
    yield from broken
    if not broken:
        yield from _judge(machine, values_in(own, Format.JSON), values_in(managed, Format.JSON))


def _judge(
    machine: Machine, own: Mapping[str, Any], managed: Mapping[str, Any]
) -> Iterator[CheckResult]:
    env = {**_env(own), **_env(managed)}
    if managed.get("forceLoginMethod") == "gateway":
        url = managed.get("forceLoginGatewayUrl")
        yield address(_POINT, url, machine, "have your administrator run `abeyance fleet`")
    else:
        url = env.get("ANTHROPIC_BASE_URL") or variable("ANTHROPIC_BASE_URL")
        yield address(_POINT, url, machine, _SET_UP)
        yield from _credentials(env, managed.get("apiKeyHelper") or own.get("apiKeyHelper"))
    elsewhere = [
        name
        for name in CLAUDE.conflicting
        if name not in _KEYS and (env[name] if name in env else variable(name)) not in ("", "0")
    ]
    if elsewhere:
        names = ", ".join(elsewhere)
        yield CheckResult(_POINT, CheckState.BAD, f"{names} leads past the gateway", "unset it")
    yield from _hooks(own, managed)


def _env(settings: Mapping[str, Any]) -> dict[str, Any]:
    env = settings.get("env")
    return dict(env) if isinstance(env, dict) else {}


def _credentials(env: Mapping[str, Any], helper: object) -> Iterator[CheckResult]:
    given = [name for name in _KEYS if env.get(name) or variable(name)]
    if given and helper:
        found = f"{' and '.join(given)} is sent in place of the helper's token"
        yield CheckResult(_POINT, CheckState.BAD, found, "unset it, also in Claude Code's settings")
    elif not helper and "ANTHROPIC_AUTH_TOKEN" not in given:
        yield CheckResult(_POINT, CheckState.BAD, "it has no token helper", _SET_UP)
    if (settings_file(None).parent / ".credentials.json").exists():
        yield CheckResult(
            _POINT,
            CheckState.NOTE,
            "it is signed in at its vendor as well, which works past the gateway",
            "type /logout in Claude Code",
        )


def _hooks(own: Mapping[str, Any], managed: Mapping[str, Any]) -> Iterator[CheckResult]:
    by_users, by_fleet = (dict(our_handlers(each.get("hooks"))) for each in (own, managed))
    if not by_users and not by_fleet:
        yield CheckResult(
            _POINT,
            CheckState.NOTE,
            "it has no hooks",
            "run `abeyance hook install claude` to add them",
        )
        return
    if not by_fleet and own.get("disableAllHooks") is True:
        found = "its hooks are switched off (disableAllHooks)"
        yield CheckResult(_POINT, CheckState.BAD, found, "remove that setting")
        return
    kind = "managed" if by_fleet else "the user's own, who can remove them"
    yield CheckResult(_POINT, CheckState.GOOD, f"its hooks are installed: {kind}")
    handlers = (by_fleet or by_users).values()
    if any(handler.get("onFailure") != "block" for handler in handlers):
        yield CheckResult(
            _POINT,
            CheckState.BAD,
            "a hook that fails lets the action through (no onFailure)",
            "run `abeyance hook install claude` again",
        )
    version = version_of("claude")
    if version and tuple(int(n) for n in re.findall(r"\d+", version)[:3]) < _FAILS_CLOSED:
        yield CheckResult(
            _POINT,
            CheckState.NOTE,
            f"version {version} lets an action through when a hook times out",
            "update it to 2.1.295 or later",
        )
