"""Cursor's Cloud Agents API, versions 1 and 0."""

from quart import Blueprint, Response, jsonify, request

from sandbox.model.agents import CREATED_AT, Agent, Agents, Run, event_number
from sandbox.model.behaviour import Behaviour
from sandbox.model.intake import behave, check_basic, read_object, want_text
from sandbox.model.refusals import Dialect, Fault, JsonObject, Refusal, refuse_in

MODELS = ("cursor-sandbox", "cursor-sandbox-leaky", "cursor-sandbox-slow")
DEFAULT_MODEL = MODELS[0]
ME = {
    "apiKeyName": "sandbox",
    "userEmail": "service@acme.example",
    "createdAt": CREATED_AT,
}


def agent_routes(agents: Agents) -> Blueprint:
    """Routes of v1 that are about agents."""
    routes = _blueprint("cursor-agents", "/cursor/v1")

    @routes.get("/me")
    async def me() -> Response:
        return jsonify(ME)

    @routes.get("/models")
    async def models() -> Response:
        return jsonify(items=[{"id": name, "displayName": name} for name in MODELS])

    @routes.get("/agents")
    async def every() -> Response:
        return jsonify(items=[_describe(agent) for agent in agents.all()])

    @routes.post("/agents")
    async def create() -> tuple[Response, int]:
        body = await read_object()
        model = _model_id(body.get("model"))
        repos = body.get("repos")
        agent, run = _launch(agents, body, model, {"repos": repos or []})
        return jsonify(agent=_describe(agent), run=run.describe()), 201

    @routes.get("/agents/<agent_id>")
    async def one(agent_id: str) -> Response:
        return jsonify(_describe(agents.find(agent_id)))

    return routes


def run_routes(agents: Agents) -> Blueprint:
    """Routes of v1 that are about the runs of an agent."""
    routes = _blueprint("cursor-runs", "/cursor/v1/agents/<agent_id>/runs")

    @routes.get("")
    async def every(agent_id: str) -> Response:
        return jsonify(items=[run.describe() for run in reversed(agents.find(agent_id).runs)])

    @routes.post("")
    async def create(agent_id: str) -> tuple[Response, int]:
        agent = agents.find(agent_id)
        body = await read_object()
        run = agents.start(agent, _prompt(body), _behaviour(body, agent))
        return jsonify(run=run.describe()), 201

    @routes.get("/<run_id>")
    async def one(agent_id: str, run_id: str) -> Response:
        return jsonify(agents.find(agent_id).run(run_id).describe())

    @routes.get("/<run_id>/stream")
    async def stream(agent_id: str, run_id: str) -> Response:
        run = agents.find(agent_id).run(run_id)
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


def old_routes(agents: Agents) -> Blueprint:
    """Routes of v0, where an agent and its runs are one thing."""
    routes = _blueprint("cursor-v0", "/cursor/v0")

    @routes.get("/me")
    async def me() -> Response:
        return jsonify(ME)

    @routes.get("/models")
    async def models() -> Response:
        return jsonify(models=list(MODELS))

    @routes.get("/agents")
    async def every() -> Response:
        return jsonify(agents=[_describe_old(agent) for agent in agents.all()])

    @routes.post("/agents")
    async def create() -> tuple[Response, int]:
        body = await read_object()
        source = body.get("source")
        if not isinstance(source, dict) or not isinstance(source.get("repository"), str):
            raise Refusal(Fault.BAD_BODY, "'source' must name a 'repository'.", "source")
        model = body.get("model")
        name = model if isinstance(model, str) and model else DEFAULT_MODEL
        agent, _ = _launch(agents, body, name, source)
        return jsonify(_describe_old(agent)), 201

    @routes.get("/agents/<agent_id>")
    async def one(agent_id: str) -> Response:
        return jsonify(_describe_old(agents.find(agent_id)))

    @routes.post("/agents/<agent_id>/followup")
    async def follow_up(agent_id: str) -> Response:
        agent = agents.find(agent_id)
        body = await read_object()
        agents.start(agent, _prompt(body), behave(agent.model))
        return jsonify(id=agent.id)

    @routes.get("/agents/<agent_id>/conversation")
    async def conversation(agent_id: str) -> Response:
        agent = agents.find(agent_id)
        said = [message for run in agent.runs for message in _messages(run)]
        return jsonify(id=agent.id, messages=said)

    return routes


def _blueprint(name: str, prefix: str) -> Blueprint:
    routes = Blueprint(name, __name__, url_prefix=prefix)
    routes.before_request(check_basic)
    refuse_in(routes, Dialect.CURSOR)
    return routes


def _launch(agents: Agents, body: JsonObject, model: str, source: JsonObject) -> tuple[Agent, Run]:
    """Make an agent and its first run, or find those that the Idempotency-Key made before."""
    key = request.headers.get("Idempotency-Key")
    known = agents.made_with(key)
    if known is not None:
        return known, known.runs[0]
    prompt, behaviour = _prompt(body), behave(model)
    agent = agents.create(prompt, model, source, key)
    return agent, agents.start(agent, prompt, behaviour)


def _prompt(body: JsonObject) -> str:
    prompt = body.get("prompt")
    if not isinstance(prompt, dict):
        raise Refusal(Fault.BAD_BODY, "'prompt' must be an object with a 'text'.", "prompt")
    return want_text(prompt, "text")


def _behaviour(body: JsonObject, agent: Agent) -> Behaviour:
    """Take the model of the run, if it names one, else the agent's."""
    return behave(_model_id(body["model"]) if "model" in body else agent.model)


def _model_id(model: object) -> str:
    if model is None:
        return DEFAULT_MODEL
    if not isinstance(model, dict):
        raise Refusal(Fault.BAD_BODY, "'model' must be an object with an 'id'.", "model")
    return want_text(model, "id")


def _describe(agent: Agent) -> JsonObject:
    return {
        "id": agent.id,
        "name": agent.name,
        "status": "ACTIVE" if agent.is_busy else "IDLE",
        "model": {"id": agent.model},
        "repos": agent.source.get("repos", []),
        "url": f"https://cursor.example/agents/{agent.id}",
        "createdAt": CREATED_AT,
        "updatedAt": CREATED_AT,
        "latestRunId": agent.runs[-1].id,
    }


def _describe_old(agent: Agent) -> JsonObject:
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
