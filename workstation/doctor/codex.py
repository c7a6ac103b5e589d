"""Whether Codex is covered."""

from __future__ import annotations

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
from workstation.hook.install import hooks_file
from workstation.setup.codex import config_file, managed_file, requirements_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_POINT = "Codex"
_SET_UP = "run `abeyance setup codex`, or start it with `abeyance exec -- codex`"


def examine(machine: Machine) -> Iterator[CheckResult]:
    """Yield what was found; nothing where it is not installed."""
    if not is_installed("codex"):
        return
    files = (config_file(), managed_file(), requirements_file())
    broken = [found for file in files for found in readable(_POINT, file, Format.TOML)]
    yield from broken
    if broken:
        return
    own, managed, required = (values_in(file, Format.TOML) for file in files)
    yield from _provider(machine, own, managed)
    if (config_file().parent / "auth.json").exists() and not required.get("allowed_login_methods"):
        yield CheckResult(
            _POINT,
            CheckState.NOTE,
            "it is signed in at its vendor as well, which works past the gateway",
            "run `codex logout`",
        )
    yield from _hooks(required)


def _provider(
    machine: Machine, own: Mapping[str, Any], managed: Mapping[str, Any]
) -> Iterator[CheckResult]:
    name = managed.get("model_provider") or own.get("model_provider")
    provider = _provider_in(managed, name) or _provider_in(own, name)
    yield address(_POINT, provider.get("base_url", ""), machine, _SET_UP)
    env_key = provider.get("env_key")
    if provider and not provider.get("auth") and not (env_key and variable(str(env_key))):
        yield CheckResult(
            _POINT, CheckState.BAD, "its provider has no command for a token", _SET_UP
        )
    profiles = own.get("profiles")
    others = [
        profile
        for profile, said in (profiles if isinstance(profiles, dict) else {}).items()
        if isinstance(said, dict) and said.get("model_provider", name) != name
    ]
    if others:
        found = f"other providers are used by its profiles {', '.join(others)}"
        yield CheckResult(_POINT, CheckState.BAD, found, "remove model_provider from them")


def _provider_in(config: Mapping[str, Any], name: object) -> Mapping[str, Any]:
    providers = config.get("model_providers")
    found = providers.get(name) if isinstance(providers, dict) else None
    return found if isinstance(found, dict) else {}


def _hooks(required: Mapping[str, Any]) -> Iterator[CheckResult]:
    file = hooks_file("codex", "user", None)
    broken = list(readable(_POINT, file, Format.JSONC))
    yield from broken
    own = [] if broken else [*our_handlers(values_in(file, Format.JSONC).get("hooks"))]
    managed = [*our_handlers(required.get("hooks"))]
    if not own and not managed:
        remedy = "run `abeyance hook install codex` to add them"
        yield CheckResult(_POINT, CheckState.NOTE, "it has no hooks", remedy)
        return
    kind = "managed" if managed else "the user's own, if trusted with /hooks"
    yield CheckResult(
        _POINT,
        CheckState.NOTE,
        f"its hooks are installed ({kind}), and let an action through when they fail",
        "rely on the gateway, which holds tool calls in the model's answer",
    )
