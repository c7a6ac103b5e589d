"""The keys and types of Slack's replies and payloads: by method, by object, `key:type`."""

REPLIES: dict[str, dict[str, str]] = {
    "apps.connections.open": {
        "": "ok:bool url:str",
    },
    "auth.test": {
        "": (
            "bot_id:str is_enterprise_install:bool ok:bool team:str team_id:str url:str "
            "user:str user_id:str"
        ),
    },
    "chat.postEphemeral": {
        "": "message_ts:str ok:bool",
    },
    "chat.postMessage": {
        "": "channel:str ok:bool ts:str",
        "message": "app_id:str blocks:list bot_id:str team:str text:str ts:str type:str user:str",
        "message.bot_profile": (
            "app_id:str deleted:bool id:str name:str team_id:str updated:int user_id:str"
        ),
        "message.bot_profile.icons": "image_36:str image_48:str image_72:str",
        "message.metadata": "event_payload:dict event_type:str",
    },
    "conversations.info": {
        "channel": (
            "context_team_id:str created:int creator:str id:str is_archived:bool "
            "is_channel:bool is_ext_shared:bool is_general:bool is_group:bool is_im:bool "
            "is_member:bool is_mpim:bool is_org_shared:bool is_pending_ext_shared:bool "
            "is_private:bool is_shared:bool name:str name_normalized:str "
            "pending_connected_team_ids:? pending_shared:? previous_names:? "
            "shared_team_ids[]:str unlinked:int updated:int"
        ),
        "channel.purpose": "creator:str last_set:int value:str",
        "channel.topic": "creator:str last_set:int value:str",
        "": "ok:bool",
    },
    "conversations.open": {
        "channel": (
            "created:int id:str is_archived:bool is_im:bool is_org_shared:bool last_read:str "
            "latest:? user:str"
        ),
        "": "ok:bool",
    },
    "team.info": {
        "": "ok:bool",
        "team": "domain:str email_domain:str id:str is_verified:bool name:str url:str",
        "team.icon": (
            "image_102:str image_132:str image_230:str image_34:str image_44:str image_68:str "
            "image_88:str image_default:bool"
        ),
    },
    "usergroups.list": {
        "": "ok:bool",
        "usergroups[]": (
            "auto_provision:bool channel_count:int created_by:str date_create:int "
            "date_delete:int date_update:int description:str enterprise_subteam_id:str "
            "handle:str id:str is_external:bool is_subteam:bool is_usergroup:bool name:str "
            "team_id:str updated_by:str user_count:int users[]:str"
        ),
        "usergroups[].prefs": "channels:? groups:?",
    },
    "usergroups.users.list": {
        "": "ok:bool users[]:str",
    },
    "users.info": {
        "": "ok:bool",
        "user": (
            "color:str deleted:bool id:str is_admin:bool is_app_user:bool is_bot:bool "
            "is_email_confirmed:bool is_owner:bool is_primary_owner:bool is_restricted:bool "
            "is_ultra_restricted:bool name:str real_name:str team_id:str tz:str tz_label:str "
            "tz_offset:int updated:int who_can_share_contact_card:str"
        ),
        "user.profile": (
            "avatar_hash:str display_name:str display_name_normalized:str email:str "
            "first_name:str image_192:str image_24:str image_32:str image_48:str image_512:str "
            "image_72:str last_name:str phone:str real_name:str real_name_normalized:str "
            "skype:str status_emoji:str status_expiration:int status_text:str team:str "
            "title:str"
        ),
    },
    "users.lookupByEmail": {
        "": "ok:bool",
        "user": (
            "color:str deleted:bool id:str is_admin:bool is_app_user:bool is_bot:bool "
            "is_email_confirmed:bool is_owner:bool is_primary_owner:bool is_restricted:bool "
            "is_ultra_restricted:bool name:str real_name:str team_id:str tz:str tz_label:str "
            "tz_offset:int updated:int who_can_share_contact_card:str"
        ),
        "user.profile": (
            "avatar_hash:str display_name:str display_name_normalized:str email:str "
            "first_name:str image_192:str image_24:str image_32:str image_48:str image_512:str "
            "image_72:str last_name:str phone:str real_name:str real_name_normalized:str "
            "skype:str status_emoji:str status_expiration:int status_text:str team:str "
            "title:str"
        ),
    },
    "views.publish": {
        "": "ok:bool",
        "view": (
            "app_id:str app_installed_team_id:str blocks:list bot_id:str callback_id:str "
            "clear_on_close:bool close:? external_id:str hash:str id:str notify_on_close:bool "
            "previous_view_id:? private_metadata:str root_view_id:str submit:? "
            "submit_disabled:bool team_id:str type:str"
        ),
        "view.state": "values:dict",
        "view.title": "emoji:bool text:str type:str",
    },
    "chat.update": {
        "": "channel:str ok:bool text:str ts:str",
        "message": "app_id:str blocks:list bot_id:str team:str text:str type:str user:str",
        "message.bot_profile": "app_id:str deleted:bool id:str name:str team_id:str updated:int",
        "message.bot_profile.icons": "image_36:str image_48:str image_72:str",
        "message.edited": "ts:str user:str",
    },
    "chat.postMessage in a thread": {
        "": "channel:str ok:bool ts:str",
        "message": (
            "app_id:str bot_id:str parent_user_id:str team:str text:str thread_ts:str ts:str "
            "type:str user:str"
        ),
        "message.bot_profile": (
            "app_id:str deleted:bool id:str name:str team_id:str updated:int user_id:str"
        ),
        "message.bot_profile.icons": "image_36:str image_48:str image_72:str",
    },
}

PAYLOADS: dict[str, dict[str, str]] = {
    "block_actions": {
        "": (
            "actions:list api_app_id:str enterprise:? is_enterprise_install:bool "
            "response_url:str token:str trigger_id:str type:str"
        ),
        "channel": "id:str name:str",
        "container": "channel_id:str is_ephemeral:bool message_ts:str type:str",
        "message": "app_id:str blocks:list bot_id:str team:str text:str ts:str type:str user:str",
        "message.bot_profile": (
            "app_id:str deleted:bool id:str name:str team_id:str updated:int user_id:str"
        ),
        "message.bot_profile.icons": "image_36:str image_48:str image_72:str",
        "state": "values:dict",
        "team": "domain:str id:str",
        "user": "id:str name:str team_id:str username:str",
    },
    "view_submission": {
        "": (
            "api_app_id:str enterprise:? is_enterprise_install:bool response_urls:? token:str "
            "trigger_id:str type:str"
        ),
        "team": "domain:str id:str",
        "user": "id:str name:str team_id:str username:str",
        "view": (
            "app_id:str app_installed_team_id:str blocks:list bot_id:str callback_id:str "
            "clear_on_close:bool external_id:str hash:str id:str notify_on_close:bool "
            "previous_view_id:? private_metadata:str root_view_id:str submit_disabled:bool "
            "team_id:str type:str"
        ),
        "view.close": "emoji:bool text:str type:str",
        "view.state": "values:dict",
        "view.submit": "emoji:bool text:str type:str",
        "view.title": "emoji:bool text:str type:str",
    },
    "view_closed": {
        "": (
            "api_app_id:str enterprise:? is_cleared:bool is_enterprise_install:bool token:str "
            "type:str"
        ),
        "team": "domain:str id:str",
        "user": "id:str name:str team_id:str username:str",
        "view": (
            "app_id:str app_installed_team_id:str blocks:list bot_id:str callback_id:str "
            "clear_on_close:bool external_id:str hash:str id:str notify_on_close:bool "
            "previous_view_id:? private_metadata:str root_view_id:str submit_disabled:bool "
            "team_id:str type:str"
        ),
        "view.close": "emoji:bool text:str type:str",
        "view.state": "values:dict",
        "view.submit": "emoji:bool text:str type:str",
        "view.title": "emoji:bool text:str type:str",
    },
    "slash_command": {
        "": (
            "api_app_id:str channel_id:str channel_name:str command:str "
            "is_enterprise_install:str response_url:str team_domain:str team_id:str text:str "
            "token:str trigger_id:str user_id:str user_name:str"
        ),
    },
}

EVENT: dict[str, str] = {
    "": (
        "api_app_id:str event_context:str event_id:str event_time:int "
        "is_ext_shared_channel:bool team_id:str token:str type:str"
    ),
    "authorizations[]": (
        "enterprise_id:? is_bot:bool is_enterprise_install:bool team_id:str user_id:str"
    ),
    "event": "channel:str event_ts:str tab:str type:str user:str",
}

# Errors that Slack documents for the methods that the sandbox answers, as far as it uses them.
DOCUMENTED = """
    alt_txt_too_large as_user_not_supported bot_not_found cannot_reply_to_message
    cant_delete_message cant_update_message channel_not_found
    duplicate_external_id exchanged_trigger_id
    expired_trigger_id file_not_found file_upload_size_restricted hash_conflict
    invalid_attachments invalid_blocks invalid_blocks_format invalid_cursor
    invalid_metadata_format invalid_metadata_schema invalid_trigger_id invalid_user_combination
    is_archived markdown_text_conflict message_not_found metadata_too_large
    method_not_supported_for_channel_type missing_argument msg_blocks_too_long msg_too_long
    no_such_subteam no_text not_found not_in_channel push_limit_reached unknown_method
    user_not_found user_not_in_channel users_list_not_supplied users_not_found view_too_large
"""
# Those that any method may answer, and those of the two that page through a conversation.
COMMON = """
    invalid_arg_name invalid_arguments invalid_auth invalid_json invalid_post_type json_not_object
    missing_scope not_allowed_token_type not_authed
    invalid_limit invalid_ts_latest invalid_ts_oldest
"""
# What a response URL, or a person's client, says of an answer that is no good.
BESIDE_METHODS = "expired_url invalid_errors invalid_payload invalid_url used_url"
