"""A hook in few lines: it asks `/-/evaluate` and reads the lines of the answer."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.flows.calling import RULES

if TYPE_CHECKING:
    import httpx

PROMPT_RULES = """
- id: production
  title: Prompts that name production
  on: request
  when: {prompt: {words: [production]}}
  then: hold
  approval: {from: [managers], expires: 1m}
  risk: high
  explain: Production needs a manager.
  examples: {match: ["deploy to production"], skip: ["build it"]}
- id: no-payroll
  title: Nobody asks about salaries
  on: request
  when: {prompt: {words: [payroll]}}
  then: deny
  risk: high
  explain: Ask people instead.
  examples: {match: ["print the payroll"], skip: ["build it"]}
- id: keys-are-masked
  title: Keys in prompts
  on: request
  when: {prompt: {detectors: [aws-access-key-id]}}
  then: mask
  risk: medium
  explain: Keys do not belong in prompts.
  examples: {match: ["AKIAIOSFODNN7EXAMPLE"], skip: ["a key"]}
"""
HURRY = """
- id: hurry
  title: The agent is in a hurry
  on: response
  when: {tool_call: {name: ["@shell"], arguments: {words: [hurry]}}}
  then: hold
  approval: {from: [managers], expires: 2s}
  risk: high
  explain: Ask in the morning.
  examples: {match: ["hurry up"], skip: ["build it"]}
"""
HOOK_RULES = RULES + PROMPT_RULES + HURRY
CALL = {"tool": "claude-code", "event": "tool_call", "conversation": "one", "name": "Bash"}


def call_of(command: str, **more: object) -> dict[str, Any]:
    """Return the question about a call of the shell."""
    return {**CALL, "arguments": {"command": command}, "patience": 20, **more}


def prompt_of(prompt: str, **more: object) -> dict[str, Any]:
    asked = {"tool": "claude-code", "event": "prompt", "conversation": "one", "prompt": prompt}
    return {**asked, "patience": 20, **more}


@dataclass
class Told:
    """What a hook was told so far; `waits` is set once it knows that a person is asked."""

    lines: list[dict[str, Any]] = field(default_factory=list)
    waits: asyncio.Event = field(default_factory=asyncio.Event)
    status: int = 0

    @property
    def last(self) -> dict[str, Any]:
        return self.lines[-1]

    @property
    def decision(self) -> str:
        assert self.last["state"] == "decided", self.lines
        return str(self.last["decision"])


async def ask(
    client: httpx.AsyncClient,
    question: object,
    told: Told | None = None,
    **more: Any,  # noqa: ANN401 - options of httpx
) -> Told:
    """Ask, and return what was told to the end."""
    told = told or Told()
    body = question if isinstance(question, bytes) else json.dumps(question).encode()
    async with client.stream("POST", "/-/evaluate", content=body, **more) as answer:
        told.status = answer.status_code
        async for line in answer.aiter_lines():
            told.lines.append(json.loads(line))
            if told.last.get("state") == "waiting":
                told.waits.set()
    return told
