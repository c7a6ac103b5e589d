"""What Claude Code is told to do by whoever runs the gateway: its managed settings, by group. Pure.

`claude-code.yaml` in the catalog is a list, of which the first item that fits a person counts:

    - groups: [contractors]
      settings: {permissions: {deny: [WebFetch]}}
    - hooks: true
      settings: {env: {CLAUDE_CODE_ENABLE_GATEWAY_MODEL_DISCOVERY: "1"}}
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class ClaudeCodePolicy:
    groups: frozenset[str] = frozenset()
    """Of the identity provider; one is enough. Empty: everyone."""
    hooks: bool = False
    """Whether the gateway's own hooks are among the settings."""
    settings: Mapping[str, Any] = field(default_factory=dict)

    def fits(self, groups: Iterable[str]) -> bool:
        return not self.groups or not self.groups.isdisjoint(groups)


def policy_for(
    policies: Iterable[ClaudeCodePolicy], groups: frozenset[str]
) -> ClaudeCodePolicy | None:
    """Return the first policy that fits somebody of these groups."""
    return next((policy for policy in policies if policy.fits(groups)), None)


def settings_of(policy: ClaudeCodePolicy, ours: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a policy; `ours` is the document with our own hooks."""
    settings = dict(policy.settings)
    if not policy.hooks:
        return settings
    hooks = {event: list(entries) for event, entries in dict(settings.get("hooks") or {}).items()}
    for event, entries in ours["hooks"].items():
        hooks[event] = [*hooks.get(event, []), *entries]
    return settings | {"hooks": hooks}
