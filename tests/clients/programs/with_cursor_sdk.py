"""A developer's program on Cursor's SDK for Python: a JSON document a line in, and one out."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, TypeAlias

from cursor_sdk import Agent, Cursor

if TYPE_CHECKING:
    from cursor_sdk import Run

Json: TypeAlias = "dict[str, object]"

KEY = os.environ["CURSOR_API_KEY"]
CLOUD = {"repos": [{"url": "https://github.com/acme/payments", "starting_ref": "main"}]}
IN_CLOUD = {"runtime": "cloud", "api_key": KEY}
agents: dict[str, Agent] = {}
runs: dict[str, Run] = {}


def described(run: Run) -> Json:
    runs[run.id] = run
    return {"agent": run.agent_id, "run": run.id}


def launch(prompt: str, model: str, agent: str = "") -> Json:
    chosen = {"agent_id": agent} if agent else {}
    made = Agent.create(model=model, api_key=KEY, cloud=CLOUD, **chosen)
    described_run = described(made.send(prompt))
    agents[made.agent_id] = made
    return described_run


def stream(run: str) -> Json:
    messages = list(runs[run].messages())
    said = [
        block.text
        for message in messages
        if message.type == "assistant"
        for block in message.message.content
    ]
    calls = [message.name for message in messages if message.type == "tool_call"]
    return {"said": "".join(said), "calls": calls, "status": runs[run].status}


def wait(run: str) -> Json:
    ended = runs[run].wait()
    return {"status": ended.status, "result": ended.result}


def usage(agent: str) -> Json:
    used = agents[agent].get_usage()
    return {"total": used.usage.total_tokens, "runs": [each.run_id for each in used.runs]}


DO = {
    "launch": launch,
    "stream": stream,
    "wait": wait,
    "usage": usage,
    "send": lambda agent, prompt: described(agents[agent].send(prompt)),
    "conversation": lambda run: str(runs[run].conversation()),
    "cancel": lambda run: runs[run].cancel(),
    "runs": lambda agent: [run.id for run in Agent.list_runs(agent, IN_CLOUD).items],
    "get": lambda agent: Agent.get(agent).name,
    "list": lambda: [agent.agent_id for agent in Agent.list(IN_CLOUD).items],
    "archive": lambda agent: Agent.archive(agent_id=agent),
    "unarchive": lambda agent: Agent.unarchive(agent_id=agent),
    "delete": lambda agent: Agent.delete(agent_id=agent),
    "artifacts": lambda agent: [each.path for each in agents[agent].list_artifacts()],
    "download": lambda agent, path: agents[agent].download_artifact(path).decode(),
    "me": lambda: Cursor.me().api_key_name,
    "models": lambda: [model.id for model in Cursor.models.list()],
    "repositories": lambda: [each.url for each in Cursor.repositories.list()],
}

# The SDK's own process inherits the standard input, and would read what is asked here.
asking = os.fdopen(os.dup(sys.stdin.fileno()))
os.dup2(os.open(os.devnull, os.O_RDONLY), sys.stdin.fileno())
for line in asking:
    asked = json.loads(line)
    try:
        print(json.dumps({"is": DO[asked.pop("do")](**asked)}), flush=True)
    except Exception as error:  # noqa: BLE001 - what the developer sees
        print(json.dumps({"error": type(error).__name__, "message": str(error)}), flush=True)
