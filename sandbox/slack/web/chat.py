"""chat.*: say, edit, take back."""

from dataclasses import replace

from sandbox.slack.errors import ApiError, Refused
from sandbox.slack.posting import UPDATE_TEXT, Draft, delete, draft, edit, post
from sandbox.slack.state import seed
from sandbox.slack.state.model import Channel, Json, Message
from sandbox.slack.web.call import Call
from sandbox.slack.wire import bot_profile, message_json

CUSTOM_NAME_SCOPE = "chat:write.customize"
METADATA_BYTES = 16_000
# Slack's reply to an edit tells what is said, and not where it stands.
NOT_IN_UPDATES = (
    "ts",
    "thread_ts",
    "reply_count",
    "reply_users",
    "reply_users_count",
    "latest_reply",
)


def post_message(call: Call) -> Json:
    channel = _where(call)
    message = post(call.workspace, channel, seed.BOT_USER_ID, _draft(call, channel))
    shown = message_json(call.workspace.store, message)
    return {"channel": channel.id, "ts": message.ts, "message": shown}


def post_ephemeral(call: Call) -> Json:
    channel = _where(call)
    user = call.text("user")
    if user not in channel.members:
        raise ApiError("user_not_in_channel")
    said = replace(_draft(call, channel), ephemeral_to=user)
    return {"message_ts": post(call.workspace, channel, seed.BOT_USER_ID, said).ts}


def update(call: Call) -> Json:
    message = _own(call, "cant_update_message")
    if call.args.get("attachments"):
        raise ApiError("invalid_attachments")
    said = draft(_body_text(call), _blocks(call), text_limit=UPDATE_TEXT)
    changed = edit(call.workspace, message, replace(said, metadata=_metadata(call)))
    body = message_json(call.workspace.store, changed)
    shown = {key: body[key] for key in body if key not in NOT_IN_UPDATES}
    profile = {key: value for key, value in bot_profile().items() if key != "user_id"}
    shown["bot_profile"] = profile
    return {"channel": changed.channel, "ts": changed.ts, "text": changed.text, "message": shown}


def remove(call: Call) -> Json:
    message = _own(call, "cant_delete_message")
    delete(call.workspace, message)
    return {"channel": message.channel, "ts": message.ts}


def permalink(call: Call) -> Json:
    channel = _channel_by_id(call)
    ts = call.text("message_ts")
    if call.workspace.store.find_message(channel.id, ts) is None:
        raise ApiError("message_not_found")
    link = f"{call.workspace.base_url}/archives/{channel.id}/p{ts.replace('.', '')}"
    return {"channel": channel.id, "permalink": link}


def _where(call: Call) -> Channel:
    """The channel to speak in: an id, a name, or a person. Raises ApiError."""
    name = call.text("channel")
    if name.startswith("U"):
        try:
            return call.workspace.open_im(call.workspace.person(name).id)
        except Refused:
            raise ApiError("channel_not_found") from None
    channel = call.workspace.channel(name)
    if channel.is_archived:
        raise ApiError("is_archived")
    if seed.BOT_USER_ID not in channel.members:
        raise ApiError("not_in_channel")
    return channel


def _channel_by_id(call: Call) -> Channel:
    channel = call.workspace.store.channels.get(call.text("channel"))
    if channel is None:
        raise ApiError("channel_not_found")
    return channel


def _own(call: Call, error: str) -> Message:
    """The bot's own message. Ephemeral ones can't be found again, as in Slack."""
    channel = _channel_by_id(call)
    message = call.workspace.store.find_message(channel.id, call.text("ts"))
    if message is None or message.ephemeral_to is not None:
        raise ApiError("message_not_found")
    if message.user != seed.BOT_USER_ID:
        raise ApiError(error)
    return message


def _draft(call: Call, channel: Channel) -> Draft:
    if call.flag("as_user"):
        raise ApiError("as_user_not_supported")
    if call.args.get("attachments"):
        raise ApiError("invalid_attachments")
    said = draft(_body_text(call), _blocks(call))
    return replace(
        said,
        thread_ts=_thread(call, channel),
        metadata=_metadata(call),
        username=_custom_name(call),
    )


def _body_text(call: Call) -> str:
    markdown = call.text("markdown_text")
    if markdown and (call.text("text") or call.args.get("blocks")):
        raise ApiError("markdown_text_conflict")
    return markdown or call.text("text")


def _blocks(call: Call) -> object:
    return call.structure("blocks", "invalid_blocks_format")


def _thread(call: Call, channel: Channel) -> str | None:
    thread_ts = call.text("thread_ts")
    if not thread_ts:
        return None
    root = call.workspace.store.find_message(channel.id, thread_ts)
    if root is None or root.ephemeral_to is not None:
        raise ApiError("cannot_reply_to_message")
    return root.thread_ts or root.ts


def _metadata(call: Call) -> Json | None:
    value = call.structure("metadata", "invalid_metadata_format")
    if not value:
        return None
    if not isinstance(value, dict) or not isinstance(value.get("event_type"), str):
        raise ApiError("invalid_metadata_format")
    if not isinstance(value.get("event_payload"), dict):
        raise ApiError("invalid_metadata_schema")
    if len(str(value)) > METADATA_BYTES:
        raise ApiError("metadata_too_large")
    return value


def _custom_name(call: Call) -> str | None:
    if not any(call.args.get(name) for name in ("username", "icon_emoji", "icon_url")):
        return None
    provided = call.workspace.app.bot_scopes
    if CUSTOM_NAME_SCOPE not in provided:
        raise ApiError("missing_scope", needed=CUSTOM_NAME_SCOPE, provided=",".join(provided))
    return call.text("username") or None
