"""What the requests of both versions have in common."""

from quart import Blueprint, request

from sandbox.model.behaviour import Behaviour
from sandbox.model.cursor.agents import Agent, Agents
from sandbox.model.cursor.runs import CREATED_AT, Run
from sandbox.model.intake import behave, check_basic, want_text
from sandbox.model.refusals import Dialect, Fault, JsonObject, Refusal, refuse_in

DEFAULT_MODEL = "cursor-sandbox"
_SWITCHES = ("leaky", "slow", "slow-midfail", "slow-leaky", "stalling", "expired")
MODELS = (DEFAULT_MODEL, *(f"{DEFAULT_MODEL}-{switch}" for switch in _SWITCHES))
ME = {
    "apiKeyName": "sandbox",
    "userEmail": "service@acme.example",
    "createdAt": CREATED_AT,
}
REPOSITORIES = ("https://github.com/acme/payments", "https://github.com/acme/website")


def blueprint(name: str, prefix: str) -> Blueprint:
    routes = Blueprint(name, __name__, url_prefix=prefix)
    routes.before_request(check_basic)
    refuse_in(routes, Dialect.CURSOR)
    return routes


def launch(agents: Agents, body: JsonObject, model: str, source: JsonObject) -> tuple[Agent, Run]:
    """Make an agent and its first run, or find those that the Idempotency-Key made before."""
    key = request.headers.get("Idempotency-Key")
    known = agents.made_with(key)
    if known is not None:
        return known, known.runs[0]
    prompt, behaviour = prompt_of(body), behave(model)
    name, agent_id = str(body.get("name") or prompt[:40]), str(body.get("agentId") or "")
    agent = agents.create(name, model, source, key, agent_id)
    return agent, agents.start(agent, prompt, behaviour)


def prompt_of(body: JsonObject) -> str:
    prompt = body.get("prompt")
    if not isinstance(prompt, dict):
        raise Refusal(Fault.BAD_BODY, "'prompt' must be an object with a 'text'.", "prompt")
    return want_text(prompt, "text")


def behaviour_for(body: JsonObject, agent: Agent) -> Behaviour:
    """Take the model of the run, if it names one, else the agent's."""
    return behave(model_id(body["model"]) if "model" in body else agent.model)


def model_id(model: object) -> str:
    if model is None:
        return DEFAULT_MODEL
    if not isinstance(model, dict):
        raise Refusal(Fault.BAD_BODY, "'model' must be an object with an 'id'.", "model")
    return want_text(model, "id")


def limit_asked() -> int | None:
    """Raise Refusal for a limit that the API does not take."""
    limit = request.args.get("limit", type=int)
    if "limit" in request.args and (limit is None or not 1 <= limit <= 100):
        raise Refusal(Fault.BAD_BODY, "'limit' must be a number from 1 to 100.", "limit")
    return limit
