"""The driver's side: who am I, what do I see, and what I do. Used by the page and by tests."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from quart import Blueprint, Response, jsonify, request, websocket

from sandbox.slack import posting
from sandbox.slack.errors import ApiError, Refused
from sandbox.slack.people import acts
from sandbox.slack.people.sight import state_for, unread
from sandbox.slack.state import seed
from sandbox.slack.state.model import Json, Person
from sandbox.slack.workspace import Workspace

Act = Callable[[Workspace, Person, Json], Awaitable[Json]]


async def _click(workspace: Workspace, person: Person, body: Json) -> Json:
    choice = acts.Choice(
        body["action_id"], body.get("block_id"), body.get("value"), body.get("values") or {}
    )
    if body.get("view_id"):
        await acts.click_view(workspace, person, body["view_id"], choice)
    else:
        await acts.click_message(workspace, person, body["channel"], body["ts"], choice)
    return {}


async def _submit(workspace: Workspace, person: Person, body: Json) -> Json:
    await acts.submit_view(workspace, person, body["view_id"], body.get("values") or {})
    return {}


async def _close(workspace: Workspace, person: Person, body: Json) -> Json:
    everything = bool(body.get("all"))
    await acts.close_view(workspace, person, body["view_id"], all_views=everything)
    return {}


async def _command(workspace: Workspace, person: Person, body: Json) -> Json:
    text = body.get("text") or ""
    await acts.run_command(workspace, person, body["channel"], body["command"], text)
    return {}


async def _say(workspace: Workspace, person: Person, body: Json) -> Json:
    said = replace(posting.draft(body.get("text"), None), thread_ts=body.get("thread_ts"))
    message = acts.speak(workspace, person, body["channel"], said)
    return {"message": posting.seen_message(workspace, message)}


async def _open_home(workspace: Workspace, person: Person, body: Json) -> Json:
    await acts.open_home(workspace, person, body.get("tab") or "home")
    return {}


async def _read(workspace: Workspace, person: Person, body: Json) -> Json:
    channel = acts.channel_seen_by(workspace, person, body["channel"])
    workspace.store.mark_read(person.id, channel.id, body["ts"])
    change = {"type": "read", "channel": channel.id, "ts": body["ts"]}
    workspace.feed.publish([person.id], change)
    return {}


async def _nothing(_workspace: Workspace, _person: Person, _body: Json) -> Json:
    """Only look: the answer tells how far the changes have come."""
    return {}


ACTS: dict[str, Act] = {
    "click": _click,
    "submit": _submit,
    "close": _close,
    "command": _command,
    "say": _say,
    "open_home": _open_home,
    "read": _read,
    "nothing": _nothing,
}


def control(workspace: Workspace) -> Blueprint:
    """`/sandbox/people`, `/state`, `/act`, `/live`."""
    side = Blueprint("control", __name__, url_prefix="/sandbox")

    @side.get("/people")
    async def people() -> Response:
        return jsonify([p.card() | {"unread": unread(workspace, p)} for p in seed.PEOPLE])

    @side.get("/state")
    async def state() -> Response:
        return jsonify(state_for(workspace, workspace.person(request.args["user"])))

    @side.post("/act")
    async def act() -> Response:
        body = await json_body()
        person = workspace.person(str(body.get("user")))
        done = ACTS.get(str(body.get("do")))
        if done is None:
            raise Refused("unknown_act", f"Do one of: {', '.join(ACTS)}.")
        try:
            result = await done(workspace, person, body)
        except KeyError as missing:
            raise Refused("missing_field", f"This act needs {missing}.") from None
        except ApiError as error:
            raise Refused(
                error.code, f"The app answered with something Slack refuses: {error}"
            ) from None
        return jsonify({"ok": True, "seq": workspace.feed.seq(person.id)} | result)

    @side.websocket("/live")
    async def live() -> None:
        person = workspace.person(websocket.args["user"])
        await websocket.accept()
        with workspace.feed.watch(person.id) as frames:
            await websocket.send_json({"type": "state", "state": state_for(workspace, person)})
            while (frame := await frames.get()) is not None:
                await websocket.send_json(frame)
        await websocket.close(1001)

    return side


async def show_refusal(error: Refused) -> tuple[Response, int]:
    """The error handler of everything under `/sandbox`."""
    body: Json = {"ok": False, "error": error.code, "message": error.message}
    if error.errors:
        body["errors"] = error.errors
    return jsonify(body), 409


async def json_body() -> Json:
    """A JSON object. Only JSON is taken, so that no other site's form can act here."""
    body: Any = await request.get_json(silent=True)
    if not isinstance(body, dict):
        raise Refused("invalid_json", "Send a JSON object with Content-Type: application/json.")
    return body
