"""The HTTP side of the Web API: any verb and any encoding in, JSON out."""

import json
from collections.abc import Callable

from quart import Blueprint, Request, Response, request

from sandbox.slack.errors import ApiError, Limited
from sandbox.slack.faults import SWALLOWED, CallFault
from sandbox.slack.state.model import Json
from sandbox.slack.web import chat, conversations, files, history, people, views
from sandbox.slack.web.call import Call, admit, scopes_of
from sandbox.slack.workspace import Workspace

HANDLERS: dict[str, Callable[[Call], Json]] = {
    "apps.connections.open": people.connections_open,
    "auth.test": people.auth_test,
    "bots.info": people.bots_info,
    "chat.delete": chat.remove,
    "chat.getPermalink": chat.permalink,
    "chat.postEphemeral": chat.post_ephemeral,
    "chat.postMessage": chat.post_message,
    "chat.update": chat.update,
    "conversations.history": history.history,
    "conversations.info": conversations.info,
    "conversations.members": conversations.members,
    "conversations.open": conversations.open_conversation,
    "files.completeUploadExternal": files.complete_upload,
    "files.getUploadURLExternal": files.get_upload_url,
    "team.info": people.team_info,
    "team.profile.get": people.team_profile,
    "usergroups.list": people.usergroups_list,
    "usergroups.users.list": people.usergroups_users_list,
    "users.conversations": history.users_conversations,
    "users.info": people.users_info,
    "users.lookupByEmail": people.users_lookup_by_email,
    "users.profile.get": people.users_profile,
    "views.open": views.open_view,
    "views.publish": views.publish,
    "views.push": views.push,
    "views.update": views.update,
}
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


def web_api(workspace: Workspace) -> Blueprint:
    api = Blueprint("web_api", __name__)

    @api.route("/api/<method>", methods=["GET", "POST"])
    async def call(method: str) -> Response:
        await workspace.faults.wait_while_paused()
        fault = workspace.faults.take(method)
        if fault is not None and fault.status != SWALLOWED:
            return _fault(fault)
        answer = await _answer(workspace, method)
        if fault is not None:
            # Done, but nobody is told: as when a process dies between the call and its answer.
            await workspace.faults.never()
        return answer

    @api.post("/upload/v1/<file_id>")
    async def upload(file_id: str) -> Response:
        content = await _uploaded(request)
        problem = files.receive(workspace, file_id, content)
        if problem:
            return Response(problem, 400)
        return Response(f"OK - {len(content)}")

    return api


async def _answer(workspace: Workspace, method: str) -> Response:
    try:
        args, token = await _arguments(request)
        admitted = admit(workspace, method, args, token)
        body: Json = {"ok": True} | HANDLERS[method](admitted)
    except Limited as limited:
        return limit_response(limited.retry_after)
    except ApiError as error:
        body = {"ok": False, "error": error.code} | error.extra
        token = _bearer(request)
    response = Response(json.dumps(body), content_type="application/json; charset=utf-8")
    scopes = scopes_of(workspace.app, token)
    if scopes:
        response.headers["X-OAuth-Scopes"] = ",".join(scopes)
    return response


def limit_response(retry_after: int) -> Response:
    body = json.dumps({"ok": False, "error": "ratelimited"})
    headers = {"Retry-After": str(retry_after)}
    return Response(body, 429, headers, content_type="application/json; charset=utf-8")


def _fault(fault: CallFault) -> Response:
    if fault.status == 429:
        return limit_response(fault.retry_after)
    body = json.dumps({"ok": False, "error": fault.error}) if fault.error else ""
    return Response(body, fault.status, content_type="application/json; charset=utf-8")


async def _arguments(incoming: Request) -> tuple[Json, str | None]:
    """Query, then form or JSON over it; the token taken out. Raises ApiError."""
    args: Json = dict(incoming.args.items())
    kind = incoming.mimetype
    if kind in _FORMS:
        args |= dict((await incoming.form).items())
    elif kind == "application/json":
        args |= _json_object(await incoming.get_data())
    elif await incoming.get_data():
        raise ApiError("invalid_post_type")
    token = args.pop("token", None)
    return args, _bearer(incoming) or token


def _json_object(raw: str | bytes) -> Json:
    if not raw:
        return {}
    try:
        body = json.loads(raw)
    except ValueError:
        raise ApiError("invalid_json") from None
    if not isinstance(body, dict):
        raise ApiError("json_not_object")
    return {key: value for key, value in body.items() if value is not None}


def _bearer(incoming: Request) -> str | None:
    scheme, _, token = incoming.headers.get("Authorization", "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


async def _uploaded(incoming: Request) -> bytes:
    if incoming.mimetype == "multipart/form-data":
        parts = await incoming.files
        return b"".join(part.read() for part in parts.values())
    raw = await incoming.get_data()
    return raw.encode() if isinstance(raw, str) else raw
