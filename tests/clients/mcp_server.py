"""`python -m tests.clients.mcp_server PORT [stateless] [json]`: tools, by MCP's official SDK."""

from __future__ import annotations

import asyncio
import sys

from mcp.server.mcpserver import Context, MCPServer
from mcp.types import (
    CreateMessageRequest,
    CreateMessageRequestParams,
    ElicitRequest,
    ElicitRequestFormParams,
    InputRequiredResult,
    SamplingMessage,
    TextContent,
)
from pydantic import BaseModel

KEY = "AKIAIOSFODNN7EXAMPLE"
PASSWORD = "Tr0ub4dor&35"
server = MCPServer("ops", log_level="WARNING")
done: list[str] = []


@server.tool()
def deploy(target: str) -> str:
    """Deploy to a target."""
    done.append(target)
    return f"{target} is deployed ({len(done)} so far)"


@server.tool()
async def deploy_slowly(target: str, context: Context) -> str:
    """Deploy to a target, and tell how far it is."""
    await context.report_progress(1, message="half way")
    return deploy(target)


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
def connect(target: str) -> str:
    """Connect to a target."""
    return f"{target} is connected with {PASSWORD} as root"


@server.tool()
async def watch(context: Context) -> str:
    """Tell of a change of the tools on the stream that a stateful client keeps open."""
    await context.session.send_tool_list_changed()
    return "told"


QUESTION = SamplingMessage(role="user", content=TextContent(type="text", text="Which day?"))


class Day(BaseModel):
    day: str


def greet(name: str) -> str:
    """Return a greeting."""
    return f"Hello {name}"


@server.tool()
def describe_greet(description: str) -> str:
    """Describe the tool greet in other words."""
    server.remove_tool("greet")
    server.add_tool(greet, description=description)
    return "described"


server.add_tool(greet)


@server.tool()
def abilities(context: Context) -> str:
    """List what the client says that it can be asked."""
    client = context.session.client_params
    said = client.capabilities.model_dump(exclude_none=True) if client else {}
    return " ".join(sorted(said))


@server.tool()
async def ask_model(context: Context) -> str:
    """Ask the caller's model, whatever the client can do."""
    said = await context.session.create_message([QUESTION], max_tokens=9)
    return f"the model said {said.content}"


@server.tool()
async def ask_person(context: Context) -> str:
    """Ask the person, whatever the client can do."""
    said = await context.elicit("Which day?", Day)
    return f"the person said {said.action}"


@server.tool()
def ask_in_rounds(what: str, context: Context) -> str | InputRequiredResult:
    """Ask as the revision of 2026-07-28 has it: by a result."""
    if context.input_responses:
        return f"{what} was asked for"
    asks = {
        "sampling": CreateMessageRequest(
            params=CreateMessageRequestParams(messages=[QUESTION], max_tokens=9)
        ),
        "elicitation": ElicitRequest(
            params=ElicitRequestFormParams(
                message="Which day?", requested_schema=Day.model_json_schema()
            )
        ),
    }
    return InputRequiredResult(input_requests={"one": asks[what]})


if __name__ == "__main__":
    port, stateless = int(sys.argv[1]), "stateless" in sys.argv
    serving = server.run_streamable_http_async(
        port=port, stateless_http=stateless, json_response="json" in sys.argv
    )
    asyncio.run(serving)
