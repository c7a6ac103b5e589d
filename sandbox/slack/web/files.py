"""files.*: an upload in three steps; the middle one is a raw POST to the URL given."""

import secrets
from dataclasses import replace

from sandbox.slack.errors import ApiError
from sandbox.slack.posting import Draft, checked_blocks, post
from sandbox.slack.state import seed
from sandbox.slack.state.model import File, Json
from sandbox.slack.web.call import Call
from sandbox.slack.workspace import Workspace

MAX_BYTES = 1 << 30
MAX_ALT = 1000
PREVIEW_CHARACTERS = 2000


def get_upload_url(call: Call) -> Json:
    try:
        length = int(call.text("length"))
    except ValueError:
        raise ApiError("invalid_arguments") from None
    if not 0 < length <= MAX_BYTES:
        raise ApiError("file_upload_size_restricted")
    if len(call.text("alt_txt")) > MAX_ALT:
        raise ApiError("alt_txt_too_large")
    file_id = "F0" + secrets.token_hex(4).upper()
    announced = File(file_id, call.text("filename"), length, alt_text=call.text("alt_txt"))
    call.workspace.files[file_id] = announced
    return {"upload_url": f"{call.workspace.base_url}/upload/v1/{file_id}", "file_id": file_id}


def receive(workspace: Workspace, file_id: str, content: bytes) -> str | None:
    """Take the bytes. Returns what is wrong, if anything is."""
    file = workspace.files.get(file_id)
    if file is None:
        return "file_not_found"
    if len(content) != file.length:
        return "length_mismatch"
    workspace.files[file_id] = replace(file, received=len(content), content=content)
    return None


def complete_upload(call: Call) -> Json:
    wanted = call.structure("files", "invalid_arguments")
    if not isinstance(wanted, list) or not wanted:
        raise ApiError("invalid_arguments")
    files = [_completed(call.workspace, item) for item in wanted]
    channels = [c for c in (call.text("channel_id"), *call.text("channels").split(",")) if c]
    blocks = checked_blocks(call.structure("blocks", "invalid_blocks"))
    for channel_id in dict.fromkeys(channels):
        _share(call, channel_id, Draft(call.text("initial_comment"), blocks, files=tuple(files)))
    return {"files": files}


def _share(call: Call, channel_id: str, said: Draft) -> None:
    channel = call.workspace.channel(channel_id)
    if seed.BOT_USER_ID not in channel.members:
        raise ApiError("not_in_channel")
    thread_ts = call.text("thread_ts") or None
    post(call.workspace, channel, seed.BOT_USER_ID, replace(said, thread_ts=thread_ts))


def _completed(workspace: Workspace, item: object) -> Json:
    if not isinstance(item, dict):
        raise ApiError("invalid_arguments")
    file = workspace.files.get(str(item.get("id")))
    if file is None or file.received is None:
        raise ApiError("file_not_found")
    now = int(workspace.clock())
    kind = file.name.rpartition(".")[2] or "text"
    return {
        "id": file.id,
        "created": now,
        "timestamp": now,
        "name": file.name,
        "title": item.get("title") or file.name,
        "mimetype": "text/plain",
        "filetype": kind,
        "pretty_type": kind.upper(),
        "user": seed.BOT_USER_ID,
        "user_team": seed.TEAM_ID,
        "editable": False,
        "size": file.length,
        "mode": "hosted",
        "is_external": False,
        "is_public": False,
        "url_private": f"{workspace.base_url}/files/{file.id}",
        "url_private_download": f"{workspace.base_url}/files/{file.id}",
        "permalink": f"{workspace.base_url}/files/{file.id}",
        "preview": file.content[:PREVIEW_CHARACTERS].decode(errors="replace"),
        "alt_txt": file.alt_text,
        "file_access": "visible",
    }
