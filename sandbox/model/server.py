"""The model API as one server: `/openai`, `/anthropic`, `/cursor`, and `/sandbox` of our own."""

import asyncio

from quart import Quart, Response, request
from werkzeug.exceptions import HTTPException

from sandbox.model.anthropic_messages import message_routes
from sandbox.model.control import control_routes
from sandbox.model.cursor.agents import Agents
from sandbox.model.cursor.files import Files, file_host
from sandbox.model.cursor.v0 import old_account_routes, old_routes, old_run_routes
from sandbox.model.cursor.v1 import account_routes, agent_routes, artifact_routes, run_routes
from sandbox.model.cursor.webhook import Hooks
from sandbox.model.flow import Gate, Mortal
from sandbox.model.gemini import gemini_routes
from sandbox.model.openai_chat import chat_routes
from sandbox.model.openai_responses import response_routes
from sandbox.model.received import Log
from sandbox.model.refusals import Dialect, Fault, Refusal, refusal_response
from sandbox.serving import Listener, listen, serve

MAX_BODY = 64 * 1024 * 1024


def make_app(files: Files) -> Mortal:
    """Build the API, with nothing received yet."""
    log, gate, agents = Log(), Gate(), Agents()
    hooks = Hooks()
    app = Quart(__name__)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY
    app.register_blueprint(chat_routes(gate))
    app.register_blueprint(response_routes(gate))
    app.register_blueprint(message_routes(gate))
    app.register_blueprint(gemini_routes(gate))
    app.register_blueprint(account_routes())
    app.register_blueprint(agent_routes(agents))
    app.register_blueprint(artifact_routes(agents, files))
    app.register_blueprint(run_routes(agents))
    app.register_blueprint(old_account_routes())
    app.register_blueprint(old_routes(agents, hooks))
    app.register_blueprint(old_run_routes(agents, hooks))
    app.register_blueprint(control_routes(log, gate, agents))

    @app.before_request
    async def note() -> None:
        if not request.path.startswith("/sandbox/"):
            await log.note(request)

    @app.errorhandler(HTTPException)
    async def misdirected(error: HTTPException) -> Response:
        if error.code in {404, 405}:
            refusal = Refusal(Fault.NOT_FOUND, f"Nothing answers {request.method} {request.path}.")
        else:
            refusal = Refusal(Fault.BAD_BODY, error.description or error.name)
        response = refusal_response(refusal, _dialect_of(request.path))
        response.status_code = error.code or 500
        return response

    return Mortal(app)


async def run(listener: Listener, shutdown: asyncio.Event) -> None:
    """Serve until `shutdown` is set, and beside it the host where artifacts lie."""
    files, beside = Files(), listen(0)
    files.url = beside.url
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(serve(file_host(files), beside, shutdown))
        tasks.create_task(serve(make_app(files), listener, shutdown))


def _dialect_of(path: str) -> Dialect:
    first = path.split("/", 2)[1]
    return Dialect(first) if first in {each.value for each in Dialect} else Dialect.OPENAI
