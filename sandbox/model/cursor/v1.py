"""Version 1: durable agents, each with its runs."""

from datetime import UTC, datetime, timedelta

from quart import Blueprint, Response, jsonify, request

from sandbox.model.cursor.agents import Agent, Agents, page
from sandbox.model.cursor.files import Files
from sandbox.model.cursor.reading import (
    ME,
    MODELS,
    REPOSITORIES,
    behaviour_for,
    blueprint,
    launch,
    limit_asked,
    model_id,
    prompt_of,
)
from sandbox.model.cursor.runs import CREATED_AT, Run, event_number
from sandbox.model.intake import read_object
from sandbox.model.refusals import JsonObject


def account_routes() -> Blueprint:
    """Routes that are about no agent."""
    routes = blueprint("cursor-account", "/cursor/v1")

    @routes.get("/me")
    async def me() -> Response:
        return jsonify(ME)

    @routes.get("/models")
    async def models() -> Response:
        return jsonify(items=[{"id": name, "displayName": name} for name in MODELS])

    @routes.get("/repositories")
    async def repositories() -> Response:
        return jsonify(items=[{"url": url} for url in REPOSITORIES])

    return routes


def agent_routes(agents: Agents) -> Blueprint:
    """Routes that are about agents."""
    routes = blueprint("cursor-agents", "/cursor/v1/agents")

    @routes.get("")
    async def every() -> Response:
        pull_request = request.args.get("prUrl")
        shown, more = page(
            (
                agent
                for agent in agents.all()
                if not agent.archived or request.args.get("includeArchived") == "true"
                if pull_request is None or pull_request in agent.pull_requests
            ),
            limit_asked(),
            request.args.get("cursor"),
        )
        return jsonify(items=[_describe(agent) for agent in shown], **more)

    @routes.post("")
    async def create() -> tuple[Response, int]:
        body = await read_object()
        model = model_id(body.get("model"))
        repos = body.get("repos")
        agent, run = launch(agents, body, model, {"repos": repos or []})
        return jsonify(agent=_describe(agent), run=run.describe()), 201

    @routes.get("/<agent_id>")
    async def one(agent_id: str) -> Response:
        return jsonify(_describe(agents.find(agent_id)))

    @routes.delete("/<agent_id>")
    async def delete(agent_id: str) -> Response:
        agents.delete(agent_id)
        return jsonify(id=agent_id)

    @routes.post("/<agent_id>/archive")
    async def archive(agent_id: str) -> Response:
        agents.find(agent_id).archived = True
        return jsonify(id=agent_id)

    @routes.post("/<agent_id>/unarchive")
    async def unarchive(agent_id: str) -> Response:
        agents.find(agent_id).archived = False
        return jsonify(id=agent_id)

    @routes.get("/<agent_id>/usage")
    async def usage(agent_id: str) -> Response:
        agent, wanted = agents.find(agent_id), request.args.get("runId")
        runs = [agent.run(wanted)] if wanted else agent.runs
        return jsonify(
            totalUsage=_total(runs),
            runs=[{"id": run.id, "usage": run.usage} for run in runs],
        )

    return routes


def artifact_routes(agents: Agents, files: Files) -> Blueprint:
    """Routes that are about what an agent leaves."""
    routes = blueprint("cursor-artifacts", "/cursor/v1/agents/<agent_id>/artifacts")

    @routes.get("")
    async def every(agent_id: str) -> Response:
        return jsonify(items=agents.find(agent_id).describe_artifacts())

    @routes.get("/download")
    async def download(agent_id: str) -> Response:
        path = request.args.get("path")
        body = agents.find(agent_id).artifact(path)
        until = datetime.now(UTC) + timedelta(minutes=15)
        return jsonify(url=files.publish(str(path), body), expiresAt=until.isoformat())

    return routes


def run_routes(agents: Agents) -> Blueprint:
    """Routes that are about the runs of an agent."""
    routes = blueprint("cursor-runs", "/cursor/v1/agents/<agent_id>/runs")

    @routes.get("")
    async def every(agent_id: str) -> Response:
        runs = reversed(agents.find(agent_id).runs)
        shown, more = page(runs, limit_asked(), request.args.get("cursor"))
        return jsonify(items=[run.describe() for run in shown], **more)

    @routes.post("")
    async def create(agent_id: str) -> tuple[Response, int]:
        agent = agents.find(agent_id)
        body = await read_object()
        run = agents.start(agent, prompt_of(body), behaviour_for(body, agent))
        return jsonify(run=run.describe()), 201

    @routes.get("/<run_id>")
    async def one(agent_id: str, run_id: str) -> Response:
        return jsonify(agents.find(agent_id).run(run_id).describe())

    @routes.get("/<run_id>/stream")
    async def stream(agent_id: str, run_id: str) -> Response:
        run = agents.find(agent_id).run(run_id)
        run.check_stream()
        after = event_number(request.headers.get("Last-Event-ID"))
        response = Response(run.stream(after), content_type="text/event-stream")
        response.headers["Cache-Control"] = "no-cache"
        response.timeout = None
        return response

    @routes.post("/<run_id>/cancel")
    async def cancel(agent_id: str, run_id: str) -> Response:
        agents.find(agent_id).run(run_id).cancel()
        return jsonify(id=run_id)

    return routes


def _total(runs: list[Run]) -> JsonObject:
    counts = [run.usage for run in runs]
    return {name: sum(count[name] for count in counts) for name in runs[0].usage}


def _describe(agent: Agent) -> JsonObject:
    return {
        "id": agent.id,
        "name": agent.name,
        "status": "ARCHIVED" if agent.archived else "ACTIVE",
        "env": {"type": "cloud"},
        "repos": agent.source.get("repos", []),
        "url": f"https://cursor.example/agents/{agent.id}",
        "createdAt": CREATED_AT,
        "updatedAt": CREATED_AT,
        "latestRunId": agent.runs[-1].id,
    }
