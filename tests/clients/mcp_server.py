"""`python -m tests.clients.mcp_server PORT [stateless]`: a tool server of MCP's official SDK."""

from __future__ import annotations

import asyncio
import sys

from mcp.server.mcpserver import Context, MCPServer

KEY = "AKIAIOSFODNN7EXAMPLE"
server = MCPServer("ops", log_level="WARNING")
done: list[str] = []


@server.tool()
def deploy(target: str) -> str:
    """Deploy to a target."""
    done.append(target)
    return f"{target} is deployed ({len(done)} so far)"


@server.tool()
def deployed() -> list[str]:
    """List what was deployed."""
    return done


@server.tool()
def delete_everything() -> str:
    """Delete all that was deployed."""
    done.append("nothing is left")
    return "deleted"


@server.tool()
def environment() -> str:
    """Show the environment."""
    return f"AWS_ACCESS_KEY_ID={KEY}"


@server.tool()
async def watch(context: Context) -> str:
    """Tell of a change of the tools on the stream that a stateful client keeps open."""
    await context.session.send_tool_list_changed()
    return "told"


if __name__ == "__main__":
    port, stateless = int(sys.argv[1]), "stateless" in sys.argv
    serving = server.run_streamable_http_async(port=port, stateless_http=stateless)
    asyncio.run(serving)
