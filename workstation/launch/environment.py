"""The environment that a tool is started in. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workstation.tools.base import Start, Tool

_OURS = ("ABEYANCE_TOKEN",)
"""A tool has no use for the person's own token."""
_PROXIES = ("http_proxy", "https_proxy", "all_proxy")
_THIS_MACHINE = ("127.0.0.1", "localhost")


@dataclass(frozen=True, slots=True)
class Prepared:
    variables: Mapping[str, str]
    removed: tuple[str, ...]
    """What was taken out since it would lead past Abeyance."""


def prepared(tool: Tool, start: Start, given: Mapping[str, str]) -> Prepared:
    """Return what the tool gets of a person's variables, with what it needs besides."""
    removed = tuple(name for name in tool.conflicting if given.get(name))
    kept = {
        name: value
        for name, value in given.items()
        if name not in tool.conflicting and name not in _OURS
    }
    return Prepared({**kept, **_past_proxies(given), **start.environment}, removed)


def _past_proxies(given: Mapping[str, str]) -> dict[str, str]:
    """Return the variables by which requests to this machine go to no proxy, if there is one."""
    lower = {name.lower(): value for name, value in given.items()}
    if not any(lower.get(name) for name in _PROXIES):
        return {}
    said = [part.strip() for part in lower.get("no_proxy", "").split(",") if part.strip()]
    listed = ",".join([*said, *(host for host in _THIS_MACHINE if host not in said)])
    return {"NO_PROXY": listed, "no_proxy": listed}
