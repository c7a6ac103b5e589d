"""An agent in few lines: it sends a prompt, makes the calls of each answer, and goes on."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import uuid4

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine

    import anthropic
    import openai

    from sandbox.slack.people.driver import SeenMessage, SlackUser

_Result = TypeVar("_Result")
SCHEMA = {
    "type": "object",
    "properties": {"command": {"type": "string"}},
    "required": ["command"],
}
TOOL = {"name": "Bash", "description": "Runs a command.", "input_schema": SCHEMA}
FUNCTION = {"type": "function", "function": {"name": "bash", "parameters": SCHEMA}}
RULES = """
- id: deploys
  title: The agent deploys
  on: response
  when: {tool_call: {name: ["@shell"], arguments: {words: [deploy]}}}
  then: hold
  approval: {from: [managers], expires: 1m}
  risk: high
  explain: A deploy needs a manager.
  examples: {match: ["deploy it"], skip: ["build it"]}
- id: no-destroy
  title: The agent destroys
  on: response
  when: {tool_call: {name: ["@shell"], arguments: {words: [destroy]}}}
  then: deny
  risk: critical
  explain: Nothing is destroyed here.
  examples: {match: ["destroy it"], skip: ["build it"]}
- id: no-keys
  title: The agent uses a key
  on: response
  when: {tool_call: {name: ["@shell"], arguments: {detectors: [aws-access-key-id]}}}
  then: mask
  risk: medium
  explain: Keys do not belong in commands.
  examples: {match: ["AKIAIOSFODNN7EXAMPLE"], skip: ["a key"]}
"""
SETS = "- {name: managers, slack_groups: [managers]}\n"
CLAUDE = "claude-cli/2.1.197 (external, cli)"


def marked(command: str) -> str:
    """Return a command that no other story has."""
    return f"{command} case-{uuid4().hex[:8]}"


def script(*steps: str | tuple[str, ...]) -> str:
    lines = []
    for step in steps:
        first, *more = (step,) if isinstance(step, str) else step
        lines += [f"$ {first}", *(f"+ {command}" for command in more)]
    return "\n".join(["Do this:", *lines])


@dataclass
class Agent:
    """What was run, in order, and all that was said."""

    ran: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    requests: int = 0
    model: str = "claude-any-strict"
    """Which refuses a history that its provider would refuse."""
    waits: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once it was told that a call of it waits."""
    history: list[dict[str, Any]] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=lambda: {"user-agent": CLAUDE})
    on_call: Callable[[str], None] = lambda _: None

    async def claude(self, client: anthropic.AsyncAnthropic, prompt: str) -> None:
        """Work until the model makes no more calls, over a stream of Messages."""
        self.history.append({"role": "user", "content": prompt})
        while True:
            self.requests += 1
            async with client.messages.stream(
                model=self.model,
                max_tokens=99,
                tools=[TOOL],
                messages=self.history,
                extra_headers=self.headers,
            ) as stream:
                async for event in stream:
                    if event.type == "content_block_stop" and event.content_block.type == "text":
                        self._hear(event.content_block.text)
                    if (
                        event.type == "content_block_stop"
                        and event.content_block.type == "tool_use"
                    ):
                        self._run(event.content_block.input["command"])
                message = await stream.get_final_message()
            content = [block.model_dump(exclude_none=True) for block in message.content]
            for block in content:
                block.pop("parsed_output", None)
            self.history.append({"role": "assistant", "content": content})
            results = [
                {"type": "tool_result", "tool_use_id": block["id"], "content": "done"}
                for block in content
                if block["type"] == "tool_use"
            ]
            assert (message.stop_reason == "tool_use") is bool(results)
            if not results:
                return
            self.history.append({"role": "user", "content": results})

    async def chat(self, client: openai.AsyncOpenAI, prompt: str, *, stream: bool) -> None:
        """Do the same over Chat Completions."""
        self.history.append({"role": "user", "content": prompt})
        while True:
            self.requests += 1
            asked = {"model": self.model, "messages": self.history, "tools": [FUNCTION]}
            if stream:
                async with client.chat.completions.stream(
                    **asked, extra_headers=self.headers
                ) as events:
                    whole = await events.get_final_completion()
            else:
                whole = await client.chat.completions.create(**asked, extra_headers=self.headers)
            [choice] = whole.choices
            message = choice.message
            self.said.append(message.content or "")
            calls = message.tool_calls or []
            self.history.append(
                {"role": "assistant", "content": message.content}
                | ({"tool_calls": [call.model_dump() for call in calls]} if calls else {})
            )
            assert choice.finish_reason == ("tool_calls" if calls else "stop")
            if not calls:
                return
            for call in calls:
                self._run(json.loads(call.function.arguments)["command"])
                result = {"role": "tool", "tool_call_id": call.id, "content": "done"}
                self.history.append(result)

    def _hear(self, text: str) -> None:
        self.said.append(text)
        if text.startswith("⏳"):
            self.waits.set()

    def _run(self, command: str) -> None:
        self.ran.append(command)
        self.on_call(command)


@asynccontextmanager
async def meanwhile(work: Coroutine[Any, Any, _Result]) -> AsyncIterator[asyncio.Task[_Result]]:
    """Have work go on beside a block, and end with it."""
    async with asyncio.TaskGroup() as tasks:
        yield tasks.create_task(work)


async def deny(user: SlackUser, card: SeenMessage, why: str) -> None:
    """Press the button of a card, and give a reason in the form that it opens."""
    await user.click(card, "Deny…")
    await user.wait_for_view()
    await user.submit({"category": "Other", "reason": why})
