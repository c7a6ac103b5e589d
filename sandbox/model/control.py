"""The sandbox's own routes: look at what was received, release what stalls."""

from quart import Blueprint, Response, abort, jsonify, request

from sandbox.model.cursor.agents import Agents
from sandbox.model.flow import Gate
from sandbox.model.received import Log


def control_routes(log: Log, gate: Gate, agents: Agents) -> Blueprint:
    """Routes below `/sandbox`."""
    routes = Blueprint("control", __name__, url_prefix="/sandbox")

    @routes.get("/requests")
    async def received() -> Response:
        return jsonify([each.as_json() for each in log.all()])

    @routes.delete("/requests")
    async def forget() -> tuple[str, int]:
        log.forget()
        return "", 204

    @routes.get("/requests/wait")
    async def wait() -> Response:
        return jsonify([each.as_json() for each in await log.wait(_count())])

    @routes.get("/stalled/wait")
    async def stalled() -> Response:
        await gate.until(_count())
        return jsonify(stalled=_count())

    @routes.post("/release")
    async def release() -> Response:
        return jsonify(released=gate.release() + agents.release())

    return routes


def _count() -> int:
    count = request.args.get("count", type=int)
    if count is None or count < 0:
        abort(400, f"Say how many: {request.path}?count=N")
    return count
