"""conversations.*: channels and direct messages."""

from sandbox.slack.errors import ApiError
from sandbox.slack.state import seed
from sandbox.slack.state.model import Channel, Json
from sandbox.slack.web.call import Call
from sandbox.slack.wire import channel_json


def info(call: Call) -> Json:
    channel = _by_id(call)
    return {"channel": channel_json(channel, num_members=call.flag("include_num_members"))}


def members(call: Call) -> Json:
    people = list(_by_id(call).members)
    return {"members": people, "response_metadata": {"next_cursor": ""}}


def open_conversation(call: Call) -> Json:
    channel, created = _opened(call)
    body = channel_json(channel) if call.flag("return_im") else {"id": channel.id}
    return {"channel": body} | ({} if created else {"no_op": True, "already_open": True})


def _opened(call: Call) -> tuple[Channel, bool]:
    users = [name.strip() for name in call.text("users").split(",") if name.strip()]
    if call.text("channel"):
        channel = _by_id(call)
        if not channel.is_im:
            raise ApiError("method_not_supported_for_channel_type")
        return channel, False
    if not users:
        raise ApiError("users_list_not_supplied")
    if len(users) > 1:
        _refuse_group(call)
    person = call.workspace.store.people.get(users[0])
    if person is None:
        raise ApiError("user_not_found")
    if person.id == seed.BOT_USER_ID:
        raise ApiError("invalid_user_combination")
    before = len(call.workspace.store.channels)
    channel = call.workspace.open_im(person.id)
    return channel, len(call.workspace.store.channels) > before


def _refuse_group(call: Call) -> None:
    """Group direct messages need a scope of their own, which no bot here has."""
    provided = ",".join(call.workspace.app.bot_scopes)
    raise ApiError("missing_scope", needed="mpim:write", provided=provided)


def _by_id(call: Call) -> Channel:
    channel = call.workspace.store.channels.get(call.text("channel"))
    if channel is None:
        raise ApiError("channel_not_found")
    return channel
