"""Values as Slack spells them: key names and types as real replies carry them."""

from sandbox.slack.state import seed
from sandbox.slack.state.model import Channel, Json, Message, Person, UserGroup, View
from sandbox.slack.state.store import Store

_IMAGE_SIZES = (24, 32, 48, 72, 192, 512)


def message_json(store: Store, message: Message) -> Json:
    """A message as the Web API, the payloads and the page get it."""
    body: Json = {
        "type": "message",
        "user": message.user,
        "ts": message.ts,
        "text": message.text,
        "team": seed.TEAM_ID,
    }
    if message.user == seed.BOT_USER_ID:
        body |= {
            "bot_id": seed.BOT_ID,
            "app_id": seed.APP_ID,
            "bot_profile": bot_profile(),
        }
    if message.blocks:
        body["blocks"] = list(message.blocks)
    if message.username:
        body |= {"subtype": "bot_message", "username": message.username}
    if message.edited_ts:
        body["edited"] = {"user": message.user, "ts": message.edited_ts}
    if message.metadata:
        body["metadata"] = message.metadata
    if message.files:
        body["files"] = list(message.files)
    return body | _thread_json(store, message)


def _thread_json(store: Store, message: Message) -> Json:
    if message.thread_ts is not None and message.thread_ts != message.ts:
        root = store.find_message(message.channel, message.thread_ts)
        parent = root.user if root else message.user
        return {"thread_ts": message.thread_ts, "parent_user_id": parent}
    replies = store.replies(message.channel, message.ts)
    if not replies:
        return {}
    return {
        "thread_ts": message.ts,
        "reply_count": len(replies),
        "reply_users_count": len({reply.user for reply in replies}),
        "reply_users": sorted({reply.user for reply in replies}),
        "latest_reply": max(reply.ts for reply in replies),
    }


def bot_profile() -> Json:
    icon = "https://acme.slack.example/app-icon.png"
    return {
        "id": seed.BOT_ID,
        "deleted": False,
        "name": seed.APP_NAME,
        "updated": seed.SEEDED_AT,
        "app_id": seed.APP_ID,
        "user_id": seed.BOT_USER_ID,
        "icons": {f"image_{size}": icon for size in (36, 48, 72)},
        "team_id": seed.TEAM_ID,
    }


def view_json(view: View) -> Json:
    """A view as replies and payloads carry it, with the values filled in so far."""
    body = view.body
    return {
        "id": view.id,
        "team_id": seed.TEAM_ID,
        "type": view.kind,
        "blocks": list(view.blocks),
        "private_metadata": body.get("private_metadata", ""),
        "callback_id": body.get("callback_id", ""),
        "state": {"values": view.values},
        "hash": view.hash,
        "title": body.get("title", {"type": "plain_text", "text": "View Title", "emoji": True}),
        "close": body.get("close"),
        "submit": body.get("submit"),
        "clear_on_close": bool(body.get("clear_on_close", False)),
        "notify_on_close": bool(body.get("notify_on_close", False)),
        "submit_disabled": bool(body.get("submit_disabled", False)),
        "previous_view_id": view.previous_id,
        "root_view_id": view.root_id,
        "app_id": seed.APP_ID,
        "external_id": body.get("external_id", ""),
        "app_installed_team_id": seed.TEAM_ID,
        "bot_id": seed.BOT_ID,
    }


def person_json(person: Person) -> Json:
    """A user object, as users.info and users.lookupByEmail return it."""
    first, _, last = person.real_name.partition(" ")
    profile: Json = {
        "title": person.title,
        "phone": "",
        "skype": "",
        "real_name": person.real_name,
        "real_name_normalized": person.real_name,
        "display_name": person.name,
        "display_name_normalized": person.name,
        "first_name": first,
        "last_name": last,
        "status_text": "",
        "status_emoji": "",
        "status_expiration": 0,
        "avatar_hash": "",
        "team": seed.TEAM_ID,
    }
    profile |= {f"image_{n}": f"https://acme.slack.example/avatar-{n}.png" for n in _IMAGE_SIZES}
    if person.is_bot:
        profile |= {"api_app_id": seed.APP_ID, "bot_id": seed.BOT_ID, "always_active": True}
    else:
        profile["email"] = person.email
    return {
        "id": person.id,
        "team_id": seed.TEAM_ID,
        "name": person.name,
        "deleted": False,
        "color": person.color.lstrip("#"),
        "real_name": person.real_name,
        "tz": "Europe/Berlin",
        "tz_label": "Central European Time",
        "tz_offset": 3600,
        "profile": profile,
        "is_admin": False,
        "is_owner": False,
        "is_primary_owner": False,
        "is_restricted": False,
        "is_ultra_restricted": False,
        "is_bot": person.is_bot,
        "is_app_user": False,
        "updated": seed.SEEDED_AT,
        "is_email_confirmed": person.email_confirmed and not person.is_bot,
        "who_can_share_contact_card": "EVERYONE",
    }


def group_json(group: UserGroup, *, users: bool, count: bool) -> Json:
    body: Json = {
        "id": group.id,
        "team_id": seed.TEAM_ID,
        "is_usergroup": True,
        "is_subteam": True,
        "name": group.name,
        "description": "",
        "handle": group.handle,
        "is_external": False,
        "date_create": seed.SEEDED_AT,
        "date_update": seed.SEEDED_AT,
        "date_delete": 0,
        "auto_provision": False,
        "enterprise_subteam_id": "",
        "created_by": group.users[0] if group.users else seed.BOT_USER_ID,
        "updated_by": group.users[0] if group.users else seed.BOT_USER_ID,
        "prefs": {"channels": [], "groups": []},
        "channel_count": 0,
    }
    if users:
        body["users"] = list(group.users)
    if count:
        body["user_count"] = len(group.users)
    return body


def channel_json(channel: Channel, *, num_members: bool = False) -> Json:
    """A conversation object, as conversations.info returns it."""
    body: Json = {
        "id": channel.id,
        "created": channel.created,
        "is_archived": channel.is_archived,
        "is_im": channel.is_im,
        "is_org_shared": False,
    }
    if channel.is_im:
        return body | {"user": channel.im_with, "last_read": "0000000000.000000", "latest": None}
    note = {"value": channel.topic, "creator": seed.MARIA.id, "last_set": channel.created}
    body |= {
        "name": channel.name,
        "name_normalized": channel.name,
        "is_channel": True,
        "is_group": False,
        "is_general": channel.name == "general",
        "is_private": False,
        "is_mpim": False,
        "is_shared": False,
        "is_ext_shared": False,
        "is_pending_ext_shared": False,
        "is_member": seed.BOT_USER_ID in channel.members,
        "unlinked": 0,
        "creator": seed.MARIA.id,
        "shared_team_ids": [seed.TEAM_ID],
        "pending_shared": [],
        "pending_connected_team_ids": [],
        "previous_names": [],
        "context_team_id": seed.TEAM_ID,
        "updated": channel.created * 1000,
        "topic": note,
        "purpose": note,
    }
    return body | ({"num_members": len(channel.members)} if num_members else {})
