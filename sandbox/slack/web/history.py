"""conversations.history and users.conversations: what was said, and where the bot is."""

from base64 import b64decode, b64encode
from binascii import Error as NotBase64

from sandbox.slack.errors import ApiError
from sandbox.slack.state import seed
from sandbox.slack.state.model import Channel, Json, Message
from sandbox.slack.web.call import Call
from sandbox.slack.wire import channel_json, message_json

MOST = 999
DEFAULT = 100


def history(call: Call) -> Json:
    """The newest first; replies in threads are not part of it. Pages go back in time."""
    channel = call.workspace.store.channels.get(call.text("channel"))
    if channel is None:
        raise ApiError("channel_not_found")
    _needs(call, "im:history" if channel.is_im else "channels:history")
    if seed.BOT_USER_ID not in channel.members:
        raise ApiError("not_in_channel")
    limit = _limit(call)
    found = [message for message in _said(call, channel) if _within(call, message.ts)]
    page, more = found[:limit], len(found) > limit
    body: Json = {
        "messages": [_shown(call, message) for message in page],
        "has_more": more,
        "pin_count": 0,
        "channel_actions_ts": None,
        "channel_actions_count": 0,
    }
    if more:
        body["response_metadata"] = {"next_cursor": _cursor(page[-1].ts)}
    return body


def users_conversations(call: Call) -> Json:
    """The channels that the bot is in."""
    _needs(call, "channels:read")
    if "private_channel" in call.text("types"):
        _needs(call, "groups:read")
    mine = [
        channel
        for channel in call.workspace.store.channels.values()
        if seed.BOT_USER_ID in channel.members and not channel.is_im
    ]
    if call.flag("exclude_archived"):
        mine = [channel for channel in mine if not channel.is_archived]
    return {
        "channels": [channel_json(channel) for channel in mine],
        "response_metadata": {"next_cursor": ""},
    }


def _needs(call: Call, scope: str) -> None:
    provided = call.workspace.app.bot_scopes
    if scope not in provided:
        raise ApiError("missing_scope", needed=scope, provided=",".join(provided))


def _limit(call: Call) -> int:
    try:
        limit = int(call.text("limit") or DEFAULT)
    except ValueError:
        raise ApiError("invalid_limit") from None
    if not 1 <= limit <= MOST:
        raise ApiError("invalid_limit")
    return limit


def _said(call: Call, channel: Channel) -> list[Message]:
    messages = call.workspace.store.messages.get(channel.id, {}).values()
    roots = [
        message
        for message in messages
        if message.ephemeral_to is None and message.thread_ts in (None, message.ts)
    ]
    return sorted(roots, key=lambda message: message.ts, reverse=True)


def _within(call: Call, ts: str) -> bool:
    """Bounds are left out unless `inclusive`; a cursor goes on before its message."""
    at, inclusive = float(ts), call.flag("inclusive")
    oldest = _moment(call, "oldest", "invalid_ts_oldest")
    latest = _moment(call, "latest", "invalid_ts_latest")
    after = oldest is None or at > oldest or (inclusive and at == oldest)
    before = latest is None or at < latest or (inclusive and at == latest)
    cursor = call.text("cursor")
    return after and before and (not cursor or ts < _read_cursor(cursor))


def _moment(call: Call, name: str, error: str) -> float | None:
    given = call.text(name)
    try:
        return float(given) if given else None
    except ValueError:
        raise ApiError(error) from None


def _cursor(ts: str) -> str:
    return b64encode(f"before:{ts}".encode()).decode()


def _read_cursor(cursor: str) -> str:
    try:
        word, _, ts = b64decode(cursor, validate=True).decode().partition(":")
    except (NotBase64, UnicodeDecodeError):
        raise ApiError("invalid_cursor") from None
    if word != "before":
        raise ApiError("invalid_cursor")
    return ts


def _shown(call: Call, message: Message) -> Json:
    body = message_json(call.workspace.store, message)
    if not call.flag("include_all_metadata"):
        body.pop("metadata", None)
    return body
