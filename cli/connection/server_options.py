"""The options of `abeyance connection` that are for servers of MCP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from app.errors import BadRequest

if TYPE_CHECKING:
    from app.domain.connection import Connection

_OFFERS = "as a glob such as 'get_*'. May be given several times"

AllowTool = Annotated[
    list[str] | None,
    typer.Option(help=f"MCP: a tool that is offered, {_OFFERS}; without any, every tool is."),
]
DenyTool = Annotated[
    list[str] | None,
    typer.Option(help=f"MCP: a tool that is not offered, {_OFFERS}; it beats --allow-tool."),
]
AllTools = Annotated[bool, typer.Option("--all-tools", help="MCP: offer every tool again.")]
Sampling = Annotated[
    bool | None,
    typer.Option(
        "--allow-sampling/--deny-sampling",
        help="MCP: whether the server may ask the caller's model. Denied by default.",
    ),
]
Elicitation = Annotated[
    bool | None,
    typer.Option(
        "--allow-elicitation/--deny-elicitation",
        help="MCP: whether the server may ask the caller for input. Denied by default.",
    ),
]


def server_changes(
    allow: list[str] | None,
    deny: list[str] | None,
    sampling: bool | None,  # noqa: FBT001 - an option, as it was given
    elicitation: bool | None,  # noqa: FBT001
    *,
    all_tools: bool = False,
) -> dict[str, object]:
    """Return the fields of a connection that change. Raises BadRequest for an empty glob."""
    if any(not glob.strip() for glob in [*(allow or ()), *(deny or ())]):
        raise BadRequest("A glob of tools is empty: name a tool, or leave the option out.")
    if all_tools and (allow or deny):
        raise BadRequest("Give either --all-tools, or the tools with --allow-tool and --deny-tool.")
    given: dict[str, object] = {"allow_sampling": sampling, "allow_elicitation": elicitation}
    changes = {field: value for field, value in given.items() if value is not None}
    if allow or all_tools:
        changes["allow_tools"] = tuple(allow or ())
    if deny or all_tools:
        changes["deny_tools"] = tuple(deny or ())
    return changes


def check_server(connection: Connection) -> None:
    """Raise BadRequest where options for MCP are given to a connection of something else."""
    given = connection.allow_tools, connection.deny_tools
    may_ask = connection.allow_sampling, connection.allow_elicitation
    if any((*given, *may_ask)) and connection.wire != "mcp":
        raise BadRequest(
            f"Tools, sampling and elicitation are for connections of --wire mcp; the wire of "
            f"“{connection.name}” is {connection.wire}."
        )


def tools_of(connection: Connection) -> str:
    """Say which tools are offered."""
    allowed = ", ".join(connection.allow_tools) or "all"
    denied = ", ".join(connection.deny_tools)
    return f"{allowed}, but not {denied}" if denied else allowed


def asks_of(connection: Connection) -> str:
    """Say what the server may ask for."""
    may = [
        name
        for name, allowed in (
            ("sampling", connection.allow_sampling),
            ("elicitation", connection.allow_elicitation),
        )
        if allowed
    ]
    return " and ".join(may) or "nothing"
