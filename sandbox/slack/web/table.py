"""What Slack documents of each method: arguments, token, scope and how often."""

from dataclasses import dataclass

TIER_2, TIER_3, TIER_4, SPECIAL = 20, 50, 100, 600

_POST = "attachments blocks icon_emoji icon_url link_names markdown_text parse text thread_ts"


@dataclass(frozen=True, slots=True)
class Method:
    """`per_minute` is the tier's rate; `per_channel` counts each channel by itself."""

    required: frozenset[str]
    optional: frozenset[str]
    scope: str | None
    per_minute: int
    token: str = "bot"
    per_channel: bool = False


def _method(
    required: str, optional: str, scope: str | None, per_minute: int, **more: object
) -> Method:
    token = str(more.get("token", "bot"))
    channel = bool(more.get("per_channel", False))
    names = frozenset(required.split()), frozenset(optional.split())
    return Method(*names, scope, per_minute, token, channel)


METHODS: dict[str, Method] = {
    "apps.connections.open": _method("", "", "connections:write", TIER_3, token="app"),
    "auth.test": _method("", "", None, SPECIAL),
    "bots.info": _method("", "bot", "users:read", TIER_3),
    "chat.delete": _method("channel ts", "as_user", "chat:write", TIER_3),
    "chat.getPermalink": _method("channel message_ts", "", None, SPECIAL),
    "chat.postEphemeral": _method(
        "channel user", f"as_user username {_POST}", "chat:write", TIER_4
    ),
    "chat.postMessage": _method(
        "channel",
        "as_user current_draft_last_updated_ts metadata mrkdwn reply_broadcast unfurl_links "
        f"unfurl_media username {_POST}",
        "chat:write",
        60,
        per_channel=True,
    ),
    "chat.update": _method(
        "channel ts",
        "as_user attachments blocks file_ids link_names markdown_text metadata parse "
        "reply_broadcast text unfurled_attachments",
        "chat:write",
        TIER_3,
    ),
    "conversations.history": _method(
        "channel", "cursor include_all_metadata inclusive latest limit oldest", None, TIER_3
    ),
    "conversations.info": _method(
        "channel", "include_locale include_num_members", "channels:read", TIER_3
    ),
    "conversations.members": _method("channel", "cursor limit", "channels:read", TIER_4),
    "conversations.open": _method(
        "", "channel prevent_creation return_im users", "im:write", TIER_3
    ),
    "files.completeUploadExternal": _method(
        "files", "blocks channel_id channels initial_comment thread_ts", "files:write", TIER_4
    ),
    "files.getUploadURLExternal": _method(
        "filename length", "alt_txt snippet_type", "files:write", TIER_4
    ),
    "team.info": _method("", "domain team", "team:read", TIER_3),
    "team.profile.get": _method("", "visibility", "users.profile:read", TIER_3),
    "usergroups.list": _method(
        "", "include_count include_disabled include_users team_id", "usergroups:read", TIER_2
    ),
    "usergroups.users.list": _method(
        "usergroup", "include_disabled team_id", "usergroups:read", TIER_2
    ),
    "users.conversations": _method("", "cursor exclude_archived limit types user", None, TIER_3),
    "users.info": _method("user", "include_locale", "users:read", TIER_4),
    "users.lookupByEmail": _method("email", "", "users:read.email", TIER_3),
    "users.profile.get": _method("", "include_labels user", "users.profile:read", TIER_4),
    "views.open": _method("view", "interactivity_pointer trigger_id", None, TIER_4),
    "views.publish": _method("user_id view", "hash", None, TIER_4),
    "views.push": _method("view", "interactivity_pointer trigger_id", None, TIER_4),
    "views.update": _method("view", "external_id hash view_id", None, TIER_4),
}
