"""`abeyance connection accept-tool`: what an administrator says of a tool that has changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape

from app.clock import SystemClock
from app.domain.event import Event, EventKind
from app.domain.server_tool import tool_id, version_id
from app.errors import NotFound
from cli.storing import record, who, with_storage

if TYPE_CHECKING:
    from app.storage.store import MongoStorage


def accept_tool(
    name: Annotated[str, typer.Argument(help="The connection.")],
    tool: Annotated[str, typer.Argument(help="The tool, as its server names it.")],
) -> None:
    """Accept what an MCP server says of a tool by now, also after approvers denied it."""

    async def accept(storage: MongoStorage) -> None:
        known = await storage.tools.trusted([tool_id(name, tool)])
        latest = version_id(name, tool, known[0].latest) if known else ""
        version = await storage.tools.version(latest)
        if version is None:
            raise NotFound(f"The tool “{tool}” was never listed over the connection “{name}”.")
        said: dict[str, str | int] = {
            "connection": name,
            "tool": tool,
            "fingerprint": version.fingerprint,
            "why": who(),
        }
        await record(storage, Event(EventKind.TOOL_TRUSTED, SystemClock().now(), "", said))
        await storage.tools.trust(version)
        console = Console(highlight=False, soft_wrap=True)
        console.print(f"Accepted for everyone who calls [bold]{escape(tool)}[/]:")
        console.print(escape("\n".join(version.lines)))

    with_storage(accept)
