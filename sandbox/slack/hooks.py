"""Answers to a command or a click: in the ack, or by posting to the response_url."""

import json
from dataclasses import replace

from quart import Blueprint, Response, jsonify, request

from sandbox.slack import posting
from sandbox.slack.errors import ApiError
from sandbox.slack.state import seed
from sandbox.slack.state.model import Channel, Json, Message
from sandbox.slack.tickets import Hook
from sandbox.slack.workspace import Workspace


def response_urls(workspace: Workspace) -> Blueprint:
    hooks = Blueprint("response_urls", __name__)

    @hooks.post(f"/actions/{seed.TEAM_ID}/<number>/<token>")
    async def respond(number: str, token: str) -> tuple[Response, int]:
        await workspace.faults.wait_while_paused()
        try:
            hook = workspace.hooks.use(f"{number}/{token}")
            _respond(workspace, hook, _body(await request.get_data()))
        except ApiError as error:
            status = 404 if error.code.endswith("_url") else 400
            return jsonify({"ok": False, "error": error.code} | error.extra), status
        return Response("ok", content_type="text/plain"), 200

    return hooks


def say_reply(workspace: Workspace, channel: Channel, user: str, answer: Json) -> None:
    """Show the person (or the channel) what the app said in its ack."""
    said = posting.draft(answer.get("text"), answer.get("blocks"))
    if answer.get("response_type") != "in_channel":
        said = replace(said, ephemeral_to=user)
    posting.post(workspace, channel, seed.BOT_USER_ID, said)


def _body(raw: str | bytes) -> Json:
    try:
        body = json.loads(raw)
    except ValueError:
        raise ApiError("invalid_payload") from None
    if not isinstance(body, dict):
        raise ApiError("invalid_payload")
    return body


def _respond(workspace: Workspace, hook: Hook, body: Json) -> None:
    original = _original(workspace, hook)
    if body.get("delete_original"):
        if original is None:
            raise ApiError("message_not_found")
        posting.delete(workspace, original)
        return
    said = posting.draft(body.get("text"), body.get("blocks"))
    if body.get("replace_original") and original is not None:
        posting.edit(workspace, original, said)
        return
    said = replace(said, thread_ts=body.get("thread_ts") or None)
    if body.get("response_type") != "in_channel":
        said = replace(said, ephemeral_to=hook.user)
    channel = workspace.store.channels[hook.channel]
    message = posting.post(workspace, channel, seed.BOT_USER_ID, said)
    hook.message_ts = hook.message_ts or message.ts


def _original(workspace: Workspace, hook: Hook) -> Message | None:
    if hook.message_ts is None:
        return None
    return workspace.store.find_message(hook.channel, hook.message_ts)
