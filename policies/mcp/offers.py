"""Which tools a connection offers. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.domain.verdict import Action, FiredRule, Risk
from policies.glob import any_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from app.domain.connection import Connection

NOT_OFFERED = "tool-not-offered"
_EVERY, _NONE = "**", ""


def offers(connection: Connection) -> Callable[[str], bool]:
    """Return whether a tool, by its name, may be seen and called.

    One without a name may only where every tool may.
    """
    if not (connection.allow_tools or connection.deny_tools):
        return lambda _tool: True
    allowed = any_of(connection.allow_tools or (_EVERY,))
    denied = any_of(connection.deny_tools or (_NONE,))
    return lambda tool: bool(tool) and allowed(tool) and not denied(tool)


def not_offered(connection: Connection, tools: Iterable[str]) -> FiredRule | None:
    """Return the built-in rule that denies a call of these tools; None where all are offered."""
    is_offered = offers(connection)
    refused = [tool for tool in tools if not is_offered(tool)]
    if not refused:
        return None
    return FiredRule(
        rule=NOT_OFFERED,
        title="The connection does not offer this tool",
        action=Action.DENY,
        risk=Risk.MEDIUM,
        explain="An administrator chooses which tools it offers, with `abeyance connection change "
        f"{connection.name} --allow-tool … --deny-tool …`.",
        enforced=True,
        findings=len(refused),
        excerpts=(),
    )


def denied_asks(connection: Connection) -> frozenset[str]:
    """Name what the server may not ask of its client, as the client's capabilities are named."""
    allowed = {"sampling": connection.allow_sampling, "elicitation": connection.allow_elicitation}
    return frozenset(ask for ask, is_allowed in allowed.items() if not is_allowed)
