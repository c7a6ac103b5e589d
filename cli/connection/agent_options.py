"""The options of `abeyance connection` that are for Cursor's cloud agents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from app.errors import BadRequest

if TYPE_CHECKING:
    from app.domain.connection import Connection

ShareAgents = Annotated[
    list[str] | None,
    typer.Option(
        help="Cursor: a group whose members see each other's cloud agents that are launched from "
        "now on. May be given several times."
    ),
]
OwnAgents = Annotated[
    bool, typer.Option("--own-agents", help="Cursor: everyone sees their own agents alone again.")
]
OpenAgents = Annotated[
    bool | None,
    typer.Option(
        "--open-agents/--known-agents",
        help="Cursor: whether agents that were not launched through the gateway are everyone's.",
    ),
]
FetchArtifacts = Annotated[
    bool | None,
    typer.Option(
        "--fetch-artifacts/--pass-artifacts",
        help="Cursor: whether artifacts come through the gateway, or by an address past it.",
    ),
]


def agent_changes(
    share: list[str] | None,
    opened: bool | None,  # noqa: FBT001 - an option, as it was given
    fetched: bool | None,  # noqa: FBT001
    *,
    own: bool = False,
) -> dict[str, object]:
    """Return the fields of a connection that change. Raises BadRequest."""
    if any(not group.strip() for group in share or ()):
        raise BadRequest("The name of a group is empty: name one, or leave the option out.")
    if own and share:
        raise BadRequest("Give either --own-agents, or the groups with --share-agents.")
    given: dict[str, object] = {"open_agents": opened, "fetch_artifacts": fetched}
    changes = {field: value for field, value in given.items() if value is not None}
    if share or own:
        changes["share_agents"] = tuple(share or ())
    return changes


def agents_of(connection: Connection) -> str:
    """Say who sees which cloud agents, and how their artifacts come."""
    groups = ", ".join(connection.share_agents)
    whose = f"shared in {groups}" if groups else "everyone's own"
    older = "; those of elsewhere are open" if connection.open_agents else ""
    fetched = "; artifacts come through the gateway" if connection.fetch_artifacts else ""
    return f"{whose}{older}{fetched}"
