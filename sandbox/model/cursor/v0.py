"""Version 0, where an agent and its runs are one thing, and which can tell a webhook."""

import asyncio

from quart import Blueprint, Response, current_app, jsonify, request

from sandbox.model.cursor.agents import Agent, Agents, page
from sandbox.model.cursor.reading import (
    DEFAULT_MODEL,
    ME,
    MODELS,
    REPOSITORIES,
    blueprint,
    launch,
    limit_asked,
    prompt_of,
)
from sandbox.model.cursor.runs import CREATED_AT, Run, RunStatus
from sandbox.model.cursor.webhook import Hook, Hooks, hook_of, tell
from sandbox.model.intake import behave, read_object
from sandbox.model.refusals import Fault, JsonObject, Refusal


def old_account_routes() -> Blueprint:
    """Routes that are about no agent."""
    routes = blueprint("cursor-v0-account", "/cursor/v0")

    @routes.get("/me")
    async def me() -> Response:
        return jsonify(ME)

    @routes.get("/models")
    async def models() -> Response:
        return jsonify(models=list(MODELS))

    @routes.get("/repositories")
    async def repositories() -> Response:
        described = [
            {"owner": url.split("/")[-2], "name": url.split("/")[-1], "repository": url}
            for url in REPOSITORIES
        ]
        return jsonify(repositories=described)

    return routes


def old_routes(agents: Agents, hooks: Hooks) -> Blueprint:
    """Routes that are about agents."""
    routes = blueprint("cursor-v0", "/cursor/v0/agents")

    @routes.get("")
    async def every() -> Response:
        shown, more = page(agents.all(), limit_asked(), request.args.get("cursor"))
        return jsonify(agents=[_describe(agent) for agent in shown], **more)

    @routes.post("")
    async def create() -> tuple[Response, int]:
        body = await read_object()
        source = body.get("source")
        if not isinstance(source, dict) or not isinstance(source.get("repository"), str):
            raise Refusal(Fault.BAD_BODY, "'source' must name a 'repository'.", "source")
        hook = hook_of(body.get("webhook"))
        model = body.get("model")
        name = model if isinstance(model, str) and model else DEFAULT_MODEL
        agent, run = launch(agents, body, name, source)
        if hook is not None:
            hooks[agent.id] = hook
            current_app.add_background_task(_announce, hook, agent, run)
        return jsonify(_describe(agent)), 201

    @routes.get("/<agent_id>")
    async def one(agent_id: str) -> Response:
        return jsonify(_describe(agents.find(agent_id)))

    @routes.delete("/<agent_id>")
    async def delete(agent_id: str) -> Response:
        agents.delete(agent_id)
        return jsonify(id=agent_id)

    return routes


def old_run_routes(agents: Agents, hooks: Hooks) -> Blueprint:
    """Routes that are about what an agent does."""
    routes = blueprint("cursor-v0-runs", "/cursor/v0/agents/<agent_id>")

    @routes.post("/followup")
    async def follow_up(agent_id: str) -> Response:
        agent = agents.find(agent_id)
        body = await read_object()
        run = agents.start(agent, prompt_of(body), behave(agent.model))
        if agent.id in hooks:
            current_app.add_background_task(_announce, hooks[agent.id], agent, run)
        return jsonify(id=agent.id)

    @routes.post("/stop")
    async def stop(agent_id: str) -> Response:
        agents.find(agent_id).runs[-1].cancel()
        return jsonify(id=agent_id)

    @routes.get("/conversation")
    async def conversation(agent_id: str) -> Response:
        agent = agents.find(agent_id)
        said = [message for run in agent.runs for message in _messages(run)]
        return jsonify(id=agent.id, messages=said)

    return routes


async def _announce(hook: Hook, agent: Agent, run: Run) -> None:
    """Tell the webhook once the run has finished; a stop is not told."""
    await run.ended()
    if run.status is RunStatus.FINISHED:
        changed = {"event": "statusChange", "timestamp": CREATED_AT, "summary": run.text}
        async with asyncio.timeout(30):
            await tell(hook, run.id, {**_describe(agent), **changed})


def _describe(agent: Agent) -> JsonObject:
    url = f"https://cursor.example/agents/{agent.id}"
    return {
        "id": agent.id,
        "name": agent.name,
        "status": agent.runs[-1].status.value,
        "source": agent.source,
        "target": {"branchName": f"cursor/{agent.id}", "url": url, "autoCreatePr": False},
        "createdAt": CREATED_AT,
    }


def _messages(run: Run) -> list[JsonObject]:
    asked = {"id": f"{run.id}-user", "type": "user_message", "text": run.prompt}
    if "result" not in run.describe():
        return [asked]
    return [asked, {"id": f"{run.id}-agent", "type": "assistant_message", "text": run.text}]
