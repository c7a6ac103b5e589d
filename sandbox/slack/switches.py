"""The operator's side, under `/sandbox`: faults, rates, scopes, delivery, sockets."""

import asyncio
from dataclasses import replace

from quart import Blueprint, Response, jsonify, request

from sandbox.slack.errors import Refused
from sandbox.slack.faults import CallFault
from sandbox.slack.people.control import json_body
from sandbox.slack.state.model import Json
from sandbox.slack.tickets import TRIGGER_SECONDS
from sandbox.slack.workspace import Workspace

MAX_WAIT = 60.0
DISCONNECTS = ("warning", "refresh_requested", "link_disabled", "drop")


def switches(workspace: Workspace) -> Blueprint:
    side = Blueprint("switches", __name__, url_prefix="/sandbox")

    @side.get("/app")
    async def app() -> Response:
        """How the app is connected; with `connections=N`, wait until that many are."""
        wanted = int(request.args.get("connections", "0"))
        timeout = min(float(request.args.get("timeout", "10")), MAX_WAIT)
        try:
            async with asyncio.timeout(timeout):
                await workspace.sockets.wait_for(wanted)
        except TimeoutError:
            raise Refused("timeout", f"Only {workspace.sockets.count} are connected.") from None
        return jsonify(_describe(workspace))

    @side.post("/settings")
    async def settings() -> Response:
        _apply(workspace, await json_body())
        return jsonify(_describe(workspace))

    @side.post("/sockets")
    async def sockets() -> Response:
        body = await json_body()
        reason = str(body.get("do"))
        if reason not in DISCONNECTS:
            raise Refused("unknown_act", f"Do one of: {', '.join(DISCONNECTS)}.")
        workspace.sockets.disconnect(reason, only_one=bool(body.get("only_one")))
        return jsonify(_describe(workspace))

    @side.get("/faults")
    async def faults() -> Response:
        return jsonify(workspace.faults.describe())

    @side.post("/faults")
    async def add_fault() -> Response:
        _add_fault(workspace, await json_body())
        return jsonify(workspace.faults.describe())

    @side.delete("/faults")
    async def clear_faults() -> Response:
        workspace.faults.clear()
        return jsonify(workspace.faults.describe())

    return side


def _add_fault(workspace: Workspace, body: Json) -> None:
    faults = workspace.faults
    if "status" in body:
        times, retry_after = int(body.get("times", 1)), int(body.get("retry_after", 1))
        error = str(body.get("error", ""))
        faults.add(CallFault(int(body["status"]), times, body.get("method"), retry_after, error))
    faults.duplicate_envelopes = bool(body.get("duplicate_envelopes", faults.duplicate_envelopes))
    faults.refuse_connections = bool(body.get("refuse_connections", faults.refuse_connections))
    faults.paused = bool(body.get("paused", faults.paused))


def _apply(workspace: Workspace, body: Json) -> None:
    if "rates" in body:
        workspace.rates.multiplier = float(body["rates"])
        workspace.rates.reset()
    if "bot_scopes" in body:
        workspace.app = replace(workspace.app, bot_scopes=tuple(body["bot_scopes"]))
    if "app_scopes" in body:
        workspace.app = replace(workspace.app, app_scopes=tuple(body["app_scopes"]))
    if "request_url" in body:
        workspace.delivery.request_url = body["request_url"]
    if "enterprise" in body:
        workspace.delivery.enterprise = str(body["enterprise"])
    if "altered" in body:
        workspace.delivery.altered = dict(body["altered"])
    if "ack_seconds" in body:
        workspace.sockets.ack_seconds = float(body["ack_seconds"])
        workspace.triggers.seconds = max(workspace.sockets.ack_seconds, TRIGGER_SECONDS)
    if "retry_delays" in body:
        workspace.delivery.retry_delays = tuple(float(d) for d in body["retry_delays"])
    _set_people(workspace, body)


def _set_people(workspace: Workspace, body: Json) -> None:
    if "profile_fields" in body:
        workspace.profile_fields = tuple(body["profile_fields"])
    for name in body.get("unconfirmed") or ():
        person = workspace.person(name)
        workspace.store.people[person.id] = replace(person, email_confirmed=False)
    for name, manager in (body.get("managers") or {}).items():
        boss = workspace.person(manager).id if manager else ""
        workspace.managers[workspace.person(name).id] = boss
    for handle, users in (body.get("usergroups") or {}).items():
        _set_group(workspace, handle, users)


def _set_group(workspace: Workspace, handle: str, users: list[str]) -> None:
    group = next((g for g in workspace.store.groups.values() if g.handle == handle), None)
    if group is None:
        raise Refused("no_such_group", f"There is no user group @{handle}.")
    ids = tuple(workspace.person(user).id for user in users)
    workspace.store.put_group(replace(group, users=ids))


def _describe(workspace: Workspace) -> Json:
    return {
        "connections": workspace.sockets.count,
        "request_url": workspace.delivery.request_url,
        "rates": workspace.rates.multiplier,
        "bot_scopes": list(workspace.app.bot_scopes),
        "app_scopes": list(workspace.app.app_scopes),
    }
